"""A table of trained architectures, which says whether an architecture matters and what one is
worth.

    python -m benchmarks.architecture_table --recipe=flags/recipes/camvid_proxy.flags \\
        --dataset_dir=data/camvid --random=48 --output_dir=tables/camvid

Trains each architecture by the recipe, in a process of its own, and writes `NAME/row.json` for it:
the architecture, the seed, the mIoU of the last evaluation and seconds. What has a row is skipped
and a training that was stopped is resumed, so that it may be killed and started again, also several
times at once, each on a core of its own. Prints one JSON line: how many rows there are, and mean
and standard deviation of their mIoU.
"""

import dataclasses
import json
import pathlib
import shlex
import shutil
import subprocess
import sys
import time
from typing import Any

from flags import program

import filelock
import numpy as np

from deeplab_nas.core import nas_genotypes, random_architecture, trellis
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic
from deeplab_nas.settings import Settings, required, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArchitectureTableConfig(Settings):
    """What is trained, and how."""

    recipe: str = required(
        "Flagfile of the training.", example="flags/recipes/camvid_proxy.flags", path=True
    )
    output_dir: str = required("Folder of the rows.", example="tables/camvid", path=True)
    dataset_dir: str = setting("", "Folder of the shards; empty: the recipe's.", path=True)
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
    seeds: tuple[int, ...] = setting((1,), "Seeds of the training, a row each.", least=0)
    keep_runs: bool = setting(False, "Whether the run directories stay when their row is written.")

    def check_together(self) -> None:
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


def main(config: ArchitectureTableConfig) -> None:
    for name, architecture in _candidates(config).items():
        for seed in config.seeds:
            _train(
                config, pathlib.Path(config.output_dir) / f"{name}-seed{seed}", architecture, seed
            )
    mious = [row["miou"] for row in rows(config.output_dir)]
    told = {"rows": len(mious), "mean": float(np.mean(mious)), "std": float(np.std(mious, ddof=1))}
    print(json.dumps({"benchmark": "architecture_table", **told}))


def rows(table: str) -> list[dict[str, Any]]:
    """The rows of a table by name.

    Raises:
        UserError: There is none.
    """
    files = sorted(pathlib.Path(table).glob("*/row.json"))
    if not files:
        raise UserError(
            f"Expected a table with rows in {table}, found none: make it with "
            "benchmarks.architecture_table."
        )
    return [json.loads(path.read_text()) for path in files]


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


def _train(config, folder, architecture, seed):
    row = folder / "row.json"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(folder / ".table_lock", timeout=0):
            if not row.exists():
                atomic.write_text(folder / "architecture.json", architecture.to_json())
                atomic.write_json(row, _row(config, folder, architecture, seed))
            if not config.keep_runs:
                shutil.rmtree(folder / "run", ignore_errors=True)
    except filelock.Timeout:
        # Another process trains it.
        return


def _row(config, folder, architecture, seed):
    run = folder / "run"
    command = [
        *(sys.executable, "-m", "deeplab_nas.train", f"--flagfile={config.recipe}"),
        f"--architecture={folder / 'architecture.json'}",
        *(f"--train_logdir={run}", f"--seed={seed}"),
        *([f"--dataset_dir={config.dataset_dir}"] if config.dataset_dir else []),
    ]
    started = time.monotonic()
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode:
        sys.exit(f"{shlex.join(command)} ended with exit code {process.returncode}.")
    lines = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    last = [line for line in lines if line["kind"] == "evaluation"][-1]
    return {
        "name": folder.name,
        "seed": seed,
        "miou": last["miou"],
        "seconds": round(time.monotonic() - started, 1),
        "path": architecture.path,
        "cell": architecture.cell,
    }


if __name__ == "__main__":
    program.run(ArchitectureTableConfig, main)
