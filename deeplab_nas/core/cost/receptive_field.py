"""How far each stage sees: the theoretical receptive field, from kernels, rates and strides.

A position of a map sees `size` pixels of the image along one axis, and its neighbour sees the same
`stride` pixels further on. Of a map with (size, stride)

- a kernel or pool of k at rate r makes size + (k - 1) * r * stride;
- a stride s makes stride * s;
- a resize with aligned corners makes stride * (source - 1) / (target - 1), and size + stride, as it
  reads two neighbours, unless each target point lies on a source point;
- a sum or a concatenation sees as much as that which sees most;
- a mean over the map sees the whole image.

The field is that of the operations: near a border a part of it lies outside the image.
"""

import dataclasses
import math
from collections.abc import Sequence

import tensorflow as tf

from deeplab_nas.core.cost import traced_stages

_WHOLE_IMAGE = ("Mean", "Einsum")
_POINTWISE = (
    "AddV2",
    "BiasAdd",
    "Cast",
    "ConcatV2",
    "EnsureShape",
    "FusedBatchNormV3",
    "Identity",
    "IdentityN",
    "Mul",
    "Pad",
    "Relu",
    "Sub",
)


@dataclasses.dataclass(frozen=True)
class Field:
    """What a position of a map sees.

    Attributes:
        size: Pixels of the image along one axis; infinite if it is the whole image.
        stride: Pixels between two neighbours.
    """

    size: float
    stride: float


def fields(stages: Sequence[traced_stages.Stage]) -> list[Field]:
    """Computes what the output of each stage sees.

    Args:
        stages: Of `traced_stages.trace`.

    Returns:
        One field a stage, along the longer side of the image.

    Raises:
        ValueError: The graph has an operation whose field is not known here.
    """
    image = stages[0].operations[0].outputs[0]
    axis = 1 if image.shape[1] >= image.shape[2] else 2
    known = {image.op.name: Field(1, 1)}
    for stage in stages:
        for operation in stage.operations:
            inputs = [traced_stages.origin(tensor).op.name for tensor in operation.inputs]
            sources = [known[name] for name in inputs if name in known]
            if sources:
                size = max(source.size for source in sources)
                stride = max(source.stride for source in sources)
                known[operation.name] = _next_field(operation, Field(size, stride), axis)
    return [known[traced_stages.origin(stage.output).op.name] for stage in stages]


def _next_field(operation: tf.Operation, field: Field, axis: int) -> Field:
    """What the output sees if the inputs see `field`."""
    size, stride = field.size, field.stride
    if operation.type in _POINTWISE:
        return field
    if operation.type in _WHOLE_IMAGE:
        return Field(math.inf, stride)
    if operation.type in ("Conv2D", "DepthwiseConv2dNative"):
        reach = (operation.inputs[1].shape[axis - 1] - 1) * operation.get_attr("dilations")[axis]
    elif operation.type in ("AvgPool", "MaxPool"):
        reach = operation.get_attr("ksize")[axis] - 1
    elif operation.type == "ResizeBilinear":
        return _resized(operation, field, axis)
    elif operation.type in ("SpaceToBatchND", "BatchToSpaceND"):
        rate = int(tf.get_static_value(operation.inputs[1])[axis - 1])
        return Field(size, stride * rate if operation.type == "SpaceToBatchND" else stride / rate)
    else:
        raise ValueError(f"{operation.type}: this operation's receptive field is not known.")
    return Field(size + reach * stride, stride * operation.get_attr("strides")[axis])


def _resized(operation: tf.Operation, field: Field, axis: int) -> Field:
    source, target = operation.inputs[0].shape[axis], operation.outputs[0].shape[axis]
    if target == 1:
        return field
    step = (source - 1) / (target - 1)
    reach = 0 if step.is_integer() else field.stride
    return Field(field.size + reach, field.stride * step)
