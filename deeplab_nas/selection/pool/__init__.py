"""The candidates, and what is known of them before they are trained."""
