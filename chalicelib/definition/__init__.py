"""What operators define in files of YAML: read with checks, so that every fault is named with its line and a reason."""
