"""What the supernet of a search costs."""

import tensorflow as tf

from deeplab_nas.core.cost import called_operations, multiply_adds
from deeplab_nas.core.kernels import target
from deeplab_nas.supernet.supernet import Supernet
from deeplab_nas.supernet.supernet_config import SupernetConfig


def measure(config: SupernetConfig, num_classes: int, height: int, width: int) -> int:
    """Counts the multiply-adds of the convolutions of all operations at once, without running it.

    Args:
        config: The supernet, all its operations left.
        num_classes: Number of classes.
        height: Of the image, in pixels.
        width: Of the image, in pixels.

    Returns:
        Multiply-adds of one image, as `multiply_adds.plain` counts them.
    """
    supernet = Supernet(num_classes, config, name="supernet")
    supernet.build()
    image = tf.TensorSpec([1, height, width, 3], tf.float32)
    with target.other_machines():
        function = tf.function(lambda images: supernet(images, training=True), autograph=False)
        graph = function.get_concrete_function(image).graph
    return multiply_adds.plain(called_operations.of(graph))
