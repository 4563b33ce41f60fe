"""The candidates of a selection: drawn, given, found by searches, and their neighbours."""

import glob
import os
import pathlib
from collections.abc import Iterable

import numpy as np

from deeplab_nas.core import nas_genotypes, random_architecture, trellis
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.engine.reporting.history import History
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.errors import UserError
from deeplab_nas.selection.pool import mutation

_LAST_EPOCHS = 3
# Edges of a find in whose place the operation that came second is tried, the closest ones.
_FLIPPED_EDGES = 4


def drawn(count: int, num_layers: int, num_blocks: int, first_seed: int = 1):
    """Architectures drawn at random, by the seeds from the first on.

    Args:
        count: How many.
        num_layers: L of each.
        num_blocks: B of each.
        first_seed: Seed of the first.

    Returns:
        Architectures by name, such as `random_1`.
    """
    return {
        f"random_{seed}": random_architecture.draw(seed, num_layers, num_blocks)
        for seed in range(first_seed, first_seed + count)
    }


def given(names: Iterable[str]) -> dict[str, Architecture]:
    """Architectures by the name of their files, or their own.

    Args:
        names: Published names, or JSON files as a search writes them, also with `*`.

    Raises:
        UserError: A file is none of an architecture, a pattern has no file, or two have one name.
    """
    found: dict[str, Architecture] = {}
    for name in names:
        files = sorted(glob.glob(name)) if glob.has_magic(name) else [name]
        if not files:
            raise UserError(
                f"Expected files of architectures at --architectures={name}, found none: give the "
                "JSON files that searches write."
            )
        for file in files:
            short = pathlib.Path(file).stem
            if short in found:
                raise UserError(
                    f"Expected files of other names in --architectures, found two of the name "
                    f"{short}: rename one."
                )
            found[short] = nas_genotypes.resolve(file)
    return found


def of_runs(runs: Iterable[str]) -> dict[str, Architecture]:
    """What searches have found, what their last epochs had decoded, and what was as good as chosen.

    Args:
        runs: Run directories of searches.

    Returns:
        Architectures by name: `RUN` for the find, `RUN_epoch_N` for those of the last epochs that
        are others, and `RUN_flipped_N` for the find with the operation that came second on one
        edge, the edges that are least decided.

    Raises:
        UserError: A folder is no run of a search that has found something.
    """
    found: dict[str, Architecture] = {}
    for path in runs:
        run = RunDirectory(path)
        name = os.path.basename(os.path.normpath(path))
        if name in found:
            raise UserError(
                f"Expected run directories of other names in --runs, found two of the name {name}: "
                "rename one."
            )
        if not os.path.exists(run.architecture_path):
            raise UserError(
                f"Expected what a search has found in --runs={path}, found no "
                f"{os.path.basename(run.architecture_path)}: name run directories of searches."
            )
        found[name] = nas_genotypes.load(run.architecture_path)
        epochs = sorted(pathlib.Path(run.architectures).glob("epoch_*.json"))
        for file in reversed(epochs[-_LAST_EPOCHS:]):
            found[f"{name}_{file.stem}"] = nas_genotypes.load(file)
        for number, flipped in enumerate(_flipped(run, found[name]), start=1):
            found[f"{name}_flipped_{number}"] = flipped
    return distinct(found)


def _flipped(run, find):
    """The find with the operation that came second on one edge."""
    epochs = History(run.history_path).of_kind("epoch")
    changes = epochs[-1].get("closest_changes", []) if epochs else []
    try:
        for block, side, operation in changes[:_FLIPPED_EDGES]:
            pairs = list(find.cell[block])
            pairs[side] = (pairs[side][0], operation)
            cell = (*find.cell[:block], tuple(pairs), *find.cell[block + 1 :])
            yield Architecture(cell=cell, path=find.path)
    except (TypeError, ValueError, IndexError) as error:
        raise UserError(
            f"Expected changes of the find in {run.history_path}, found none that fit it: restore "
            "the run directory."
        ) from error


def neighbours(
    architectures: dict[str, Architecture], count: int, seed: int
) -> dict[str, Architecture]:
    """Architectures one random change away from given ones.

    Args:
        architectures: By name.
        count: How many of each.
        seed: Seed of the changes.

    Returns:
        Architectures by name, such as `found_changed_1`.
    """
    random = np.random.RandomState(seed)
    return {
        f"{name}_changed_{number}": mutation.neighbour(
            architecture, random.randint(np.iinfo(np.int32).max)
        )
        for name, architecture in architectures.items()
        for number in range(1, count + 1)
    }


def on_all_paths(architectures: dict[str, Architecture]) -> dict[str, Architecture]:
    """The cells of architectures on every path of their length."""
    return {
        f"{name}-{''.join(map(str, path))}": Architecture(cell=architecture.cell, path=path)
        for name, architecture in architectures.items()
        for path in trellis.paths(architecture.num_layers)
    }


def joined(*groups: dict[str, Architecture]) -> dict[str, Architecture]:
    """Candidates of several origins, each architecture once, under the first name that it has.

    Raises:
        UserError: One name stands for two architectures.
    """
    found: dict[str, Architecture] = {}
    for group in groups:
        for name, architecture in group.items():
            if found.setdefault(name, architecture) != architecture:
                raise UserError(
                    f"Expected candidates of names of their own, found two called {name}: rename "
                    "the file or the run directory."
                )
    return distinct(found)


def distinct(architectures: dict[str, Architecture]) -> dict[str, Architecture]:
    """Leaves out what is the same as an earlier one under another name."""
    seen: dict[Architecture, str] = {}
    for name, architecture in architectures.items():
        seen.setdefault(architecture, name)
    return {name: architecture for architecture, name in seen.items()}
