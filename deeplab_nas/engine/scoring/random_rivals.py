"""What a search found beside random architectures, by the supernet that it was found in."""

import numpy as np

from deeplab_nas.core import random_architecture, trellis
from deeplab_nas.engine.reporting import progress
from deeplab_nas.supernet.decoding import by_loss


def compare(found, loss, supernet, config, seed):
    """Cuts the supernet down to what was found, and to architectures drawn at random.

    The rank is the supernet's opinion, a forward pass each. It tells a choice that noise has made
    from one that the supernet stands by, and no trained accuracy.

    Args:
        found: The `Architecture`.
        loss: Of `supernet_loss.SupernetLoss.on`.
        supernet: The `Supernet`; of operations that it has given up none is drawn.
        config: `DecodingConfig`.
        seed: Of the first one drawn.

    Returns:
        For the history by name: the loss of what was found and those of the others in nats a
        pixel, lowest first; how many others there are, and how many have a higher loss.
    """
    arrows, names = supernet.relaxed().arrows, supernet.config.operations
    candidates = {
        edge: [name for name, is_left in zip(names, row, strict=True) if is_left]
        for edge, row in zip(trellis.edges(len(found.cell)), supernet.kept, strict=True)
    }

    def alone(architecture):
        path = None if arrows is None else by_loss.cut(arrows.numpy(), architecture.path)
        return loss(by_loss.cell_alone(architecture.cell, names), path)

    found_loss, losses = alone(found), []
    with progress.of("random architectures", config.random_architectures) as done:
        for number in range(config.random_architectures):
            size = found.num_layers, len(found.cell)
            rival = random_architecture.draw(seed + number, *size, candidates=candidates)
            losses.append(alone(rival))
            done()
    return {
        "found_loss": found_loss,
        "random_losses": sorted(losses),
        "random_architectures": len(losses),
        "worse_random_architectures": int(np.sum(found_loss < np.array(losses))),
    }
