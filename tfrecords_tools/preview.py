"""What is in some shards as one picture, drawn while all of them are read."""

import os

import tensorflow as tf

from deeplab_nas.data import record_faults
from deeplab_nas.data.class_statistics import ClassStatistics
from deeplab_nas.data.split import Split
from deeplab_nas.drawing import data_sheet
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic


class Sample:
    """Examples that lie evenly spread over a split, reduced to what is shown of them."""

    def __init__(self, most: int):
        """Holds no examples.

        Args:
            most: How many to take at most.
        """
        self._most = most
        self.examples: list[data_sheet.Example] = []

    def offer(self, split: Split, number: int, record: tuple) -> None:
        """Takes a record or not; those that can be read are offered in the order of their numbers.

        Args:
            split: Whose record it is.
            number: Its number.
            record: What `split.reader()` has read.
        """
        total = split.index.num_examples
        count, taken = min(self._most, total), len(self.examples)
        # The middle of the next of `count` equal parts, or the first after it that can be read.
        if taken == count or number < (2 * taken + 1) * total // (2 * count):
            return
        image, label, name = (value.numpy() for value in record)
        height, width = label.shape[:2]
        self.examples.append(
            data_sheet.example(
                name=name.decode(errors="replace"),
                facts=f"{height}x{width}, {record_faults.place(split, number)}",
                image=image,
                label=label[..., 0],
                colormap=split.descriptor.colormap,
                ignore_label=split.descriptor.ignore_label,
            )
        )


def section(
    split: str, sizes: dict[tuple[int, int], int], statistics: ClassStatistics, sample: Sample
) -> data_sheet.Section:
    """What the sheet shows of a split.

    Args:
        split: Its name.
        sizes: Number of images by `(height, width)`.
        statistics: Its pixels by class.
        sample: Some of its examples.
    """
    facts = f"{sum(sizes.values())} images"
    if sizes:
        heights, widths = zip(*sizes, strict=True)
        facts += f", height x width {_range(heights)} x {_range(widths)}"
    return data_sheet.Section(
        split, facts, tuple(sample.examples), statistics.pixels, statistics.ignored
    )


def check(path: str) -> None:
    """Makes sure that the sheet can be written, before it takes hours to know what is on it.

    Raises:
        UserError: It cannot; the folder is made if need be.
    """
    atomic.make_folder(os.path.dirname(path) or ".", "--preview")
    if tf.io.gfile.isdir(path):
        raise UserError(f"Expected --preview to name a file, found the folder {path}.")


def _range(sides: tuple[int, ...]) -> str:
    return f"{min(sides)}" if min(sides) == max(sides) else f"{min(sides)}..{max(sides)}"
