"""Pairs of images and labels in folders of anybody's, whose names may end in suffixes."""

import dataclasses
import pathlib
from collections.abc import Sequence

from deeplab_nas.errors import UserError
from deeplab_nas.files import image_folders
from deeplab_nas.files.image_folders import ImageFolder
from tfrecords_tools.sources import file_names, pairs, source_files
from tfrecords_tools.writing import progress
from tfrecords_tools.writing.build_options import BadExamples


@dataclasses.dataclass(frozen=True)
class Places:
    """Where images and labels lie, and what tells their names apart.

    Attributes:
        image_folder: Folder of the images.
        label_folder: Folder of the labels; it may be the same.
        image_suffix: What the names of images end in before the extension, and labels lack.
        label_suffix: What the names of labels end in before the extension, and images lack.
        without: Folders that are left out if they lie in one of the two.
    """

    image_folder: pathlib.Path
    label_folder: pathlib.Path
    image_suffix: str = ""
    label_suffix: str = ""
    without: tuple[pathlib.Path, ...] = ()

    @property
    def in_one_folder(self) -> bool:
        """Whether images and labels lie in one folder."""
        folders = (self.image_folder, self.label_folder)
        return len({image_folders.place(str(folder)) for folder in folders}) == 1

    @property
    def left_out_of_images(self) -> tuple[pathlib.Path, ...]:
        """Folders that hold no images: that of the labels may lie in that of the images."""
        return (self.label_folder, *self.without)

    @property
    def left_out_of_labels(self) -> tuple[pathlib.Path, ...]:
        """Folders that hold no labels."""
        return (self.image_folder, *self.without)


def find(places: Places, bad: BadExamples) -> list[pairs.Pair]:
    """Pairs images and labels, sub-folders included, by their relative names without suffix.

    In one folder for both, a file belongs to the longer of the two suffixes that its name ends in.

    Args:
        places: Where they lie.
        bad: Takes the files that have no partner.

    Returns:
        The pairs, sorted by name.

    Raises:
        UserError: If a folder is missing or empty, if two files of one kind share a name, or if
            there is no pair at all.
    """
    images = source_files.images(places.image_folder, places.left_out_of_images)
    if places.in_one_folder:
        labels = images
        if places.image_suffix == places.label_suffix:
            raise _one_suffix(places, images.names)
        image_names, label_names = _parted(images.names, places)
        suffixes = places.image_suffix, places.label_suffix
        _tell_left_out(images, {*image_names, *label_names}, *suffixes)
    else:
        labels = source_files.images(places.label_folder, places.left_out_of_labels)
        image_names = _ending(images.names, places.image_suffix)
        label_names = _ending(labels.names, places.label_suffix)
        _tell_left_out(images, set(image_names), places.image_suffix)
        _tell_left_out(labels, set(label_names), places.label_suffix)
    image_files = source_files.by_shared_name(images, image_names, places.image_suffix)
    label_files = source_files.by_shared_name(labels, label_names, places.label_suffix)
    if not image_files.keys() & label_files.keys():
        raise _no_pairs(places, images.names, labels.names)
    return pairs.match(
        pairs.Side(places.image_folder, image_files, places.image_suffix),
        pairs.Side(places.label_folder, label_files, places.label_suffix),
        bad,
    )


def _ending(names: Sequence[str], suffix: str) -> list[str]:
    return [name for name in names if file_names.shared(name, suffix) is not None]


def _parted(names: Sequence[str], places: Places) -> tuple[list[str], list[str]]:
    """The images and the labels of one folder."""
    images = _ending(names, places.image_suffix)
    labels = _ending(names, places.label_suffix)
    both = set(images) & set(labels)
    if len(places.label_suffix) > len(places.image_suffix):
        return [name for name in images if name not in both], labels
    return images, [name for name in labels if name not in both]


def _tell_left_out(found: ImageFolder, taken: set[str], *suffixes: str) -> None:
    rest = [name for name in found.names if name not in taken]
    if rest:
        progress.tell(
            f"Left out of {found.folder}: {len(rest)} image files, such as {rest[0]}, whose names "
            f"do not end in {' or '.join(filter(None, suffixes))}."
        )


def _one_suffix(places: Places, names: Sequence[str]) -> UserError:
    found = places.image_suffix or "none"
    return UserError(
        f"Expected --label_suffix, what the names of label files end in, to be other than "
        f"--image_suffix where both kinds lie in {places.image_folder}, found {found} for both: "
        f"{_advice(names, names)}."
    )


def _no_pairs(places: Places, images: Sequence[str], labels: Sequence[str]) -> UserError:
    label = next((name for name in labels if name != images[0]), labels[0])
    ends = [
        f" that ends in {suffix}" if suffix else ""
        for suffix in (places.image_suffix, places.label_suffix)
    ]
    return UserError(
        f"Expected an image{ends[0]} in {places.image_folder} and a label{ends[1]} in "
        f"{places.label_folder} whose names are one apart from suffix and extension, found none "
        f"among {len(images)} and {len(labels)} files such as {images[0]} and {label}: "
        f"{_advice(images, labels)}."
    )


def _advice(images: Sequence[str], labels: Sequence[str]) -> str:
    """What to do where there are no pairs."""
    suffixes = file_names.find_suffixes(images, labels)
    if not suffixes:
        return (
            "name with --image_suffix and --label_suffix what they end in beyond what is the same, "
            "or rename them"
        )
    image_suffix, label_suffix, count = suffixes
    flags = [f"--image_suffix={image_suffix}"] * bool(image_suffix)
    flags += [f"--label_suffix={label_suffix}"] * bool(label_suffix)
    return f"give {' '.join(flags)}, which makes {count} pairs"
