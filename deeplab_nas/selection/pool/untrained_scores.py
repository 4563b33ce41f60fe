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

import collections
import contextlib
import dataclasses
import random
from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf

from deeplab_nas.core import segmenter
from deeplab_nas.core.cost import traced_stages
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.core.network_config import NetworkConfig, TrainingOptions
from deeplab_nas.core.segmenter import Segmenter
from deeplab_nas.engine.devices import process

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
        models: One or more of `untrained`. They are normalised by the statistics of the images;
            the first is traced, and gets the weights of the others.
        images: As in `of_function`.

    Returns:
        The means of the scores.
    """
    models = iter(models)
    model = next(models)

    def logits(images):
        return model.endpoints(images, training=True)["logits"]

    found = _Scored(logits, images)
    scores = [found.scores()]
    for other in models:
        for variable, value in zip(model.variables, other.variables, strict=True):
            variable.assign(value)
        scores.append(found.scores())
    means = np.mean([dataclasses.astuple(each) for each in scores], axis=0)
    return Scores(*map(float, means))


def of_function(function: Callable[[tf.Tensor], tf.Tensor], images: np.ndarray) -> Scores:
    """Scores any network.

    Args:
        function: From images to logits, with the batch first; it is traced. Its units are all
            `tf.nn.relu` on the way.
        images: Float `[images, height, width, channels]`, two or more, all different.

    Returns:
        The scores.

    Raises:
        ValueError: There are no such images, or no units in the function itself.
    """
    return _Scored(function, images).scores()


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


class _Scored:
    """A function and images, traced once and computed whenever it is asked for."""

    def __init__(self, function, images):
        images = np.asarray(images, np.float32)
        if len({image.tobytes() for image in images}) < max(len(images), 2):
            raise ValueError("images: expected two or more, all of them different.")
        self.images = tf.constant(images)
        self.num_units = 0
        traced = tf.function(lambda images: self._compute(function, images), autograph=False)
        self.computed = traced.get_concrete_function(tf.TensorSpec(images.shape, tf.float32))
        _refuse_hidden_units(self.computed.graph)

    def _compute(self, function, images):
        """The units that are on for both of two images, and the Jacobians; counts the units."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            logits = function(images)
        # Several operations may rectify one state; each has units of its own, which are alike.
        relus = collections.defaultdict(list)
        for operation in tf.compat.v1.get_default_graph().get_operations():
            if operation.type == "Relu":
                relus[traced_stages.origin(operation.inputs[0]).name].append(operation.outputs[0])
        if not relus:
            raise ValueError("function: expected one with a tf.nn.relu, found none.")
        # One after the other, so that no more than a few have to be held at a time.
        both_on = tf.zeros([images.shape[0]] * 2, tf.float64)
        for same in relus.values():
            codes = tf.reshape(tf.sign(same[0]), [images.shape[0], -1])
            self.num_units += len(same) * codes.shape[1]
            # Float64 counts exactly; float32 would not beyond 2^24 units.
            codes = tf.cast(codes, tf.float64)
            both_on += len(same) * tf.matmul(codes, codes, transpose_b=True)
        return both_on, tape.gradient(logits, images)

    def scores(self):
        # Rewriting the graph would take longer than it saves in one call.
        with process.without_grappler():
            both_on, jacobians = (value.numpy() for value in self.computed(self.images))
        on = np.diag(both_on)
        # Alike are those that are on for both and those that are on for neither.
        kernel = self.num_units - on[:, None] - on[None, :] + 2 * both_on
        return Scores(naswot(kernel), jacob_cov(jacobians.reshape(len(jacobians), -1)))


def _refuse_hidden_units(graph):
    """Raises `ValueError` for a ReLU in a function that the graph calls: its output is not seen."""
    for function in graph.as_graph_def().library.function:
        if any(node.op == "Relu" for node in function.node_def):
            name = function.signature.name
            raise ValueError(f"function: expected no tf.nn.relu in the nested {name}.")


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
