"""A function over many items on several threads, with the results in the order of the items."""

import collections
import concurrent.futures
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_WAITING_PER_WORKER = 4


def ordered_map(
    function: Callable[[_Item], _Result], items: Iterable[_Item], num_workers: int = 0
) -> Iterator[_Result]:
    """Applies a function to items, ahead of whoever takes the results by a few items a worker.

    Threads and not processes: Pillow and TensorFlow decode and encode without holding the
    interpreter's lock, and a process would need seconds to start.

    Args:
        function: What to apply, on several threads at a time.
        items: Its arguments, taken one by one on the calling thread.
        num_workers: Threads; 0 for one a core.

    Yields:
        The results, in the order of the items. An error of the function is raised here.
    """
    num_workers = num_workers or num_cores()
    waiting: collections.deque = collections.deque()
    pool = concurrent.futures.ThreadPoolExecutor(num_workers)
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > _WAITING_PER_WORKER * num_workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
