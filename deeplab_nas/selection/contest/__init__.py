"""Ways of choosing beside each other: each has the same budget, and others judge what it picks."""
