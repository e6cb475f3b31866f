"""EBS where moto falls short: snapshots that take their time, limits, lists in pages, copies, locks and images."""
