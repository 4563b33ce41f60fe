"""The graph of a segmenter at one image size, cut into stages at its endpoints.

Counting is done on the graph that TensorFlow traces from the model's own `endpoints`. It holds
every operation that runs, with its static shape, so that a count cannot drift from the computation;
and tracing runs nothing and allocates no feature map.
"""

import dataclasses
from collections.abc import Iterator

import keras
import tensorflow as tf

from deeplab_nas.core.kernels import target
from deeplab_nas.core.segmenter import Segmenter

# The rectified last cell: what reads it follows it in the graph, and it has nothing of its own.
_FEATURES = "net"


@dataclasses.dataclass(frozen=True)
class Stage:
    """What leads from the earlier endpoints to this one.

    Attributes:
        name: Of the endpoint, such as `Cell_0`.
        output: The endpoint, `[1, height, width, channels]`.
        operations: Of the graph, each after those it reads.
        variables: Those that the stage reads.
    """

    name: str
    output: tf.Tensor
    operations: tuple[tf.Operation, ...]
    variables: tuple[keras.Variable, ...]


def trace(model: Segmenter, height: int, width: int, channels: int = 3) -> tuple[Stage, ...]:
    """Traces the inference of one image.

    Args:
        model: Built.
        height: Of the image, in pixels.
        width: Of the image, in pixels.
        channels: Of the image.

    Returns:
        The stages from `Stem` to `logits`; no operation and no variable is in two of them. The
        upsampling of the logits belongs to none.
    """
    images = tf.TensorSpec([1, height, width, channels], tf.float32)
    with target.other_machines():
        function = tf.function(model.endpoints, autograph=False).get_concrete_function(images)
    endpoints = function.structured_outputs
    variables = _variables_by_input(function, model)
    stages = []
    assigned: set[str] = set()
    for name, output in endpoints.items():
        if name != _FEATURES:
            new = set(_ancestors(output.op, assigned))
            assigned |= new
            operations = [op for op in function.graph.get_operations() if op.name in new]
            read = [variables[op.name] for op in operations if op.name in variables]
            stages.append(Stage(name, output, tuple(operations), tuple(read)))
    return tuple(stages)


def origin(tensor: tf.Tensor) -> tf.Tensor:
    """Returns the tensor that this one is, seen through operations that only rename."""
    while tensor.op.type in ("EnsureShape", "Identity", "IdentityN"):
        tensor = tensor.op.inputs[tensor.value_index]
    return tensor


def _variables_by_input(function, model) -> dict[str, keras.Variable]:
    """The variable behind each captured input of the graph, by the input's name."""
    by_handle = {id(variable.value.handle): variable for variable in model.variables}
    captured = function.captured_inputs
    inputs = function.inputs[len(function.inputs) - len(captured) :]
    return {
        tensor.op.name: by_handle[id(handle)]
        for tensor, handle in zip(inputs, captured, strict=True)
    }


def _ancestors(operation: tf.Operation, known: set[str]) -> Iterator[str]:
    """Names of an operation and of all it depends on, without those in `known`."""
    found = {operation.name}
    waiting = [operation]
    while waiting:
        current = waiting.pop()
        yield current.name
        for tensor in current.inputs:
            if tensor.op.name not in known and tensor.op.name not in found:
                found.add(tensor.op.name)
                waiting.append(tensor.op)
