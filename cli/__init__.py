"""The operator's command, `groundskeeper`."""
