"""Pictures that need no download: each is a pure function of a seed and its number."""
