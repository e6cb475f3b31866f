"""What everything stands on: the lock in front of moto, loopback servers, names of resources."""
