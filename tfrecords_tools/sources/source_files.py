"""Raw files on this machine: listed and read, or refused by name."""

import pathlib
from collections.abc import Iterable

from deeplab_nas.data import examples
from deeplab_nas.errors import UserError
from deeplab_nas.files import image_folders
from deeplab_nas.files.image_folders import ImageFolder
from tfrecords_tools.sources import file_names
from tfrecords_tools.writing import progress


def read(path: pathlib.Path) -> bytes:
    """Reads a file.

    Raises:
        UserError: If there is none, or if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            f"Expected a readable file at {path}, found none ({error.strerror})."
        ) from error


def images(folder: pathlib.Path, without: Iterable[pathlib.Path] = ()) -> ImageFolder:
    """Finds the image files of a folder and its sub-folders, and tells what else is there.

    Args:
        folder: The folder.
        without: Folders in it that are left out.

    Raises:
        UserError: If there is no such folder, if it cannot be read or holds no image file.
    """
    found = image_folders.find(str(folder), map(str, without))
    others = found.told_others()
    if not found.names:
        among = f" among {others}" if others else ""
        raise UserError(
            f"Expected image files in {folder}, found none{among}: give a folder of JPEG, PNG, "
            "BMP, GIF, TIFF, WebP or PPM files."
        )
    if others:
        progress.tell(f"Left out of {folder}, as they are no image files by their names: {others}.")
    return found


def by_shared_name(
    found: ImageFolder, names: Iterable[str], suffix: str = ""
) -> dict[str, pathlib.Path]:
    """The paths of some image files of a folder, by what they share with their partners.

    Args:
        found: The folder.
        names: Some of its names, each of which ends in the suffix.
        suffix: What is no part of the shared name; see `file_names.shared`.

    Returns:
        The paths, in the order of the names.

    Raises:
        UserError: If two of them share a name.
    """
    names_by_shared: dict[str, str] = {}
    for name in names:
        key = file_names.shared(name, suffix)
        if len(key.encode()) > examples.MAX_NAME_BYTES:
            raise UserError(
                f"Expected names of at most {examples.MAX_NAME_BYTES} bytes in {found.folder}, "
                f"found one of {len(key.encode())}, {key}: name a folder below it."
            )
        other = names_by_shared.setdefault(key, name)
        if other != name:
            raise UserError(
                f"Expected one file a base name in {found.folder}, found {other} and {name}: "
                "rename or remove one."
            )
    folder = pathlib.Path(found.folder)
    return {key: folder / name for key, name in names_by_shared.items()}
