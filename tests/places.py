"""Where tests find what is not of one test: the checkout, numbers of the official code, data."""

import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
RECIPES = ROOT / "flags" / "recipes"
FIXTURES = ROOT / "tests" / "fixtures"
# What is too large for the repository; tests that need it are skipped where it is not.
SHARED = ROOT.parent / "shared"


def needs_shared(name: str) -> pytest.MarkDecorator:
    """Skips a test, and says why, where `SHARED` does not hold the file or folder `name`."""
    return pytest.mark.skipif(not (SHARED / name).exists(), reason=f"needs ../shared/{name}")
