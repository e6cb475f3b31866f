"""EC2 where moto falls short: events, and instances through their states."""
