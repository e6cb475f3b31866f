"""S3 as AWS has it, where moto differs: event notifications, lost objects, limits and ranges."""
