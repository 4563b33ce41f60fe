"""How operations are called and coloured in pictures and tables."""

from deeplab_nas.core.operations import Kind, find
from deeplab_nas.drawing.canvas import Color

_COLORS: dict[Kind, Color] = {
    Kind.SEPARABLE: (219, 234, 251),
    Kind.CONVOLUTION: (255, 228, 204),
    Kind.AVERAGE_POOL: (215, 242, 221),
    Kind.MAXIMUM_POOL: (215, 242, 221),
    Kind.SKIP: (233, 236, 239),
    Kind.ZERO: (233, 236, 239),
}


def operation_label(operation: str) -> str:
    """Returns the paper's short name of an operation, such as `sep 3x3`."""
    return find(operation).label


def operation_color(operation: str) -> Color:
    """Returns the fill that stands for the kind of an operation."""
    return _COLORS[find(operation).kind]
