"""The AWS side of snapshots: EC2 in each region, the journal in DynamoDB, shells through Systems Manager."""
