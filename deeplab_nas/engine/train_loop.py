"""The training of a discrete network, from its first step to its last evaluation."""

import contextlib
import dataclasses
import functools
import sys
import tempfile
import time

import keras
import numpy as np
import tensorflow as tf

from deeplab_nas.data import pipeline
from deeplab_nas.engine.devices import process
from deeplab_nas.engine.devices.workers import Workers
from deeplab_nas.engine.networks import initialization, networks, weights
from deeplab_nas.engine.reporting.interval import Interval
from deeplab_nas.engine.reporting.progress import Progress
from deeplab_nas.engine.reporting.train_report import TrainReport
from deeplab_nas.engine.runs import checkpoints
from deeplab_nas.engine.runs.bad_records import BadRecords
from deeplab_nas.engine.runs.checkpoints import Checkpoints
from deeplab_nas.engine.runs.interruption import Interruption
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.engine.runs.save_policy import Saving
from deeplab_nas.engine.runs.taken_steps import TakenSteps
from deeplab_nas.engine.scoring.split_evaluator import SplitEvaluator
from deeplab_nas.engine.steps import class_weights
from deeplab_nas.engine.steps.batches import Batches
from deeplab_nas.engine.steps.moving_average import MovingAverage
from deeplab_nas.engine.steps.train_step import TOLD, TrainStep
from deeplab_nas.files import atomic

# More of the first value than this in batch norm's moving statistics spoils every evaluation.
_LARGEST_SHARE_OF_START = 0.01


def run(config):
    """Trains, or goes on with the training that `config.train_logdir` holds.

    Args:
        config: A `TrainConfig`.

    Returns:
        The records of all evaluations, oldest first, as `history.jsonl` has them.

    Raises:
        UserError: The data, the settings, a checkpoint or the run directory do not fit.
    """
    with process.of(config) as strategy:
        training = Training(config, strategy)
        with contextlib.closing(training.run_directory):
            training.begin()
            return training.run()


