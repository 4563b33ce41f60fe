"""Builds a search's steps for the programs that measure them."""

import keras
import numpy as np
import tensorflow as tf

from benchmarks.measured.search_settings import SearchCost
from deeplab_nas.engine.configs.search import SECOND_ORDER, SearchOptimization
from deeplab_nas.engine.devices import precision, strategies
from deeplab_nas.engine.steps.search.search_step import SearchStep
from deeplab_nas.supernet.supernet import Supernet

_IGNORE_LABEL = 255
_TOTAL_STEPS = 1000


def set_up(config: SearchCost) -> None:
    """Sets the process up as a search does; call it before anything touches a device."""
    strategies.set_threads(config.threads, side_by_side=True)
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def make(config: SearchCost):
    """Builds the supernet and its steps as a search does.

    Returns:
        The update of the weights and that of the architecture by name, each with the images and
        labels that it takes.
    """
    set_up(config)
    step = Step(strategies.build("cpu"), config).search_step
    batch = _batch(config)
    batches = batch
    if config.architecture_gradient == SECOND_ORDER:
        batches = (*batch, *batch)
    return {
        "weights": (step.update_weights, batch),
        "architecture": (step.update_architecture, batches),
    }


class Step:
    """A supernet and its steps on a strategy.

    Attributes:
        search_step: `SearchStep`.
        iterators: Two iterators of distributed batches, always the same one.
    """

    def __init__(self, strategy, config: SearchCost, steps_per_loop: int = 1):
        """Args: strategy, a `tf.distribute.Strategy`; steps_per_loop, of the `SearchStep`."""
        keras.utils.set_random_seed(1)
        with strategy.scope():
            supernet = Supernet(
                config.num_classes,
                config.supernet,
                dtype=precision.POLICIES[config.mixed_precision],
            )
            supernet.build()
            self.search_step = SearchStep(
                strategy,
                supernet,
                SearchOptimization(architecture_gradient=config.architecture_gradient),
                _IGNORE_LABEL,
                _TOTAL_STEPS,
                recompute=config.recompute,
                activation_memory_gib=config.activation_memory_gib,
                steps_per_loop=steps_per_loop,
            )
        batches = tf.data.Dataset.from_tensors(_batch(config)).unbatch().repeat()
        batches = batches.batch(config.train_batch_size, drop_remainder=True).prefetch(2)
        self.iterators = [iter(strategy.experimental_distribute_dataset(batches)) for _ in range(2)]


def _batch(config):
    random = np.random.default_rng(0)
    size = (config.train_batch_size, *config.train_crop_size)
    images = random.uniform(0, 255, (*size, 3)).astype(np.float32)
    labels = random.integers(0, config.num_classes, size, np.int32)
    return tf.constant(images), tf.constant(labels)
