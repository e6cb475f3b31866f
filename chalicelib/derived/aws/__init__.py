"""The adapters of derived objects to AWS."""
