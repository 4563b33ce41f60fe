"""The training of a discrete network, from its first step to its last evaluation."""

import contextlib
import dataclasses
import functools
import sys

import keras
import numpy as np
import tensorflow as tf

from deeplab_nas.core.network_config import TrainingOptions
from deeplab_nas.data import pipeline
from deeplab_nas.engine.devices import process, strategies
from deeplab_nas.engine.networks import initialization, networks, weights
from deeplab_nas.engine.reporting.train_report import TrainReport
from deeplab_nas.engine.runs import checkpoints, class_check, run_data
from deeplab_nas.engine.runs.checkpoints import Checkpoints
from deeplab_nas.engine.runs.loop import Loop
from deeplab_nas.engine.runs.open_run import OpenRun
from deeplab_nas.engine.runs.plan import Phase, Plan
from deeplab_nas.engine.scoring.split_evaluator import SplitEvaluator
from deeplab_nas.engine.steps import class_weights
from deeplab_nas.engine.steps.batches import Batches
from deeplab_nas.engine.steps.moving_average import MovingAverage
from deeplab_nas.engine.steps.train_step import TOLD, TrainStep, check_parts
from deeplab_nas.files import atomic

# More of the first value than this in batch norm's moving statistics spoils every evaluation.
_LARGEST_SHARE_OF_START = 0.01


def run(config):
    """Trains, or resumes the training that `config.train_logdir` holds.

    Args:
        config: A `TrainConfig`.

    Returns:
        The records of all evaluations, oldest first, as `history.jsonl` has them.

    Raises:
        UserError: The data, the settings, a checkpoint or the run directory do not fit.
        StoppedError: A signal came, and the training was saved.
    """
    with process.of(config) as strategy:
        training = Training(config, strategy)
        # By what it is and not by its name: the file may change while its name stays.
        known = {"architecture": str(training.architecture)}
        with OpenRun(config, training.train, strategy, known, training.data()) as opened:
            return training.run(opened)


