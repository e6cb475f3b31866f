"""CloudWatch where moto falls short: made-up metrics of EC2 instances, and reading them as in AWS."""
