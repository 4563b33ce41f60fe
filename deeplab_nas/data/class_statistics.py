"""How often each class occurs in a split, and the class weights that follow from it."""

import dataclasses
import statistics
from collections.abc import Sequence

_MOST_NAMES = 10


@dataclasses.dataclass(frozen=True)
class ClassStatistics:
    """Counts of pixels over some label maps.

    Attributes:
        pixels: Pixels of each class.
        pixels_where_present: Of each class, all valid pixels of the images that it occurs in.
        ignored: Pixels of the ignore label.
    """

    pixels: tuple[int, ...]
    pixels_where_present: tuple[int, ...]
    ignored: int

    def __add__(self, other: "ClassStatistics") -> "ClassStatistics":
        return ClassStatistics(
            _sums(self.pixels, other.pixels),
            _sums(self.pixels_where_present, other.pixels_where_present),
            self.ignored + other.ignored,
        )


def none(num_classes: int) -> ClassStatistics:
    """The statistics of no image."""
    return ClassStatistics((0,) * num_classes, (0,) * num_classes, 0)


def of_image(histogram: Sequence[int], num_classes: int, ignore_label: int) -> ClassStatistics:
    """The statistics of one label map.

    Args:
        histogram: Pixels by label id, `[256]`.
        num_classes: Classes, background included.
        ignore_label: Label id of pixels that neither train nor count.
    """
    pixels = tuple(
        0 if label == ignore_label else int(histogram[label]) for label in range(num_classes)
    )
    valid = sum(pixels)
    present = tuple(valid if count else 0 for count in pixels)
    return ClassStatistics(pixels, present, int(histogram[ignore_label]))


def median_frequency_weights(found: ClassStatistics) -> tuple[float, ...]:
    """Weights that balance the classes in the loss.

    The frequency of a class is its share of the valid pixels of the images that it occurs in; its
    weight is the median of all frequencies over its own. A class that never occurs weighs 0.
    Source: Eigen and Fergus, ICCV 2015, section 6.3.2; used for CamVid by SegNet.

    Args:
        found: Statistics of the training split.

    Returns:
        One weight a class.
    """
    shares = [
        count / total if total else 0.0
        for count, total in zip(found.pixels, found.pixels_where_present, strict=True)
    ]
    median = statistics.median([share for share in shares if share] or [0.0])
    return tuple(median / share if share else 0.0 for share in shares)


def with_pixels(found: ClassStatistics) -> list[int]:
    """The classes that have a pixel."""
    return [label for label, count in enumerate(found.pixels) if count]


def tell_missing(found: ClassStatistics, class_names: Sequence[str], ignore_label: int) -> str:
    """Tells which classes have no pixel, the first by name, without a full stop; empty for none.

    Args:
        found: Statistics of a split.
        class_names: One name a class.
        ignore_label: Label id of ignored pixels; where it is a class, that is not told.
    """
    missing = [
        name
        for label, (name, count) in enumerate(zip(class_names, found.pixels, strict=True))
        if not count and label != ignore_label
    ]
    if not missing:
        return ""
    left = len(missing) - _MOST_NAMES
    shown = ", ".join(missing[:_MOST_NAMES]) + (f" and {left} more" if left > 0 else "")
    return f"{len(missing)} of {len(class_names)} classes have no pixel: {shown}"


def _sums(first: Sequence[int], second: Sequence[int]) -> tuple[int, ...]:
    return tuple(map(sum, zip(first, second, strict=True)))
