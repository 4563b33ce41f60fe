"""The architecture that a search ends in, where the supernet itself is asked for it."""

import sys
import time

from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.engine.configs.decoding import EVALUATED, PERTURBATION
from deeplab_nas.engine.reporting.progress import Progress
from deeplab_nas.supernet import choosing

# Of the paths that were looked at, how many the history tells.
_TOLD_PATHS = 5


def is_wanted(config, has_paths):
    """Whether `choose` has something to choose.

    Args:
        config: `DecodingConfig`.
        has_paths: Whether the supernet has more than one path.
    """
    return config.operation_choice == PERTURBATION or (
        has_paths and config.path_decoding == EVALUATED
    )


def choose(decoded, loss, relaxed, config, names):
    """Chooses path and cell by the loss of the supernet, as far as the settings ask for it.

    Args:
        decoded: The `Architecture` by alpha and beta alone.
        loss: A `supernet_loss.SupernetLoss`.
        relaxed: What the supernet's alpha and beta stand for.
        config: `DecodingConfig`.
        names: Of the operations.

    Returns:
        The architecture, and for the history by name what was chosen so: the best paths with their
        losses, and that the cell was.
    """
    operations = relaxed.operations.numpy()
    arrows = None if relaxed.arrows is None else relaxed.arrows.numpy()
    path, cell, told = decoded.path, decoded.cell, {}
    if arrows is not None:
        if config.path_decoding == EVALUATED:
            counted = _Counted(loss, "layers of the path", len(arrows))
            ranked = choosing.rank_paths(
                counted, operations, arrows, config.path_beam, counted.done
            )
            path = ranked[0].path
            best = ranked[:_TOLD_PATHS]
            told = {
                "best_paths": [list(one.path) for one in best],
                "best_path_losses": [one.loss for one in best],
            }
        arrows = choosing.cut(arrows, path)
    if config.operation_choice == PERTURBATION:
        counted = _Counted(loss, "edges of the cell", len(operations))
        cell = choosing.choose_cell(counted, operations, arrows, names, counted.done)
        told["cell_chosen_by_loss"] = True
    return Architecture(cell=cell, path=path), told


class _Counted:
    """A loss that shows how far the choice is."""

    def __init__(self, loss, what, total):
        self._loss = loss
        self._what = what
        self._progress = Progress({what: total})
        self._started = time.monotonic()
        print(f"Choosing the {what} by the loss of the supernet.", file=sys.stderr)

    def __call__(self, operations, arrows):
        return self._loss(operations, arrows)

    def done(self):
        """Counts a layer or an edge that is chosen."""
        now = time.monotonic()
        self._progress.update(self._what, 1, now - self._started, {})
        self._started = now
