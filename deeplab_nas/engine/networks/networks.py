"""From a `NetworkConfig` to the network."""

from deeplab_nas.core import nas_genotypes, segmenter
from deeplab_nas.engine.devices import precision

# The backbone that an unset --output_stride picks for pnasnet.
_PNASNET_STRIDE = 16


def architecture(config):
    """The `Architecture` that a `NetworkConfig` names; raises `UserError` as `resolve` does."""
    return nas_genotypes.resolve(config.architecture, config.output_stride or _PNASNET_STRIDE)


def build(config, found, num_classes, mixed_precision="float32", training=None):
    """Builds a network.

    Args:
        config: `NetworkConfig`.
        found: The `Architecture`, as `architecture(config)` or a run directory gives it.
        num_classes: Number of classes.
        mixed_precision: One of `precision.PRECISIONS`.
        training: `TrainingOptions`; the defaults if None.

    Returns:
        `Segmenter`, built.
    """
    dtype = precision.POLICIES[mixed_precision]
    return segmenter.build(found, config, num_classes, training, dtype=dtype)
