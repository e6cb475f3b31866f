"""An AWS account on this machine: it runs the zip and the template that a user deploys."""
