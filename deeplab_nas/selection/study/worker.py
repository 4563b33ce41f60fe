"""A program that trains candidates until there is nothing left to train."""

import sys
import time
from collections.abc import Callable, Sequence

from deeplab_nas.engine.reporting import progress
from deeplab_nas.selection.study import time_left
from deeplab_nas.selection.study.arm_run import ArmRun, Job
from deeplab_nas.selection.study.pulse import Pulse
from deeplab_nas.selection.trainings.training_rows import TrainingRows

_SECONDS_BETWEEN_LOOKS = 2.0


class Worker:
    """Takes trainings of arms, one after the other, as any number of other workers do."""

    def __init__(
        self,
        arms: Sequence[ArmRun],
        rows: TrainingRows,
        pulse: Pulse,
        sleep: Callable[[float], None] = time.sleep,
    ):
        """Takes nothing yet.

        Args:
            arms: In the order in which they are served.
            rows: Where the trainings are.
            pulse: This worker's.
            sleep: Waits so many seconds.
        """
        self._arms = arms
        self._rows = rows
        self._pulse = pulse
        self._sleep = sleep
        self._trainings = 0
        self._training_seconds = self._waiting_seconds = 0.0

    def run(self) -> None:
        """Trains until everything has ended, what others train included.

        Tells how long that took, and how long choosing what to train took beside it.

        Raises:
            UserError: A training was refused.
            StoppedError: A training was stopped, and saved.
        """
        started = time.monotonic()
        with self._pulse:
            while True:
                job = next((job for arm in self._arms if (job := arm.take())), None)
                if job:
                    self._train(job)
                elif any(arm.others_run() for arm in self._arms):
                    # What they come to may promote something, and what they leave is to be done.
                    self._wait()
                else:
                    break
        choosing = time.monotonic() - started - self._training_seconds - self._waiting_seconds
        if self._trainings:
            print(
                f"{self._trainings} trainings took {progress.duration(self._training_seconds)}, "
                f"choosing them {choosing:.1f} s.",
                file=sys.stderr,
            )

    def _train(self, job: Job) -> None:
        row = job.row
        print(f"{self._rows.name(row)}: {row.architecture}", file=sys.stderr, flush=True)
        document = None
        started = time.monotonic()
        try:
            document = self._rows.train(row)
        finally:
            if document is None:
                job.trials.give_back(job.claim)
        self._training_seconds += time.monotonic() - started
        if document is None:
            # The process of a worker that was killed is still saving.
            self._wait()
            return
        self._trainings += 1
        if job.trials.finish(job.claim, document):
            seconds = time_left.mean_seconds(each for arm in self._arms for each in arm.documents())
            left = progress.duration(sum(arm.seconds_left(seconds) for arm in self._arms))
            print(
                f"{self._rows.name(row)}: mIoU {document['miou']:.4f}; about {left} left for one "
                "program",
                file=sys.stderr,
            )

    def _wait(self):
        self._sleep(_SECONDS_BETWEEN_LOOKS)
        self._waiting_seconds += _SECONDS_BETWEEN_LOOKS
