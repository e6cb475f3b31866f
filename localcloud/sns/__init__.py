"""SNS where moto falls short: subscriptions that nobody has confirmed, and messages that no topic takes."""
