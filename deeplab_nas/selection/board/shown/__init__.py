"""Parts of what people look at: numbers in units, and the pieces of the page."""
