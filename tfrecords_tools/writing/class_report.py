"""What the pixels of a split, counted by class, tell about its labels."""

from deeplab_nas.data import class_statistics, manifests
from deeplab_nas.errors import UserError

ON_IGNORED = "correct --ignore_label, or what --label_map or --label_colors says"


def take_any(manifest: manifests.Manifest) -> None:
    """For splits that are published without labels: refuses nothing."""


def require_labels(manifest: manifests.Manifest, advice: str = "check the label files") -> None:
    """Raises `UserError`, which ends with the advice, if every pixel of a split is ignored."""
    if not class_statistics.with_pixels(manifest.statistics):
        raise UserError(
            f"Expected labelled pixels in the split {manifest.split!r}, found only ignored ones "
            f"(ignore label {manifest.ignore_label}): {advice}."
        )


def require_classes(manifest: manifests.Manifest) -> None:
    """For splits of ids that nobody has looked at before: refuses masks of 0 and 255 besides.

    Of two classes one has pixels, and what would be the other is ignored. One class everywhere may
    be right in a small split; `warnings` tells of it.

    Raises:
        UserError: If every pixel is ignored, or if the labels look like such masks.
    """
    require_labels(manifest, ON_IGNORED)
    present = class_statistics.with_pixels(manifest.statistics)
    ignored = manifest.ignore_label
    is_mask = present == [0] and manifest.num_classes == 2 and ignored > 1
    if is_mask and manifest.statistics.ignored:
        raise UserError(
            f"Expected pixels of two classes in the split {manifest.split!r}, found those of "
            f"{manifest.class_names[0]!r} and ignored ones (ignore label {ignored}): if {ignored} "
            f"is a class, as in masks of 0 and {ignored}, give --label_map=0:0,{ignored}:1, else "
            f"--label_map=0:0,1:1,{ignored}:ignore."
        )


def warnings(manifest: manifests.Manifest) -> list[str]:
    """Tells in at most one line which classes of a split have no pixel."""
    present = class_statistics.with_pixels(manifest.statistics)
    if not present:
        return [f"{manifest.split}: every pixel is ignored, there is nothing to train on."]
    if len(present) == 1:
        return [
            f"{manifest.split}: every pixel that is not ignored is of the class "
            f"{manifest.class_names[present[0]]!r}, there is nothing to train on."
        ]
    missing = class_statistics.tell_missing(
        manifest.statistics, manifest.class_names, manifest.ignore_label
    )
    return [f"{manifest.split}: {missing}."] if missing else []
