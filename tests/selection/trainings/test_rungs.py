"""A shorter training is a whole one."""

import dataclasses

import numpy as np
import pytest

from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.engine.steps import schedules
from deeplab_nas.selection.trainings import rungs

WHOLE = OptimizationConfig(
    training_number_of_steps=400, slow_start_step=40, slow_start_linear=True, decay_steps=320
)


@pytest.mark.parametrize("policy", ["poly", "step", "cosine"])
@pytest.mark.parametrize("steps", [200, 100, 1])
def test_the_learning_rate_goes_the_same_way(policy, steps):
    optimization = dataclasses.replace(WHOLE, learning_policy=policy, learning_rate_decay_step=80)
    config = TrainConfig(train_logdir="run", optimization=optimization, eval_interval_steps=50)
    short = rungs.shortened(config, steps)
    assert short.optimization.training_number_of_steps == steps
    assert short.eval_interval_steps == 0
    if steps > 1:
        whole = schedules.by_policy(optimization)
        shrunk = schedules.by_policy(short.optimization)
        rates = [(float(whole(step * 400 // steps)), float(shrunk(step))) for step in range(steps)]
        np.testing.assert_allclose(*zip(*rates, strict=True), rtol=1e-5)


def test_averages_forget_their_start_alike():
    config = TrainConfig(
        train_logdir="run", optimization=WHOLE, batch_norm_decay=0.98, moving_average_decay=0.99
    )
    short = rungs.shortened(config, 100)
    assert short.batch_norm_decay**100 == pytest.approx(0.98**400)
    assert short.moving_average_decay**100 == pytest.approx(0.99**400)


def test_what_is_off_stays_off():
    config = TrainConfig(train_logdir="run")
    short = rungs.shortened(config, 7)
    expected = dataclasses.replace(config.optimization, training_number_of_steps=7)
    assert short.optimization == dataclasses.replace(
        expected, learning_rate_decay_step=short.optimization.learning_rate_decay_step
    )
    assert short.moving_average_decay == 0
