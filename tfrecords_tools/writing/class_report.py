"""What the pixels of a split, counted by class, tell about its labels."""

from deeplab_nas.data import class_statistics, manifests
from deeplab_nas.errors import UserError


def require_labels(manifest: manifests.Manifest, advice: str = "check the label files") -> None:
    """Raises `UserError`, which ends with the advice, if every pixel of a split is ignored."""
    if not class_statistics.with_pixels(manifest.statistics):
        raise UserError(
            f"Expected labelled pixels in the split {manifest.split!r}, found only ignored ones "
            f"(ignore label {manifest.ignore_label}): {advice}."
        )


def require_classes(manifest: manifests.Manifest, advice: str) -> None:
    """Raises `UserError`, which ends with the advice, if there is one class beside ignored pixels.

    Masks whose ignored id is a class are like that. One class everywhere may be right in a small
    split; `warnings` tells of it.
    """
    require_labels(manifest, advice)
    present = class_statistics.with_pixels(manifest.statistics)
    if len(present) == 1 and manifest.statistics.ignored:
        raise UserError(
            f"Expected pixels of two classes or more in the split {manifest.split!r}, found those "
            f"of {manifest.class_names[present[0]]!r} and ignored ones (ignore label "
            f"{manifest.ignore_label}): {advice}."
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
