"""A table of trained architectures, which says whether an architecture matters and what one is
worth.

    python -m benchmarks.table --flagfile=flags/recipes/camvid_proxy.flags \\
        --dataset_dir=data/camvid --random=48 --train_logdir=tables/camvid

Trains each architecture by the recipe, in a process of its own, and writes `NAME/row.json` for it:
the architecture, the seed, the steps, what the last evaluation found and seconds. With `--rungs` it
trains each that many steps too, by a whole schedule of them, and with `--repeats` the first ones by
another seed. What has a row is skipped and a training that was stopped is resumed, so that it may
be killed and started again, also several times at once, each on a core of its own. `--output` names
a file of the whole table, which has each row as soon as it is there, and from which the rows are
taken over where their folder is not: it may go on on another machine. Prints one JSON line: how
many rows there are, and mean and standard deviation of their mIoU.
"""

import json
import pathlib
from typing import Any

from flags import program

import numpy as np

from benchmarks.tabled import planned_rows, table_file
from benchmarks.tabled.table_config import TableConfig
from deeplab_nas.errors import UserError
from deeplab_nas.selection.trainings.training_rows import TrainingRows
from tfrecords_tools import build_shapes


def main(config: TableConfig) -> None:
    config = build_shapes.with_folder(config)
    trainings = TrainingRows(config, config.train_logdir, config.keep_runs)
    planned = list(planned_rows.of(config))
    taken = table_file.take_over(config, planned, trainings)
    if taken:
        print(f"Taken over from {config.output}: {taken} rows.", flush=True)
    for number, row in enumerate(planned, start=1):
        print(f"Row {number} of {len(planned)}: {trainings.name(row)}.", flush=True)
        was_there = trainings.document(row) is not None
        is_new = trainings.train(row) is not None and not was_there
        if config.output and (is_new or row is planned[-1]):
            table_file.write(config, planned, trainings)
    mious = [row["miou"] for row in rows(config.train_logdir)]
    spread = float(np.std(mious, ddof=1)) if len(mious) > 1 else None
    told = {"rows": len(mious), "mean": float(np.mean(mious)), "std": spread}
    print(json.dumps({"benchmark": "table", **told}))


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


if __name__ == "__main__":
    program.run(TableConfig, main)
