"""The AWS side of names: EC2 is read, Route 53 read and written, SQS asked for a second look."""
