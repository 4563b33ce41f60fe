"""What a TPU cannot run, looked for in a compiled step: no TPU is needed.

The public TensorFlow has no TPU compiler, but it is XLA's that reads the same graph. The rules are
those of Cloud TPU's documentation ("Available TensorFlow ops": an operation needs a kernel of XLA,
shapes are static) and of reports on what fails or crawls there although XLA knows it: grouped
convolutions (tensorflow#61976) and strides together with dilation (tensorflow#57128).
"""

import re

from tensorflow.python.framework import kernels

# What XLA compiles without a kernel of its own: it follows the functions, and drops assertions.
_FOLLOWED = {
    *("PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile", "If", "StatelessIf"),
    *("_Arg", "_Retval", "NoOp", "Assert", "Placeholder", "Const"),
}
_XLA_DEVICES = {"XLA_CPU_JIT", "XLA_GPU_JIT"}

# Instructions that leave the device, or whose result has a size that is known too late.
_REFUSED = {
    *("infeed", "outfeed", "send", "recv", "set-dimension-size", "dynamic-reshape"),
    *("get-dimension-size",),
}
_CUSTOM_CALLS = {"TopK"}

_INSTRUCTION = re.compile(r"^\s*(?:ROOT )?%?\S+ = (\(.*?\)|\S+) ([\w-]+)\((.*)$", re.MULTILINE)
_CONSTANT = re.compile(r"(%\S+) = s32\[\] constant\(")
_SIZE = re.compile(r"s32\[\] (%[^\s,)]+)\)")
_LABELS = re.compile(r"dim_labels=\w+_(\w+)->")


def of(function, *arguments):
    """Looks through a `tf.function` with `jit_compile=True` and all that it calls.

    Returns:
        What a TPU would refuse, a sentence each; how many operations and instructions there were.
    """
    graph = function.get_concrete_function(*arguments).graph.as_graph_def()
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    faults = {
        f"TensorFlow's {node.op} ({node.name}) has no kernel of XLA's."
        for node in nodes
        if not _has_kernel(node.op)
    }
    try:
        hlo = function.experimental_get_compiler_ir(*arguments)(stage="hlo")
    except ValueError as error:
        faults.add(f"XLA refuses it: {error}")
        hlo = ""
    constants = set(_CONSTANT.findall(hlo))
    instructions = _INSTRUCTION.findall(hlo)
    for shape, name, rest in instructions:
        size = _SIZE.search(rest) if name == "set-dimension-size" else None
        # To set a size to a constant is to say that it is static.
        if size and size.group(1) in constants:
            continue
        faults.update(
            f"{fault}: {shape} {name}({rest[:200]}" for fault in _faults(shape, name, rest)
        )
    return sorted(faults), (len(nodes), len(instructions))


def _has_kernel(name):
    if name in _FOLLOWED:
        return True
    found = kernels.get_registered_kernels_for_op(name).kernel
    return any(kernel.device_type in _XLA_DEVICES for kernel in found)


def _faults(shape, name, rest):
    if "<=" in shape:
        yield "a shape that is not static"
    # Scalars of it occur in XLA's own resize.
    if re.search(r"\b(f64|c64|c128)\[\d", shape):
        yield "a type that a TPU is slow with or has not"
    if name in _REFUSED:
        yield "an instruction that a TPU refuses"
    if name == "custom-call" and not any(f'"{call}"' in rest for call in _CUSTOM_CALLS):
        yield "a call of something outside XLA"
    if name == "convolution":
        yield from _convolution_faults(rest)


def _convolution_faults(rest):
    groups = re.search(r"feature_group_count=(\d+)", rest)
    kernel = re.findall(r"\w+\[([\d,]+)\]", rest.split("),")[0])
    labels = _LABELS.search(rest).group(1)
    if groups and len(kernel) == 2:
        in_channels = kernel[1].split(",")[labels.index("i")]
        if in_channels != "1":
            yield f"a convolution of {groups.group(1)} groups of {in_channels} channels"
    window = re.search(r"window={(.*?)}", rest).group(1)
    if "rhs_dilate" in window and "stride" in window and "lhs_dilate" not in window:
        yield "a convolution with strides and dilation"
