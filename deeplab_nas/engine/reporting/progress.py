"""How far a run is and how long it will still take."""

import collections
import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TextIO

import tqdm

_WINDOW = 50
_SECONDS_BETWEEN_LINES = 30.0


class TimeLeft(NamedTuple):
    """An estimate.

    Attributes:
        seconds: Time left.
        untimed: The kinds of step that are still to come and were not timed yet; they are reckoned
            at the dearest timed kind, so the estimate is rough until this is empty.
    """

    seconds: float
    untimed: tuple[str, ...]


class Progress:
    """A bar on a terminal, elsewhere a line now and then.

    Steps are counted by kind, because kinds cost unequal time: a search first trains the weights
    alone and later the architecture too. The time left is the remaining steps of each kind times
    that kind's recent seconds a step.
    """

    def __init__(
        self,
        total_by_kind: dict[str, int],
        done_by_kind: dict[str, int] | None = None,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        """Starts the display.

        Args:
            total_by_kind: Steps of the whole run by kind of step.
            done_by_kind: Steps that an earlier start of the run has done; kinds may be missing.
            stream: Where it is shown; by default `sys.stderr` as it is now.
            clock: Seconds, for the pace of the lines.
        """
        self._total = dict(total_by_kind)
        self._done = {kind: (done_by_kind or {}).get(kind, 0) for kind in self._total}
        self._timings: dict[str, collections.deque] = {
            kind: collections.deque(maxlen=_WINDOW) for kind in self._total
        }
        self._started: set[str] = set()
        self._postfix: dict[str, Any] = {}
        self._stream = stream or sys.stderr
        self._clock = clock
        self._last_line = clock()
        self._bar = self._make_bar() if self._stream.isatty() else None

    def update(self, kind: str, n: int, seconds: float, postfix: dict[str, Any]) -> None:
        """Counts steps.

        Args:
            kind: A key of `total_by_kind`.
            n: Steps done since the last call.
            seconds: Time they took together.
            postfix: What to show beside the count, such as the epoch and the loss.
        """
        self._done[kind] += n
        # The first steps of a kind build its graph; their time says nothing about the next ones.
        if kind in self._started:
            self._timings[kind].append((n, seconds))
        self._started.add(kind)
        self._postfix = postfix
        if self._bar is not None:
            self._bar.set_postfix_str(self._details(), refresh=False)
            self._bar.update(n)
        elif self._clock() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._print_line()

    def epoch_end(self) -> None:
        """Shows a line whatever the pace, where there is no bar."""
        if self._bar is None:
            self._print_line()

    def write(self, line: str) -> None:
        """Shows a line of its own, above the bar if there is one."""
        if self._bar is None:
            print(line, file=self._stream, flush=True)
        else:
            self._bar.write(line, file=self._stream)

    def close(self) -> None:
        """Ends the display."""
        if self._bar is not None:
            self._bar.close()

    def time_left(self) -> TimeLeft | None:
        """The estimate; None before any step was timed."""
        costs = {kind: self._seconds_a_step(kind) for kind in self._total}
        dearest = max((cost for cost in costs.values() if cost is not None), default=None)
        if dearest is None:
            return None
        remaining = {kind: max(self._total[kind] - self._done[kind], 0) for kind in self._total}
        seconds = sum(
            count * (dearest if costs[kind] is None else costs[kind])
            for kind, count in remaining.items()
        )
        untimed = tuple(kind for kind, n in remaining.items() if n and costs[kind] is None)
        return TimeLeft(seconds, untimed)

    def _seconds_a_step(self, kind: str) -> float | None:
        timings = self._timings[kind]
        if not timings:
            return None
        return sum(seconds for _, seconds in timings) / sum(n for n, _ in timings)

    def _make_bar(self) -> tqdm.tqdm:
        return tqdm.tqdm(
            total=sum(self._total.values()),
            initial=sum(self._done.values()),
            file=self._stream,
            dynamic_ncols=True,
            bar_format="{percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt}{postfix}",
        )

    def _print_line(self) -> None:
        self._last_line = self._clock()
        done, total = sum(self._done.values()), sum(self._total.values())
        self.write(f"step {done}/{total}, {self._details()}")

    def _details(self) -> str:
        """The postfix, the cost of each timed kind and the time left."""
        parts = [f"{name} {_shown(value)}" for name, value in self._postfix.items()]
        for kind in self._total:
            cost = self._seconds_a_step(kind)
            if cost is not None:
                parts.append(f"{cost:.3g} s/{kind}")
        left = self.time_left()
        if left is not None:
            rough = f" (rough: {', '.join(left.untimed)} not timed yet)" if left.untimed else ""
            parts.append(f"{duration(left.seconds)} left{rough}")
        return ", ".join(parts)


@contextlib.contextmanager
def of(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Shows how far the end of a search is; yields what is called after each of `total` things."""
    print(f"By the loss of the supernet: {what}.", file=sys.stderr)
    times = [time.monotonic()]
    with contextlib.closing(Progress({what: total})) as progress:

        def done():
            times.append(time.monotonic())
            progress.update(what, 1, times[-1] - times[-2], {})

        yield done


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """A time as people say it, such as `3 min 07 s`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
