"""Hosts: the inventory as documents for clients without DNS, and the claims of services outside EC2."""
