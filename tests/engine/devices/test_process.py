"""What surrounds a run."""

import contextlib

import pytest
import tensorflow as tf
from tensorflow.python.framework import config as tf_config

from deeplab_nas.engine import search_loop
from deeplab_nas.engine.configs.search import SearchOptimization
from deeplab_nas.engine.devices import process, strategies
from deeplab_nas.errors import UserError
from tests import trained_runs
from tests.engine import test_search_loop


@pytest.mark.slow
def test_debugging_names_the_first_operation_that_is_not_finite(shards, tmp_path):
    config = test_search_loop.made_config(
        shards,
        tmp_path / "run",
        optimization=SearchOptimization(base_learning_rate=1e30, clip_gradient_norm=0.0),
        debug_numerics=True,
    )
    with pytest.raises(
        UserError,
        match=r"found [\w ]+ first in what the operation \w+ \(supernet\S+\) "
        r"at deeplab_nas/(supernet|core)/\w+.py, line \d+ gives: nothing was saved",
    ):
        search_loop.run(config)


@pytest.mark.parametrize(
    ("strategy", "deterministic", "expected"),
    [("cpu", False, False), ("cpu", True, True), ("tpu", True, False)],
)
def test_operations_are_deterministic_where_it_is_asked_for(
    monkeypatch, tmp_path, strategy, deterministic, expected
):
    monkeypatch.setattr(strategies, "of", lambda _: tf.distribute.OneDeviceStrategy("/cpu:0"))
    config = trained_runs.make_config(
        str(tmp_path), tmp_path / "run", strategy=strategy, deterministic=deterministic
    )
    with process.of(config):
        assert tf_config.is_op_determinism_enabled() is expected


@pytest.mark.parametrize("made_config", [test_search_loop.made_config, trained_runs.make_config])
def test_xla_is_refused_where_the_same_bits_are_asked_for(tmp_path, made_config):
    with pytest.raises(UserError, match="--deterministic or --xla, found both"):
        made_config(str(tmp_path), tmp_path / "run", deterministic=True, xla=True)


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("error", [None, ZeroDivisionError])
def test_grappler_is_off_in_its_context_only(before, error):
    options = tf.config.optimizer
    options.set_experimental_options({"disable_meta_optimizer": before})
    whole = options.get_experimental_options()
    try:
        with contextlib.suppress(ZeroDivisionError), process.without_grappler():
            assert options.get_experimental_options() == {**whole, "disable_meta_optimizer": True}
            if error:
                raise error
        assert options.get_experimental_options() == whole
    finally:
        options.set_experimental_options({"disable_meta_optimizer": False})
