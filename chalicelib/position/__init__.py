"""How far a job that looks at a slice in each run has come."""
