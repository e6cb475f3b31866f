"""The engine of derived objects: bytes of a source in, bytes of pictures out, whatever the input."""
