"""The candidate operations with weights, each for all edges that leave a stage at once.

A stage is the states that are there at the same time, see `trellis.stages`. Channels are `[state,
consumer, cell, filter]`, flattened. The input of a wide operation is the rectified states, each
repeated once a consumer, so that every edge owns a run of channels and the edges' separate
convolutions are one grouped convolution.
"""

import keras
import tensorflow as tf

from deeplab_nas.core import nas_operations
from deeplab_nas.core.kernels import convolution, phases
from deeplab_nas.core.operations import Kind


class WideOperation(keras.layers.Layer):
    """What all wide operations share: their kernels, and the layout of the channels.

    A kernel of the layer holds those of all edges of the cell, ordered by the state that they
    leave, so that a trellis node has a few large variables instead of hundreds of small ones. A
    subclass creates kernels in `build`, cuts them in `kernels_by_stage` and applies those of one
    convolution in `convolve`.
    """

    def __init__(self, groups_by_stage, filters, kernel_sizes, rate, **kwargs):
        """Creates the operation.

        Args:
            groups_by_stage: Edges times cells of each stage.
            filters: Channels of a group.
            kernel_sizes: `(height, width)` of each convolution, one after another.
            rate: Atrous rate.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(autocast=False, **kwargs)
        self.groups_by_stage = list(groups_by_stage)
        self.filters = filters
        self.kernel_sizes = [tuple(size) for size in kernel_sizes]
        self.rate = rate

    def add_kernel(self, name, size, in_channels):
        """Adds a kernel `[*size, in_channels, sum(groups_by_stage) * filters]`."""
        shape = (*size, in_channels, sum(self.groups_by_stage) * self.filters)
        return nas_operations.add_kernel(self, name, shape)

    def kernels_by_stage(self, kernels):
        """Cuts the values of the layer's variables, in order of creation, into those of each stage.

        Returns:
            For each stage, what `convolve` takes for each convolution.
        """
        return list(zip(*[self.cut(kernel, axis=3) for kernel in kernels], strict=True))

    def cut(self, kernel, axis):
        """Cuts one kernel, whose output channels are on `axis`, into those of each stage."""
        return tf.split(kernel, [groups * self.filters for groups in self.groups_by_stage], axis)

    def of_edges(self, kernels, num_edges, places):
        """Those of some edges, of a stage's entry of `kernels_by_stage`.

        Args:
            kernels: The entry.
            num_edges: Of the stage.
            places: Numbers of edges, in the order `[state, consumer]`.
        """
        return [take_edges(kernel, num_edges, places, axis=3) for kernel in kernels]

    def call(self, inputs, size, kernels, scale, statistics):
        """Applies the operation to one stage.

        Args:
            inputs: The rectified states, once a consumer, as `phases.split` returns them for
                `self.rate`, `[*, *, *, channels]`.
            size: `(height, width)`.
            kernels: The stage's entry of `kernels_by_stage`.
            scale: `[channels]`, the weight of the operation on each edge.
            statistics: `normalization.StatisticsPass`.

        Returns:
            `[batch, height, width, channels]`.
        """
        outputs = self.convolve(inputs, size, kernels[0])
        for kernel in kernels[1:]:
            outputs = tf.nn.relu(statistics.normalize(outputs))
            outputs = self.convolve(phases.split(outputs, self.rate), size, kernel)
        return statistics.normalize(outputs, scale)


@keras.saving.register_keras_serializable(package="deeplab_nas")
class WideSeparableConvolution(WideOperation):
    """For each kernel ReLU, depthwise and pointwise convolution, normalisation."""

    def build(self):
        for i, size in enumerate(self.kernel_sizes, 1):
            self.add_kernel(f"depthwise_{i}", size, 1)
            self.add_kernel(f"pointwise_{i}", (1, 1), self.filters)
        self.built = True

    def kernels_by_stage(self, kernels):
        """As `WideOperation` has it: `[*size, channels, 1]` and the pointwise kernel, in pairs."""
        pairs = [
            zip(
                self.cut(tf.reshape(depthwise, [*size, -1, 1]), axis=2),
                self.cut(pointwise, axis=3),
                strict=True,
            )
            for size, depthwise, pointwise in zip(
                self.kernel_sizes, kernels[::2], kernels[1::2], strict=True
            )
        ]
        return list(zip(*pairs, strict=True))

    def of_edges(self, kernels, num_edges, places):
        """As `WideOperation` has it."""
        return [
            (
                take_edges(depthwise, num_edges, places, axis=2),
                take_edges(pointwise, num_edges, places, axis=3),
            )
            for depthwise, pointwise in kernels
        ]

    def convolve(self, inputs, size, kernels):
        """Convolves phases; returns `[batch, *size, channels]`."""
        depthwise, pointwise = kernels
        outputs = convolution.depthwise_conv2d(inputs, depthwise)
        return convolution.conv2d(phases.merge(outputs, self.rate, size), pointwise)


@keras.saving.register_keras_serializable(package="deeplab_nas")
class WideConvolution(WideOperation):
    """For each kernel ReLU, full convolution, normalisation."""

    def build(self):
        for i, size in enumerate(self.kernel_sizes, 1):
            suffix = f"_{i}" if len(self.kernel_sizes) > 1 else ""
            self.add_kernel(f"kernel{suffix}", size, self.filters)
        self.built = True

    def convolve(self, inputs, size, kernels):
        """Convolves phases; returns `[batch, *size, channels]`."""
        return phases.merge(convolution.conv2d(inputs, kernels), self.rate, size)


def take_edges(values, num_edges, places, axis):
    """The channels of some edges, side by side; `values` as they are if these are all of them.

    Args:
        values: Channels `[edge, ...]`, flattened, on `axis`.
        num_edges: How many edges they are of.
        places: Numbers of edges.
        axis: Of the channels.
    """
    if len(places) == num_edges:
        return values
    parts = tf.split(values, num_edges, axis)
    return tf.concat([parts[place] for place in places], axis)


# By operation set, what builds the operations of each kind that has weights.
OPERATION_SETS = {
    "official": {Kind.SEPARABLE: WideSeparableConvolution, Kind.CONVOLUTION: WideConvolution},
    "darts": {Kind.SEPARABLE: WideSeparableConvolution, Kind.CONVOLUTION: WideSeparableConvolution},
}
