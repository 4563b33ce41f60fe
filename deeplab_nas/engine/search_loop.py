"""The search from the first step to the decoded architecture (Auto-DeepLab, section 5.1)."""

import contextlib
import dataclasses
import functools
import sys
import tempfile
import time

import keras
import tensorflow as tf

from deeplab_nas.data import datasets, halves, pipeline, record_faults, shard_index
from deeplab_nas.drawing import labels
from deeplab_nas.engine import finite, precision, surroundings, weights
from deeplab_nas.engine import strategy as strategies
from deeplab_nas.engine.bad_records import BadRecords
from deeplab_nas.engine.batches import Batches
from deeplab_nas.engine.checkpoints import Checkpoints
from deeplab_nas.engine.evaluate_loop import SplitEvaluator
from deeplab_nas.engine.interruption import Interruption
from deeplab_nas.engine.interval import Interval
from deeplab_nas.engine.progress import Progress
from deeplab_nas.engine.run_directory import RunDirectory
from deeplab_nas.engine.search_report import SearchReport
from deeplab_nas.engine.search_step import ARCHITECTURE_TOLD, WEIGHTS_TOLD, SearchStep
from deeplab_nas.supernet.supernet import Supernet

_TOLD = (*WEIGHTS_TOLD, *ARCHITECTURE_TOLD)


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
    with surroundings.of(config) as strategy:
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
        self._read_index()
        self.run_directory = RunDirectory(config.train_logdir)
        chief = strategies.is_chief(strategy)
        self.begun_before = self.run_directory.claim(dataclasses.asdict(config), chief)
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
                strategy, self.supernet, config, self.descriptor.ignore_label, self.total_steps
            )
            self.steps_done = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.evaluator = SplitEvaluator(
            strategy, functools.partial(self.supernet, training=False), self.descriptor
        )
        # Every worker measures, one writes: the others report to a throw-away folder.
        own_directory = self.run_directory if chief else RunDirectory(tempfile.mkdtemp())
        self.report = SearchReport(own_directory, self.supernet, self.descriptor)
        self.checkpoints = self._make_checkpoints()
        self.bad_records = BadRecords(
            own_directory.bad_records_path,
            config.skip_bad_records,
            self.train_index,
            self.descriptor,
        )

    def _read_index(self):
        config = self.config
        data = config.data
        self.descriptor = datasets.describe(data.dataset, data.dataset_dir)
        self.train_index = shard_index.load(data.dataset_dir, data.train_split)
        self.val_index = shard_index.load(data.dataset_dir, data.val_split)
        self.halves = halves.half_split(self.train_index.num_examples, config.seed)
        # trainB may be one example smaller than trainA.
        self.steps_per_epoch = min(
            pipeline.steps_per_epoch(len(half), data.train_batch_size) for half in self.halves
        )
        pipeline.check_crop(data, self.train_index)
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
            strategies.is_chief(self.strategy),
        )

    def restore(self):
        """Goes back to the newest checkpoint, if there is one."""
        step = self.checkpoints.restore_newest()
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
        with Interruption() as self._interruption:
            self._run_to_the_end()
        return self.report.epochs()

    def _run_to_the_end(self):
        done = int(self.steps_done.numpy())
        self.progress = Progress(
            {
                "weights": self.total_steps,
                "architecture": self._architecture_steps(self.total_steps),
            },
            {"weights": done, "architecture": self._architecture_steps(done)},
        )
        batches_a = self._batches(0)
        batches_a.begin(done)
        batches_b = None
        self._begin_interval()
        self._last_save, self._saved_step = time.time(), done
        while done < self.total_steps:
            self._timed("weights", batches_a, self.step.update_weights)
            if done >= self.first_architecture_step:
                if batches_b is None:
                    batches_b = self._batches(1)
                    batches_b.begin(done)
                self._timed("architecture", batches_b, self.step.update_architecture)
            done += 1
            self.steps_done.assign(done)
            self._after_step(done)
            if self._interruption:
                # A signal may come at any moment, also just after the step decided not to save.
                if self._saved_step != done:
                    self._save(done)
                break
        self.progress.close()
        self.report.close()
        if self._interruption:
            self._interruption.stop()

    def _architecture_steps(self, weight_steps):
        return max(0, weight_steps - self.first_architecture_step)

    def _batches(self, half):
        return Batches(
            self.strategy,
            self.config.data,
            self.descriptor,
            self.train_index,
            self.halves[half],
            self.config.seed + half,
            self.bad_records,
        )

    def _timed(self, kind, batches, update):
        started = time.time()
        done = int(self.steps_done.numpy())
        images, labels_ = self._draw(batches, done)
        told = {name: float(value) for name, value in update(images, labels_).items()}
        finite.check_told(told, functools.partial(self._circumstances, batches, done))
        self._interval.take(told)
        shown = {"epoch": self._epoch_of_next_step(), "loss": next(iter(told.values()))}
        self.progress.update(kind, 1, time.time() - started, shown)

    def _draw(self, batches, done):
        while True:
            try:
                return next(batches.iterator)
            except record_faults.ERRORS as error:
                batches.pass_over_bad_record(error, done)
                self.bad_records.tell(self.report.history, done)

    def _circumstances(self, batches, done):
        return (
            f"in step {done + 1} (learning rate {self.step.learning_rate(done):g}; images "
            f"{batches.image_names(done, done + 1)}; newest checkpoint after step "
            f"{self.checkpoints.newest_step() or 0})"
        )

    def _epoch_of_next_step(self):
        return int(self.steps_done.numpy()) // self.steps_per_epoch + 1

    def _begin_interval(self):
        self._interval = Interval(int(self.steps_done.numpy()), _TOLD)

    def _after_step(self, done):
        ends_epoch = done % self.steps_per_epoch == 0
        if ends_epoch or done % self.config.log_steps == 0:
            self._end_interval(done)
        if ends_epoch:
            self._end_epoch(done)
        if ends_epoch or time.time() - self._last_save > self.config.save_interval_secs:
            self._save(done)
        if ends_epoch:
            self._begin_interval()

    def _save(self, done):
        finite.check_variables(weights.by_path(self.supernet))
        self.checkpoints.save(done)
        self._last_save, self._saved_step = time.time(), done

    def _end_interval(self, done):
        measured = self._interval.measured(done, self.config.data.train_batch_size)
        measured["learning_rate"] = self.step.learning_rate(done - 1)
        self.report.interval(done, (done - 1) // self.steps_per_epoch + 1, measured)
        self._begin_interval()

    def _end_epoch(self, done):
        epoch = done // self.steps_per_epoch
        matrix, samples = self.evaluator.evaluate(self.config.data, self.val_index)
        record = self.report.epoch(done, epoch, matrix, samples)
        self.progress.epoch_end()
        self.progress.write(
            f"epoch {epoch}/{self.config.epochs}: mIoU {record['miou']:.4f}, "
            f"pixel accuracy {record['pixel_accuracy']:.4f}, "
            f"entropy of alpha {record['alpha_entropy']:.4f}, "
            f"of beta {record['beta_entropy']:.4f}, "
            f"path {labels.path_label(record['path'])}"
        )
