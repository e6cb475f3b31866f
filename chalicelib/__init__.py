"""Groundskeeper's application code, as packaged for Lambda."""
