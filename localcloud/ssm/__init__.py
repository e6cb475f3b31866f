"""Systems Manager's Run Command, with agents that act as they are told."""
