"""What can be told of a network before it is trained: scores from images alone, without labels.

Both ask how differently a network with its first weights treats different images; both are higher
where it tells them apart, and only their order among networks means anything.

- NASWOT: log |det K|, K[i, j] the number of ReLUs that are both on or both off for images i and j
  (Mellor et al., "Neural Architecture Search without Training", ICML 2021, section 3).
- jacob_cov: of the eigenvalues v of the correlations between the images' Jacobians, minus the sum
  of log(v + k) + 1 / (v + k), k = 1e-5 (the same authors' first version, arXiv 2006.04647v1,
  section 3; Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS", ICLR 2021, section 3). An
  image's Jacobian is the gradient of the sum of all logits of the batch.
"""

import contextlib
import dataclasses
import random
from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf

# TensorFlow's own hook for debuggers, and no public one sees each operation as it runs.
from tensorflow.python.framework import op_callbacks

from deeplab_nas.core import segmenter
from deeplab_nas.core.cost import called_operations
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.core.network_config import NetworkConfig, TrainingOptions
from deeplab_nas.core.segmenter import Segmenter

_JACOB_COV_OFFSET = 1e-5
# Nothing is drawn in a call: a code that changed from call to call would be no unit's. And nothing
# is remembered of it, which spares a tenth of the time.
_OPTIONS = TrainingOptions(dropout_keep_prob=1.0, batch_norm_decay=1.0)


@dataclasses.dataclass(frozen=True)
class Scores:
    """Scores of an untrained network.

    Attributes:
        naswot: Negative infinity where two images switch all ReLUs alike.
        jacob_cov: Negative infinity where an image's Jacobian is constant.
    """

    naswot: float
    jacob_cov: float


def untrained(
    architecture: Architecture, config: NetworkConfig, num_classes: int, seed: int
) -> Segmenter:
    """Builds a network as a training by the same seed begins with it, but in float32.

    Args:
        architecture: The architecture, which counts and not the one that `config` names.
        config: The rest of the network.
        num_classes: Number of classes.
        seed: Of the weights, on which nothing else has an influence.

    Returns:
        The network, without dropout and drop path; its moving statistics stay as they are.
    """
    with _drawn_by(seed):
        return segmenter.build(architecture, config, num_classes, _OPTIONS, dtype="float32")


def of_networks(models: Iterable[Segmenter], images: np.ndarray) -> Scores:
    """Scores an architecture: the means over networks of it that differ in their weights.

    Args:
        models: One or more of `untrained`. They are normalised by the statistics of the images.
        images: As in `of_function`.

    Returns:
        The means of the scores.
    """

    def score(model):
        return of_function(lambda images: model.endpoints(images, training=True)["logits"], images)

    means = np.mean([dataclasses.astuple(score(model)) for model in models], axis=0)
    return Scores(*map(float, means))


def of_function(function: Callable[[tf.Tensor], tf.Tensor], images: np.ndarray) -> Scores:
    """Scores any network, operation by operation: to trace it would take longer than to run it.

    Args:
        function: From images to logits, with the batch first. Its units are all `tf.nn.relu` on the
            way.
        images: Float `[images, height, width, channels]`, two or more, all different.

    Returns:
        The scores.

    Raises:
        ValueError: There are no such images, there are no units, or the function calls a
            `tf.function`, whose units would not be seen.
    """
    images = np.asarray(images, np.float32)
    if len({image.tobytes() for image in images}) < max(len(images), 2):
        raise ValueError("images: expected two or more, all of them different.")
    kernel = _Kernel(len(images))
    images = tf.constant(images)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        with _observed_units(kernel):
            logits = function(images)
    if not kernel.num_units:
        raise ValueError("function: expected one with a tf.nn.relu, found none.")
    jacobians = tape.gradient(logits, images).numpy()
    return Scores(naswot(kernel.matrix()), jacob_cov(jacobians.reshape(len(jacobians), -1)))


def naswot(kernel: np.ndarray) -> float:
    """Computes log |det K|.

    Args:
        kernel: K, `[images, images]`, float64: units that are alike for two images.
    """
    return float(np.linalg.slogdet(kernel).logabsdet)


def jacob_cov(jacobians: np.ndarray) -> float:
    """Computes the score of `[images, values]`, an image's Jacobian in each row."""
    centred = jacobians.astype(np.float64)
    centred -= centred.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    if not norms.all():
        return -np.inf
    centred /= norms
    # Eigenvalues of what is symmetric are real, and no sum of squares is below 0 but by rounding.
    values = np.maximum(np.linalg.eigvalsh(centred @ centred.T), 0.0) + _JACOB_COV_OFFSET
    return float(-np.sum(np.log(values) + 1.0 / values))


@contextlib.contextmanager
def _observed_units(kernel):
    """Adds the units of every ReLU that is computed in this context to a `_Kernel`."""

    def see(operation_type, inputs, attributes, outputs, op_name=None, graph=None):
        operation_type = tf.compat.as_str(operation_type)
        if graph is not None or operation_type in called_operations.CALLS:
            raise ValueError("function: expected no nested tf.function, whose ReLUs are not seen.")
        if operation_type == "Relu":
            kernel.add(outputs[0])

    op_callbacks.add_op_callback(see)
    try:
        yield
    finally:
        op_callbacks.remove_op_callback(see)


class _Kernel:
    """NASWOT's K, summed over ReLUs."""

    def __init__(self, num_images):
        self.num_units = 0
        self.both_on = np.zeros([num_images] * 2)

    def add(self, rectified):
        """Adds the units of `[images, ...]`."""
        codes = tf.reshape(tf.sign(rectified), [len(rectified), -1])
        self.num_units += codes.shape[1]
        # Float64 counts exactly; float32 would not beyond 2^24 units.
        codes = tf.cast(codes, tf.float64)
        self.both_on += tf.matmul(codes, codes, transpose_b=True).numpy()

    def matrix(self):
        """K, `[images, images]`, float64."""
        on = np.diag(self.both_on)
        # Alike are those that are on for both and those that are on for neither.
        return self.num_units - on[:, None] - on[None, :] + 2 * self.both_on


@contextlib.contextmanager
def _drawn_by(seed):
    """Draws first weights by a seed, as `keras.utils.set_random_seed` would.

    Keras draws the seeds of initial weights from Python's `random`. TensorFlow's own seed, which
    that function sets as well, would drop all kernels that are ready.
    """
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
