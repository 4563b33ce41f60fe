"""Networks that are a few formulas, and that tell what they are called with.

In the place of the real ones they leave everything around them as it is, and a run of them can be
computed by hand (`by_hand`). A network is a function of `values`: its variables by name. Whatever
its policy says, it computes in float32.
"""

import collections
import dataclasses

import keras
import numpy as np
import tensorflow as tf

from deeplab_nas.core import nas_genotypes, trellis
from deeplab_nas.engine.devices import precision
from tests.wiring import numbered_data

_EPSILON = 0.1
_STATISTICS = {"initializer": "ones", "trainable": False, "autocast": False}


@dataclasses.dataclass(frozen=True)
class Call:
    """A network that was called: in training or not, with what frozen, on which images."""

    training: bool
    frozen: str
    numbers: tuple[int, ...]


class _PixelNetwork(keras.Model):
    """Keeps its variables by name, and each call.

    Attributes:
        calls: Every `Call`, in the order in which they were computed.
        first: The values that the variables were built with, by name.
    """

    def _record(self, images, training, frozen=()):
        def take(corner):
            numbers = numbered_data.numbers(corner)
            self.calls.append(Call(training, str(frozen), numbers))

        tf.numpy_function(take, [images[:, :1, :1]], [])

    def _built(self):
        # Keras would take a list over.
        self.calls, self.built = collections.deque(), True
        self.first = self.values()

    def by_name(self):
        """The variables by name."""
        return {
            variable.path.removeprefix(f"{self.name}/"): variable for variable in self.variables
        }

    def values(self):
        """The variables now, by name, float64."""
        return {name: v.numpy().astype(np.float64) for name, v in self.by_name().items()}

    def _tensors(self):
        return {name: tf.convert_to_tensor(v.value) for name, v in self.by_name().items()}

    def _move(self, statistics, decay):
        for name, variable in self.by_name().items():
            batch = statistics.get(name.split("/")[-1])
            if batch is not None:
                variable.assign(variable.value * decay + batch * (1.0 - decay))


def moments(pixels):
    """Mean and variance of each channel of `[batch, height, width, channels]`, by name."""
    mean = tf.reduce_mean(pixels, (0, 1, 2))
    return {"moving_mean": mean, "moving_variance": tf.reduce_mean((pixels - mean) ** 2, (0, 1, 2))}


def statistics_of(values):
    """The moving statistics among the values of a network, as `moments` has them."""
    return {name.split("/")[-1]: value for name, value in values.items() if "moving_" in name}


def _normalized(pixels, statistics):
    return (pixels - statistics["moving_mean"]) / tf.sqrt(statistics["moving_variance"] + _EPSILON)


def scaled(images):
    """Images in 0..255 as numbers in -1..1."""
    return images * (2.0 / 255.0) - 1.0


def supernet_logits(values, images, statistics=None):
    """Logits that depend on the weights, on alpha and on beta, and the moments of the batch.

    Args:
        values: Tensors by name.
        images: `[batch, height, width, 3]`.
        statistics: What to normalise by; None for the batch's own.
    """
    pixels = scaled(images)
    found = moments(pixels)
    alpha, beta, weights = (values[name] for name in ("alpha", "beta", "weights"))
    gate = 1.0 + tf.reduce_sum(alpha * _waves(alpha))
    shift = tf.reduce_sum(beta * _waves(beta)) * _waves(values["biases"])
    logits = _normalized(pixels, statistics or found) @ weights + values["biases"]
    return logits * gate + shift, found


def _waves(tensor):
    size = int(np.prod(tensor.shape))
    return tf.constant(np.cos(1.0 + np.arange(size)).reshape(tensor.shape), tensor.dtype)


class PixelSupernet(_PixelNetwork):
    """In the place of `Supernet`."""

    def __init__(self, num_classes, config, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.num_classes, self.config = num_classes, config

    def build(self, input_shape=None):
        edges, operations = trellis.num_edges(self.config.num_blocks), len(self.config.operations)
        levels = (nas_genotypes.NUM_LEVELS, trellis.NUM_DIRECTIONS)
        shapes = {
            "alpha": (edges, operations),
            "beta": (self.config.num_layers, *levels),
            "weights": (3, self.num_classes),
            "biases": (self.num_classes,),
        }
        normal = keras.initializers.RandomNormal(stddev=0.3)
        for name, shape in shapes.items():
            self.add_weight(name=name, shape=shape, initializer=normal, autocast=False)
        for name in ("moving_mean", "moving_variance"):
            self.add_weight(name=name, shape=(3,), **_STATISTICS)
        self._built()

    @property
    def kept(self):
        return np.ones(self.alpha.shape, dtype=bool)

    @property
    def alpha(self):
        return self.by_name()["alpha"]

    @property
    def beta(self):
        return self.by_name()["beta"]

    @property
    def architecture_variables(self):
        return [self.alpha, self.beta]

    def nodes(self):
        return iter(())

    @property
    def network_variables(self):
        return [self.by_name()[name] for name in ("weights", "biases")]

    def call(self, images, training=False, frozen=(), recompute=frozenset(), track_statistics=True):
        self._record(images, training, frozen)
        values = self._tensors()
        logits, found = supernet_logits(values, images, None if training else statistics_of(values))
        if training and track_statistics:
            self._move(found, self.config.batch_norm_decay)
        return logits


def segmenter_logits(values, images, statistics=None):
    """Logits of a backbone with batch normalisation and a head of two layers; as above."""
    pixels = scaled(images) @ values["backbone/weights"]
    found = moments(pixels)
    pixels = _normalized(pixels, statistics or found)
    pixels = tf.tanh(pixels * values["backbone/gamma"] + values["backbone/beta"])
    pixels = tf.tanh(pixels @ values["aspp/weights"])
    return pixels @ values["logits/weights"] + values["logits/biases"], found


class PixelSegmenter(_PixelNetwork):
    """In the place of what `networks.build` returns, which this is, too."""

    def __init__(self, config, architecture, num_classes, mixed_precision, training):
        dtype = precision.POLICIES[mixed_precision]
        super().__init__(name="segmenter", dtype=dtype, autocast=False)
        self.config, self.architecture, self.num_classes = config, architecture, num_classes
        self.training_options = training
        self.aspp, self.logits = keras.layers.Layer(name="aspp"), keras.layers.Layer(name="logits")
        self.backbone = keras.layers.Layer(name="backbone")
        self._add(self.backbone, {"weights": (3, 4), "gamma": (4,), "beta": (4,)})
        for name in ("moving_mean", "moving_variance"):
            self.backbone.add_weight(name=name, shape=(4,), **_STATISTICS)
        self._add(self.aspp, {"weights": (4, 4)})
        self._add(self.logits, {"weights": (4, num_classes), "biases": (num_classes,)})
        self._built()

    def _add(self, layer, shapes):
        normal = keras.initializers.RandomNormal(stddev=0.5)
        for name, shape in shapes.items():
            layer.add_weight(name=name, shape=shape, initializer=normal, autocast=False)
        layer.built = True

    def last_layers(self, logits_only=False):
        return [self.logits] if logits_only else [self.aspp, self.logits]

    def call(self, images, training=False):
        self._record(images, training)
        values = self._tensors()
        by_batch = training and self.training_options.fine_tune_batch_norm
        logits, found = segmenter_logits(
            values, images, None if by_batch else statistics_of(values)
        )
        if by_batch:
            self._move(found, self.training_options.batch_norm_decay)
        return logits
