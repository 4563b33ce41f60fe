"""Fixtures of the tests of wiring."""

import pytest

from tests.wiring import made_run, numbered_data


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A `NumberedData`."""
    return numbered_data.make(tmp_path_factory.mktemp("numbered"))


@pytest.fixture(scope="session")
def run(data, tmp_path_factory):
    """A `MadeRun` on that data."""
    return made_run.make(tmp_path_factory.mktemp("made"), data)
