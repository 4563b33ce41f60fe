"""A table of trained architectures, which says whether an architecture matters and what one is
worth.

    python -m benchmarks.table --flagfile=flags/recipes/camvid_proxy.flags \\
        --dataset_dir=data/camvid --random=48 --train_logdir=tables/camvid

Trains each architecture by the recipe, in a process of its own, and writes `NAME/row.json` for it:
the architecture, the seed, the steps, what the last evaluation found and seconds. With `--rungs` it
trains each that many steps too, by a whole schedule of them, and with `--repeats` the first ones by
another seed. What has a row is skipped and a training that was stopped is resumed, so that it may
be killed and started again, also several times at once, each on a core of its own. Prints one JSON
line: how many rows there are, and mean and standard deviation of their mIoU.
"""

import dataclasses
import json
import pathlib
from collections.abc import Sequence
from typing import Any

from flags import program

import numpy as np

from deeplab_nas.core import nas_genotypes, random_architecture, trellis
from deeplab_nas.data import pipeline
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.errors import UserError
from deeplab_nas.selection.evidence.trained_table import TrainedArchitecture, TrainedTable, Training
from deeplab_nas.selection.pool import candidate_costs, scored_images
from deeplab_nas.selection.pool.candidate_costs import Asked
from deeplab_nas.selection.trainings.training_rows import Row, TrainingRows
from deeplab_nas.settings import setting
from tfrecords_tools import build_shapes

# More of them rank the networks alike.
_SCORED_IMAGES = 16


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableConfig(TrainConfig):
    """The training of each architecture, whose folder is the table's, and what is trained."""

    architectures: tuple[str, ...] = setting(
        (), "Names, or JSON files as a search writes them, of architectures in the table."
    )
    random: int = setting(0, "Architectures drawn by the seeds from 1 on.", least=0)
    num_layers: int = setting(5, "L of those that are drawn.", paper="12", least=1)
    num_blocks: int = setting(5, "B of those that are drawn.", paper="5", least=1)
    fixed_path: tuple[int, ...] = setting(
        (),
        "Level of each layer, such as 0,1,2, of the one path that all cells are trained on; empty: "
        "their own paths.",
        least=0,
        most=3,
    )
    all_paths: bool = setting(
        False, "Whether the cell of each of --architectures is trained on all paths of its length."
    )
    seeds: tuple[int, ...] = setting((), "Seeds of the training; empty: --seed.", least=0)
    repeats: int = setting(0, "Of the first so many, a row more by the next seed.", least=0)
    rungs: tuple[int, ...] = setting(
        (), "Steps of shorter trainings by the first seed, a row each.", least=1
    )
    keep_runs: bool = setting(False, "Whether the run directories stay when their row is written.")
    output: str = setting(
        "",
        "File of the whole table, with what each architecture costs and the scores of its "
        "untrained network; empty: none.",
        path=True,
    )

    def check_together(self) -> None:
        super().check_together()
        path = ",".join(map(str, self.fixed_path))
        if self.fixed_path and self.fixed_path not in trellis.paths(len(self.fixed_path)):
            raise UserError(
                "Expected --fixed_path to begin at level 0 or 1 and to move by at most one level a "
                f"layer, found {path}."
            )
        if self.fixed_path and self.all_paths:
            raise UserError(
                f"Expected one path or all with --fixed_path={path}, found --all_paths: leave one "
                "out."
            )
        whole = self.optimization.training_number_of_steps
        if any(steps >= whole for steps in self.rungs):
            raise UserError(
                f"Expected --rungs below --training_number_of_steps={whole}, found "
                f"{','.join(map(str, self.rungs))}."
            )


def main(config: TableConfig) -> None:
    config = build_shapes.with_folder(config)
    trainings = TrainingRows(config, config.train_logdir, config.keep_runs)
    planned = list(_planned(config))
    for number, row in enumerate(planned, start=1):
        print(f"Row {number} of {len(planned)}: {trainings.name(row)}.", flush=True)
        trainings.train(row)
    if config.output:
        whole_table(config, planned).save(config.output)
    mious = [row["miou"] for row in rows(config.train_logdir)]
    told = {"rows": len(mious), "mean": float(np.mean(mious)), "std": float(np.std(mious, ddof=1))}
    print(json.dumps({"benchmark": "table", **told}))


def whole_table(config: TableConfig, planned: Sequence[Row]) -> TrainedTable:
    """The rows that are there as one value, with what each architecture costs.

    Args:
        config: The table.
        planned: Its rows; those that are not there yet are left out.

    Returns:
        The table.
    """
    found = {document["name"]: document for document in rows(config.train_logdir)}
    trainings = TrainingRows(config, config.train_logdir, config.keep_runs)
    by_candidate: dict[str, list[Row]] = {}
    for row in planned:
        if trainings.name(row) in found:
            by_candidate.setdefault(row.candidate, []).append(row)
    train, _ = pipeline.splits(config.data)
    asked = Asked(
        config.network,
        train.descriptor.num_classes,
        config.data.train_crop_size,
        images=scored_images.draw(config.data, train, _SCORED_IMAGES, config.seed),
    )
    architectures = [some[0].architecture for some in by_candidate.values()]
    costs = candidate_costs.measure(
        architectures, asked, pathlib.Path(config.train_logdir, "costs.json")
    )
    about = {"data set": config.data.dataset, "split": config.data.val_split}
    return TrainedTable(
        about,
        tuple(
            TrainedArchitecture(
                name=name,
                architecture=architecture,
                multiply_adds=cost.multiply_adds,
                parameters=cost.parameters,
                activation_bytes=cost.activation_bytes,
                scores={"naswot": cost.naswot, "jacob_cov": cost.jacob_cov},
                trainings=tuple(_training(found[trainings.name(row)]) for row in some),
            )
            for (name, some), architecture, cost in zip(
                by_candidate.items(), architectures, costs, strict=True
            )
        ),
    )


def _training(document):
    names = ("seed", "steps", "miou", "class_iou", "seconds")
    return Training(**{name: document[name] for name in names})


def rows(table: str) -> list[dict[str, Any]]:
    """The rows of a table by name.

    Raises:
        UserError: There is none.
    """
    files = sorted(pathlib.Path(table).glob("*/row.json"))
    if not files:
        raise UserError(
            f"Expected a table with rows in {table}, found none: make it with benchmarks.table."
        )
    return [json.loads(path.read_text()) for path in files]


def _planned(config):
    """The rows in the order in which they are trained, all of an architecture together."""
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


if __name__ == "__main__":
    program.run(TableConfig, main)
