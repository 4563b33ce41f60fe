"""What a segmenter costs: parameters, multiply-adds and activation memory, by stage."""

import dataclasses
import math

import tensorflow as tf

from deeplab_nas.core.cost import multiply_adds, receptive_field, traced_stages
from deeplab_nas.core.segmenter import Segmenter

_GRADIENT_READS_INPUT = (
    "Conv2D",
    "DepthwiseConv2dNative",
    "FusedBatchNormV3",
    "MaxPool",
    "ResizeBilinear",
)
_GRADIENT_READS_OUTPUT = ("MaxPool", "Relu")


@dataclasses.dataclass(frozen=True)
class StageCost:
    """One stage: the stem, a cell, the ASPP, the decoder or the logits.

    Attributes:
        name: As its endpoint's.
        output_stride: Pixels of the image between two positions, to the nearest power of two.
        height: Of the output.
        width: Of the output.
        channels: Of the output.
        trainable_parameters: Number of trainable values.
        parameters: The same with the moving statistics of the batch norms.
        multiply_adds: Of the convolutions, for one image.
        paper_multi_adds: As the paper counts them; see `multiply_adds.paper`.
        activation_bytes: See `Cost`.
        receptive_field: In pixels of the image along its longer side; None if it is the whole
            image. See `receptive_field`.
    """

    name: str
    output_stride: int
    height: int
    width: int
    channels: int
    trainable_parameters: int
    parameters: int
    multiply_adds: int
    paper_multi_adds: int
    activation_bytes: int
    receptive_field: int | None


@dataclasses.dataclass(frozen=True)
class Cost:
    """A whole network, from the images to the logits before they are upsampled.

    Attributes:
        output_stride: Of the backbone.
        trainable_parameters: As in `StageCost`, as are the next three.
        parameters: With moving statistics.
        multiply_adds: Of the convolutions, for one image.
        paper_multi_adds: As the paper counts them.
        backbone_trainable_parameters: Of the stem and the cells.
        activation_bytes: Bytes of the feature maps of one image that the gradient reads, so that
            training keeps them from the forward to the backward pass.
        stages: In the order of the computation; they sum to the figures above.
    """

    output_stride: int
    trainable_parameters: int
    backbone_trainable_parameters: int
    parameters: int
    multiply_adds: int
    paper_multi_adds: int
    activation_bytes: int
    stages: tuple[StageCost, ...]


def measure(model: Segmenter, height: int, width: int, channels: int = 3) -> Cost:
    """Counts what a network costs on one image, without running it.

    Args:
        model: Built.
        height: Of the image, in pixels.
        width: Of the image, in pixels.
        channels: Of the image.

    Returns:
        The cost, counted from the operations that the network traces to and their static shapes.
    """
    traced = traced_stages.trace(model, height, width, channels)
    fields = receptive_field.fields(traced)
    kept: set[str] = set()
    stages = []
    for stage, field in zip(traced, fields, strict=True):
        _, rows, columns, depth = stage.output.shape
        paper_multi_adds = multiply_adds.paper(stage.operations)
        if stage.name == "aspp":
            features = (stages[-1].height, stages[-1].width, stages[-1].channels)
            paper_multi_adds += multiply_adds.paper_image_pooling(model.aspp, *features)
        stages.append(
            StageCost(
                name=stage.name,
                output_stride=2 ** round(math.log2(field.stride)),
                height=rows,
                width=columns,
                channels=depth,
                trainable_parameters=_num_values(v for v in stage.variables if v.trainable),
                parameters=_num_values(stage.variables),
                multiply_adds=multiply_adds.plain(stage.operations),
                paper_multi_adds=paper_multi_adds,
                activation_bytes=_activation_bytes(stage.operations, kept),
                receptive_field=None if math.isinf(field.size) else math.ceil(field.size),
            )
        )
    return _total(model, stages)


def _total(model: Segmenter, stages: list[StageCost]) -> Cost:
    summed = (
        "trainable_parameters",
        "parameters",
        "multiply_adds",
        "paper_multi_adds",
        "activation_bytes",
    )
    return Cost(
        output_stride=model.backbone.output_stride,
        backbone_trainable_parameters=_num_values(model.backbone.trainable_variables),
        stages=tuple(stages),
        **{name: sum(getattr(stage, name) for stage in stages) for name in summed},
    )


def _num_values(variables) -> int:
    return sum(math.prod(variable.shape) for variable in variables)


def _activation_bytes(operations: tuple[tf.Operation, ...], kept: set[str]) -> int:
    """Bytes of the maps that the gradient of the operations reads, but for those in `kept`.

    Those that it counts are added to `kept`.
    """
    count = 0
    for operation in operations:
        for tensor in map(traced_stages.origin, _read_by_gradient(operation)):
            if tensor.name not in kept:
                kept.add(tensor.name)
                count += math.prod(tensor.shape) * tensor.dtype.size
    return count


def _read_by_gradient(operation: tf.Operation) -> list[tf.Tensor]:
    tensors = []
    if operation.type in _GRADIENT_READS_INPUT:
        tensors.append(operation.inputs[0])
    if operation.type in _GRADIENT_READS_OUTPUT:
        tensors.append(operation.outputs[0])
    return tensors
