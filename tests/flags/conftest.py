"""A fixture that parses command lines without leaving flags behind."""

import copy
from collections.abc import Callable

from flags import data_flags, model_flags, run_flags, search_flags, strategy_flags

import pytest
from absl import flags


@pytest.fixture(scope="session")
def defined_flags() -> flags.FlagValues:
    """All flags of the search, unparsed; absl's own registry is as before."""
    registry = flags.FLAGS
    before = set(registry)
    topics = {
        "dataset": data_flags,
        "num_layers": model_flags,
        "epochs": search_flags,
        "strategy": strategy_flags,
        "train_logdir": run_flags,
    }
    for probe, topic in topics.items():
        if probe not in before:
            topic.define()
    defined = copy.deepcopy(registry)
    for name in set(registry) - before:
        delattr(registry, name)
    return defined


@pytest.fixture
def parse(defined_flags) -> Callable[..., flags.FlagValues]:
    """A function from command-line arguments to parsed flags."""

    def parse_arguments(*arguments: str) -> flags.FlagValues:
        parsed = copy.deepcopy(defined_flags)
        parsed(["program", *arguments])
        return parsed

    return parse_arguments
