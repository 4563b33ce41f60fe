"""Whether there is anything to learn in the splits of a run, by what their manifests count."""

import sys

from deeplab_nas.data import class_statistics, manifests
from deeplab_nas.data.split import Split
from deeplab_nas.errors import UserError

_ADVICE = "build the shards again with labels of two classes or more"


def check(train: Split, val: Split, dataset_dir: str, tell: bool) -> None:
    """Refuses splits on which nothing can be learnt or measured; warns of classes without a pixel.

    Splits without manifest, or with one of before pixels were counted, are taken as they are.

    Args:
        train: The training split.
        val: The validation split.
        dataset_dir: Folder of the shards.
        tell: Whether to print the warning, which one process of several does.

    Raises:
        UserError: The training split has one class only, or a split has ignored pixels only.
    """
    if train.descriptor.num_classes < 2:
        raise UserError(
            f"Expected two classes or more in {dataset_dir}, background included, found "
            f"{train.descriptor.num_classes}, of which there is nothing to learn: {_ADVICE}."
        )
    for split in (train, val):
        manifest = _counted(split, dataset_dir)
        if manifest and not class_statistics.with_pixels(manifest.statistics):
            raise UserError(
                f"Expected labelled pixels in the split {manifest.split!r}, found only ignored "
                f"ones by {manifests.path(dataset_dir, manifest.split)}: name a split with "
                "labels, or build the shards again with the right ids."
            )
    manifest = _counted(train, dataset_dir)
    if manifest is None:
        return
    present = class_statistics.with_pixels(manifest.statistics)
    if len(present) == 1:
        raise UserError(
            f"Expected pixels of two classes or more in the training split {manifest.split!r}, "
            f"found those of {manifest.class_names[present[0]]!r} alone by "
            f"{manifests.path(dataset_dir, manifest.split)}, of which there is nothing to learn: "
            f"{_ADVICE}."
        )
    missing = class_statistics.tell_missing(
        manifest.statistics, manifest.class_names, manifest.ignore_label
    )
    if missing and tell:
        print(f"In the training split {manifest.split!r} {missing}.", file=sys.stderr)


def _counted(split: Split, dataset_dir: str) -> manifests.Manifest | None:
    manifest = manifests.read(dataset_dir, split.index.split)
    return manifest if manifest and manifest.statistics else None
