"""The image range of a build: named, that of the splits that are there, or measured."""

import functools
import pathlib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from deeplab_nas.data import image_files, manifests
from deeplab_nas.data.brightness import ranges
from deeplab_nas.errors import UserError
from deeplab_nas.settings import setting
from tfrecords_tools.writing import finished_split, progress, workers
from tfrecords_tools.writing.build_options import BuildOptions

_Item = TypeVar("_Item")


def image_range_setting() -> Any:
    """Makes the field of a builder whose images may have more than 8 bits."""
    return setting(
        "",
        "Numbers that become black and white in images of more than 8 bits, such as 0:4095; what "
        "lies outside saturates. Empty: that of the splits in --output_dir, else 0 to the largest "
        "number of all images, rounded up to 2^bits - 1.",
    )


def resolve(
    named: str,
    output_dir: str,
    items: Iterable[_Item],
    count: int,
    largest_of: Callable[[_Item], int | None],
    options: BuildOptions,
) -> ranges.Range | None:
    """Finds the image range of a build before anything of it is written.

    Args:
        named: The value of `--image_range`.
        output_dir: Folder of the shards, where other splits may have been built.
        items: What stands for the images of all splits of this build.
        count: How many there are.
        largest_of: The largest number in the image of an item, or None if it has 8 bits; called on
            several threads.
        options: Threads, and whether images that cannot be used are left out.

    Returns:
        The range; None where all images have 8 bits.

    Raises:
        UserError: The splits there have another range, or an image cannot be used.
    """
    wanted = ranges.parse(named)
    built = [
        manifests.read(output_dir, split, finished_split.advice_for(split))
        for split in manifests.splits(output_dir)
    ]
    there = manifests.one_range(built, output_dir)
    if wanted and there and wanted != there:
        raise UserError(
            f"Expected --image_range={ranges.shown(there)}, by which the splits in {output_dir} "
            f"were built, found {named}: leave it out, or build all splits into another folder."
        )
    if wanted or there:
        return wanted or there
    measure = functools.partial(_measured, largest_of, options.skip_bad)
    found = workers.ordered_map(measure, items, options.num_workers)
    numbers = [
        number for number in progress.track(found, count, "brightness") if number is not None
    ]
    if not numbers:
        return None
    measured = ranges.measured(max(numbers))
    progress.tell(
        f"{len(numbers)} of {count} images have more than 8 bits, with numbers up to "
        f"{max(numbers)}: --image_range={ranges.shown(measured)}."
    )
    return measured


def largest_in_file(path: pathlib.Path) -> int | None:
    """The largest number in an image file, or None if it has 8 bits.

    Raises:
        UserError: As `image_files.largest_number`, or if there is no such file.
    """
    try:
        with path.open("rb") as file:
            return image_files.largest_number(file, str(path))
    except OSError as error:
        raise UserError(
            f"Expected a readable file at {path}, found none ({error.strerror})."
        ) from error


def _measured(largest_of, skip_bad: bool, item) -> int | None:
    try:
        return largest_of(item)
    except UserError:
        # Left out, and told, when its turn to be written comes.
        if not skip_bad:
            raise
        return None
