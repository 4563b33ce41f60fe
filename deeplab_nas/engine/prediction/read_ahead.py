"""Values that threads make ahead of whoever takes them, in order and in bounded memory."""

import collections
import concurrent.futures
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any


class ReadAhead:
    """Applies a function to items on threads, and yields the results in the order of the items.

    What is made and not yet taken weighs at most `budget`, and what each thread makes on top of it.
    What the function raises is raised where its result is due. Use it as a context manager: when it
    is left, no thread works on.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        weight: Callable[[Any], int],
        budget: int,
        threads: int,
    ):
        """Starts nothing yet.

        Args:
            function: Makes a result of an item.
            items: What it is applied to.
            weight: Of a result, such as its bytes.
            budget: Of all results that wait.
            threads: How many items are worked on at once.
        """
        self._function = function
        self._items = iter(items)
        self._weight = weight
        self._budget = budget
        self._threads = threads
        self._pool = concurrent.futures.ThreadPoolExecutor(threads)
        self._lock = threading.Lock()
        # Futures, the oldest first; how many of them are not done; what the others weigh.
        self._ahead: collections.deque[concurrent.futures.Future] = collections.deque()
        self._running = 0
        self._waiting = 0

    def __enter__(self) -> "ReadAhead":
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._items = iter(())
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __iter__(self) -> Iterator[Any]:
        with self._lock:
            self._start()
        while self._ahead:
            result, weight = self._ahead.popleft().result()
            with self._lock:
                self._waiting -= weight
                self._start()
            yield result

    def _start(self) -> None:
        """Has as much made as there is room for; the lock is held."""
        while self._running < self._threads and self._waiting <= self._budget:
            try:
                item = next(self._items)
            except StopIteration:
                return
            self._running += 1
            self._ahead.append(self._pool.submit(self._make, item))

    def _make(self, item: Any) -> tuple[Any, int]:
        weight = 0
        try:
            result = self._function(item)
            weight = self._weight(result)
        finally:
            with self._lock:
                self._running -= 1
                self._waiting += weight
                self._start()
        return result, weight
