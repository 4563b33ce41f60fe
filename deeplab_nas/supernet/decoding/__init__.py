"""From a trained supernet to an architecture, and how sure that is."""
