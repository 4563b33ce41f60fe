"""What an architecture means for a backbone, layer by layer: strides, channels, dependencies."""

import dataclasses

from deeplab_nas.core import nas_genotypes, trellis
from deeplab_nas.core.kernels import resize
from deeplab_nas.core.network_config import NetworkConfig

# Output channels and stride of the stem's 3x3 convolutions, whatever the filter multiplier.
STEM = ((64, 2), (64, 1), (128, 2))


@dataclasses.dataclass(frozen=True)
class BackbonePlan:
    """The layers of a backbone: 0 is the end of the stem, -1 the stem at stride 2, then the cells.

    Attributes:
        architecture: `nas_genotypes.Architecture`.
        config: `NetworkConfig`.
    """

    architecture: nas_genotypes.Architecture
    config: NetworkConfig

    @property
    def last_layer(self):
        return self.architecture.num_layers

    def level(self, layer):
        """Level of a layer, which tells its channels and as a rule its stride."""
        return self.architecture.path[layer - 1] if layer else 0

    def stride(self, layer):
        """Output stride of a layer."""
        stride = nas_genotypes.level_stride(self.level(layer))
        return min(stride, 16) if self.config.nas_remove_os32_stride else stride

    def direction(self, layer):
        """Step to a layer from the one before: `trellis.UP`, `SAME` or `DOWN`."""
        before, after = self.stride(layer - 1), self.stride(layer)
        if before == after:
            return trellis.SAME
        return trellis.DOWN if after > before else trellis.UP

    def filters(self, layer):
        """Channels of a block."""
        return self.config.filter_multiplier * 2 ** self.level(layer)

    def channels(self, layer):
        """Channels of a layer's output."""
        if layer <= 0:
            return STEM[layer - 1][0]
        return self.architecture.num_blocks * self.filters(layer)

    def last_layer_at(self, stride):
        """The last layer with an output stride; the stem if no cell has it."""
        layers = range(1, self.last_layer + 1)
        return max((layer for layer in layers if self.stride(layer) == stride), default=0)

    def live_layers(self, wanted):
        """The layers that the wanted ones depend on, from 0, in order.

        A cell need not take both H^{l-1} and H^{l-2}, so that others may lead nowhere.
        """
        live = set(wanted)
        for layer in range(self.last_layer, 0, -1):
            if layer in live:
                live |= {layer - 1 - state for state in inputs_used(self.architecture.cell)}
        return sorted(layer for layer in live if layer >= 0)

    def sizes(self, images):
        """Sizes at which the blocks of each layer take their inputs, before any stride.

        Args:
            images: `[batch, height, width, channels]`, static or dynamic.

        Returns:
            `(height, width)` by layer; that of the stem is the size of its output.
        """
        size = tuple((side + 3) // 4 for side in resize.image_size(images))
        sizes = [size]
        for layer in range(1, self.last_layer + 1):
            direction = self.direction(layer)
            if direction == trellis.UP:
                size = tuple(resize.scale_dimension(side, 2.0) for side in size)
            sizes.append(size)
            if direction == trellis.DOWN:
                size = tuple((side + 1) // 2 for side in size)
        return sizes


def inputs_used(cell):
    """Those of the states 0 and 1, the inputs of a cell, that some block takes."""
    return {state for block in cell for state, _ in block if state < 2}
