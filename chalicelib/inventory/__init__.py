"""The inventory: which names there are, their addresses in each view, and whether an instance or a claim has them."""
