"""Builds a search's steps, sized by flags, for the programs that measure them."""

from flags import cost_flags, model_flags

import keras
import numpy as np
import tensorflow as tf
from absl import flags

from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.devices import precision, strategies
from deeplab_nas.engine.steps.search_step import SearchStep
from deeplab_nas.supernet.supernet import Supernet

_IGNORE_LABEL = 255
_TOTAL_STEPS = 1000

# What sizes the supernet and its batch.
SIZES = (
    *("num_layers", "num_blocks", "filter_multiplier", "operation_set", "train_crop_size"),
    *("train_batch_size", "num_classes"),
)


def define_flags(repetitions):
    """Defines the flags that `make` reads, and two more; `repetitions` is the default of one."""
    model_flags.define()
    cost_flags.define()
    flags.DEFINE_list("train_crop_size", ["321", "321"], "Height and width in pixels. Paper: 321.")
    flags.DEFINE_integer("train_batch_size", 2, "Images a step. Paper: 2.", lower_bound=1)
    flags.DEFINE_integer("num_classes", 19, "Number of classes.", lower_bound=2)
    flags.DEFINE_integer("repetitions", repetitions, "Measured steps of each kind.", lower_bound=1)
    flags.DEFINE_integer("threads", 0, "Threads in all; 0: one a core.", lower_bound=0)


def settings(names):
    """The values of flags by name, a list joined by commas, as they are given on a command line."""
    values = {name: flags.FLAGS[name].value for name in names}
    return {
        name: ",".join(value) if isinstance(value, list) else value
        for name, value in values.items()
    }


def set_up():
    """Sets the process up as a search does; call it before anything touches a device."""
    strategies.set_threads(flags.FLAGS.threads, side_by_side=True)
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def make():
    """Builds the supernet and its steps as a search does.

    Returns:
        The update of the weights and that of the architecture by name, each a function of images
        and labels, and a batch of both.
    """
    set_up()
    step = Step(strategies.build("cpu")).search_step
    return {"weights": step.update_weights, "architecture": step.update_architecture}, _batch()


class Step:
    """A supernet and its steps on a strategy.

    Attributes:
        search_step: `SearchStep`.
        iterators: Two iterators of distributed batches, always the same one.
    """

    def __init__(self, strategy, steps_per_loop=1):
        """Args: strategy, a `tf.distribute.Strategy`; steps_per_loop, of a `SearchConfig`."""
        values = flags.FLAGS
        keras.utils.set_random_seed(1)
        cost = {field: values[field].value for field in cost_flags.SETTINGS}
        config = SearchConfig(train_logdir="", steps_per_loop=steps_per_loop, **cost)
        with strategy.scope():
            supernet = Supernet(
                values.num_classes,
                model_flags.supernet_config(values),
                dtype=precision.POLICIES[config.mixed_precision],
            )
            supernet.build()
            self.search_step = SearchStep(strategy, supernet, config, _IGNORE_LABEL, _TOTAL_STEPS)
        batches = tf.data.Dataset.from_tensors(_batch()).unbatch().repeat()
        batches = batches.batch(values.train_batch_size, drop_remainder=True).prefetch(2)
        self.iterators = [iter(strategy.experimental_distribute_dataset(batches)) for _ in range(2)]


def _batch():
    values = flags.FLAGS
    height, width = map(int, values.train_crop_size)
    random = np.random.default_rng(0)
    size = (values.train_batch_size, height, width)
    images = random.uniform(0, 255, (*size, 3)).astype(np.float32)
    labels = random.integers(0, values.num_classes, size, np.int32)
    return tf.constant(images), tf.constant(labels)
