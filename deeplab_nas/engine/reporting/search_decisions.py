"""How sure a search is of what it has found, as its history, its table and a sentence tell it."""

import numpy as np

from deeplab_nas.core import trellis
from deeplab_nas.core.operations import discrete
from deeplab_nas.engine.scoring import noise
from deeplab_nas.supernet import decisions


def measured(tally, decoded, operations, optimization):
    """Numbers by name for the history.

    Args:
        tally: `GradientTally` of alpha and beta.
        decoded: The `Architecture` that they are decoded to.
        operations: Names of alpha's columns.
        optimization: `SearchOptimization`.

    Returns:
        How many edges are kept, how many of them and of the path's arrows are decided, how many
        noise alone would make look so, and the entropies that noise alone would have left.
    """
    alpha_t, beta_t = preferences(tally)
    steps = int(tally.steps.numpy())
    decays = [
        optimization.architecture_weight_decay / scale if scale else 0.0
        for scale in (_root_mean_square(square, steps) for square in tally.squares)
    ]
    mask = trellis.arrow_mask(len(decoded.path))
    choices = mask.sum(axis=-1)[mask.any(axis=-1)]

    def noise_entropy(num_choices, decay):
        rate = optimization.architecture_learning_rate
        return noise.entropy(num_choices, steps, rate, decay)

    edges = decisions.edge_margins(alpha_t, decoded.cell, operations)
    arrows = decisions.arrow_margins(beta_t, decoded.path)
    sources = (0, *decoded.path[:-1])
    return {
        "kept_edges": len(edges),
        "decided_edges": decisions.num_decided(edges),
        "decided_edges_by_chance": len(edges) * noise.chance_decided(len(discrete(operations))),
        "decided_arrows": decisions.num_decided(arrows),
        "decided_arrows_by_chance": sum(
            noise.chance_decided(int(mask[layer, level].sum()))
            for layer, level in enumerate(sources)
        ),
        "alpha_entropy_of_noise": noise_entropy(len(operations), decays[0]),
        "beta_entropy_of_noise": float(
            np.mean([noise_entropy(int(count), decays[1]) for count in choices])
        ),
    }


def preferences(tally):
    """t of alpha's and of beta's logits; see `decisions.preferences`."""
    return [
        decisions.preferences(total.numpy(), square.numpy())
        for total, square in zip(tally.sums, tally.squares, strict=True)
    ]


def rows(record):
    """Rows of the table at the end of a search, of its last epoch's record."""
    edges, arrows = _counts(record)
    return [
        (
            "entropy",
            f"alpha {record['alpha_entropy']:.4f}, beta {record['beta_entropy']:.4f} (noise alone: "
            f"{record['alpha_entropy_of_noise']:.4f}, {record['beta_entropy_of_noise']:.4f})",
        ),
        (
            "decided",
            f"{record['decided_edges']} of {edges} edges, {record['decided_arrows']} of {arrows} "
            f"arrows of the path (noise alone: {record['decided_edges_by_chance']:.1f}, "
            f"{record['decided_arrows_by_chance']:.1f})",
        ),
    ]


def verdict(record):
    """A sentence about a search that ends undecided; None if most of its choices are decided."""
    edges, arrows = _counts(record)
    undecided = [
        f"{decided} of {count} {what}"
        for decided, count, what in (
            (record["decided_edges"], edges, "edges"),
            (record["decided_arrows"], arrows, "arrows"),
        )
        if 2 * decided < count
    ]
    if not undecided:
        return None
    return (
        f"This search ends undecided: {' and '.join(undecided)} lead by more than noise would; "
        "search for more steps, with larger batches or fewer --operations."
    )


def _counts(record):
    return record["kept_edges"], len(record["path"])


def _root_mean_square(squares, steps):
    return float(np.sqrt(np.mean(squares.numpy()) / max(steps, 1)))
