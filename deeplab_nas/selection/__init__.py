"""Choosing among networks by short trainings, and saying what a choice is worth."""
