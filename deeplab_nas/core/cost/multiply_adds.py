"""What counts as a multiply-add: plainly, and as in the paper's tables."""

import math
from collections.abc import Iterable

import tensorflow as tf

from deeplab_nas.core.aspp import Aspp
from deeplab_nas.core.kernels import resize

# Height and width, in pixels, of what the paper's ASPP averages around a position.
PAPER_POOLING_CROP = (769, 769)

_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")
_POOLS = ("AvgPool", "MaxPool")


def plain(operations: Iterable[tf.Operation]) -> int:
    """Counts the multiply-adds of the convolutions, and nothing else.

    A convolution does height * width * kernel size of them for each pair of channels it connects,
    at its output's height and width. Padding counts as image, as is usual; bias, batch norm,
    additions, pools and resizes do not count.

    Args:
        operations: Of a graph with static shapes.

    Returns:
        Multiply-adds for the whole batch.
    """
    return sum(
        _positions(operation) * _kernel_size(operation)
        for operation in operations
        if operation.type in _CONVOLUTIONS
    )


def paper(operations: Iterable[tf.Operation]) -> int:
    """Counts half the floating point operations that TensorFlow 1's profiler finds.

    This reproduces Multi-Adds in the tables of Auto-DeepLab to 0.02%. Unlike `plain`:
    - a convolution at atrous rate r runs on a map padded to multiples of r, since TensorFlow 1
      split the map into r * r maps of every r-th pixel;
    - an addition of two maps is one operation for each value, and a pool one for each value that
      it reads. Multiply-adds are two.

    The image pooling of the ASPP is apart, in `paper_image_pooling`.

    Args:
        operations: Of a graph with static shapes.

    Returns:
        Half the operations for the whole batch.
    """
    return sum(_profiled(operation) for operation in operations) // 2


def paper_image_pooling(aspp: Aspp, height: int, width: int, channels: int) -> int:
    """Counts what the image pooling of the paper's network adds to `paper`.

    There it averages `PAPER_POOLING_CROP` around each position with a pool of stride 1, which
    costs the whole window at each, and the 1x1 convolution follows at each as well. Here the means
    cost next to nothing, and where the whole image is averaged there is one position.

    Args:
        aspp: The ASPP.
        height: Of its input.
        width: Of its input.
        channels: Of its input.

    Returns:
        Half the operations for one image; 0 without image pooling.
    """
    if not aspp.image_pooling:
        return 0
    sides = (height, width)
    crop = aspp.image_pooling_crop_size or PAPER_POOLING_CROP
    window = [
        min(side, resize.scale_dimension(pixels, 1.0 / aspp.output_stride))
        for side, pixels in zip(sides, crop, strict=True)
    ]
    positions = math.prod(side - run + 1 for side, run in zip(sides, window, strict=True))
    count = positions * math.prod(window) * channels // 2
    if not aspp.image_pooling_crop_size:
        count += (positions - 1) * channels * aspp.filters
    return count


def _positions(convolution: tf.Operation) -> int:
    """Height * width * batch of a convolution's output."""
    output = convolution.outputs[0]
    for consumer in output.consumers():
        # The maps of every r-th pixel are put together and cropped to the size of the input.
        if consumer.type == "BatchToSpaceND":
            output = consumer.outputs[0]
    return math.prod(output.shape[:3])


def _kernel_size(convolution: tf.Operation) -> int:
    """Multiply-adds at one position, for full, grouped and depthwise kernels alike."""
    return math.prod(convolution.inputs[1].shape)


def _profiled(operation: tf.Operation) -> int:
    if operation.type in _CONVOLUTIONS:
        batch, *sides = operation.outputs[0].shape[:3]
        rates = operation.get_attr("dilations")[1:3]
        padded = [math.ceil(side / rate) * rate for side, rate in zip(sides, rates, strict=True)]
        return 2 * batch * math.prod(padded) * _kernel_size(operation)
    if operation.type in _POOLS:
        return math.prod(operation.outputs[0].shape) * math.prod(operation.get_attr("ksize"))
    if operation.type == "AddV2" and operation.outputs[0].shape.rank == 4:
        return math.prod(operation.outputs[0].shape)
    return 0
