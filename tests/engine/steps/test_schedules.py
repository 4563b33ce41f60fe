"""The whole curves against their closed forms and the official code's numbers."""

import json

import keras
import numpy as np
import pytest

from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.steps import schedules
from deeplab_nas.errors import UserError
from tests import places

_OFFICIAL = places.FIXTURES / "official_loss_metrics" / "learning_rate.json"


def by_policy(policy, base, total, **settings):
    return schedules.by_policy(
        OptimizationConfig(
            learning_policy=policy,
            base_learning_rate=base,
            training_number_of_steps=total,
            **settings,
        )
    )


def _rates(schedule, steps):
    return [float(schedule(step)) for step in steps]


@pytest.mark.parametrize("total", [1, 7, 1000])
def test_cosine_is_the_closed_form(total):
    schedule = schedules.cosine(0.025, 0.001, total)
    steps = np.unique(np.linspace(0, total, 50).astype(int))
    expected = 0.001 + 0.024 * (1 + np.cos(np.pi * steps / total)) / 2
    np.testing.assert_allclose(_rates(schedule, steps), expected, rtol=1e-5)
    np.testing.assert_allclose(float(schedule(10 * total)), 0.001, rtol=1e-5)


@pytest.mark.parametrize("power", [0.9, 1.0, 2.0])
def test_poly_is_the_closed_form(power):
    steps = np.arange(0, 101, 5)
    schedule = by_policy(
        "poly", 0.05, 120, end_learning_rate=0.001, learning_power=power, slow_start_step=20
    )
    expected = 0.049 * (1 - steps / 100) ** power + 0.001
    np.testing.assert_allclose(_rates(schedule, steps + 20), expected, rtol=1e-5)
    np.testing.assert_allclose(_rates(schedule, range(20)), 1e-4, rtol=1e-6)


def test_step_drops_at_its_multiples():
    schedule = by_policy(
        "step", 1.0, 100, learning_rate_decay_step=10, learning_rate_decay_factor=0.5
    )
    expected = 0.5 ** (np.arange(40) // 10)
    np.testing.assert_allclose(_rates(schedule, range(40)), expected, rtol=1e-6)


def test_a_linear_slow_start_meets_the_schedule():
    schedule = by_policy(
        "poly",
        0.05,
        1000,
        slow_start_step=100,
        slow_start_learning_rate=0.01,
        slow_start_linear=True,
    )
    np.testing.assert_allclose(
        _rates(schedule, range(101)), np.linspace(0.01, 0.05, 101), rtol=1e-5
    )
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    assert _rates(again, [0, 7, 100, 500]) == _rates(schedule, [0, 7, 100, 500])


@pytest.mark.parametrize("policy", schedules.POLICIES)
def test_every_policy_drives_an_optimizer(policy):
    schedule = by_policy(policy, 0.05, 10, slow_start_step=2)
    optimizer = keras.optimizers.SGD(schedule)
    variable = keras.Variable([1.0])
    for _ in range(3):
        optimizer.apply([np.ones(1, np.float32)], [variable])
    np.testing.assert_allclose(variable.numpy(), 1.0 - 1e-4 - 1e-4 - 0.05, rtol=1e-5)


def test_an_unknown_policy_lists_the_known_ones():
    with pytest.raises(UserError, match="poly, step, cosine, found 'exp'"):
        by_policy("exp", 0.05, 10)


def test_a_slow_start_of_the_whole_training_is_refused():
    with pytest.raises(UserError, match="--slow_start_step below --training_number_of_steps=10"):
        by_policy("poly", 0.05, 10, slow_start_step=10)


def test_matches_the_official_rates():
    cases = json.loads(_OFFICIAL.read_text())
    assert len(cases) == 7
    for name, case in cases.items():
        arguments = dict(case["arguments"])
        linear = arguments.pop("slow_start_burnin_type", "none") == "linear"
        # The official code divides steps into floats.
        arguments = {n: int(v) if n.endswith("decay_steps") else v for n, v in arguments.items()}
        schedule = schedules.by_policy(OptimizationConfig(**arguments, slow_start_linear=linear))
        # Where almost all of the rate has decayed, float32 keeps few of its digits.
        np.testing.assert_allclose(
            _rates(schedule, case["steps"]), case["values"], rtol=2e-6, atol=1e-9, err_msg=name
        )
