"""The clock of a run: takes its steps, and logs, evaluates, saves and stops in between."""

import contextlib
import dataclasses
import signal
import sys
import time
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from deeplab_nas.data import record_faults
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.engine.reporting.interval import Interval
from deeplab_nas.engine.reporting.progress import Progress
from deeplab_nas.engine.reporting.search_report import SearchReport
from deeplab_nas.engine.reporting.train_report import TrainReport
from deeplab_nas.engine.runs import nan_guard
from deeplab_nas.engine.runs.interruption import Interruption
from deeplab_nas.engine.runs.open_run import OpenRun
from deeplab_nas.engine.runs.plan import Plan
from deeplab_nas.errors import StoppedError


@dataclasses.dataclass
class Loop:
    """Carries out the plan of a run, from its newest checkpoint on.

    Attributes:
        opened: The run directory, restored.
        plan: What comes when.
        config: The `SearchConfig` or `TrainConfig`.
        optimizer: Its updates count the steps.
        learning_rate: Function from the number of a step to its learning rate.
        losses: Names of what the steps tell; the display shows the first.
        report: Where intervals go; it is closed at the end.
        evaluate: Function of the steps done and the epoch they are in, which evaluates, reports it
            and returns a line to show.
        is_over: Whether the run ends before its plan does.
    """

    opened: OpenRun
    plan: Plan
    config: SearchConfig | TrainConfig
    optimizer: keras.optimizers.Optimizer
    learning_rate: Callable[[int], float]
    losses: Sequence[str]
    report: SearchReport | TrainReport
    evaluate: Callable[[int, int], str]
    is_over: Callable[[], bool] = lambda: False

    def run(self):
        """Takes the steps that are left.

        Raises:
            UserError: More records cannot be used than are allowed, a number is not finite, or a
                file cannot be written.
            StoppedError: A signal came, and the run was saved.
        """
        plan = self.plan
        done = int(self.opened.steps_done.numpy())
        self._progress = Progress(plan.by_kind(plan.total_steps), plan.by_kind(done))
        self._last_save = time.monotonic()
        with (
            Interruption() as interruption,
            contextlib.closing(self._progress),
            contextlib.closing(self.report),
        ):
            self._interval = Interval(done, self.losses)
            while done < plan.total_steps and not self.is_over():
                taken = self._take(done)
                if taken:
                    done += taken
                    self.opened.steps_done.assign(done)
                    self._after_step(done)
                    self._save_or_stop(done, interruption)

    def _take(self, done):
        """Takes steps up to the next stop, or up to a record that is skipped from now on.

        Returns:
            How many.
        """
        started = time.monotonic()
        phase = self.plan.phase(done)
        count = min(self.config.steps_per_loop, self.plan.next_stop(done) - done)
        for batches in phase.batches:
            if batches.iterator is None:
                batches.begin(done)
        iterators = [batches.iterator for batches in phase.batches]
        updates = self.optimizer.iterations.numpy()
        try:
            told = phase.take(*iterators, steps=tf.constant(count))
        except record_faults.ERRORS:
            taken = int(self.optimizer.iterations.numpy() - updates)
            if not any(batches.find_bad_record(done + taken) for batches in phase.batches):
                raise
            for batches in phase.batches:
                batches.begin(done + taken)
            self.opened.bad_records.report(self.opened.history, done + taken)
            return taken
        told = {name: float(value) for name, value in told.items()}
        nan_guard.check_told(told, lambda: self._circumstances(phase, done, count))
        self._interval.take(told)
        shown = {"epoch": self.plan.epoch(done + count), "loss": told[self.losses[0]]}
        self._progress.update(phase.kind, count, time.monotonic() - started, shown)
        return count

    def _circumstances(self, phase, done, count):
        steps = f"step {done + 1}" if count == 1 else f"steps {done + 1} to {done + count}"
        names = ", ".join(batches.image_names(done, done + count) for batches in phase.batches)
        return (
            f"in {steps} (learning rate {self.learning_rate(done):g}; images {names}; newest "
            f"checkpoint after step {self.opened.checkpoints.newest_step() or 0})"
        )

    def _after_step(self, done):
        epoch = self.plan.epoch(done)
        if self.plan.is_logged(done):
            measured = self._interval.measured(done, self.config.data.train_batch_size)
            measured["learning_rate"] = self.learning_rate(done - 1)
            self.report.interval(done, epoch, measured)
            self._interval = Interval(done, self.losses)
        if self.plan.is_evaluated(done):
            line = self.evaluate(done, epoch)
            self._progress.epoch_end()
            self._progress.write(line)
            self._interval = Interval(done, self.losses)

    def _save_or_stop(self, done, interruption):
        """Saves if it is time, and ends the run if a signal came, on all workers alike."""
        overdue = time.monotonic() - self._last_save > self.config.save_interval_secs
        stop, overdue = self.opened.workers.any(bool(interruption), overdue)
        if stop and not interruption:
            print("Another worker was told to stop: saving.", file=sys.stderr, flush=True)
        if stop or overdue or self.plan.is_evaluated(done):
            nan_guard.check_variables(self.opened.variables)
            self.opened.history.flush()
            self.opened.checkpoints.save(done)
            self._last_save = time.monotonic()
        if stop:
            raise StoppedError(interruption.signal_number or signal.SIGTERM)
