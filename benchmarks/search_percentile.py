"""What searches are worth: the places of what they found in a table of trained architectures.

    python -m benchmarks.search_percentile --table=tables/detail --found=runs/a,runs/b --by_path

The percentile of a find is the share of the other rows with a lower mIoU, ties counted half: 0.5 is
chance, with a standard error of 0.29 / sqrt(finds). Rows are what `benchmarks.table`
writes; each find has to have one, of the same path and cell, or with --by_path of the same path.
The finds themselves are not among the others. Prints one JSON line.
"""

import dataclasses
import json
import pathlib

from flags import program

import numpy as np

from benchmarks import table as tables
from deeplab_nas.core import nas_genotypes
from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, required, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchPercentileConfig(Settings):
    """The table and the finds."""

    table: str = required("Folder of rows.", example="tables/detail", path=True)
    found: tuple[str, ...] = required(
        "Run directories of searches, or files of architectures.", example="runs/a,runs/b"
    )
    among: str = setting("", "How the names of the rows begin that are compared with.")
    by_path: bool = setting(False, "Whether a row of the same path stands for a find.")


def main(config: SearchPercentileConfig) -> None:
    rows = tables.rows(config.table)
    finds = []
    for given in config.found:
        file = pathlib.Path(given)
        file = file / "architecture.json" if file.is_dir() else file
        architecture = nas_genotypes.load(file)
        own = [row for row in rows if _key(row, config.by_path) == _key_of(architecture, config)]
        if not own:
            raise UserError(
                f"Expected a row of what {given} found in {config.table}, found none: train it "
                "with benchmarks.table."
            )
        finds.append((given, architecture, own))
    keys = [] if config.by_path else [_key_of(found, config) for _, found, _ in finds]
    others = [
        row
        for row in rows
        if row["name"].startswith(config.among) and _key(row, config.by_path) not in keys
    ]
    told = []
    for given, architecture, own in finds:
        compared = [row["miou"] for row in others if row not in own]
        miou = float(np.mean([row["miou"] for row in own]))
        share = float(np.mean([(miou > other) + 0.5 * (miou == other) for other in compared]))
        told.append(
            {
                "found": given,
                "path": architecture.path,
                "mean_level": float(np.mean(architecture.path)),
                "miou": miou,
                "percentile": share,
            }
        )
    summary = {
        name: float(np.mean([find[name] for find in told])) for name in ("mean_level", "percentile")
    }
    print(json.dumps({"benchmark": "search_percentile", **summary, "finds": told}))


def _key(row, by_path):
    cell = None if by_path else tuple(map(tuple, (map(tuple, block) for block in row["cell"])))
    return tuple(row["path"]), cell


def _key_of(architecture, config):
    return architecture.path, None if config.by_path else architecture.cell


if __name__ == "__main__":
    program.run(SearchPercentileConfig, main)
