"""Exporting trained networks, and talking to what serves them."""
