"""The Lambda service: invoking, at once or later, and what becomes of failures."""
