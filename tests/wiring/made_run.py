"""The run directory of a training that never was: every number in it is known."""

import contextlib
import dataclasses
import pathlib

import numpy as np
import tensorflow as tf

from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.core.segmenter import Segmenter
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.engine.networks import weights
from deeplab_nas.engine.runs.run_claim import RunClaim
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.files import atomic
from tests import trained_runs
from tests.core import made_networks
from tests.wiring import numbered_data

# What changes what a network computes, but not its variables.
_NUMBERS = {"atrous_rates": (1, 2), "image_pooling_crop_size": (9, 9)}
BEST, NEWEST = 3, 7


@dataclasses.dataclass(frozen=True)
class MadeRun:
    """The run directory.

    Attributes:
        path: The folder.
        best: The network with the weights of the best checkpoint, which has no averages.
        newest: The network with the averages of the newest one.
    """

    path: str
    best: Segmenter
    newest: Segmenter


def make(folder: pathlib.Path, data: numbered_data.NumberedData) -> MadeRun:
    """Makes the run directory of a training on a data set."""
    config = trained_runs.make_config(data.folder, folder / "run", data=data.config)
    network = NetworkConfig(config.network.architecture, filter_multiplier=2, **_NUMBERS)
    config = dataclasses.replace(config, network=network)
    _write_settings(config)
    best, newest, other = (made_network(seed) for seed in range(3))
    averages = {v.path: tf.Variable(v.value) for v in newest.trainable_variables}
    for average, variable in zip(newest.variables, other.variables, strict=True):
        if average.path not in averages:
            variable.assign(average)
    _save(f"{config.train_logdir}/best/ckpt-{BEST}", best)
    _save(f"{config.train_logdir}/checkpoints/ckpt-{NEWEST}", other, averages)
    return MadeRun(config.train_logdir, best, newest)


def made_network(seed: int) -> Segmenter:
    """A network whose classes are all found somewhere."""
    tf.keras.utils.set_random_seed(seed)
    network = made_networks.build(
        trained_runs.ARCHITECTURE, 2, numbered_data.NUM_CLASSES, **_NUMBERS
    )
    drawn = np.random.default_rng(seed)
    for variable in network.variables:
        if "moving_" in variable.name:
            variable.assign(drawn.uniform(0.2, 1.0, variable.shape))
        elif len(variable.shape) == 1 and variable.dtype.startswith("float"):
            variable.assign(drawn.uniform(0.5, 1.5, variable.shape))
    logits = network(drawn.uniform(0, 255, [1, 20, 30, 3]).astype(np.float32)).numpy()
    scale = 4.0 / logits.std((0, 1, 2))
    network.logits.kernel.assign(network.logits.kernel * scale)
    network.logits.bias.assign((network.logits.bias - logits.mean((0, 1, 2))) * scale)
    return network


def _write_settings(config: TrainConfig) -> None:
    run = RunDirectory(config.train_logdir)
    with contextlib.closing(RunClaim(run, config)) as claim:
        claim.begin()
    trained_runs.ARCHITECTURE.save(run.architecture_path)
    atomic.write_json(run.dataset_path, numbered_data.descriptor().to_document())


def _save(prefix, network, averages=None):
    groups = {weights.VARIABLES: weights.by_path(network)}
    if averages:
        groups[weights.AVERAGES] = averages
    tf.train.Checkpoint(**groups).write(prefix)
