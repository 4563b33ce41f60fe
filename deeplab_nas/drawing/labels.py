"""How operations are called and coloured in pictures and tables."""

import re

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
