"""Which image files a user means by files, folders and globs, and what their results are called."""

import os

import tensorflow as tf

from deeplab_nas.errors import UserError

_EXTENSIONS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_GLOB = frozenset("*?[")


def find(inputs):
    """Finds image files.

    Args:
        inputs: Files, folders and globs, local or gs://. Of a folder and its sub-folders come the
            files whose extension is that of an image.

    Returns:
        A list of `(path, name)`: where the image lies, and the name of its result, with `.png` and
        relative to the folder that was given.

    Raises:
        UserError: Nothing is found for an input, or two results would have one name.
    """
    found = {}
    for text in inputs:
        for path, name in _find_one(text):
            name = os.path.splitext(name)[0] + ".png"
            if found.setdefault(name, path) != path:
                raise UserError(
                    f"Expected images with names of their own, found {found[name]} and {path}, "
                    f"which would both become {name}: predict them into two --output_dir."
                )
    return [(path, name) for name, path in found.items()]


def _find_one(text):
    if tf.io.gfile.isdir(text):
        pairs = [(path, os.path.relpath(path, text)) for path in _walk(text)]
    elif tf.io.gfile.exists(text):
        pairs = [(text, os.path.basename(text))]
    elif _GLOB & set(text):
        paths = [path for path in sorted(tf.io.gfile.glob(text)) if not tf.io.gfile.isdir(path)]
        pairs = [(path, os.path.basename(path)) for path in paths]
    else:
        pairs = []
    if not pairs:
        raise UserError(
            f"Expected an image file, a folder of images or a glob in --input, found no image at "
            f"'{text}': check the path."
        )
    return pairs


def _walk(folder):
    paths = [
        os.path.join(parent, name)
        for parent, _, names in tf.io.gfile.walk(folder)
        for name in names
        if name.lower().endswith(_EXTENSIONS)
    ]
    return sorted(paths)
