"""From a command line to a configuration, without leaving flags behind."""

from flags import command_line, dataclass_flags

import pytest
from absl import flags


@pytest.fixture(scope="session")
def parse():
    """From the class of a configuration and command-line arguments to the configuration."""

    def parse_arguments(config_class, *arguments):
        values = flags.FlagValues()
        dataclass_flags.define(config_class, values)
        command_line.parse(["program", *arguments], values)
        return dataclass_flags.config(config_class, values)

    return parse_arguments
