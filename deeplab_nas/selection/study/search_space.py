"""Architectures as the parameters of an Optuna trial, and back.

A layer's parameter is what its arrow does to the level; an arrow that would leave the trellis keeps
the level. A block's parameters are its two states and their operations; where both states are one,
the second is the next. So every choice of parameters is an architecture, and the parameters of one
are read back as it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution

from deeplab_nas.core import trellis
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.core.operations import discrete

_ARROWS = {trellis.UP: "up", trellis.SAME: "same", trellis.DOWN: "down"}
_DIRECTIONS = {name: direction for direction, name in _ARROWS.items()}


def distributions(
    num_layers: int, num_blocks: int, operations: Sequence[str]
) -> dict[str, BaseDistribution]:
    """What each parameter may be.

    Args:
        num_layers: L, cells on the path.
        num_blocks: B, blocks in the cell.
        operations: Names of the candidate operations; `zero` is left out.

    Returns:
        Distributions by name: `layer_1` to `layer_L`, and for each block and side of it
        `block_1_state_1`, `block_1_operation_1` and so on.
    """
    found: dict[str, BaseDistribution] = {
        _layer(layer): CategoricalDistribution(tuple(_ARROWS.values()))
        for layer in range(num_layers)
    }
    for block in range(num_blocks):
        for side in range(2):
            state, operation = _pair(block, side)
            found[state] = CategoricalDistribution(tuple(range(block + 2)))
            found[operation] = CategoricalDistribution(tuple(discrete(operations)))
    return found


def parameters_of(architecture: Architecture) -> dict[str, Any]:
    """The parameters that `architecture_of` makes this architecture of."""
    found: dict[str, Any] = {}
    level = 0
    for layer, next_level in enumerate(architecture.path):
        found[_layer(layer)] = _ARROWS[next_level - level + trellis.SAME]
        level = next_level
    for block, pairs in enumerate(architecture.cell):
        for side, (state, operation) in enumerate(pairs):
            of_state, of_operation = _pair(block, side)
            found[of_state], found[of_operation] = state, operation
    return found


def architecture_of(parameters: Mapping[str, Any]) -> Architecture:
    """The architecture that parameters as `distributions` permits them stand for."""
    path: list[int] = []
    while _layer(len(path)) in parameters:
        level = path[-1] if path else 0
        direction = _DIRECTIONS[parameters[_layer(len(path))]]
        wanted = level + direction - trellis.SAME
        path.append(wanted if wanted in trellis.next_levels(level) else level)
    cell = []
    while _pair(len(cell), 0)[0] in parameters:
        pairs = []
        for side in range(2):
            of_state, of_operation = _pair(len(cell), side)
            state = parameters[of_state]
            if pairs and state == pairs[0][0]:
                state = (state + 1) % (len(cell) + 2)
            pairs.append((state, parameters[of_operation]))
        cell.append(tuple(pairs))
    return Architecture(cell=tuple(cell), path=tuple(path))


def _layer(layer):
    return f"layer_{layer + 1}"


def _pair(block, side):
    return f"block_{block + 1}_state_{side + 1}", f"block_{block + 1}_operation_{side + 1}"
