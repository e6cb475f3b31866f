"""Execution environments: processes under AWS's own runtime client."""
