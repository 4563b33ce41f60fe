"""The search from the first step to the decoded architecture (Auto-DeepLab, section 5.1)."""

import contextlib
import functools
import sys
import tempfile
import time

import keras
import tensorflow as tf

from deeplab_nas.core import nas_genotypes
from deeplab_nas.data import pipeline
from deeplab_nas.engine.devices import precision, process
from deeplab_nas.engine.devices.workers import Workers
from deeplab_nas.engine.networks import weights
from deeplab_nas.engine.reporting.interval import Interval
from deeplab_nas.engine.reporting.progress import Progress
from deeplab_nas.engine.reporting.search_report import SearchReport
from deeplab_nas.engine.runs.bad_records import BadRecords
from deeplab_nas.engine.runs.checkpoints import Checkpoints
from deeplab_nas.engine.runs.interruption import Interruption
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.engine.runs.save_policy import Saving
from deeplab_nas.engine.runs.taken_steps import TakenSteps
from deeplab_nas.engine.scoring.split_evaluator import SplitEvaluator
from deeplab_nas.engine.steps.batches import Batches
from deeplab_nas.engine.steps.search_step import ARCHITECTURE_TOLD, WEIGHTS_TOLD, SearchStep
from deeplab_nas.supernet.supernet import Supernet

_TOLD = (*WEIGHTS_TOLD, *ARCHITECTURE_TOLD)

# The kinds of step: the weights alone, later the weights and the architecture in turn.
_WEIGHTS, _ALTERNATING = "weights", "alternating"


def run(config):
    """Searches, or goes on with the search that `config.train_logdir` holds.

    Args:
        config: A `SearchConfig`.

    Returns:
        The records of all epochs, oldest first, as `history.jsonl` has them.

    Raises:
        UserError: The data, the settings or the run directory do not fit.
    """
    # Grappler's rewriting of a supernet's graph takes far longer than it saves.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    with process.of(config) as strategy:
        search = Search(config, strategy)
        with contextlib.closing(search.run_directory):
            search.restore()
            return search.run()


