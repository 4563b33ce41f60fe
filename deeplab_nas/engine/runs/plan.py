"""What comes when in a run, as arithmetic of its steps."""

import dataclasses
from collections.abc import Callable, Sequence

from deeplab_nas.engine.steps.batches import Batches


@dataclasses.dataclass(frozen=True)
class Phase:
    """Steps of one kind, one after the other.

    Attributes:
        kind: Name of the kind, for the display.
        end: Steps done when the phase is over, counted from the start of the run.
        take: Takes steps, as `host_loop.repeated` makes it.
        batches: What it draws from, in its order.
    """

    kind: str
    end: int
    take: Callable
    batches: Sequence[Batches]


@dataclasses.dataclass(frozen=True)
class Plan:
    """The phases of a run and what is due between its steps.

    Attributes:
        phases: One after the other; the last one ends the run.
        steps_per_epoch: Steps of an epoch.
        log_every: A history line is due after every multiple of one of these, and at the end.
        evaluate_every: An evaluation with a checkpoint is due after every multiple of it, and at
            the end; 0 for the end alone.
    """

    phases: Sequence[Phase]
    steps_per_epoch: int
    log_every: Sequence[int]
    evaluate_every: int

    @property
    def total_steps(self) -> int:
        """Steps of the whole run."""
        return self.phases[-1].end

    def phase(self, done: int) -> Phase:
        """The phase of the step that comes after `done` steps."""
        return next(phase for phase in self.phases if done < phase.end)

    def by_kind(self, done: int) -> dict[str, int]:
        """How many of the first `done` steps are of each kind."""
        ends = [min(phase.end, done) for phase in self.phases]
        return {
            phase.kind: end - begin
            for phase, begin, end in zip(self.phases, [0, *ends], ends, strict=False)
        }

    def epoch(self, done: int) -> int:
        """Epoch that the last of `done` steps is in, from 1."""
        return (done - 1) // self.steps_per_epoch + 1

    def next_stop(self, done: int) -> int:
        """The next step after `done` at which something besides steps is due."""
        intervals = filter(None, [*self.log_every, self.evaluate_every])
        return min([self.phase(done).end, *((done // every + 1) * every for every in intervals)])

    def is_logged(self, done: int) -> bool:
        """Whether a history line is due after `done` steps."""
        return self._is_due(done, self.log_every)

    def is_evaluated(self, done: int) -> bool:
        """Whether an evaluation is due after `done` steps."""
        return self._is_due(done, [self.evaluate_every])

    def _is_due(self, done, intervals):
        return done == self.total_steps or any(every and done % every == 0 for every in intervals)
