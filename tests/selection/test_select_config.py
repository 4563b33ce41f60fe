"""What a selection refuses before it begins."""

import pytest

from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.selection.select_config import PoolConfig, SelectConfig
from tests import refusals

WHOLE = OptimizationConfig(training_number_of_steps=400)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["candidates", "found none", "--random"]),
        ({"random": 1, "mutate": 2}, ["--mutate=2", "--architectures or --runs", "found none"]),
        ({"random": 1, "all_paths": True}, ["--all_paths", "found none"]),
        ({"sampler": "bayes"}, ["--sampler", "random, tpe, evolution", "'bayes'"]),
    ],
)
def test_a_pool_of_nothing_is_refused(settings, expected):
    with refusals.refused(*expected):
        PoolConfig(**settings)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"rungs": (200, 100)}, ["ascending --rungs", "200,100"]),
        ({"rungs": (100, 400)}, ["--training_number_of_steps=400", "100,400"]),
        ({"pool": PoolConfig(sampler="tpe")}, ["--sampler=tpe", "--proposals or --budget_steps"]),
        ({"rungs": (100,), "budget_steps": 99}, ["--budget_steps", "100 steps", "found 99"]),
        ({"deterministic": True, "xla": True}, ["--deterministic or --xla"]),
    ],
)
def test_what_does_not_go_together_is_refused(settings, expected):
    with refusals.refused(*expected):
        SelectConfig(train_logdir="study", optimization=WHOLE, **settings)


def test_the_whole_training_is_the_last_rung():
    config = SelectConfig(train_logdir="study", optimization=WHOLE, rungs=(100, 200))
    assert config.all_rungs == (100, 200, 400)
