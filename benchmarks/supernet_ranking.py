"""How well the supernet of a search ranks architectures whose trained mIoU is known.

    python -m benchmarks.supernet_ranking --train_logdir=runs/camvid_search --table=tables/camvid

Cuts the supernet down to each architecture of a table that `benchmarks.table` has
made, and takes Spearman's correlation of its loss, with the sign turned, with the mIoU after
training: 1 is the same order, 0 chance with a standard error of 1 / sqrt(rows - 1). Prints one JSON
line, with the correlation of path and cell together, of the path with all cells left and of the
cell with all paths left; on a fixed path of the cell alone.
"""

import dataclasses
import json

from flags import program

import numpy as np

from benchmarks import table as tables
from benchmarks.measured import ended_search
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.errors import UserError
from deeplab_nas.selection.evidence import statistics
from deeplab_nas.settings import Settings, required, setting
from deeplab_nas.supernet.decoding import by_loss


@dataclasses.dataclass(frozen=True, kw_only=True)
class SupernetRankingConfig(Settings):
    """The search and the table."""

    train_logdir: str = required("Run directory.", example="runs/camvid_search", path=True)
    table: str = required("Folder of rows.", example="tables/camvid", path=True)
    among: str = setting("random", "How the names of the rows begin that are ranked.")
    batches: int = setting(12, "Batches of trainB that a loss is the mean of.", least=1)


def main(config: SupernetRankingConfig) -> None:
    searched = RunDirectory(config.train_logdir).checked_settings(SearchConfig)
    rows = tables.rows(config.table)
    rows = [row for row in rows if row["name"].startswith(config.among)]
    _check(rows, searched.supernet, config)
    with ended_search.of(searched) as search:
        losses = _losses(search, rows, config.batches)
    mious = [row["miou"] for row in rows]
    # A lower loss is better.
    told = {
        name: statistics.spearman(np.negative(values), mious) for name, values in losses.items()
    }
    print(json.dumps({"benchmark": "supernet_ranking", "rows": len(rows), **told}))


def _check(rows, supernet, config):
    """The supernet has to have room for each architecture."""
    for row in rows:
        names = {name for pairs in row["cell"] for _, name in pairs}
        size = len(row["path"]), len(row["cell"])
        if size != (supernet.num_layers, supernet.num_blocks) or names - {*supernet.operations}:
            raise UserError(
                f"Expected architectures that are in the supernet of {config.train_logdir}, found "
                f"{row['name']} of other --num_layers, --num_blocks or --operations: name others "
                "with --among."
            )
    if len(rows) < 2:
        raise UserError(
            f"Expected 2 rows or more in {config.table} whose names begin with {config.among!r}, "
            f"found {len(rows)}: name others with --among."
        )


def _losses(search, rows, count):
    """The losses of the rows by what of them is cut out."""
    loss, batches = search.loss_and_batches(search.total_steps, count)
    relaxed, names = search.supernet.relaxed(), search.supernet.config.operations
    whole = relaxed.operations.numpy()
    cells = [by_loss.cell_alone(row["cell"], names) for row in rows]
    if relaxed.arrows is None:
        return {"cell": [loss(batches, cell, None) for cell in cells]}
    arrows = relaxed.arrows.numpy()
    paths = [by_loss.cut(arrows, row["path"]) for row in rows]
    return {
        "architecture": [loss(batches, *both) for both in zip(cells, paths, strict=True)],
        "path": [loss(batches, whole, path) for path in paths],
        "cell": [loss(batches, cell, arrows) for cell in cells],
    }


if __name__ == "__main__":
    program.run(SupernetRankingConfig, main)
