"""Image and label files on disk that belong together."""

import dataclasses
import pathlib
from collections.abc import Iterator, Sequence

from deeplab_nas.errors import UserError
from tfrecords_tools.sources import images, source_files
from tfrecords_tools.sources.labeled_image import LabeledImage
from tfrecords_tools.writing.build_options import BadExamples


@dataclasses.dataclass(frozen=True)
class Pair:
    """An image file and its label file.

    Attributes:
        name: Base name that both share, without extension.
        image: The image file.
        label: The label file; None where the image has no label.
    """

    name: str
    image: pathlib.Path
    label: pathlib.Path | None


def find(image_folder: pathlib.Path, label_folder: pathlib.Path, bad: BadExamples) -> list[Pair]:
    """Pairs the files of two folders by their base names.

    Args:
        image_folder: Folder of the images.
        label_folder: Folder of the labels.
        bad: Takes the files that have no partner in the other folder.

    Returns:
        The pairs, sorted by name.

    Raises:
        UserError: If a folder is missing or empty, if two files of one folder share a base name,
            or if the folders have no base name in common.
    """
    image_files = source_files.images_by_name(image_folder)
    label_files = source_files.images_by_name(label_folder)
    for here, there, folder, partner in (
        (image_files, label_files, label_folder, "a label"),
        (label_files, image_files, image_folder, "an image"),
    ):
        # Sorted, because the order of a set differs from process to process.
        for name in sorted(here.keys() - there.keys()):
            bad.add(
                f"Expected {partner} for {here[name]}, found no file named {name}.* in {folder}."
            )
    found = [
        Pair(name, path, label_files[name])
        for name, path in image_files.items()
        if name in label_files
    ]
    if not found:
        image, label = (next(iter(files.values())).name for files in (image_files, label_files))
        raise UserError(
            f"Expected images in {image_folder} and labels in {label_folder} of the same base "
            f"names, found none in common, such as {image} and {label}: name the folders that "
            "belong together."
        )
    return found


def load(pair: Pair) -> LabeledImage:
    """Reads the files of a pair whose label file holds the ids as they are."""
    label = images.read_label(source_files.read(pair.label), str(pair.label))
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
