"""Access: who may ask the API for what."""
