"""How states, operations and paths are called in pictures and tables."""

import re
from collections.abc import Sequence

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.nas_genotypes import Pair
from deeplab_nas.drawing.canvas import Color

_KINDS = {"separable": "sep", "atrous": "atrous", "avg_pool": "avg pool", "max_pool": "max pool"}

_COLORS: dict[str, Color] = {
    "separable": (219, 234, 251),
    "atrous": (255, 228, 204),
    "avg_pool": (215, 242, 221),
    "max_pool": (215, 242, 221),
}
_OTHER_COLOR: Color = (233, 236, 239)

_NAME = re.compile(r"(separable|atrous|avg_pool|max_pool)_(\d)x\d(?:_(\d))?")


def state_label(state: int) -> str:
    """Returns `H(l-1)`, `H(l-2)` or `block i`."""
    return {0: "H(l-1)", 1: "H(l-2)"}.get(state, f"block {state - 2}")


def block_label(pairs: Sequence[Pair]) -> str:
    """Returns the two operations of a block by their full names: `atrous_5x5(H(l-2)) + ...`."""
    return " + ".join(f"{operation}({state_label(state)})" for state, operation in pairs)


def path_label(path: Sequence[int]) -> str:
    """Returns the output strides along a path, such as `4 4 8`."""
    return " ".join(str(nas_genotypes.level_stride(level)) for level in path)


def operation_label(operation: str) -> str:
    """Returns the paper's short name of an operation, such as `sep 3x3`.

    A separable convolution is applied twice unless the label says once.
    """
    match = _NAME.fullmatch(operation)
    if not match:
        return operation
    kind, size, repetitions = match.groups()
    once = ", once" if repetitions == "1" else ""
    return f"{_KINDS[kind]} {size}x{size}{once}"


def operation_color(operation: str) -> Color:
    """Returns the fill that stands for the kind of an operation."""
    match = _NAME.fullmatch(operation)
    return _COLORS[match.group(1)] if match else _OTHER_COLOR
