"""What things cost: pure models, and prices as dated data."""
