"""The trainings of a table, in the order in which they are done."""

import dataclasses
import pathlib
from collections.abc import Iterator

from benchmarks.tabled.table_config import TableConfig
from deeplab_nas.core import nas_genotypes, random_architecture, trellis
from deeplab_nas.selection.trainings.training_rows import Row


def of(config: TableConfig) -> Iterator[Row]:
    """Yields the rows, all of an architecture together.

    Raises:
        UserError: A file is none of an architecture.
    """
    whole = config.optimization.training_number_of_steps
    seeds = config.seeds or (config.seed,)
    for number, (name, architecture) in enumerate(_candidates(config).items()):
        repeated = (seeds[-1] + 1,) if number < config.repeats else ()
        for seed in (*seeds, *repeated):
            yield Row(name, architecture, seed, whole)
        for steps in config.rungs:
            yield Row(name, architecture, seeds[0], steps)


def _candidates(config):
    """The architectures by their names in the table."""
    given = {pathlib.Path(name).stem: nas_genotypes.resolve(name) for name in config.architectures}
    drawn = {
        f"random_{seed}": random_architecture.draw(seed, config.num_layers, config.num_blocks)
        for seed in range(1, config.random + 1)
    }
    if config.fixed_path:
        return _on_paths(given | drawn, lambda _: [config.fixed_path])
    if config.all_paths:
        given = _on_paths(given, lambda architecture: trellis.paths(architecture.num_layers))
    return given | drawn


def _on_paths(architectures, paths):
    """The cells of architectures on the paths that a function gives for each."""
    return {
        name + "-" + "".join(map(str, path)): dataclasses.replace(architecture, path=path)
        for name, architecture in architectures.items()
        for path in paths(architecture)
    }
