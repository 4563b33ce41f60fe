"""The search from the first step to the decoded architecture (Auto-DeepLab, section 5.1)."""

import contextlib
import dataclasses
import functools
import itertools
import sys

import keras

from deeplab_nas.core import nas_genotypes
from deeplab_nas.data import pipeline
from deeplab_nas.engine.devices import precision, process, strategies
from deeplab_nas.engine.networks import weights
from deeplab_nas.engine.reporting.search_report import SearchReport
from deeplab_nas.engine.runs import class_check, run_data
from deeplab_nas.engine.runs.loop import Loop
from deeplab_nas.engine.runs.open_run import OpenRun
from deeplab_nas.engine.runs.plan import Phase, Plan
from deeplab_nas.engine.scoring import early_stop, final_choice, random_rivals
from deeplab_nas.engine.scoring.architecture_hessian import ArchitectureHessian
from deeplab_nas.engine.scoring.split_evaluator import SplitEvaluator
from deeplab_nas.engine.scoring.supernet_loss import SupernetLoss
from deeplab_nas.engine.steps.batches import Batches
from deeplab_nas.engine.steps.search.part_training import PartTraining
from deeplab_nas.engine.steps.search.pruning import Pruning
from deeplab_nas.engine.steps.search.search_step import ARCHITECTURE_TOLD, WEIGHTS_TOLD, SearchStep
from deeplab_nas.errors import UserError
from deeplab_nas.supernet.decoding import by_logits
from deeplab_nas.supernet.supernet import Supernet

# Steps times rate: 14,900 at 0.003.
_REACH_OF_THE_PAPER = 45.0
_LEAST_REACH = _REACH_OF_THE_PAPER / 10

_HALF = "half of the training split, which is what a search draws a batch from"


def run(config):
    """Searches, or resumes the search that `config.train_logdir` holds.

    Args:
        config: A `SearchConfig`.

    Returns:
        The records of all epochs, oldest first, as `history.jsonl` has them.

    Raises:
        UserError: The data, the settings or the run directory do not fit.
        StoppedError: A signal came, and the search was saved.
    """
    with process.without_grappler(), process.of(config) as strategy:
        search = Search(config, strategy)
        data = run_data.document(search.train, search.val)
        with OpenRun(config, search.train, strategy, data=data) as opened:
            return search.run(opened)


