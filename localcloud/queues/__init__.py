"""Event source mappings of queues."""
