"""A function over many items in several processes, with the results in the order of the items."""

import collections
import concurrent.futures
import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from absl import flags as absl_flags

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_WAITING_PER_WORKER = 4
_SECONDS_ALONE = 10.0


def define_flag() -> None:
    """Registers `--num_workers`."""
    absl_flags.DEFINE_integer(
        "num_workers",
        0,
        "Processes that read and check files; 0: one, and after some seconds one a core. The "
        "shards do not depend on it.",
        lower_bound=0,
    )


def ordered_map(
    function: Callable[[_Item], _Result], items: Iterable[_Item], num_workers: int
) -> Iterator[_Result]:
    """Applies a function to items, ahead of whoever takes the results by a few items a worker.

    Args:
        function: What to apply; with several workers it and the items are pickled.
        items: Its arguments.
        num_workers: Processes; 1 for this process alone. 0 begins so and, as other processes take
            seconds to start, goes on with one a core if that was not soon done.

    Yields:
        The results, in the order of the items. An error in a worker is raised here.
    """
    items = iter(items)
    if num_workers < 2:
        end = time.monotonic() + (_SECONDS_ALONE if num_workers == 0 else math.inf)
        for item in items:
            yield function(item)
            if time.monotonic() > end:
                break
        else:
            return
    num_workers = num_workers or os.cpu_count() or 1
    waiting: collections.deque = collections.deque()
    # A forked process would inherit TensorFlow's threads in whatever state they are.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(num_workers, context) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > _WAITING_PER_WORKER * num_workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
