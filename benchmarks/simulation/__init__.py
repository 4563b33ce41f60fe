"""Ways of choosing among architectures, tried on a table in which all of them are trained."""
