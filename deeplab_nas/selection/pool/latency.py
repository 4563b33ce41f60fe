"""How long an inference takes here, measured."""

import statistics
import time

import numpy as np
import tensorflow as tf

from deeplab_nas.core import folding
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.engine.networks import inference, networks

_WARM_UP_RUNS = 2
_RUNS = 7


def measure(
    architecture: Architecture,
    config: NetworkConfig,
    num_classes: int,
    size: tuple[int, int],
    precision: str = "float32",
) -> float:
    """Measures the inference of one image as `predict` does it, by an untrained network.

    Args:
        architecture: The architecture.
        config: The rest of the network.
        num_classes: Number of classes.
        size: Height and width of the image, in pixels.
        precision: One of `precision.PRECISIONS`.

    Returns:
        The median over several runs after the first ones, in seconds.
    """
    model = folding.fold(networks.build(config, architecture, num_classes, precision))
    see = tf.function(lambda images: inference.probabilities(model, images), autograph=False)
    image = tf.constant(np.random.RandomState(0).uniform(0, 255, [1, *size, 3]), tf.float32)
    seconds = []
    for _ in range(_WARM_UP_RUNS + _RUNS):
        begun = time.perf_counter()
        # Until the result is here, also from another device.
        see(image).numpy()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds[_WARM_UP_RUNS:])
