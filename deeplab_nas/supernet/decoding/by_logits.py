"""From alpha and beta to a discrete architecture (Auto-DeepLab, section 3.3 and 4.3).

Everywhere, `alpha` is the logits `[edges, operations]` in the order of `trellis.edges`,
`operations` the names of its columns, and `beta` the logits `[layers, 4, 3]` by layer, level and
direction. Wrong shapes and values that are not finite raise `ValueError`.

Everything is computed in float64 and in logarithms, so that a choice stays right where its
probability underflows. Equal strengths are settled by the lower number.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from deeplab_nas.core import trellis
from deeplab_nas.core.nas_genotypes import NUM_LEVELS, Architecture, Cell, Path
from deeplab_nas.core.operations import SEARCH_OPERATIONS, Kind, discrete, find

# How the arrows of a path are scored; see `decode_path`.
VITERBI, RELATIVE = "viterbi", "relative"
PATH_DECODINGS = (VITERBI, RELATIVE)


def transition_probabilities(beta: np.ndarray) -> np.ndarray:
    """Softmax over the arrows that leave a node (eq. 7).

    Returns:
        float64 `[layers, 4, 3]`: the arrows that leave a node sum to 1; arrows that do not exist
        are 0, and so is every row of a node that cannot be reached.
    """
    return np.exp(_log_transitions(beta))


def operation_weights(
    alpha: np.ndarray, operations: Sequence[str] = SEARCH_OPERATIONS, kept: np.ndarray | None = None
) -> np.ndarray:
    """Softmax over the operations of each edge (eq. 4); `kept` as in `decode_cell`.

    Returns:
        float64 `[edges, operations]`, rows that sum to 1.
    """
    return np.exp(_log_softmax(_left(_checked_alpha(alpha, operations), kept)))


def decode_cell(
    alpha: np.ndarray, operations: Sequence[str] = SEARCH_OPERATIONS, kept: np.ndarray | None = None
) -> Cell:
    """Keeps the two strongest predecessors of each block, each with its best operation.

    The strength of an edge is its largest weight among the operations other than zero.

    Args:
        alpha: As above.
        operations: As above.
        kept: bool `[edges, operations]`, the operations that are left; None for all.

    Returns:
        The blocks, in each the stronger predecessor first.
    """
    weights = _log_softmax(_left(_checked_alpha(alpha, operations), kept))
    choices = discrete(operations)
    weights = np.where([name in choices for name in operations], weights, -np.inf)
    cell = []
    row = 0
    for block in range(trellis.num_blocks_of(len(alpha))):
        candidates = weights[row : row + block + 2]
        row += block + 2
        strongest = np.argsort(-candidates.max(axis=1), kind="stable")[:2]
        first, second = (
            (int(state), operations[int(candidates[state].argmax())]) for state in strongest
        )
        cell.append((first, second))
    return tuple(cell)


def decode_path(beta: np.ndarray, path_decoding: str = VITERBI) -> Path:
    """Finds the best path from the stem with the Viterbi algorithm (section 3.3).

    The paper's rule, `viterbi`, takes the most probable path. Two arrows leave a node of the finest
    and of the coarsest level, three one between, so that while beta is near uniform the most
    probable path is the one that stays at the finest level. `relative` scores each arrow by its
    probability times the number of arrows that leave the node, which prefers no level by itself.

    Returns:
        The level of each layer; of equally good paths the one that is finer first.
    """
    scores = _log_transitions(beta)
    if path_decoding == RELATIVE:
        scores = scores + np.log(np.isfinite(scores).sum(axis=-1, keepdims=True).clip(1))
    elif path_decoding != VITERBI:
        known = ", ".join(PATH_DECODINGS)
        raise ValueError(f"path_decoding: expected one of {known}, found {path_decoding!r}.")
    # best[l, k]: score of the best way from (layer l, level k) to the end. Levels are padded by
    # one on each side, so that direction d of level k leads to padded level k + d.
    best = np.full([len(scores) + 1, NUM_LEVELS + 2], -np.inf)
    best[-1, 1:-1] = 0.0
    reach = np.arange(NUM_LEVELS)[:, None] + np.arange(trellis.NUM_DIRECTIONS)
    for layer in reversed(range(len(scores))):
        best[layer, 1:-1] = (scores[layer] + best[layer + 1, reach]).max(axis=1)
    path = []
    level = 0
    for layer, arrows in enumerate(scores):
        direction = int((arrows[level] + best[layer + 1, reach[level]]).argmax())
        level += direction - trellis.SAME
        path.append(level)
    return tuple(path)


def decode(
    alpha: np.ndarray,
    beta: np.ndarray,
    operations: Sequence[str] = SEARCH_OPERATIONS,
    path_decoding: str = VITERBI,
    kept: np.ndarray | None = None,
) -> Architecture:
    """Decodes a search (section 3.3); `kept` as in `decode_cell`."""
    path = decode_path(beta, path_decoding)
    return Architecture(cell=decode_cell(alpha, operations, kept), path=path)


def decode_supernet(supernet: Any, path_decoding: str = VITERBI) -> Architecture:
    """Decodes what a `Supernet` has learned; a path that is fixed stays."""
    alpha, names, kept = supernet.alpha.numpy(), supernet.config.operations, supernet.kept
    if supernet.beta is None:
        cell = decode_cell(alpha, names, kept)
        return Architecture(cell=cell, path=supernet.config.fixed_path)
    return decode(alpha, supernet.beta.numpy(), names, path_decoding, kept)


def alpha_entropy(
    alpha: np.ndarray, operations: Sequence[str] = SEARCH_OPERATIONS, kept: np.ndarray | None = None
) -> float:
    """Returns how undecided the cell is: the mean entropy of alpha's rows, 1 if uniform.

    The entropy of a row is divided by the logarithm of the operations that are left, as in
    `decode_cell`; a row with one is decided.
    """
    logits = _left(_checked_alpha(alpha, operations), kept)
    choices = np.isfinite(logits).sum(axis=-1)
    return float((_entropies(_log_softmax(logits)) / np.log(choices.clip(2))).mean())


def relative_entropy(logits: np.ndarray) -> float:
    """Returns the mean entropy of rows of logits `[rows, choices]`, 1 if uniform."""
    # With one choice there is nothing to decide.
    return float(_entropies(_log_softmax(logits)).mean() / np.log(max(logits.shape[-1], 2)))


def beta_entropy(beta: np.ndarray) -> float:
    """Returns how undecided the path is: the mean entropy over the nodes that exist, 1 if uniform.

    The entropy of a node is divided by the logarithm of its two or three choices.
    """
    log_transitions = _log_transitions(beta)
    choices = np.isfinite(log_transitions).sum(axis=-1)
    exists = choices > 0
    return float((_entropies(log_transitions)[exists] / np.log(choices[exists])).mean())


def num_skips(cell: Cell) -> int:
    """Returns how many of the 2B operations of a cell are `skip`: a sign of a collapsed search."""
    return sum(find(operation).kind is Kind.SKIP for block in cell for _, operation in block)


def _checked_alpha(alpha: np.ndarray, operations: Sequence[str]) -> np.ndarray:
    alpha = np.asarray(alpha, dtype=np.float64)
    if alpha.ndim != 2 or alpha.shape[1] != len(operations):
        raise ValueError(
            f"alpha: expected shape [edges, {len(operations)}], found {list(alpha.shape)}."
        )
    try:
        trellis.num_blocks_of(len(alpha))
    except ValueError as error:
        raise ValueError(f"alpha: {error}") from error
    if not np.isfinite(alpha).all():
        raise ValueError("alpha: not all values are finite.")
    return alpha


def _left(alpha: np.ndarray, kept: np.ndarray | None) -> np.ndarray:
    return alpha if kept is None else np.where(kept, alpha, -np.inf)


def _log_transitions(beta: np.ndarray) -> np.ndarray:
    """Returns the logarithm of `transition_probabilities`, -inf where there is no arrow."""
    beta = np.asarray(beta, dtype=np.float64)
    expected = (NUM_LEVELS, trellis.NUM_DIRECTIONS)
    if beta.ndim != 3 or beta.shape[1:] != expected or not len(beta):
        raise ValueError(f"beta: expected shape [layers, 4, 3], found {list(beta.shape)}.")
    if not np.isfinite(beta).all():
        raise ValueError("beta: not all values are finite.")
    mask = trellis.arrow_mask(len(beta))
    exists = mask.any(axis=-1)
    result = np.full(beta.shape, -np.inf)
    result[exists] = _log_softmax(np.where(mask, beta, -np.inf)[exists])
    return result


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _entropies(log_probabilities: np.ndarray) -> np.ndarray:
    probabilities = np.exp(log_probabilities)
    # 0 * log(0) counts as 0.
    terms = probabilities * np.where(probabilities > 0, log_probabilities, 0.0)
    return -terms.sum(axis=-1)