class Training:
    """One training: its data, its network and what comes when."""

    def __init__(self, config, strategy):
        """Reads the index of the data and the architecture."""
        self.config = config
        self.strategy = strategy
        self.total_steps = config.optimization.training_number_of_steps
        self.train, self.val = pipeline.splits(config.data)
        chief = strategies.is_chief(strategy)
        class_check.check(self.train, self.val, config.data.dataset_dir, tell=chief)
        pipeline.check_shares(config.data, strategy.num_replicas_in_sync)
        check_parts(
            config.data.train_batch_size // strategy.num_replicas_in_sync,
            config.optimization.gradient_accumulation_steps,
        )
        self.steps_per_epoch = pipeline.steps_per_epoch(
            self.train.index.num_examples, config.data.train_batch_size
        )
        label_weights = class_weights.resolve(
            config.optimization.label_weights, self.train, config.data.dataset_dir
        )
        self.optimization = dataclasses.replace(config.optimization, label_weights=label_weights)
        self.architecture = networks.architecture(config.network)

    def data(self):
        """What it computes with besides its settings, as `OpenRun` takes it."""
        checkpoint = self.config.initial_checkpoint
        prefix = weights.find(checkpoint) if checkpoint and weights.exists(checkpoint) else None
        return run_data.document(self.train, self.val, self.optimization.label_weights, prefix)

    def run(self, opened):
        """Trains to the end in an `OpenRun`; returns the records of all evaluations."""
        self._build()
        loaded = None
        if not checkpoints.exist(opened.shared.checkpoints):
            loaded = initialization.initialize(self.model, self.config)
        self._build_step()
        if self._restore(opened) is None:
            if loaded:
                print(loaded, file=sys.stderr)
            self._warn_of_slow_statistics()
        if opened.workers.is_chief:
            self.architecture.save(opened.shared.architecture_path)
            document = self.train.descriptor.to_document()
            atomic.write_json(opened.shared.dataset_path, document)
        self.report = TrainReport(opened, self.model, self.train.descriptor)
        Loop(
            opened,
            self._plan(opened.bad_records),
            self.config,
            optimizer=self.step.optimizer,
            learning_rate=lambda step: float(self.step.schedule(step)),
            losses=TOLD,
            report=self.report,
            evaluate=self._evaluate,
        ).run()
        return opened.history.results("evaluation", TrainReport.NUMBERS)

    def _build(self):
        config = self.config
        keras.utils.set_random_seed(config.seed)
        with self.strategy.scope():
            self.model = networks.build(
                config.network,
                self.architecture,
                self.train.descriptor.num_classes,
                config.mixed_precision,
                TrainingOptions(
                    drop_path_keep_prob=config.drop_path_keep_prob,
                    training_number_of_steps=self._updates_of_statistics(),
                    batch_norm_decay=config.batch_norm_decay,
                    synchronized=self.strategy.num_replicas_in_sync > 1,
                    fine_tune_batch_norm=config.fine_tune_batch_norm,
                    seed=config.seed,
                ),
            )
        scores = functools.partial(self.model, training=False)
        self.evaluate = SplitEvaluator(self.strategy, scores, self.val).padded(config.data)

    def _build_step(self):
        """Builds on the first weights, which are where their average begins."""
        config = self.config
        with self.strategy.scope():
            decay = config.moving_average_decay
            self.average = MovingAverage(self.strategy, self.model, decay) if decay else None
            self.step = TrainStep(
                self.strategy,
                self.model,
                self.optimization,
                self.train.descriptor.ignore_label,
                moving_average=self.average,
                xla=config.xla,
                steps_per_loop=config.steps_per_loop,
            )
            self.best_miou = tf.Variable(-1.0, dtype=tf.float64, trainable=False)

    def _restore(self, opened):
        variables = {weights.VARIABLES: weights.by_path(self.model)}
        averages = {weights.AVERAGES: self.average.averages} if self.average else {}
        others = {"optimizer": self.step.optimizer, "best_miou": self.best_miou}
        self.best = Checkpoints(
            opened.shared.best, tf.train.Checkpoint(**variables), 1, opened.own.best
        )
        return opened.restore({**variables, **averages, **others}, self.total_steps)

    def _updates_of_statistics(self):
        return self.total_steps * self.config.optimization.gradient_accumulation_steps

    def _warn_of_slow_statistics(self):
        config = self.config
        if not config.fine_tune_batch_norm or config.initial_checkpoint:
            return
        updates = self._updates_of_statistics()
        left = config.batch_norm_decay**updates
        if left > _LARGEST_SHARE_OF_START:
            print(
                f"After {updates} steps at --batch_norm_decay={config.batch_norm_decay} the moving "
                f"statistics are still {left:.0%} of what they began with, and evaluation suffers: "
                f"take a smaller one, such as {_decay_for(updates)}.",
                file=sys.stderr,
            )

    def _plan(self, bad_records):
        config = self.config
        batches = Batches(
            self.strategy,
            config.data,
            self.train,
            np.arange(self.train.index.num_examples),
            config.seed,
            bad_records,
        )
        return Plan(
            phases=[Phase("step", self.total_steps, self.step.run, [batches])],
            steps_per_epoch=self.steps_per_epoch,
            log_every=[config.log_steps],
            evaluate_every=config.eval_interval_steps,
        )

    def _evaluate(self, done, epoch):
        before = float(self.best_miou.numpy())
        with self.average.in_place() if self.average else contextlib.nullcontext():
            matrix, samples = self.evaluate()
            record = self.report.evaluation(done, epoch, matrix, before, samples)
            if record["miou"] > before:
                self.best_miou.assign(record["miou"])
                self.best.save(done)
        return (
            f"step {done}/{self.total_steps}: mIoU {record['miou']:.4f} (best "
            f"{record['best_miou']:.4f}), pixel accuracy {record['pixel_accuracy']:.4f}"
        )


def _decay_for(updates):
    """A decay at which that many updates leave next to nothing of the first value."""
    # As many decimal places as the number has digits: more than 1 would round down to.
    return max(0.0, round(1 - 10 / updates, len(str(updates))))
