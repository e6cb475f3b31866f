"""Route 53, as strict as AWS."""
