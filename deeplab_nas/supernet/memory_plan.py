"""Which nodes of a supernet keep what their gradient needs, and which compute it again."""

import math

# What enters the depthwise convolution, the pointwise one and the normalisation: of each channel
# that is normalised, so many values are kept; the rest is small beside them.
_KEPT_PER_CHANNEL = 3


def all_nodes(supernet):
    """Returns `(layer, level)` of every node of a `Supernet`."""
    return frozenset(node for node, _ in supernet.nodes())


def kept_bytes(supernet, layer, level, image_shape):
    """Bytes that a node keeps for its gradient, to within a fifth where pixels outweigh kernels.

    Args:
        supernet: A `Supernet`.
        layer: From 1.
        level: 0 to 3.
        image_shape: `(batch, height, width)` on one replica.
    """
    batch, *sides = image_shape
    pixels = batch * math.prod(math.ceil(side / (4 * 2**level)) for side in sides)
    cell = dict(supernet.nodes())[layer, level]
    bytes_of_value = 4 if supernet.compute_dtype == "float32" else 2
    return _KEPT_PER_CHANNEL * cell.num_normalized * pixels * bytes_of_value


def nodes_to_recompute(supernet, image_shape, budget, passes=1):
    """Chooses nodes, so that what the others keep fits a budget.

    The last layers keep theirs: the gradient takes them first, so that their memory is free again
    by the time that earlier nodes compute.

    Args:
        supernet: A `Supernet`.
        image_shape: `(batch, height, width)` on one replica.
        budget: Bytes.
        passes: How often the nodes are computed before a gradient is taken, each time to be kept.

    Returns:
        `(layer, level)` of the nodes that do not fit any more.
    """
    recomputed = set()
    for layer, level in sorted(all_nodes(supernet), reverse=True):
        needed = passes * kept_bytes(supernet, layer, level, image_shape)
        if needed > budget:
            recomputed.add((layer, level))
        else:
            budget -= needed
    return frozenset(recomputed)


def describe(supernet, recomputed, image_shape, passes=1):
    """Tells in one line how many nodes keep how much, and how many are computed again."""
    nodes = all_nodes(supernet)
    kept = passes * sum(kept_bytes(supernet, *node, image_shape) for node in nodes - recomputed)
    return (
        f"For the gradient, {len(nodes - recomputed)} of {len(nodes)} nodes keep about "
        f"{kept / 2**30:.2f} GiB and {len(recomputed)} are computed again."
    )
