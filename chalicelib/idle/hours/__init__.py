"""Running hours: an opt-in tag says when an instance is to run, and it is stopped and started by that."""
