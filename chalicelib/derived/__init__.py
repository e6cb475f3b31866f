"""Derived objects: made once, named after their source, made again when S3 loses them."""
