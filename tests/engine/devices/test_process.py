"""What surrounds a run."""

import contextlib

import pytest
import tensorflow as tf

from deeplab_nas.engine import search_loop
from deeplab_nas.engine.configs.search import SearchOptimization
from deeplab_nas.engine.devices import process
from deeplab_nas.errors import UserError
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
