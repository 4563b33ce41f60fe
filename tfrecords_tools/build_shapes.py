"""Builds the data set `shapes`, which needs no download: draws it on first use and keeps it."""

import dataclasses
import os
import pathlib
import shutil
import tempfile
from typing import Any

from flags import program

from deeplab_nas.data import datasets, manifests
from deeplab_nas.files import atomic
from tfrecords_tools.drawn import photographs, shapes
from tfrecords_tools.sources.labeled_image import LabeledImage
from tfrecords_tools.writing import raw_dataset, shards
from tfrecords_tools.writing.build_options import BuildConfig, BuildOptions

# Part of the folder's name: raise it with every change of the pictures.
VERSION = 3

NUM_EXAMPLES = {"train": 512, "val": 128}
_NUM_SHARDS = {"train": 4, "val": 1}
_SEEDS = {"train": 1, "val": 2}


def ensure(cache_dir: str | None = None) -> str:
    """Returns the folder of the built-in data set and builds it if it is not there yet.

    Several processes may call this at once: each builds in a folder of its own, and the first to
    finish gives its folder the final name.

    Args:
        cache_dir: Folder to keep it in; by default `deeplab_nas` under `$XDG_CACHE_HOME`, or under
            `~/.cache` where that is not set.

    Returns:
        A folder of shards for `--dataset=shapes`.

    Raises:
        UserError: It cannot be written.
    """
    if cache_dir is None:
        base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
        cache_dir = pathlib.Path(base) / "deeplab_nas"
    final = pathlib.Path(cache_dir) / f"shapes-{VERSION}"
    if final.is_dir():
        return str(final)
    prefix = f"{final.name}-building-"
    with atomic.as_user_errors(str(final), "set XDG_CACHE_HOME to a folder with room for it"):
        final.parent.mkdir(parents=True, exist_ok=True)
        building = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=final.parent))
        try:
            build(str(building))
            try:
                building.rename(final)
            except OSError:
                if not final.is_dir():
                    raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return str(final)


def with_folder(config: Any) -> Any:
    """Fills the folder of the built-in data set into a configuration of a run that reads it.

    Args:
        config: A `SearchConfig` or `TrainConfig`.

    Returns:
        The configuration, with `ensure()` for an empty `dataset_dir` of the built-in data set.
    """
    if config.data.dataset != datasets.BUILT_IN or config.data.dataset_dir:
        return config
    data = dataclasses.replace(config.data, dataset_dir=ensure())
    return dataclasses.replace(config, data=data)


def build(output_dir: str, options: BuildOptions | None = None) -> tuple[manifests.Manifest, ...]:
    """Draws the data set and writes its shards.

    Args:
        output_dir: Folder of the shards.
        options: How; see `shards.write_splits`.

    Returns:
        The manifests of its splits.

    Raises:
        UserError: If the folder holds other shards of such names.
    """
    descriptor = datasets.describe("shapes", "")
    splits = [
        shards.Split(
            name=split,
            items=[(split, number) for number in range(count)],
            load=_load,
            descriptor=descriptor,
            num_shards=_NUM_SHARDS[split],
            identify=lambda run: f"{VERSION} {run}",
        )
        for split, count in NUM_EXAMPLES.items()
    ]
    return shards.write_splits(output_dir, splits, options)


def _load(item: tuple[str, int]) -> LabeledImage:
    split, number = item
    image, label = shapes.draw(_SEEDS[split], number)
    return photographs.labeled(f"{split}_{number:05d}", image, label)


def main(config: BuildConfig) -> None:
    """Builds the data set where the configuration says."""
    raw_dataset.tell(build(config.output_dir, config.options))


if __name__ == "__main__":
    program.run(BuildConfig, main)
