"""Builds shards of CamVid in the layout of the SegNet tutorial: SPLIT and SPLITannot."""

import pathlib

from flags import program

import numpy as np
from absl import flags as absl_flags

from deeplab_nas.data import datasets, manifests
from deeplab_nas.errors import UserError
from tfrecords_tools import images, pairs, shards, workers

# The last one is built where it is there.
SPLITS = ("train", "val", "test")
_VOID = 11
_NUM_SHARDS = 4


def build(
    camvid_root: str, output_dir: str, num_workers: int = 1
) -> tuple[manifests.Manifest, ...]:
    """Writes the shards of the splits.

    Args:
        camvid_root: Folder that holds `train`, `trainannot`, `val` and `valannot`, and `test` and
            `testannot` if they are to be built.
        output_dir: Folder of the shards, local or gs://.
        num_workers: Processes; see `workers.ordered_map`.

    Returns:
        The manifests of its splits.

    Raises:
        UserError: If a folder or file is missing or does not fit.
    """
    root = pathlib.Path(camvid_root)
    if not root.is_dir():
        raise UserError(f"Expected a folder at --camvid_root={camvid_root}, found none.")
    descriptor = datasets.describe("camvid", "")
    splits = SPLITS if (root / SPLITS[-1]).is_dir() else SPLITS[:-1]
    found = {split: pairs.find(root / split, root / f"{split}annot") for split in splits}
    return tuple(
        shards.write_split(output_dir, split, items, _load, descriptor, _NUM_SHARDS, num_workers)
        for split, items in found.items()
    )


def _load(pair: pairs.Pair) -> shards.LabeledImage:
    label = images.read_label(pair.label.read_bytes(), str(pair.label))
    ignore_label = datasets.describe("camvid", "").ignore_label
    label = np.where(label == _VOID, np.uint8(ignore_label), label)
    return shards.LabeledImage(pair.name, pair.image.read_bytes(), label)


def define_flags() -> None:
    """Registers the flags of this program."""
    absl_flags.DEFINE_string(
        "camvid_root",
        None,
        "Folder that holds train, trainannot, val and valannot, and maybe test and testannot.",
    )
    absl_flags.DEFINE_string("output_dir", None, "Folder of the shards, local or gs://.")
    workers.define_flag()
    absl_flags.mark_flags_as_required(["camvid_root", "output_dir"])


def main(_: list[str]) -> None:
    """Builds the data set where the flags say."""
    values = absl_flags.FLAGS
    for manifest in build(values.camvid_root, values.output_dir, values.num_workers):
        print(f"{manifest.split}: {manifest.num_examples} examples")


if __name__ == "__main__":
    define_flags()
    program.run(main)
