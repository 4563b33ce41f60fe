"""Architectures: a cell and a path through the resolutions, as a value and as JSON.

Auto-DeepLab, section 3 and Figure 3; the numbering of the states is that of the official
`nas_genotypes.py` and `nas_cell.py`.
"""

import dataclasses
import json
import os
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from deeplab_nas.core import operations
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic, untrusted_json
from deeplab_nas.files.json_field import Field, shown

NUM_LEVELS = 4

FORMAT = "deeplab_nas.architecture"
VERSION = 1

PUBLISHED = ("auto_deeplab", "pnasnet")

_MAX_JSON_BYTES = 1_000_000
# Far beyond what anybody trains; a file could name enough of them to build for days.
_MAX_BLOCKS = _MAX_LAYERS = 1000
_MAX_BLOCKS_OF_ALL_LAYERS = 5000
_ADVICE = "give a file as a search writes it"

Pair = tuple[int, str]
Cell = tuple[tuple[Pair, Pair], ...]
Path = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A discrete network: what a search finds and everything after it builds.

    Attributes:
        cell: B blocks, each two `(state, operation)` pairs that are added. State 0 is H^{l-1},
            1 is H^{l-2} and 2 + i is block i of the same cell.
        path: L levels in 0..3, one a cell; level k has output stride 4 * 2^k. The stem ends at
            level 0, and a step changes the level by one at most.

    Raises:
        ValueError: A field is not what is said above; the message names it.
    """

    cell: Cell
    path: Path

    def __post_init__(self) -> None:
        check_cell(self.cell)
        check_path(self.path)

    @property
    def num_blocks(self) -> int:
        """B, the blocks in a cell."""
        return len(self.cell)

    @property
    def num_layers(self) -> int:
        """L, the cells on the path."""
        return len(self.path)

    @property
    def output_stride(self) -> int:
        """The stride at which the path ends: 4, 8, 16 or 32."""
        return level_stride(self.path[-1])

    def __str__(self) -> str:
        """Returns output strides and blocks on one line: `path 4 8, cell skip(H(l-1)) + ...`.

        `flags.json` holds this text, by which a run started again knows its architecture, so that
        another wording would make it refuse to resume.
        """
        return f"path {path_text(self.path)}, cell {cell_text(self.cell)}"

    def to_document(self) -> dict[str, Any]:
        """Returns what JSON holds of it."""
        return {"format": FORMAT, "version": VERSION, "cell": self.cell, "path": self.path}

    def to_json(self) -> str:
        """Returns the architecture as JSON text, a line for each block."""
        lines = {key: json.dumps(value) for key, value in self.to_document().items()}
        blocks = ",\n    ".join(json.dumps(block) for block in self.cell)
        lines["cell"] = f"[\n    {blocks}\n  ]"
        members = ",\n".join(f'  "{key}": {text}' for key, text in lines.items())
        return f"{{\n{members}\n}}\n"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the JSON under `path`, whole or not at all.

        Raises:
            UserError: It cannot be written.
        """
        atomic.write_text(path, self.to_json())


def level_stride(level: int) -> int:
    """Returns the output stride of a level: 4, 8, 16 or 32."""
    return 4 * 2**level


def state_name(state: int) -> str:
    """Returns `H(l-1)`, `H(l-2)` or `block i`."""
    return {0: "H(l-1)", 1: "H(l-2)"}.get(state, f"block {state - 2}")


def block_text(block: tuple[Pair, Pair]) -> str:
    """Returns the two operations of a block: `atrous_5x5(H(l-2)) + skip(block 0)`."""
    return " + ".join(f"{operation}({state_name(state)})" for state, operation in block)


def cell_text(cell: Cell) -> str:
    """Returns the blocks of a cell on one line."""
    return "; ".join(map(block_text, cell))


def path_text(path: Sequence[int]) -> str:
    """Returns the output strides along a path: `4 4 8`."""
    return " ".join(str(level_stride(level)) for level in path)


def from_json(text: str) -> Architecture:
    """Reads what `Architecture.to_json` wrote.

    The official code calls the identity `none`; that name is read as `skip`.

    Args:
        text: JSON, at most 1 MB.

    Returns:
        The architecture.

    Raises:
        UserError: The text is not an architecture; the message names the field.
    """
    return from_document(untrusted_json.parse(text, "the text", _MAX_JSON_BYTES, _ADVICE))


def load(path: str | os.PathLike[str]) -> Architecture:
    """Reads an architecture from a JSON file.

    Args:
        path: The file, on any file system that TensorFlow knows.

    Raises:
        UserError: The file cannot be read or holds no valid architecture.
    """
    return from_document(untrusted_json.load(path, _MAX_JSON_BYTES, _ADVICE))


