"""How many classes a folder of label files has, where nobody says so."""

import collections
import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from deeplab_nas.data import manifests
from deeplab_nas.errors import UserError
from tfrecords_tools.sources import pairs, source_files
from tfrecords_tools.sources.labels.id_map import show_ids
from tfrecords_tools.writing import progress, workers
from tfrecords_tools.writing.build_options import BuildOptions

_BLACK_AND_WHITE = {0, 255}
_MOST_IN_A_MAP = 32
# Masks of 0 and 255 whose edges were blurred have many ids, and few pixels of most of them.
_FEWEST_BLURRED = 32
_SHARE_OF_BLACK_AND_WHITE = 0.8


def count_ids(
    found: Sequence[pairs.Pair], read: Callable[[bytes, str], np.ndarray], options: BuildOptions
) -> dict[int, int]:
    """Counts the pixels of every id in the labels of some pairs.

    Args:
        found: The pairs.
        read: Reads the ids of a label file of some name.
        options: Threads, and whether files that cannot be read are left out.

    Returns:
        Pixels by id.

    Raises:
        UserError: If a label cannot be read.
    """
    count = functools.partial(_count, read, options.skip_bad)
    counted = workers.ordered_map(count, found, options.num_workers)
    pixels: collections.Counter = collections.Counter()
    for one in progress.track(counted, len(found), "label ids"):
        pixels.update(one)
    return dict(sorted(pixels.items()))


def infer(
    pixels: Mapping[int, int],
    ignore_label: int,
    first_label: int = 0,
    other: manifests.Manifest | None = None,
) -> int:
    """Infers the number of classes, one more than the highest id, where the ids look like classes.

    Args:
        pixels: Pixels by id, sorted by id.
        ignore_label: Id that is ignored.
        first_label: Id that becomes class 0.
        other: Manifest of another split of the same set, which is known to have the same classes.

    Returns:
        The number of classes.

    Raises:
        UserError: The ids are of one class, of masks of 0 and 255, or far apart; the sentence says
            which and what to do.
    """
    if not pixels:
        raise UserError("Expected label files that can be read, found none: mend them.")
    values = [label for label in pixels if label != ignore_label and label >= first_label]
    there = f"the ids {show_ids(list(pixels))}" if len(pixels) > 1 else f"the id {min(pixels)}"
    if not values:
        raise UserError(
            f"Expected label ids other than the ignore label {ignore_label}, found only {there}: "
            "say with --label_map which class they are, or give another --ignore_label."
        )
    num_classes = values[-1] - first_label + 1
    if other and num_classes <= other.num_classes:
        if num_classes < other.num_classes:
            raise UserError(
                f"Expected the {other.num_classes} classes of the split {other.split!r}, which is "
                f"in --output_dir, found {there}: give --num_classes={other.num_classes}, or name "
                "another --output_dir."
            )
        return num_classes
    if set(pixels) == _BLACK_AND_WHITE:
        raise UserError(
            f"Expected ids that count classes from 0, found {there}: for masks of 0 and 255 give "
            "--label_map=0:0,255:1."
        )
    if len(values) == 1:
        raise UserError(
            f"Expected ids of two classes or more, found only {there}"
            f"{f' ({ignore_label} is ignored)' if len(pixels) > 1 else ''}: "
            + (f"give {_map_of(pixels)}, or " if len(pixels) == 2 else "give ")
            + "--num_classes if the other classes are missing by chance."
        )
    if _look_blurred(pixels, num_classes):
        raise UserError(
            f"Expected ids that count classes from 0, found {len(pixels)} of which 0 and 255 are "
            "most of the pixels, as in masks of 0 and 255 with blurred edges: give "
            "--label_map=0-127:0,128-255:1, or --num_classes if they are classes."
        )
    most = 255 if first_label else 256
    if num_classes > most or 2 * len(values) < num_classes:
        few = len(pixels) <= _MOST_IN_A_MAP
        mapped = f"{_map_of(pixels)} or what else they mean" if few else "--label_map"
        keep = f", or --num_classes={num_classes} to keep them" if num_classes <= most else ""
        raise UserError(
            f"Expected ids that count classes from 0, found {there}, {len(values)} ids where there "
            f"would be {num_classes} classes: give {mapped}{keep}."
        )
    if set(range(first_label, values[0])) - {ignore_label}:
        raise UserError(
            f"Expected ids that count classes from {first_label}, found {there}: give "
            f"--first_label={values[0]}, or --num_classes={num_classes} to keep them."
        )
    return num_classes


def _count(read, skip_bad: bool, pair: pairs.Pair) -> dict[int, int]:
    try:
        ids = read(source_files.read(pair.label), str(pair.label))
    except UserError:
        # Left out, and told, when its turn to be written comes.
        if not skip_bad:
            raise
        return {}
    counts = np.bincount(ids.ravel())
    return {int(label): int(counts[label]) for label in np.flatnonzero(counts)}


def _look_blurred(pixels: Mapping[int, int], num_classes: int) -> bool:
    extremes = sum(pixels.get(label, 0) for label in _BLACK_AND_WHITE)
    return (
        pixels.keys() >= _BLACK_AND_WHITE
        and num_classes > 127
        and len(pixels) >= _FEWEST_BLURRED
        and extremes > _SHARE_OF_BLACK_AND_WHITE * sum(pixels.values())
    )


def _map_of(pixels: Mapping[int, int]) -> str:
    entries = ",".join(f"{label}:{number}" for number, label in enumerate(pixels))
    return f"--label_map={entries}"
