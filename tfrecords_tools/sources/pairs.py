"""Image and label files on disk that belong together."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from deeplab_nas.errors import UserError
from tfrecords_tools.sources import source_files
from tfrecords_tools.sources.labeled_image import LabeledImage
from tfrecords_tools.sources.labels import label_files
from tfrecords_tools.writing.build_options import BadExamples


@dataclasses.dataclass(frozen=True)
class Pair:
    """An image file and its label file.

    Attributes:
        name: What both share of their names: relative to their folders, with `/`, without
            extension.
        image: The image file.
        label: The label file; None where the image has no label.
    """

    name: str
    image: pathlib.Path
    label: pathlib.Path | None


def find(image_folder: pathlib.Path, label_folder: pathlib.Path, bad: BadExamples) -> list[Pair]:
    """Pairs the files of two folders by their names, relative to the folder and without extension.

    Args:
        image_folder: Folder of the images.
        label_folder: Folder of the labels.
        bad: Takes the files that have no partner in the other folder.

    Returns:
        The pairs, sorted by name.

    Raises:
        UserError: If a folder is missing or empty, if two files of one folder share a name, or if
            the folders have no name in common.
    """
    images, labels = source_files.images(image_folder), source_files.images(label_folder)
    return match(
        Side(image_folder, source_files.by_shared_name(images, images.names)),
        Side(label_folder, source_files.by_shared_name(labels, labels.names)),
        bad,
    )


@dataclasses.dataclass(frozen=True)
class Side:
    """The images or the labels.

    Attributes:
        folder: The folder that they lie in.
        files: Their paths by what they share with their partners, sorted.
        suffix: What stands between that and the extension.
    """

    folder: pathlib.Path
    files: dict[str, pathlib.Path]
    suffix: str = ""


def match(images: Side, labels: Side, bad: BadExamples) -> list[Pair]:
    """Pairs images and labels of one shared name; `bad` takes those that have no partner."""
    for here, there, partner in ((images, labels, "a label"), (labels, images, "an image")):
        for name, path in here.files.items():
            if name not in there.files:
                bad.add(
                    f"Expected {partner} for {path}, found no file named {name}{there.suffix}.* in "
                    f"{there.folder}."
                )
    found = [
        Pair(name, path, labels.files[name])
        for name, path in images.files.items()
        if name in labels.files
    ]
    if not found:
        image, label = (next(iter(side.files.values())).name for side in (images, labels))
        raise UserError(
            f"Expected images in {images.folder} and labels in {labels.folder} of the same names, "
            f"found none in common, such as {image} and {label}: name the folders that belong "
            "together."
        )
    return found


def load(
    pair: Pair, read: Callable[[bytes, str], np.ndarray] = label_files.read_label
) -> LabeledImage:
    """Reads the files of a pair.

    Args:
        pair: The pair.
        read: Makes classes, uint8 `[height, width]`, of the contents of the label file and its
            name; by default its ids are the classes.
    """
    label = read(source_files.read(pair.label), str(pair.label))
    return LabeledImage(pair.name, source_files.read(pair.image), label, str(pair.image))


def identify(pairs: Sequence[Pair]) -> str:
    """Tells pairs by their names and by the places, sizes and dates of their files."""
    return "\n".join(
        " ".join([pair.name, *_facts(pair.image), *_facts(pair.label)]) for pair in pairs
    )


def _facts(path: pathlib.Path | None) -> Iterator[str]:
    if path is not None:
        yield str(path.absolute())
        if path.exists():
            found = path.stat()
            yield f"{found.st_size} {found.st_mtime_ns}"
