"""What a selection leaves for people to look at."""