class Training:
    """One training: its data, its network and its place in time."""

    def __init__(self, config, strategy):
        """Reads the data's index, claims the run directory and builds the network."""
        self.config = config
        self.strategy = strategy
        self.workers = Workers(strategy)
        self.total_steps = config.optimization.training_number_of_steps
        self._read_index()
        architecture = networks.architecture(config.network)
        self.run_directory = RunDirectory(config.train_logdir)
        self.begun_before = self.workers.chief_first(lambda: self._claim(architecture))
        keras.utils.set_random_seed(config.seed)
        with strategy.scope():
            self.model = self._build(architecture)
            self.steps_done = tf.Variable(0, dtype=tf.int64, trainable=False)
            self.best_miou = tf.Variable(-1.0, dtype=tf.float64, trainable=False)
        # Every worker measures, one writes: the others report to a throw-away folder.
        chief = self.workers.is_chief
        own_directory = self.run_directory if chief else RunDirectory(tempfile.mkdtemp())
        self.report = TrainReport(own_directory, self.descriptor)
        self.bad_records = BadRecords(
            own_directory.bad_records_path,
            config.skip_bad_records,
            self.train,
        )
        self.batches = self._make_batches()
        evaluator = SplitEvaluator(
            strategy, functools.partial(self.model, training=False), self.val
        )
        self.evaluate = evaluator.padded(config.data)

    def _read_index(self):
        data = self.config.data
        self.train, self.val = pipeline.splits(data)
        self.descriptor = self.train.descriptor
        self.steps_per_epoch = pipeline.steps_per_epoch(
            self.train.index.num_examples, data.train_batch_size
        )
        self.optimization = dataclasses.replace(
            self.config.optimization,
            label_weights=class_weights.resolve(
                self.config.optimization.label_weights,
                self.train,
                data.dataset_dir,
            ),
        )

    def _claim(self, architecture):
        # By what it is and not by its name: the file may change while its name stays.
        known = {"architecture": str(architecture)}
        chief = self.workers.is_chief
        begun_before = self.run_directory.claim(self.config, chief, known)
        if chief:
            architecture.save(self.run_directory.architecture_path)
            document = self.descriptor.to_document()
            atomic.write_json(self.run_directory.dataset_path, document)
        return begun_before

    def _build(self, architecture):
        config = self.config
        parts = config.optimization.gradient_accumulation_steps
        return networks.build(
            config.network,
            architecture,
            self.descriptor.num_classes,
            config.mixed_precision,
            drop_path_keep_prob=config.drop_path_keep_prob,
            training_number_of_steps=self.total_steps * parts,
            batch_norm_decay=config.batch_norm_decay,
            synchronized=self.strategy.num_replicas_in_sync > 1,
            fine_tune_batch_norm=config.fine_tune_batch_norm,
            seed=config.seed,
        )

    def begin(self):
        """Loads the first weights, or goes back to the newest checkpoint if there is one."""
        told = None
        if not checkpoints.exist(self.run_directory.checkpoints):
            told = initialization.initialize(self.model, self.config)
        with self.strategy.scope():
            decay = self.config.moving_average_decay
            self.average = MovingAverage(self.strategy, self.model, decay) if decay else None
            self.step = TrainStep(
                self.strategy,
                self.model,
                self.optimization,
                self.descriptor.ignore_label,
                moving_average=self.average,
                xla=self.config.xla,
                steps_per_loop=self.config.steps_per_loop,
            )
        self._make_checkpoints()
        step = self.checkpoints.restore_newest()
        self.workers.check_alike(step or 0, "the step of the newest checkpoint")
        self.report.go_on_from(step or 0)
        self.bad_records.tell(self.report.history, step or 0)
        if step is not None:
            print(f"Going on after step {step} of {self.total_steps}.", file=sys.stderr)
        else:
            if self.begun_before:
                print("No checkpoint was saved yet: beginning anew.", file=sys.stderr)
            if told:
                print(told, file=sys.stderr)
            self._warn_of_slow_statistics()

    def _make_checkpoints(self):
        chief = self.workers.is_chief
        variables = weights.by_path(self.model)
        everything = {
            weights.VARIABLES: variables,
            "optimizer": self.step.optimizer,
            "steps_done": self.steps_done,
            "best_miou": self.best_miou,
        }
        if self.average:
            everything[weights.AVERAGES] = self.average.averages
        self.checkpoints = Checkpoints(
            self.run_directory.checkpoints,
            tf.train.Checkpoint(**everything),
            self.config.keep_checkpoints,
            chief,
        )
        best = tf.train.Checkpoint(**{weights.VARIABLES: variables})
        self.best = Checkpoints(self.run_directory.best, best, 1, chief)

    def _warn_of_slow_statistics(self):
        config = self.config
        if not config.fine_tune_batch_norm or config.initial_checkpoint:
            return
        updates = self.total_steps * config.optimization.gradient_accumulation_steps
        left = config.batch_norm_decay**updates
        if left > _LARGEST_SHARE_OF_START:
            print(
                f"After {updates} steps at --batch_norm_decay={config.batch_norm_decay} the moving "
                f"statistics are still {left:.0%} of what they began with, and evaluation suffers: "
                f"take a smaller one, such as {1 - 10 / updates:.3g}.",
                file=sys.stderr,
            )

    def run(self):
        """Trains to the end; returns the records of all evaluations.

        Raises:
            StoppedError: A signal came, and the training was saved.
        """
        done = int(self.steps_done.numpy())
        self.progress = Progress({"step": self.total_steps}, {"step": done})
        with (
            Interruption() as interruption,
            contextlib.closing(self.progress),
            contextlib.closing(self.report),
        ):
            self._run_to_the_end(done, interruption)
        return self.report.evaluations()

    def _run_to_the_end(self, done, interruption):
        saving = Saving(
            self.workers,
            self.checkpoints,
            weights.by_path(self.model),
            self.config.save_interval_secs,
        )
        self._steps = TakenSteps(
            self.bad_records,
            self.report.history,
            lambda step: float(self.step.schedule(step)),
            self.checkpoints.newest_step,
        )
        self._interval = Interval(done, TOLD)
        while done < self.total_steps:
            taken = self._run(done, min(self.config.steps_per_loop, self._next_stop(done) - done))
            if not taken:
                continue
            done += taken
            self.steps_done.assign(done)
            self._after_step(done)
            saving.after_step(done, interruption, wanted=self._evaluates(done))

    def _make_batches(self):
        return Batches(
            self.strategy,
            self.config.data,
            self.train,
            np.arange(self.train.index.num_examples),
            self.config.seed,
            self.bad_records,
        )

    def _next_stop(self, done):
        """The next step after `done` at which something besides training happens."""
        intervals = (self.config.log_steps, self.config.eval_interval_steps)
        stops = [(done // interval + 1) * interval for interval in intervals if interval]
        return min(self.total_steps, *stops)

    def _run(self, done, count):
        """Takes some steps; returns how many, fewer where a record could not be used."""
        started = time.time()
        taken, told = self._steps.take(
            self.step.run, self.step.optimizer, [self.batches], done, count
        )
        if told:
            self._interval.take(told)
            shown = {"epoch": self._epoch(done + taken), "loss": told["cross_entropy"]}
            self.progress.update("step", taken, time.time() - started, shown)
        return taken

    def _after_step(self, done):
        if done == self.total_steps or done % self.config.log_steps == 0:
            self._end_interval(done)
        if self._evaluates(done):
            self._evaluate(done)
            self._interval = Interval(done, TOLD)

    def _evaluates(self, done):
        interval = self.config.eval_interval_steps
        return done == self.total_steps or bool(interval and done % interval == 0)

    def _end_interval(self, done):
        measured = self._interval.measured(done, self.config.data.train_batch_size)
        measured["learning_rate"] = float(self.step.schedule(done - 1))
        values = [variable.value for variable in self.model.trainable_variables]
        measured["weight_norm"] = float(tf.linalg.global_norm(values))
        self.report.interval(done, self._epoch(done), measured)
        self._interval = Interval(done, TOLD)

    def _epoch(self, done):
        return (done - 1) // self.steps_per_epoch + 1

    def _evaluate(self, done):
        before = float(self.best_miou.numpy())
        with self.average.in_place() if self.average else contextlib.nullcontext():
            matrix, samples = self.evaluate()
            record = self.report.evaluation(done, self._epoch(done), matrix, before, samples)
            if record["miou"] > before:
                self.best_miou.assign(record["miou"])
                self.best.save(done)
        self.progress.epoch_end()
        self.progress.write(
            f"step {done}/{self.total_steps}: mIoU {record['miou']:.4f} (best "
            f"{record['best_miou']:.4f}), pixel accuracy {record['pixel_accuracy']:.4f}"
        )
