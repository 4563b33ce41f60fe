"""One small search or training on some replicas, run by tests in a process of its own.

`python -m tests.engine.replicated_run KIND DATASET_DIR RUN_DIRECTORY STRATEGY LOGICAL_CPUS [SIGNAL
STEP]`: the process sends itself the signal after that step.
"""

import os
import sys

from flags import program

import numpy as np
import tensorflow as tf

from deeplab_nas.core import nas_genotypes
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.engine import search_loop, train_loop
from deeplab_nas.engine.network_config import NetworkConfig
from deeplab_nas.engine.optimization_config import OptimizationConfig
from deeplab_nas.engine.search_config import SearchConfig
from deeplab_nas.engine.train_config import TrainConfig
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests.data import made_shards

STEPS = 10
BATCH = 4
CLIP_GRADIENT_NORM = 1.0
_IGNORE = 255
_SIDE = 48


def make_shards(folder):
    """Textured images, every one with another share of ignored pixels, some with nothing else."""
    random = np.random.default_rng(7)
    for split, count in (("train", 2 * STEPS * BATCH), ("val", 3)):
        pairs = [_example(random, number) for number in range(count)]
        made_shards.write(folder, split, pairs)
    return str(folder)


def _example(random, number):
    label = random.integers(0, 4, [_SIDE // 8, _SIDE // 8]).repeat(8, 0).repeat(8, 1)
    image = label[..., None] * [60, 30, 10] + random.integers(0, 60, [_SIDE, _SIDE, 3])
    label[: _SIDE * (number % 4) // 3] = _IGNORE
    return image.astype(np.uint8), label.astype(np.uint8)


def _data(dataset_dir):
    return DataConfig(
        dataset="shapes",
        dataset_dir=dataset_dir,
        train_split="train",
        val_split="val",
        train_crop_size=(33, 33),
        train_batch_size=BATCH,
        eval_batch_size=BATCH,
    )


def search(dataset_dir, **settings):
    """Ten steps of the weights and of the architecture, gradients clipped, each step saved."""
    config = SearchConfig(
        data=_data(dataset_dir),
        supernet=SupernetConfig(num_layers=1, num_blocks=1, filter_multiplier=2),
        epochs=1,
        architecture_start_epoch=0,
        clip_gradient_norm=CLIP_GRADIENT_NORM,
        save_interval_secs=0,
        # Replicas recompute in another way than one alone.
        recompute="always" if settings["logical_cpus"] == 2 else "never",
        **settings,
    )
    return search_loop.run(config)


def train(dataset_dir, train_logdir, **settings):
    """Ten steps with dropout and drop path, evaluated at the end."""
    architecture = f"{train_logdir}.json"
    cell = (((0, "separable_3x3_1"), (1, "atrous_3x3")),)
    nas_genotypes.Architecture(cell=cell, path=(0,)).save(architecture)
    config = TrainConfig(
        train_logdir=train_logdir,
        data=_data(dataset_dir),
        # Batch normalisation of four pooled pixels would make rounding ten times as large.
        network=NetworkConfig(architecture, filter_multiplier=2, add_image_level_feature=False),
        optimization=OptimizationConfig(training_number_of_steps=STEPS, base_learning_rate=0.01),
        drop_path_keep_prob=0.5,
        moving_average_decay=0.9,
        batch_norm_decay=0.5,
        eval_interval_steps=0,
        **settings,
    )
    return train_loop.run(config)


def _without_kinks():
    """Replaces the operations whose gradient jumps by their smooth kin.

    Rounding, in another order on each number of replicas, carries now and then a value over the
    kink of a ReLU, and one that does changes a small network's gradients by a hundredth.
    """
    tf.nn.relu = tf.nn.elu
    tf.nn.max_pool2d = lambda inputs, *window: tf.math.log(
        tf.nn.avg_pool2d(tf.exp(inputs), *window)
    )


def _send_after(step, number):
    """Has the loops of this process send it a signal when all that follows a step is done."""
    for loop_class in (search_loop.Search, train_loop.Training):

        def after_step(loop, done, before=loop_class._after_step):
            before(loop, done)
            if done == step:
                os.kill(os.getpid(), number)

        loop_class._after_step = after_step


def main(kind, dataset_dir, train_logdir, strategy, logical_cpus, number=0, step=0):
    _without_kinks()
    if number:
        _send_after(int(step), int(number))
    # Four replicas take several steps in one call.
    steps = 5 if logical_cpus == "4" else 1
    where = {"strategy": strategy, "logical_cpus": int(logical_cpus)}
    where.update(steps_per_loop=steps, log_steps=steps)
    run = {"search": search, "train": train}[kind]
    program.guard(lambda: run(dataset_dir, train_logdir=train_logdir, **where))


if __name__ == "__main__":
    main(*sys.argv[1:])
