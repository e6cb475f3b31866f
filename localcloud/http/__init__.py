"""API Gateway: the REST APIs of deployed stacks."""
