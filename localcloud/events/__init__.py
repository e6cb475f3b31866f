"""EventBridge: buses, rules, targets and schedules."""
