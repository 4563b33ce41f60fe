"""Both steps of the search compiled whole by XLA: the same numbers, and nothing a TPU lacks."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import trellis
from deeplab_nas.core.kernels import target
from deeplab_nas.engine.configs.search import SearchOptimization
from deeplab_nas.engine.scoring.supernet_loss import SupernetLoss
from deeplab_nas.engine.steps.search.search_step import SearchStep
from deeplab_nas.supernet.decoding import by_loss
from deeplab_nas.supernet.supernet import Supernet
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests.engine.devices import tpu_faults
from tests.engine.steps.search import test_search_step

SUPERNET = SupernetConfig(num_layers=2, num_blocks=1, filter_multiplier=2)


# Without the dropout of skip and sampled paths: XLA draws other numbers.
OPTIONS = {"auxiliary_skip": 1.0, "architecture_accumulation_steps": 2}


def made_step(operation_set, recompute, options, xla=False, fixed_path=()):
    keras.utils.set_random_seed(3)
    settings = dataclasses.replace(SUPERNET, operation_set=operation_set, fixed_path=fixed_path)
    supernet = Supernet(4, settings)
    supernet.build()
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    how = {"recompute": recompute, "xla": xla}
    config = SearchOptimization(**options)
    if options:
        shape = supernet.alpha.shape
        supernet.keep(np.arange(shape.num_elements()).reshape(shape) % 3 > 0)
    step = SearchStep(strategy, supernet, config, test_search_step.IGNORE, 10, **how)
    return step, supernet


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operation_set", "recompute", "options"),
    [("official", "always", {}), ("darts", "never", {}), ("official", "never", OPTIONS)],
)
def test_xla_gives_the_same_numbers_and_a_tpu_lacks_nothing(
    monkeypatch, operation_set, recompute, options
):
    plain, supernet = made_step(operation_set, recompute, options)
    compiled, compiled_supernet = made_step(operation_set, recompute, options, xla=True)
    other, other_supernet = made_step(operation_set, recompute, options)
    for name in ("update_weights", "update_architecture"):
        batch = test_search_step.made_batch()
        expected = getattr(plain, name)(*batch)
        assert_same(getattr(compiled, name)(*batch), expected)
        with monkeypatch.context() as patch:
            patch.setattr(target, "on_tpu", lambda: True)
            assert_same(getattr(other, name)(*batch), expected)
            as_on_a_tpu = tf.function(getattr(other, name), jit_compile=True, autograph=False)
            faults, (operations, instructions) = tpu_faults.of(as_on_a_tpu, *batch)
        assert not faults, "\n".join(faults)
        assert min(operations, instructions) > 1000
        for own in (compiled_supernet, other_supernet):
            assert_equal_variables(own, supernet)
            # Each step is compared by itself: the next one magnifies what this one rounded.
            for variable, value in zip(own.variables, supernet.variables, strict=True):
                variable.assign(value)


@pytest.mark.slow
def test_a_tpu_lacks_nothing_to_draw_skips_and_paths(monkeypatch):
    monkeypatch.setattr(target, "on_tpu", lambda: True)
    step, _ = made_step("darts", "never", {"skip_dropout": 0.5, "sampled_paths": 1})
    as_on_a_tpu = tf.function(step.update_weights, jit_compile=True, autograph=False)
    faults, _ = tpu_faults.of(as_on_a_tpu, *test_search_step.made_batch())
    assert not faults, "\n".join(faults)


@pytest.mark.slow
@pytest.mark.parametrize("fixed_path", [(), (0, 1)])
def test_xla_trains_a_part_alike_and_a_tpu_lacks_nothing_for_it(monkeypatch, fixed_path):
    plain, supernet = made_step("official", "never", {}, fixed_path=fixed_path)
    compiled, compiled_supernet = made_step("official", "never", {}, True, fixed_path)
    operations = np.zeros(supernet.alpha.shape, np.float32)
    operations[:, 3] = 1.0
    arrows = (
        None if fixed_path else tf.constant(by_loss.cut(trellis.arrow_mask(2), (0, 1)), tf.float32)
    )
    part = *test_search_step.made_batch(), tf.constant(operations), arrows
    expected = plain.update_of_part(0.02)(*part)
    assert_same(compiled.update_of_part(0.02)(*part), expected)
    assert_equal_variables(compiled_supernet, supernet)
    monkeypatch.setattr(target, "on_tpu", lambda: True)
    other, other_supernet = made_step("official", "never", {}, fixed_path=fixed_path)
    update = other.update_of_part(0.02)
    assert_same(update(*part), expected)
    assert_equal_variables(other_supernet, supernet)
    as_on_a_tpu = tf.function(update, jit_compile=True, autograph=False)
    faults, _ = tpu_faults.of(as_on_a_tpu, *part)
    assert not faults, "\n".join(faults)


@pytest.mark.slow
def test_a_tpu_lacks_nothing_to_judge_a_supernet_that_is_cut(monkeypatch):
    monkeypatch.setattr(target, "on_tpu", lambda: True)
    _, supernet = made_step("official", "never", {})
    batch, relaxed = test_search_step.made_batch(), supernet.relaxed()
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    loss = SupernetLoss(strategy, supernet, test_search_step.IGNORE)
    as_on_a_tpu = tf.function(loss.of_batch, jit_compile=True, autograph=False)
    arguments = (*batch, relaxed.operations, relaxed.arrows)
    faults, (operations, instructions) = tpu_faults.of(as_on_a_tpu, *arguments)
    assert not faults, "\n".join(faults)
    assert min(operations, instructions) > 500


def assert_same(found, expected):
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, err_msg=name)


def assert_equal_variables(found, expected):
    for one, two in zip(expected.variables, found.variables, strict=True):
        scale = max(np.abs(one.numpy()).max(), 1e-3)
        assert np.abs(one.numpy() - two.numpy()).max() < 1e-4 * scale, one.path
