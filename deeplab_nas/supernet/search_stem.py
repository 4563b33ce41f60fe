"""The stem of the supernet: two convolutions down to stride 4 (Auto-DeepLab, section 3.2)."""

import keras
import tensorflow as tf

from deeplab_nas.core.kernels import convolution
from deeplab_nas.core.nas_operations import add_kernel
from deeplab_nas.supernet import normalization

# The paper does not give the widths; these are the official network's at strides 2 and 4.
STEM_CHANNELS = (64, 128)


@keras.saving.register_keras_serializable(package="deeplab_nas")
class SearchStem(keras.layers.Layer):
    """Two 3x3 convolutions with stride 2, each batch-normalised, with a ReLU between them."""

    def __init__(self, batch_norm_decay, **kwargs):
        """Args: batch_norm_decay, of the moving statistics."""
        super().__init__(**kwargs)
        self.batch_norm_decay = batch_norm_decay

    def build(self, inputs_shape):
        self.kernels = []
        in_channels = inputs_shape[-1]
        for channels in STEM_CHANNELS:
            name, shape = f"kernel_{len(self.kernels)}", (3, 3, in_channels, channels)
            self.kernels.append(add_kernel(self, name, shape, autocast=True))
            in_channels = channels
        self.statistics = normalization.MovingStatistics(
            sum(STEM_CHANNELS), self.batch_norm_decay, name="statistics"
        )
        self.statistics.build()
        self.built = True

    def call(self, inputs, training=False, track_statistics=True):
        """Runs the stem.

        Args:
            inputs: `[batch, height, width, 3]` in [-1, 1].
            training: Whether to normalise by the batch's statistics.
            track_statistics: Whether training moves the averages of the statistics.

        Returns:
            The features at output stride 2, `[batch, *, *, 64]`, and 4, `[batch, *, *, 128]`, both
            before the ReLU: what the first cells take for H^{-1} and H^0.
        """
        statistics = self.statistics.pass_through(training)
        first, second = (tf.convert_to_tensor(kernel) for kernel in self.kernels)
        half = statistics.normalize(convolution.conv2d(inputs, first, stride=2))
        quarter = statistics.normalize(convolution.conv2d(tf.nn.relu(half), second, stride=2))
        batch = statistics.finish()
        if track_statistics:
            self.statistics.update(batch)
        return half, quarter
