"""Which candidate is trained next, by whom, and where that is written."""
