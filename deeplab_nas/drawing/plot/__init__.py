"""What goes where in a plot, in pixels; nothing here draws."""
