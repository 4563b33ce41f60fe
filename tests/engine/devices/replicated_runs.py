"""Small searches and trainings that come to the same on any number of replicas."""

import dataclasses

import numpy as np
import tensorflow as tf

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.engine.configs.decoding import EVALUATED, PERTURBATION, DecodingConfig
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.configs.search import SearchConfig, SearchOptimization
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests import trained_runs
from tests.data import made_shards

STEPS = 10
CLIP_GRADIENT_NORM = 1.0
_BATCH = 4
_IGNORE = 255
_SIDE = 48


def make_shards(folder):
    """Textured images, every one with another share of ignored pixels, some with nothing else."""
    random = np.random.default_rng(7)
    for split, count in (("train", 2 * STEPS * _BATCH), ("val", 3)):
        pairs = [_example(random, number) for number in range(count)]
        made_shards.write(folder, split, pairs)
    return str(folder)


def _example(random, number):
    label = random.integers(0, 4, [_SIDE // 8, _SIDE // 8]).repeat(8, 0).repeat(8, 1)
    image = label[..., None] * [60, 30, 10] + random.integers(0, 60, [_SIDE, _SIDE, 3])
    label[: _SIDE * (number % 4) // 3] = _IGNORE
    return image.astype(np.uint8), label.astype(np.uint8)


def _data(dataset_dir):
    return dataclasses.replace(
        trained_runs.make_data(dataset_dir),
        train_crop_size=(33, 33),
        train_batch_size=_BATCH,
        eval_batch_size=_BATCH,
    )


def search_config(dataset_dir, run, **settings):
    """Ten steps of the weights and of the architecture, gradients clipped, each step saved."""
    return SearchConfig(
        train_logdir=str(run),
        data=_data(dataset_dir),
        supernet=SupernetConfig(num_layers=1, num_blocks=1, filter_multiplier=2),
        epochs=1,
        architecture_start_epoch=0,
        decoding=trained_runs.NOTHING_RATED,
        optimization=SearchOptimization(clip_gradient_norm=CLIP_GRADIENT_NORM),
        save_interval_secs=0,
        # Replicas recompute in another way than one alone.
        recompute="always" if settings["strategy"] == "multi_worker" else "never",
        **settings,
    )


def options_config(dataset_dir, run, **settings):
    """Ten steps in two epochs with all that a search takes beyond the paper's."""
    config = search_config(dataset_dir, run, **settings)
    return dataclasses.replace(
        config,
        data=dataclasses.replace(config.data, train_batch_size=2 * _BATCH),
        epochs=2,
        operations_per_edge=(5,),
        optimization=dataclasses.replace(
            config.optimization,
            architecture_learning_rate=0.1,
            architecture_accumulation_steps=2,
            architecture_gradient="second",
            sampled_paths=1,
            skip_dropout=0.5,
            auxiliary_skip=1.0,
        ),
        decoding=DecodingConfig(
            path_decoding=EVALUATED,
            operation_choice=PERTURBATION,
            decoding_batches=2,
            decoding_steps=1,
        ),
    )


def train_config(dataset_dir, run, **settings):
    """Ten steps with dropout and drop path, evaluated at the end."""
    architecture = f"{run}.json"
    cell = (((0, "separable_3x3_1"), (1, "atrous_3x3")),)
    nas_genotypes.Architecture(cell=cell, path=(0,)).save(architecture)
    return TrainConfig(
        train_logdir=str(run),
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


def smooth_kinks():
    """Replaces the operations whose gradient jumps by their smooth kin, in this process.

    Rounding, in another order on each number of replicas, carries now and then a value over the
    kink of a ReLU, and one that does changes a small network's gradients by a hundredth.
    """
    tf.nn.relu = tf.nn.elu
    tf.nn.max_pool2d = lambda inputs, *window: tf.math.log(
        tf.nn.avg_pool2d(tf.exp(inputs), *window)
    )
