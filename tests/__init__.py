"""Tests that mirror the packages; TensorFlow is set up as the programs set it up."""

import flags  # noqa: F401
