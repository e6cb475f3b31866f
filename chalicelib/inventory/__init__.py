"""The inventory: what is called what, on which side, and who says so."""
