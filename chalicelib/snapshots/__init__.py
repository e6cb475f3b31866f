"""Volumes are snapshotted on schedule, once for each slot, and snapshots that no policy keeps are retired."""
