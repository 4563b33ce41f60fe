"""Builds shards of the ADE20K scene parsing benchmark from `ADEChallengeData2016`."""

import pathlib
from collections.abc import Sequence

from flags import program

from absl import flags as absl_flags

from deeplab_nas.data import datasets, manifests
from tfrecords_tools import pairs, shards, splits_program

_FOLDERS = {"train": "training", "val": "validation"}
SPLITS = tuple(_FOLDERS)
_NUM_SHARDS = 4


def build(
    ade20k_root: str, output_dir: str, splits: Sequence[str] = SPLITS, num_workers: int = 1
) -> tuple[manifests.Manifest, ...]:
    """Writes the shards of some splits, with the official 151 ids, of which 0 is ignored.

    Args:
        ade20k_root: The folder ADEChallengeData2016, which holds `images` and `annotations`, each
            with `training` and `validation`.
        output_dir: Folder of the shards, local or gs://.
        splits: Some of `SPLITS`.
        num_workers: Processes; see `workers.ordered_map`.

    Returns:
        The manifests of the splits.

    Raises:
        UserError: If a folder or file is missing or does not fit.
    """
    root = pathlib.Path(ade20k_root)

    def build_split(split):
        folder = _FOLDERS[split]
        found = pairs.find(root / "images" / folder, root / "annotations" / folder)
        descriptor = datasets.describe("ade20k", "")
        return shards.write_split(
            output_dir, split, found, pairs.load, descriptor, _NUM_SHARDS, num_workers
        )

    return splits_program.build(splits, SPLITS, build_split)


def main(_: list[str]) -> None:
    """Builds the splits that the flags name."""
    values = absl_flags.FLAGS
    splits_program.tell(
        build(values.ade20k_root, values.output_dir, values.splits, values.num_workers)
    )


if __name__ == "__main__":
    splits_program.define_flags("ade20k_root", "The folder ADEChallengeData2016.", SPLITS)
    program.run(main)
