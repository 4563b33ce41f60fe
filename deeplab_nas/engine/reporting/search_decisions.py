"""How sure a search is of what it has found, as its history, its table and a sentence tell it."""

import numpy as np

from deeplab_nas.core import trellis
from deeplab_nas.engine.scoring import noise
from deeplab_nas.supernet.decoding import decisions

# What `measured` returns; records of earlier versions have none of it.
NUMBERS = (
    *("kept_edges", "decided_edges", "decided_edges_by_chance"),
    *("searched_arrows", "decided_arrows", "decided_arrows_by_chance"),
    *("alpha_entropy_of_noise", "beta_entropy_of_noise"),
)


# Of the last record, where the loss of the supernet chose the path.
PATH_NUMBERS = ("path_loss", "next_path_loss")
# Of the last record, where what was found was compared with random architectures.
RIVAL_NUMBERS = ("found_loss", "random_architectures", "worse_random_architectures")
# Of a choice by chance, one in four is better than three quarters of random architectures.
_LEAST_SHARE = 0.75


def measured(tally, decoded, operations, optimization, kept):
    """Numbers by name for the history.

    Args:
        tally: `GradientTally` of alpha and beta.
        decoded: The `Architecture` that they are decoded to.
        operations: Names of alpha's columns.
        optimization: `SearchOptimization`.
        kept: bool `[edges, operations]`, the operations that are left.

    Returns:
        How many edges are kept and arrows of the path were searched, how many of them are decided,
        how many noise alone would make look so, and the entropies that noise alone would have left.
        Under `closest_changes` what `decisions.closest_changes` returns of the undecided edges.
    """
    alpha_t, *beta_t = tally.preferences()
    edges = decisions.edge_margins(alpha_t, decoded.cell, operations, kept)
    rivals = decisions.edge_rivals(decoded.cell, operations, kept)
    seconds = decisions.second_operations(alpha_t, decoded.cell, operations, kept)
    # A path that is fixed has no arrows to decide.
    path = decoded.path if beta_t else ()
    arrows = decisions.arrow_margins(*beta_t, path) if beta_t else []
    mask = trellis.arrow_mask(len(decoded.path))
    leaving = [int(mask[layer, level].sum()) for layer, level in enumerate((0, *path)[:-1])]
    choices = [int(count) for count in mask.sum(axis=-1)[mask.any(axis=-1)]]
    alpha_squares, *beta_squares = tally.squares

    def noise_entropy(squares, counts):
        """The entropy that noise of the size of the measured gradients leaves."""
        steps = int(tally.steps.numpy())
        size = float(np.sqrt(np.mean(squares.numpy()) / max(steps, 1)))
        decay = optimization.architecture_weight_decay / size if size else 0.0
        rate = optimization.architecture_learning_rate
        return float(np.mean([noise.entropy(count, steps, rate, decay) for count in counts]))

    return {
        "kept_edges": len(edges),
        "decided_edges": decisions.num_decided(edges),
        "decided_edges_by_chance": sum(map(noise.chance_decided, rivals)),
        "searched_arrows": len(arrows),
        "decided_arrows": decisions.num_decided(arrows),
        "decided_arrows_by_chance": sum(map(noise.chance_decided, leaving)),
        "alpha_entropy_of_noise": noise_entropy(alpha_squares, [int(n) for n in kept.sum(axis=1)]),
        "beta_entropy_of_noise": noise_entropy(*beta_squares, choices) if beta_squares else 0.0,
        "closest_changes": decisions.closest_changes(decoded.cell, seconds),
    }


def rows(record):
    """Rows of the table at the end of a search, of its last epoch's record."""
    entropy = f"alpha {record['alpha_entropy']:.4f}, beta {record['beta_entropy']:.4f}"
    if not _has(record, NUMBERS):
        return [("entropy", entropy), *_rivals(record)]
    of_noise = f"{record['alpha_entropy_of_noise']:.4f}, {record['beta_entropy_of_noise']:.4f}"
    return [
        ("entropy", f"{entropy} (noise alone: {of_noise})"),
        *(
            (f"decided {what}", f"{decided} of {count} (noise alone: {by_chance:.1f})")
            for what, decided, count, by_chance in _counts(record)
        ),
        *_paths(record),
        *_rivals(record),
    ]


def _rivals(record):
    """The row of the random architectures that it was compared with."""
    if not _has(record, RIVAL_NUMBERS):
        return []
    loss, count, worse = (record[name] for name in RIVAL_NUMBERS)
    return [("loss in the supernet", f"{loss:.4f}, below that of {worse} of {count} random ones")]


def _paths(record):
    """The row of the path that the loss of the supernet chose."""
    if not _has(record, PATH_NUMBERS):
        return []
    loss, following = (f"{record[name]:.4f}" for name in PATH_NUMBERS)
    return [("loss of the path", f"{loss} (next best {following})")]


def verdict(record):
    """What speaks against a search, a sentence each; None if nothing does."""
    return "\n".join(filter(None, (_undecided(record), _no_better(record)))) or None


def _no_better(record):
    if not _has(record, RIVAL_NUMBERS):
        return None
    _, count, worse = (record[name] for name in RIVAL_NUMBERS)
    if worse >= _LEAST_SHARE * count:
        return None
    return (
        f"The supernet rates what was found above no more than {worse} of {count} random "
        "architectures: let it choose, by --path_decoding=evaluated and "
        "--operation_choice=perturbation, or train it for longer."
    )


def _undecided(record):
    """About a search most of whose choices are undecided."""
    if not _has(record, NUMBERS):
        return None
    undecided = [
        f"{decided} of {count} {what}"
        for what, decided, count, _ in _counts(record)
        if 2 * decided < count
    ]
    if not undecided:
        return None
    return (
        f"This search ends undecided: {' and '.join(undecided)} lead by more than noise would; "
        "search for more steps, with larger batches or fewer --operations, or on a --fixed_path."
    )


def _has(record, names):
    """Whether a record tells all of them; those of earlier versions, or not the last, may not."""
    return all(name in record for name in names)


def _counts(record):
    """Of edges and arrows that gradients chose: the name, the decided, all, those by chance."""
    counts = (
        ("edges", 0 if "cell_chosen_by_loss" in record else record["kept_edges"]),
        ("arrows", 0 if _has(record, PATH_NUMBERS) else record["searched_arrows"]),
    )
    return [
        (what, record[f"decided_{what}"], count, record[f"decided_{what}_by_chance"])
        for what, count in counts
        if count
    ]
