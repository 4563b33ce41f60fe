"""The table of operations: what may stand on an edge of a cell, and what is known of it.

Facts only. What computes, draws or searches operations finds an entry by its name and goes by the
entry's `Kind`, of which each room has one dictionary. A name that is not here is an error.
"""

import dataclasses
import enum
from collections.abc import Sequence

from deeplab_nas.errors import UserError


class Kind(enum.Enum):
    """What an operation computes with its kernels.

    Attributes:
        SEPARABLE: For each kernel ReLU, depthwise and pointwise convolution, batch norm.
        CONVOLUTION: For each kernel ReLU, convolution, batch norm.
        AVERAGE_POOL: The mean of a window.
        MAXIMUM_POOL: The maximum of a window.
        SKIP: The identity.
        ZERO: Nothing; only in a search, where it weakens an edge.
    """

    SEPARABLE = enum.auto()
    CONVOLUTION = enum.auto()
    AVERAGE_POOL = enum.auto()
    MAXIMUM_POOL = enum.auto()
    SKIP = enum.auto()
    ZERO = enum.auto()


@dataclasses.dataclass(frozen=True)
class Operation:
    """An entry of the table.

    Attributes:
        name: In architectures, flags and the names of variables.
        label: In pictures; the paper's short name.
        kind: What it computes.
        kernels: `(height, width)` in pixels, both odd, of the kernels or windows that are applied
            one after another.
        rate: Atrous rate of the kernels.
    """

    name: str
    label: str
    kind: Kind
    kernels: tuple[tuple[int, int], ...] = ()
    rate: int = 1

    @property
    def has_weights(self) -> bool:
        """Whether it has kernels to be trained."""
        return self.kind in (Kind.SEPARABLE, Kind.CONVOLUTION)


def _separable(size: int, repetitions: int) -> Operation:
    label = f"sep {size}x{size}" + (", once" if repetitions == 1 else "")
    name = f"separable_{size}x{size}_{repetitions}"
    return Operation(name, label, Kind.SEPARABLE, ((size, size),) * repetitions)


def _atrous(size: int) -> Operation:
    name, label = f"atrous_{size}x{size}", f"atrous {size}x{size}"
    return Operation(name, label, Kind.CONVOLUTION, ((size, size),), rate=2)


# The names are the official ones (`nas_genotypes.py`), but for `skip`, which is `none` there.
TABLE: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        *(_separable(size, repetitions) for size in (3, 5, 7) for repetitions in (1, 2)),
        *(_atrous(size) for size in (3, 5, 7)),
        Operation("avg_pool_3x3", "avg pool 3x3", Kind.AVERAGE_POOL, ((3, 3),)),
        Operation("max_pool_3x3", "max pool 3x3", Kind.MAXIMUM_POOL, ((3, 3),)),
        Operation("skip", "skip", Kind.SKIP),
        Operation("zero", "zero", Kind.ZERO),
    )
}

# The paper's candidates; the order is the order of alpha's columns.
SEARCH_OPERATIONS = (
    "separable_3x3_2",
    "separable_5x5_2",
    "atrous_3x3",
    "atrous_5x5",
    "avg_pool_3x3",
    "max_pool_3x3",
    "skip",
    "zero",
)


def find(name: str) -> Operation:
    """Returns the entry of a name; raises `ValueError` if there is none."""
    if name not in TABLE:
        raise ValueError(f"Expected an operation of {', '.join(TABLE)}, found {name!r}.")
    return TABLE[name]


def discrete(names: Sequence[str] | None = None) -> tuple[str, ...]:
    """Returns those of `names`, by default of all, that an architecture may have: not `zero`."""
    names = tuple(TABLE) if names is None else names
    return tuple(name for name in names if find(name).kind is not Kind.ZERO)


def check_candidates(names: Sequence[str]) -> None:
    """Checks the operations among which a search is to choose.

    Raises:
        UserError: One is unknown or there twice, or there is none to choose.
    """
    unknown = [name for name in names if name not in TABLE]
    if unknown or len(set(names)) < len(names) or not discrete(names):
        raise UserError(
            f"Expected --operations to be different ones of {', '.join(TABLE)}, one other than "
            f"zero among them, found '{','.join(names)}'."
        )
