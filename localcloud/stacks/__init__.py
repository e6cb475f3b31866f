"""CloudFormation: stacks as `chalice package` makes them."""
