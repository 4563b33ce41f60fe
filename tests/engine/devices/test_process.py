"""What surrounds a run."""

import pytest

from deeplab_nas.engine import search_loop
from deeplab_nas.engine.configs.search import SearchOptimization
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
