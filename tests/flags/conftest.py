"""Fixtures that parse command lines without leaving flags behind."""

import copy
from collections.abc import Callable

from flags import (
    cost_flags,
    data_flags,
    evaluate_flags,
    export_flags,
    model_flags,
    predict_flags,
    run_flags,
    search_flags,
    strategy_flags,
    train_flags,
)

import pytest
from absl import flags


def _defined(*topics) -> flags.FlagValues:
    """The flags of some topics, unparsed; absl's own registry is as before."""
    registry = flags.FLAGS
    taken = {name: registry[name] for name in set(registry)}
    absl_flags = [name for name in taken if not _is_ours(taken[name])]
    for name in taken.keys() - set(absl_flags):
        delattr(registry, name)
    for topic in topics:
        topic.define()
    defined = copy.deepcopy(registry)
    for name in set(registry) - set(absl_flags):
        delattr(registry, name)
    for name in taken.keys() - set(absl_flags):
        registry[name] = taken[name]
    return defined


def _is_ours(flag) -> bool:
    module = flags.FLAGS.find_module_defining_flag(flag.name) or ""
    return module.startswith(("flags", "deeplab_nas", "tfrecords_tools"))


def _parser(defined: flags.FlagValues) -> Callable[..., flags.FlagValues]:
    def parse_arguments(*arguments: str) -> flags.FlagValues:
        parsed = copy.deepcopy(defined)
        parsed(["program", *arguments])
        return parsed

    return parse_arguments


@pytest.fixture(scope="session")
def parse() -> Callable[..., flags.FlagValues]:
    """From command-line arguments of the search to parsed flags."""
    topics = (data_flags, model_flags, search_flags, cost_flags, strategy_flags, run_flags)
    return _parser(_defined(*topics))


@pytest.fixture(scope="session")
def parse_train() -> Callable[..., flags.FlagValues]:
    """From command-line arguments of the training to parsed flags."""
    return _parser(_defined(train_flags))


@pytest.fixture(scope="session")
def parse_evaluate() -> Callable[..., flags.FlagValues]:
    """From command-line arguments of the evaluation to parsed flags."""
    return _parser(_defined(evaluate_flags))


@pytest.fixture(scope="session")
def parse_predict() -> Callable[..., flags.FlagValues]:
    """From command-line arguments of predictions to parsed flags."""
    return _parser(_defined(predict_flags))


@pytest.fixture(scope="session")
def parse_export() -> Callable[..., flags.FlagValues]:
    """From command-line arguments of an export to parsed flags."""
    return _parser(_defined(export_flags))
