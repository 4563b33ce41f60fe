"""Progress of a long loop: a bar on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

_Item = TypeVar("_Item")
_SECONDS_BETWEEN_LINES = 30.0


def track(items: Iterable[_Item], total: int, what: str) -> Iterator[_Item]:
    """Hands on the items of a loop and reports on stderr how far it is and how long it will take.

    Args:
        items: What is looped over.
        total: How many there are.
        what: What the loop does.

    Yields:
        The items.
    """
    if sys.stderr.isatty():
        yield from tqdm(items, desc=what, total=total, leave=False)
        return
    start = last = time.monotonic()
    for done, item in enumerate(items):
        now = time.monotonic()
        if now - last > _SECONDS_BETWEEN_LINES:
            left = (now - start) / done * (total - done)
            print(f"{what}: {done} of {total}, {left:.0f} s left", file=sys.stderr, flush=True)
            last = now
        yield item


def tell(sentence: str) -> None:
    """Prints a line for whoever watches a long loop."""
    tqdm.write(sentence, file=sys.stderr)
