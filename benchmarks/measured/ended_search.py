"""The supernet of a search that has ended, as benchmarks ask it."""

import contextlib
from collections.abc import Iterator

from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.devices import process
from deeplab_nas.engine.runs import run_data
from deeplab_nas.engine.runs.open_run import OpenRun
from deeplab_nas.engine.search_loop import Search
from deeplab_nas.errors import UserError


@contextlib.contextmanager
def of(config: SearchConfig) -> Iterator[Search]:
    """Gives the `Search` with the weights that it ended with.

    Args:
        config: Of the search, as its run directory has it.

    Raises:
        UserError: There is none, or it has not ended.
    """
    with process.without_grappler(), process.of(config) as strategy:
        search = Search(config, strategy)
        data = run_data.document(search.train, search.val)
        with OpenRun(config, search.train, strategy, data=data) as opened:
            done = search.restore(opened) or 0
            if done < search.total_steps:
                raise UserError(
                    f"Expected a search that has ended in {config.train_logdir}, found one after "
                    f"step {done} of {search.total_steps}: go on with it by deeplab_nas.search."
                )
            yield search
