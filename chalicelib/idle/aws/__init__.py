"""What idle instances are read from and written to: EC2, CloudWatch, SNS and S3."""
