"""The demonstration: a user's day with Groundskeeper, on the local cloud."""
