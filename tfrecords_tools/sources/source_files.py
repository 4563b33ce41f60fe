"""Raw files on this machine: listed and read, or refused by name."""

import pathlib

from deeplab_nas.errors import UserError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


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


def images_by_name(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The image files of a folder by their base names, sorted; other files are skipped.

    Raises:
        UserError: If there is no such folder, if it cannot be read or holds no image file, or if
            two of them share a base name.
    """
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise UserError(
            f"Expected a readable folder at {folder}, found none ({error.strerror})."
        ) from error
    found: dict[str, pathlib.Path] = {}
    for path in paths:
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        if path.stem in found:
            raise UserError(
                f"Expected one file a base name in {folder}, found {found[path.stem].name} and "
                f"{path.name}: rename or remove one."
            )
        found[path.stem] = path
    if not found:
        raise UserError(f"Expected image files in {folder}, found none.")
    return found
