"""What trained networks say: statistics, and whether an architecture matters."""
