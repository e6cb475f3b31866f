"""Leases: one writer at a time for what must not be written twice at once."""
