"""What functions print, and the metrics in it."""
