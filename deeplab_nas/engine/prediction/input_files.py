"""Which image files a user means by files, folders and globs, and what their results are called."""

import os
import sys

import tensorflow as tf

from deeplab_nas.errors import UserError
from deeplab_nas.files import image_folders

# What a prediction writes into its folder.
LABELS, OVERLAYS, LEGEND = "labels", "overlays", "legend.png"

_GLOB = frozenset("*?[")


def find(inputs, output_dir):
    """Finds image files.

    Args:
        inputs: Files, folders and globs, local or gs://. Of a folder and its sub-folders come the
            files whose extension is that of an image. Hidden files and the results of earlier
            predictions are left out.
        output_dir: Folder that the results are written to.

    Returns:
        A list of `(path, name)`: where the image lies, and the name of its result, with `.png` and
        relative to the folder that was given.

    Raises:
        UserError: Nothing is found for an input, two results would have one name, or results would
            be written where inputs or other people's files lie.
    """
    results = [os.path.join(output_dir, name) for name in (LABELS, OVERLAYS, LEGEND)]
    _refuse_labels_of_others(*results)
    places = [image_folders.place(path) for path in results]
    found = {}
    for text in inputs:
        if image_folders.lies_in(text, places):
            raise UserError(
                f"Expected --input outside of what is written, {', '.join(results)}, found {text}: "
                "name another --output_dir."
            )
        for path, name in _find_one(text, places):
            name = os.path.splitext(name)[0] + ".png"
            other = found.setdefault(name, path)
            if other != path and image_folders.place(other) != image_folders.place(path):
                raise UserError(
                    f"Expected images with names of their own, found {other} and {path}, which "
                    f"would both become {name}: predict them into two --output_dir."
                )
    return [(path, name) for name, path in found.items()]


def _refuse_labels_of_others(labels, overlays, legend):
    """Keeps label files that belong to the images from being replaced by predictions."""
    if not tf.io.gfile.isdir(labels) or not tf.io.gfile.listdir(labels):
        return
    if not tf.io.gfile.isdir(overlays) and not tf.io.gfile.exists(legend):
        raise UserError(
            f"Expected {labels} to be of an earlier prediction, found it without {overlays}: name "
            "another --output_dir, so that nothing there is replaced."
        )


def _find_one(text, places):
    others = ""
    if tf.io.gfile.isdir(text):
        there = image_folders.find(text, places)
        names = _without_results(text, there.names)
        pairs = [(os.path.join(text, name), name) for name in names]
        others = there.told_others()
    elif tf.io.gfile.exists(text):
        pairs = [(text, os.path.basename(text))]
    elif _GLOB & set(text):
        pairs = [(path, os.path.basename(path)) for path in _matching(text, places)]
    else:
        pairs = []
    if not pairs:
        raise UserError(
            f"Expected an image file, a folder of images or a glob in --input, found no image at "
            f"'{text}'{' but ' * bool(others)}{others}: check the path."
        )
    if others:
        _tell_left_out(text, f"{others}, which are no image files by their names")
    return pairs


def _without_results(folder, names):
    """Leaves out what an earlier prediction wrote, known by an overlay and a label of one name."""
    known = set(names)
    written = set()
    for name in names:
        parts = name.split("/")
        for depth, part in enumerate(parts[:-1]):
            label = "/".join([*parts[:depth], LABELS, *parts[depth + 1 :]])
            if part == OVERLAYS and label in known:
                above = "".join(f"{folder}/" for folder in parts[:depth])
                written |= {f"{above}{LABELS}/", f"{above}{OVERLAYS}/", f"{above}{LEGEND}"}
    kept = [name for name in names if not name.startswith(tuple(written))]
    if len(kept) < len(names):
        _tell_left_out(folder, f"{len(names) - len(kept)} results of an earlier prediction")
    return kept


def _matching(pattern, places):
    """The files that a glob means: hidden ones only where it says so."""
    try:
        paths = sorted(tf.io.gfile.glob(pattern))
    except UnicodeDecodeError as error:
        raise UserError(
            f"Expected names in UTF-8 where --input={pattern} looks, found {error.object}: rename "
            "it, such as with convmv."
        ) from error
    return [
        path
        for path in paths
        if all(map(_is_meant, path.split("/"), pattern.split("/")))
        and not image_folders.lies_in(path, places)
        and not tf.io.gfile.isdir(path)
    ]


def _is_meant(name, pattern):
    return name == pattern or pattern.startswith(".") or image_folders.is_data(name)


def _tell_left_out(folder, what):
    print(f"Left out of {folder}: {what}.", file=sys.stderr)