class Search:
    """One search: its data, its supernet and what comes when."""

    def __init__(self, config, strategy):
        """Reads the index of the data."""
        self.config = config
        self.strategy = strategy
        self.train, self.val = pipeline.splits(config.data)
        chief = strategies.is_chief(strategy)
        class_check.check(self.train, self.val, config.data.dataset_dir, tell=chief)
        pipeline.check_shares(config.data, strategy.num_replicas_in_sync)
        if self.train.index.num_examples < 2:
            raise UserError(
                f"Expected 2 examples or more in {config.data.train_split!r} to search on, half of "
                "them for the weights and half for alpha and beta, found 1: add images to the "
                "split."
            )
        self.halves = self.train.halves(config.seed)
        # trainB may be one example smaller than trainA.
        self.steps_per_epoch = min(
            pipeline.steps_per_epoch(len(half), config.data.train_batch_size, _HALF)
            for half in self.halves
        )
        parts = config.optimization.architecture_accumulation_steps
        batch_size = parts * config.data.train_batch_size
        if batch_size > len(self.halves[1]):
            raise UserError(
                f"Expected --architecture_accumulation_steps of --train_batch_size="
                f"{config.data.train_batch_size} to take at most the {len(self.halves[1])} "
                f"examples of trainB, found {parts}: lower one of them."
            )
        of_architecture = dataclasses.replace(config.data, train_batch_size=batch_size)
        self.data_of_halves = (config.data, of_architecture)
        self.hessian_data = self._hessian_data()
        self.total_steps = config.epochs * self.steps_per_epoch

    def _hessian_data(self):
        data, hessian = self.config.data, self.config.hessian
        size = hessian.hessian_batch_size or data.train_batch_size
        is_shared = size % self.strategy.num_replicas_in_sync == 0
        if hessian.hessian_every_epochs and (size > len(self.halves[1]) or not is_shared):
            raise UserError(
                f"Expected a --hessian_batch_size of at most the {len(self.halves[1])} examples of "
                f"trainB that {self.strategy.num_replicas_in_sync} replicas share equally, found "
                f"{size}: choose another one."
            )
        return dataclasses.replace(
            data,
            train_batch_size=size,
            train_crop_size=hessian.hessian_crop_size or data.train_crop_size,
        )

    def restore(self, opened):
        """Builds the supernet and takes up what an `OpenRun` holds.

        Returns:
            The steps done; None if there is no checkpoint yet.
        """
        self.opened = opened
        self._build()
        contents = {
            weights.VARIABLES: weights.by_path(self.supernet),
            "weight_optimizer": self.step.weight_optimizer,
            "architecture_optimizer": self.step.architecture_optimizer,
            "gradient_tally": self.step.tally.saved,
            "kept_operations": self.pruning.kept,
        }
        done = opened.restore(
            contents, self.total_steps, added=("gradient_tally", "kept_operations")
        )
        self.pruning.resume()
        return done

    def run(self, opened):
        """Searches to the end in an `OpenRun`; returns the records of all epochs."""
        self.restore(opened)
        print(self.step.describe_memory(self._image_shape()), file=sys.stderr)
        self._warn_of_small_rate()
        self.report = SearchReport(
            opened, self.supernet, self.train.descriptor, self.config, self.step.tally
        )
        self._look_for_stop()
        Loop(
            opened,
            self._plan(),
            self.config,
            optimizer=self.step.weight_optimizer,
            learning_rate=self.step.learning_rate,
            losses=(*WEIGHTS_TOLD, *ARCHITECTURE_TOLD),
            report=self.report,
            evaluate=self._end_epoch,
            is_over=lambda: self._is_over,
        ).run()
        # A worker besides the chief need not have the architecture, nor the records before a kill.
        if self._stop and opened.workers.is_chief:
            self.report.take_back(self._stop.returned_epoch)
        return opened.history.results("epoch", SearchReport.NUMBERS, SearchReport.LATER_NUMBERS)

    def _look_for_stop(self):
        """Finds the `early_stop.Stop` that the epochs so far ask for."""
        self._stop, self._is_over = None, False
        if self.config.hessian.early_stop:
            records = self.opened.history.of_kind("epoch")
            self._stop = early_stop.find(self.config.hessian, records)
            (self._is_over,) = self.opened.workers.any(self._stop is not None)

    def _build(self):
        config, descriptor = self.config, self.train.descriptor
        keras.utils.set_random_seed(config.seed)
        with self.strategy.scope():
            self.supernet = Supernet(
                descriptor.num_classes,
                config.supernet,
                name="supernet",
                dtype=precision.POLICIES[config.mixed_precision],
            )
            self.supernet.build()
            self.step = SearchStep(
                self.strategy,
                self.supernet,
                config.optimization,
                descriptor.ignore_label,
                self.total_steps,
                recompute=config.recompute,
                activation_memory_gib=config.activation_memory_gib,
                xla=config.xla,
                steps_per_loop=config.steps_per_loop,
                seed=config.seed,
            )
            self.pruning = Pruning(
                self.supernet,
                self.step.tally,
                config.operations_per_edge,
                config.architecture_start_epoch,
                config.epochs,
            )
            self.hessian = ArchitectureHessian(self.strategy, self.supernet, self.step.gradients)
        self.evaluator = SplitEvaluator(self.strategy, self.step.scores, self.val)
        self.evaluate = self.evaluator.padded(config.data)

    def _warn_of_small_rate(self):
        """Adam moves a logit by about its rate a step: what never leaves zero decides nothing."""
        config = self.config
        if not config.is_decoded_by_logits:
            return
        steps = (config.epochs - config.architecture_start_epoch) * self.steps_per_epoch
        reach = config.optimization.architecture_learning_rate * steps
        if 0 < reach < _LEAST_REACH:
            print(
                f"In {steps} steps at --architecture_learning_rate="
                f"{config.optimization.architecture_learning_rate} alpha and beta move by at most "
                f"{reach:.2g}, where the paper's move by {_REACH_OF_THE_PAPER:g}, and stay near "
                f"uniform: take more --epochs, or a rate such as {_LEAST_REACH / steps:.2g}.",
                file=sys.stderr,
            )

    def _image_shape(self):
        data = self.config.data
        replicas = self.strategy.num_replicas_in_sync
        return (data.train_batch_size // replicas, *data.train_crop_size)

    def _plan(self):
        """First the weights alone, on trainA; then, in turn, the architecture too, on trainB."""
        config = self.config
        train_a, train_b = (self._batches(half, self.data_of_halves[half]) for half in range(2))
        alone = min(config.architecture_start_epoch, config.epochs) * self.steps_per_epoch
        return Plan(
            phases=(
                Phase("weights", alone, self._run_weights, [train_a]),
                Phase("alternating", self.total_steps, self._run_alternating, [train_a, train_b]),
            ),
            steps_per_epoch=self.steps_per_epoch,
            log_every=(config.log_steps, self.steps_per_epoch),
            evaluate_every=self.steps_per_epoch,
        )

    def _batches(self, half, data=None):
        """`Batches` of trainA, 0, or trainB, 1."""
        data = data or self.config.data
        seed = self.config.seed + half
        records = self.opened.bad_records
        return Batches(self.strategy, data, self.train, self.halves[half], seed, records)

    # The functions of the step change when operations are given up.
    def _run_weights(self, *iterators, steps):
        return self.step.run_weights(*iterators, steps=steps)

    def _run_alternating(self, *iterators, steps):
        return self.step.run_alternating(*iterators, steps=steps)

    def _end_epoch(self, done, epoch):
        record = self.report.epoch(
            done, epoch, *self.evaluate(), self._final_choice(done), self._spectrum(done, epoch)
        )
        self._look_for_stop()
        if self.pruning.after(epoch):
            self.step.trace()
            self.evaluator.trace()
            self.hessian.trace()
        return (
            f"epoch {epoch}/{self.config.epochs}: mIoU {record['miou']:.4f}, "
            f"pixel accuracy {record['pixel_accuracy']:.4f}, "
            f"entropy of alpha {record['alpha_entropy']:.4f}, "
            f"of beta {record['beta_entropy']:.4f}, "
            f"path {nas_genotypes.path_text(record['path'])}"
        )

    def _spectrum(self, done, epoch):
        """Of the Hessian in alpha and beta, where it is due."""
        every = self.config.hessian.hessian_every_epochs
        if not every or (epoch % every and epoch < self.config.epochs):
            return None
        return self.hessian.spectrum(*self._hessian_batch, done)

    @functools.cached_property
    def _hessian_batch(self):
        return next(self._batches(1, self.hessian_data).from_step(0))

    def loss_and_batches(self, done, count):
        """What parts of the supernet are judged by: a `SupernetLoss` and batches of trainB.

        Args:
            done: Weight steps after which the batches come.
            count: How many there are.
        """
        train_b = self._batches(1)
        loss = SupernetLoss(self.strategy, self.supernet, self.train.descriptor.ignore_label)
        return loss, list(itertools.islice(train_b.from_step(done), count))

    def _final_choice(self, done):
        wanted = final_choice.is_wanted(
            self.config.decoding, has_paths=self.supernet.beta is not None
        )
        if done < self.total_steps or not wanted:
            return None
        return self.choose(self.config.decoding)

    def choose(self, config):
        """What the trained supernet itself chooses, on the batches of trainB that come next.

        Args:
            config: `DecodingConfig`.

        Returns:
            The architecture, and what the history tells of the choice.
        """
        done = self.total_steps
        count = config.decoding_batches
        loss, batches = self.loss_and_batches(done, 2 * count)
        with self._training_of_parts(config) as train:
            found, told = final_choice.choose(
                by_logits.decode_supernet(self.supernet, config.rule_of_beta),
                loss.on(batches[:count]),
                self.supernet,
                config,
                train,
            )
        self.opened.bad_records.report(self.opened.history, done)
        if config.random_architectures:
            # Those that it was chosen on would favour it.
            told |= random_rivals.compare(
                found, loss.on(batches[count:]), self.supernet, config, self.config.seed
            )
        return found, told

    def _training_of_parts(self, config):
        if not config.decoding_steps:
            return contextlib.nullcontext(lambda *_: None)
        with self.strategy.scope():
            update = self.step.update_of_part(config.decoding_learning_rate)
        return PartTraining(
            *(update, self.supernet.network_variables),
            *(self._batches(0).from_step(self.total_steps), config.decoding_steps),
        )
