"""Instances that do nothing -> idle flags, what they waste, and, where their owners want it, parking."""
