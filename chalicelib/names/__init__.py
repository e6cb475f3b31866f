"""Names: Route 53 record sets follow EC2 instances."""
