"""The architecture that a search ends in, where the supernet itself is asked for it."""

from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.engine.configs.decoding import ARGMAX, EVALUATED
from deeplab_nas.engine.reporting import progress
from deeplab_nas.supernet.decoding import by_loss, decisions

# Of the paths that were looked at, how many the history tells.
_TOLD_PATHS = 5


def is_wanted(config, has_paths):
    """Whether the supernet is asked for anything at the end of a search.

    Args:
        config: `DecodingConfig`.
        has_paths: Whether the supernet has more than one path.
    """
    path_by_loss = has_paths and config.path_decoding == EVALUATED
    cell_by_loss = config.operation_choice != ARGMAX
    return bool(path_by_loss or cell_by_loss or config.random_architectures)


def choose(decoded, loss, supernet, config, train):
    """Chooses path and cell by the loss of the supernet, as far as the settings ask for it.

    Args:
        decoded: The `Architecture` by alpha and beta alone.
        loss: Of `supernet_loss.SupernetLoss.on`.
        supernet: The `Supernet`.
        config: `DecodingConfig`.
        train: As `by_loss.choose_cell` takes it.

    Returns:
        The architecture, and for the history by name what was chosen so: the best paths with their
        losses, and that the cell was.
    """
    relaxed, names = supernet.relaxed(), supernet.config.operations
    operations = relaxed.operations.numpy()
    arrows = None if relaxed.arrows is None else relaxed.arrows.numpy()
    path, cell, told = decoded.path, decoded.cell, {}
    if arrows is not None:
        if config.path_decoding == EVALUATED:
            with progress.of("layers of the path", len(arrows)) as done:
                ranked = by_loss.rank_paths(loss, operations, arrows, config.path_beam, done)
            path = ranked[0].path
            told = {
                "path_loss": ranked[0].loss,
                "next_path_loss": ranked[1].loss,
                "best_paths": [list(one.path) for one in ranked[:_TOLD_PATHS]],
            }
        arrows = by_loss.cut(arrows, path)
    if config.operation_choice != ARGMAX:
        with progress.of("edges of the cell", len(operations)) as done:
            seconds = {}

            def second(edge, name, margin):
                seconds[edge] = name, margin

            cell = by_loss.choose_cell(loss, operations, arrows, names, done, train, second)
        told["cell_chosen_by_loss"] = True
        told["closest_changes"] = decisions.closest_changes(cell, seconds)
    if config.operation_choice == EVALUATED:
        total = by_loss.IMPROVING_SWEEPS * sum(map(len, cell))
        with progress.of("changes of an edge, at most", total) as done:
            cell = by_loss.improve_cell(loss, cell, operations, arrows, names, done)
        # It has looked at each change of an edge, and none is better.
        told["closest_changes"] = []
    return Architecture(cell=cell, path=path), told
