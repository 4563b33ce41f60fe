"""The backbone: a stem and the cells of a path (official `nas_network.py`)."""

import keras
import tensorflow as tf

from deeplab_nas import settings
from deeplab_nas.core import nas_cell, nas_genotypes, nas_operations
from deeplab_nas.core.backbone_plan import STEM, BackbonePlan
from deeplab_nas.core.layers import batch_norm, drop_path
from deeplab_nas.core.network_config import NetworkConfig, TrainingOptions

# Output stride of the low-level features that the decoder takes.
LOW_LEVEL_STRIDE = 4


class ConfiguredNetwork(keras.Model):
    """A network of an `Architecture`, a `NetworkConfig` and `TrainingOptions`."""

    def __init__(self, architecture, config, training=None, **kwargs):
        """Args: the three, the defaults where `training` is None; those of `keras.Model`."""
        # The images are to be cast after they were mapped to [-1, 1].
        super().__init__(autocast=False, **kwargs)
        self.architecture = architecture
        self.config = config
        self.training_options = training or TrainingOptions()

    def get_config(self):
        return {
            **super().get_config(),
            "architecture": self.architecture.to_json(),
            "config": settings.record(self.config),
            "training": settings.record(self.training_options),
        }

    @classmethod
    def from_config(cls, config):
        parts = {
            "architecture": nas_genotypes.from_json(config["architecture"]),
            "config": settings.from_record(NetworkConfig, config["config"]),
            "training": settings.from_record(TrainingOptions, config["training"]),
        }
        return cls(**{**config, **parts})


@keras.saving.register_keras_serializable(package="deeplab_nas")
class NasNetwork(ConfiguredNetwork):
    """Stem and cells; gives every endpoint under its official name.

    Attributes:
        output_stride: Of the last cell.
        channels: Of the last cell.
    """

    def __init__(self, architecture, config, training=None, **kwargs):
        """Creates the network.

        Args:
            architecture: `nas_genotypes.Architecture`.
            config: `NetworkConfig`; without a decoder there are low-level features only if a later
                cell depends on them.
            training: `TrainingOptions`; the defaults if None.
            **kwargs: Of `keras.Model`.

        Raises:
            ValueError: Drop path is on and `training_number_of_steps` is missing.
        """
        super().__init__(architecture, config, training, **kwargs)
        self.batch_norm_options = self.training_options.batch_norm_options
        self.plan = BackbonePlan(architecture, config)
        wanted = [self.plan.last_layer]
        if config.use_decoder:
            wanted.append(self.plan.last_layer_at(LOW_LEVEL_STRIDE))
        # A layer that leads nowhere would have no gradient; it is not built.
        self.live_layers = self.plan.live_layers(wanted)
        stem = STEM if 0 in self.live_layers else STEM[:-1]
        self.stem_convs = [
            nas_operations.Convolution(
                filters, (3, 3), stride, name=f"conv{i}", dtype=self.dtype_policy.name
            )
            for i, (filters, stride) in enumerate(stem)
        ]
        self.stem_norms = [
            batch_norm.BatchNorm(
                name=f"conv{i}_bn", dtype=self.dtype_policy.name, **self.batch_norm_options
            )
            for i in range(len(stem))
        ]
        self.cells = [self._make_cell(layer) for layer in self.live_layers if layer > 0]
        self.drop_path = self._make_drop_path()

    def _make_cell(self, layer):
        return nas_cell.NasCell(
            self.architecture.cell,
            self.plan.filters(layer),
            self.plan.direction(layer),
            self.batch_norm_options,
            name=f"cell_{layer - 1}",
            dtype=self.dtype_policy.name,
        )

    def _make_drop_path(self):
        training = self.training_options
        if training.drop_path_keep_prob == 1.0:
            return None
        if not training.training_number_of_steps:
            raise ValueError("training_number_of_steps: drop path needs the length of training.")
        return drop_path.DropPath(
            training.drop_path_keep_prob,
            training.training_number_of_steps,
            num_cells=self.architecture.num_layers,
            num_branches=2 * self.architecture.num_blocks,
            seed=training.seed,
            name="drop_path",
        )

    @property
    def output_stride(self):
        return self.plan.stride(self.plan.last_layer)

    @property
    def channels(self):
        return self.plan.channels(self.plan.last_layer)

    @property
    def low_level(self):
        """Name and channels of the last endpoint at `LOW_LEVEL_STRIDE`, the stem's if none is."""
        layer = self.plan.last_layer_at(LOW_LEVEL_STRIDE)
        return _endpoint(layer), self.plan.channels(layer)

    def build(self, input_shape):
        """Creates all variables; `input_shape` is `[batch, height, width, channels]`."""
        channels = input_shape[-1]
        for conv, norm in zip(self.stem_convs, self.stem_norms, strict=True):
            conv.build((None, None, None, channels))
            channels = conv.filters
            norm.build((None, None, None, channels))
        for layer, cell in self._live_cells():
            net, prev = (
                (None, None, None, self.plan.channels(source)) for source in (layer - 1, layer - 2)
            )
            cell.build(net, prev)
        if self.drop_path:
            self.drop_path.build()
        self.built = True

    def _live_cells(self):
        layers = [layer for layer in self.live_layers if layer > 0]
        return list(zip(layers, self.cells, strict=True))

    def call(self, images, training=False):
        """Runs the network.

        Args:
            images: `[batch, height, width, channels]` in [-1, 1].
            training: Whether to normalise by the batch's statistics and to drop paths.

        Returns:
            The endpoints by name, `[batch, *, *, channels]` each: `Stem` and `Cell_0` and so on
            before any ReLU, `net` the rectified output of the last cell. Those that neither `net`
            nor the low-level endpoint depends on are left out.
        """
        outputs = self._stem(images, training)
        factors = [None] * self.plan.last_layer
        if training and self.drop_path:
            factors = tf.unstack(self.drop_path.draw(tf.shape(images)[0]), len(factors))
        sizes = self.plan.sizes(images)
        for layer, cell in self._live_cells():
            outputs[layer] = cell(
                outputs.get(layer - 1),
                outputs.get(layer - 2),
                size=sizes[layer],
                path_factors=factors[layer - 1],
                training=training,
            )
        endpoints = {_endpoint(layer): outputs[layer] for layer in self.live_layers}
        return {**endpoints, "net": tf.nn.relu(outputs[self.plan.last_layer])}

    def _stem(self, images, training):
        """Returns the last two outputs of the stem, as layers -1 and 0, before any ReLU."""
        outputs = tf.cast(images, self.compute_dtype)
        layers = {}
        for i, (conv, norm) in enumerate(zip(self.stem_convs, self.stem_norms, strict=True)):
            inputs = tf.nn.relu(outputs) if i else outputs
            outputs = batch_norm.convolve_and_normalize(conv, norm, inputs, training)
            layers[i - 2] = outputs
        return layers


def hnasnet(config):
    """The network that the paper found, of a `NetworkConfig`; official `nas_network.hnasnet`."""
    return _built(nas_genotypes.auto_deeplab(), config, name="hnasnet")


def pnasnet(config):
    """PNASNet's cell on a backbone by output stride; official `nas_network.pnasnet`."""
    return _built(nas_genotypes.pnasnet(config.output_stride or 16), config, name="pnasnet")


def _built(architecture, config, name):
    network = NasNetwork(architecture, config, name=name)
    network.build((None, None, None, 3))
    return network


def _endpoint(layer):
    """Official name of a layer's output; the official code counts cells from 0."""
    return f"Cell_{layer - 1}" if layer else "Stem"