class Search:
    """One search: its data, its supernet and its place in time."""

    def __init__(self, config, strategy):
        """Reads the data's index, claims the run directory and builds the supernet."""
        self.config = config
        self.strategy = strategy
        self.workers = Workers(strategy)
        self._read_index()
        self.run_directory = RunDirectory(config.train_logdir)
        chief = self.workers.is_chief
        self.begun_before = self.workers.chief_first(
            lambda: self.run_directory.claim(config, chief)
        )
        keras.utils.set_random_seed(config.seed)
        with strategy.scope():
            self.supernet = Supernet(
                self.descriptor.num_classes,
                config.supernet,
                name="supernet",
                dtype=precision.POLICIES[config.mixed_precision],
            )
            self.supernet.build()
            self.step = SearchStep(
                strategy,
                self.supernet,
                config.optimization,
                self.descriptor.ignore_label,
                self.total_steps,
                recompute=config.recompute,
                activation_memory_gib=config.activation_memory_gib,
                xla=config.xla,
                steps_per_loop=config.steps_per_loop,
            )
            self.steps_done = tf.Variable(0, dtype=tf.int64, trainable=False)
        evaluator = SplitEvaluator(
            strategy, functools.partial(self.supernet, training=False), self.val
        )
        self.evaluate = evaluator.padded(config.data)
        # Every worker measures, one writes: the others report to a throw-away folder.
        own_directory = self.run_directory if chief else RunDirectory(tempfile.mkdtemp())
        self.report = SearchReport(own_directory, self.supernet, self.descriptor)
        self.checkpoints = self._make_checkpoints()
        self.bad_records = BadRecords(
            own_directory.bad_records_path,
            config.skip_bad_records,
            self.train,
        )

    def _read_index(self):
        config = self.config
        data = config.data
        self.train, self.val = pipeline.splits(data)
        self.descriptor = self.train.descriptor
        self.halves = self.train.halves(config.seed)
        # trainB may be one example smaller than trainA.
        self.steps_per_epoch = min(
            pipeline.steps_per_epoch(len(half), data.train_batch_size) for half in self.halves
        )
        self.total_steps = config.epochs * self.steps_per_epoch
        self.first_architecture_step = config.architecture_start_epoch * self.steps_per_epoch

    def _make_checkpoints(self):
        checkpoint = tf.train.Checkpoint(
            variables=weights.by_path(self.supernet),
            weight_optimizer=self.step.weight_optimizer,
            architecture_optimizer=self.step.architecture_optimizer,
            steps_done=self.steps_done,
        )
        return Checkpoints(
            self.run_directory.checkpoints,
            checkpoint,
            self.config.keep_checkpoints,
            self.workers.is_chief,
        )

    def restore(self):
        """Goes back to the newest checkpoint, if there is one."""
        step = self.checkpoints.restore_newest()
        self.workers.check_alike(step or 0, "the step of the newest checkpoint")
        self.report.go_on_from(step or 0)
        self.bad_records.tell(self.report.history, step or 0)
        if step is not None:
            print(f"Going on after step {step} of {self.total_steps}.", file=sys.stderr)
        elif self.begun_before:
            print("No checkpoint was saved yet: beginning anew.", file=sys.stderr)
        print(self.step.describe_memory(self._image_shape()), file=sys.stderr)

    def _image_shape(self):
        data = self.config.data
        replicas = self.strategy.num_replicas_in_sync
        return (data.train_batch_size // replicas, *data.train_crop_size)

    def run(self):
        """Searches to the end; returns the records of all epochs.

        Raises:
            StoppedError: A signal came, and the search was saved.
        """
        done = int(self.steps_done.numpy())
        self.progress = Progress(self._by_kind(self.total_steps), self._by_kind(done))
        with (
            Interruption() as interruption,
            contextlib.closing(self.progress),
            contextlib.closing(self.report),
        ):
            self._run_to_the_end(done, interruption)
        return self.report.epochs()

    def _run_to_the_end(self, done, interruption):
        saving = Saving(
            self.workers,
            self.checkpoints,
            weights.by_path(self.supernet),
            self.config.save_interval_secs,
        )
        self._steps = TakenSteps(
            self.bad_records,
            self.report.history,
            self.step.learning_rate,
            self.checkpoints.newest_step,
        )
        self._batches = [self._make_batches(half) for half in (0, 1)]
        self._interval = Interval(done, _TOLD)
        while done < self.total_steps:
            taken = self._run(done, min(self.config.steps_per_loop, self._next_stop(done) - done))
            if not taken:
                continue
            done += taken
            self.steps_done.assign(done)
            self._after_step(done)
            saving.after_step(done, interruption, wanted=self._ends_epoch(done))

    def _by_kind(self, steps):
        """The first `steps` steps: those of the weights alone, and those of both in turn."""
        alone = min(steps, self.first_architecture_step)
        return {_WEIGHTS: alone, _ALTERNATING: steps - alone}

    def _make_batches(self, half):
        return Batches(
            self.strategy,
            self.config.data,
            self.train,
            self.halves[half],
            self.config.seed + half,
            self.bad_records,
        )

    def _next_stop(self, done):
        """The next step after `done` at which something besides training happens."""
        return min(
            (done // interval + 1) * interval
            for interval in (self.config.log_steps, self.steps_per_epoch)
        )

    def _run(self, done, count):
        """Takes some steps; returns how many, fewer where a record could not be used."""
        started = time.time()
        kind, loop, batches = _WEIGHTS, self.step.run_weights, self._batches[:1]
        if done >= self.first_architecture_step:
            kind, loop, batches = _ALTERNATING, self.step.run_alternating, self._batches
        taken, told = self._steps.take(loop, self.step.weight_optimizer, batches, done, count)
        if told:
            self._interval.take(told)
            shown = {"epoch": self._epoch(done + taken), "loss": told["weight_loss"]}
            self.progress.update(kind, taken, time.time() - started, shown)
        return taken

    def _epoch(self, done):
        return (done - 1) // self.steps_per_epoch + 1

    def _ends_epoch(self, done):
        return done % self.steps_per_epoch == 0

    def _after_step(self, done):
        if self._ends_epoch(done) or done % self.config.log_steps == 0:
            self._end_interval(done)
        if self._ends_epoch(done):
            self._end_epoch(done)
            self._interval = Interval(done, _TOLD)

    def _end_interval(self, done):
        measured = self._interval.measured(done, self.config.data.train_batch_size)
        measured["learning_rate"] = self.step.learning_rate(done - 1)
        self.report.interval(done, self._epoch(done), measured)
        self._interval = Interval(done, _TOLD)

    def _end_epoch(self, done):
        epoch = done // self.steps_per_epoch
        matrix, samples = self.evaluate()
        record = self.report.epoch(done, epoch, matrix, samples)
        self.progress.epoch_end()
        self.progress.write(
            f"epoch {epoch}/{self.config.epochs}: mIoU {record['miou']:.4f}, "
            f"pixel accuracy {record['pixel_accuracy']:.4f}, "
            f"entropy of alpha {record['alpha_entropy']:.4f}, "
            f"of beta {record['beta_entropy']:.4f}, "
            f"path {nas_genotypes.path_text(record['path'])}"
        )
