"""Image and label files on disk that belong together by their base name."""

import dataclasses
import pathlib

from deeplab_nas.errors import UserError
from tfrecords_tools import images, shards

_IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}


@dataclasses.dataclass(frozen=True)
class Pair:
    """An image file and its label file.

    Attributes:
        name: Base name that both share, without extension.
        image: The image file.
        label: The label file.
    """

    name: str
    image: pathlib.Path
    label: pathlib.Path


def find(image_folder: str | pathlib.Path, label_folder: str | pathlib.Path) -> list[Pair]:
    """Pairs the files of two folders.

    Args:
        image_folder: Folder of the images.
        label_folder: Folder of the labels.

    Returns:
        The pairs, sorted by name.

    Raises:
        UserError: If a folder is missing or empty, if a file has no partner in the other folder,
            or if two files of one folder share a base name.
    """
    image_files, label_files = _by_name(image_folder), _by_name(label_folder)
    for here, there, folder, partner in (
        (image_files, label_files, label_folder, "a label"),
        (label_files, image_files, image_folder, "an image"),
    ):
        for name in here:
            if name not in there:
                raise UserError(
                    f"Expected {partner} for {here[name]}, found no file named {name}.* in "
                    f"{folder}."
                )
    return [Pair(name, image_files[name], label_files[name]) for name in image_files]


def load(pair: Pair) -> shards.LabeledImage:
    """Reads the files of a pair whose label file holds the ids as they are."""
    label = images.read_label(pair.label.read_bytes(), str(pair.label))
    return shards.LabeledImage(pair.name, pair.image.read_bytes(), label)


def _by_name(folder: str | pathlib.Path) -> dict[str, pathlib.Path]:
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise UserError(f"Expected a folder of image files at {folder}, found none.")
    files = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in _IMAGE_SUFFIXES:
            if file.stem in files:
                raise UserError(
                    f"Expected one file a base name in {folder}, found {files[file.stem].name} "
                    f"and {file.name}: rename or remove one."
                )
            files[file.stem] = file
    if not files:
        raise UserError(f"Expected image files in {folder}, found none.")
    return files