def from_document(document: Field) -> Architecture:
    """Reads what `Architecture.to_document` gave, out of a JSON document.

    Raises:
        UserError: It is no architecture; the message names the field.
    """
    fields = document.record(("format", "version", "cell", "path"))
    try:
        for key, expected in (("format", FORMAT), ("version", VERSION)):
            found = fields[key].value
            if type(found) is not type(expected) or found != expected:
                raise ValueError(f"{key}: expected {expected!r}, found {shown(found)}.")
        cell, path = (_imported(fields[key].value) for key in ("cell", "path"))
        for key, value, most in (("cell", cell, _MAX_BLOCKS), ("path", path, _MAX_LAYERS)):
            if isinstance(value, tuple) and len(value) > most:
                raise ValueError(f"{key}: expected at most {most} entries, found {len(value)}.")
        found = Architecture(cell=cell, path=path)
        total = found.num_blocks * found.num_layers
        if total > _MAX_BLOCKS_OF_ALL_LAYERS:
            raise ValueError(
                f"cell and path: expected at most {_MAX_BLOCKS_OF_ALL_LAYERS} blocks in all layers"
                f" together, found {total}."
            )
        return found
    except ValueError as error:
        raise UserError(f"The architecture in {document.place} is not valid: {error}") from None


def auto_deeplab() -> Architecture:
    """Returns the network that the paper found (Figure 3; official `nas_hnasnet`)."""
    return Architecture(
        cell=(
            ((1, "atrous_5x5"), (0, "separable_3x3_2")),
            ((1, "separable_3x3_2"), (0, "atrous_3x3")),
            ((3, "separable_3x3_2"), (1, "separable_3x3_2")),
            ((4, "separable_5x5_2"), (2, "separable_5x5_2")),
            ((3, "separable_5x5_2"), (5, "atrous_5x5")),
        ),
        path=(0, 0, 0, 1, 2, 1, 2, 2, 3, 3, 2, 1),
    )


def pnasnet(output_stride: int = 16) -> Architecture:
    """Returns the PNASNet cell on the official backbone for an output stride.

    Args:
        output_stride: 8, 16 or 32.

    Raises:
        ValueError: There is no backbone for this output stride.
    """
    paths = {8: (1,) * 12, 16: (1,) * 4 + (2,) * 8, 32: (1,) * 4 + (2,) * 4 + (3,) * 4}
    if output_stride not in paths:
        raise ValueError(f"output_stride: {output_stride} is not 8, 16 or 32.")
    return Architecture(
        cell=(
            ((1, "separable_5x5_2"), (1, "max_pool_3x3")),
            ((0, "separable_7x7_2"), (0, "max_pool_3x3")),
            ((0, "separable_5x5_2"), (0, "separable_3x3_2")),
            ((4, "separable_3x3_2"), (0, "max_pool_3x3")),
            ((1, "separable_3x3_2"), (0, "skip")),
        ),
        path=paths[output_stride],
    )


def resolve(name_or_path: str, output_stride: int = 16) -> Architecture:
    """Returns a published architecture by its name, or reads one from a JSON file.

    Args:
        name_or_path: A name in `PUBLISHED` or the path of a JSON file.
        output_stride: 8, 16 or 32; it picks the backbone of `pnasnet` and nothing else.

    Raises:
        UserError: It is neither, or the file holds no valid architecture.
    """
    if name_or_path == "auto_deeplab":
        return auto_deeplab()
    if name_or_path == "pnasnet":
        try:
            return pnasnet(output_stride)
        except ValueError as error:
            raise UserError(
                f"Expected --output_stride to be one that pnasnet has, but {error}"
            ) from None
    if not name_or_path or not tf.io.gfile.exists(name_or_path):
        raise UserError(
            f"Expected an architecture by name ({', '.join(PUBLISHED)}) or the path of a JSON"
            f" file, but {name_or_path!r} is neither."
        )
    return load(name_or_path)


def check_cell(cell: Any) -> None:
    """Checks a cell; raises `ValueError`, which names the block and the input."""
    if not isinstance(cell, tuple) or not cell:
        raise ValueError("cell: expected a tuple of at least one block.")
    for i, block in enumerate(cell):
        if not isinstance(block, tuple) or len(block) != 2:
            raise ValueError(f"cell[{i}]: expected two (state, operation) pairs.")
        for j, pair in enumerate(block):
            _check_pair(pair, f"cell[{i}][{j}]", num_states=i + 2)


def check_path(path: Any) -> None:
    """Checks a path; raises `ValueError`, which names the layer, counted from 0."""
    if not isinstance(path, tuple) or not path:
        raise ValueError("path: expected a tuple of at least one level.")
    previous = 0
    for i, level in enumerate(path):
        if type(level) is not int or not 0 <= level < NUM_LEVELS:
            raise ValueError(f"path[{i}]: level {shown(level)} is not an integer in 0..3.")
        if abs(level - previous) > 1:
            source = f"path[{i - 1}]" if i else "the stem"
            raise ValueError(
                f"path[{i}]: level {level} is more than one level from {previous} at {source}."
            )
        previous = level


def _check_pair(pair: Any, field: str, num_states: int) -> None:
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise ValueError(f"{field}: expected a (state, operation) pair.")
    state, operation = pair
    # `type` and not `isinstance`, because bool is a subclass of int.
    if type(state) is not int or not 0 <= state < num_states:
        raise ValueError(
            f"{field}: state {shown(state)} is not an integer in 0..{num_states - 1}"
            " (0 = H^{l-1}, 1 = H^{l-2}, 2 + i = block i, which must come earlier)."
        )
    known = operations.discrete()
    if operation not in known:
        raise ValueError(f"{field}: operation {shown(operation)} is not of {', '.join(known)}.")


def _imported(value: Any) -> Any:
    """JSON has lists where the architecture has tuples; what is neither is left to validation."""
    if isinstance(value, list):
        return tuple(_imported(item) for item in value)
    return "skip" if value == "none" else value
