"""The manifest beside the shards of a split: what was written, so that a reader can check it."""

import dataclasses
import json
import posixpath

import tensorflow as tf

from deeplab_nas.data.class_statistics import ClassStatistics
from deeplab_nas.errors import UserError

FORMAT_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Manifest:
    """The contents of `manifest-<split>.json`.

    Attributes:
        dataset: Name the set was built as.
        split: Name of the split.
        num_examples: Examples in all shards together.
        shard_counts: Examples in each shard, in shard order.
        num_classes: Classes, background included.
        ignore_label: Label id of pixels that neither train nor count.
        class_names: One name a class.
        colormap: One `(red, green, blue)` in 0..255 a class.
        image_sizes: The distinct `(height, width)` of the images, in pixels, sorted.
        statistics: Pixels by class; None in manifests of before they were counted.
        skipped: A sentence for every example that was left out because it could not be used.
    """

    dataset: str
    split: str
    num_examples: int
    shard_counts: tuple[int, ...]
    num_classes: int
    ignore_label: int
    class_names: tuple[str, ...]
    colormap: tuple[tuple[int, int, int], ...]
    image_sizes: tuple[tuple[int, int], ...]
    statistics: ClassStatistics | None = None
    skipped: tuple[str, ...] = ()


def path(dataset_dir: str, split: str) -> str:
    """Returns where the manifest of a split lies."""
    return posixpath.join(dataset_dir, f"manifest-{split}.json")


def write(manifest: Manifest, dataset_dir: str) -> None:
    """Writes a manifest under a temporary name and renames it, over an older one if need be."""
    final = path(dataset_dir, manifest.split)
    fields = {"format_version": FORMAT_VERSION, **dataclasses.asdict(manifest)}
    with tf.io.gfile.GFile(final + ".incomplete", "w") as file:
        file.write(json.dumps(fields, indent=1) + "\n")
    tf.io.gfile.rename(final + ".incomplete", final, overwrite=True)


def read(dataset_dir: str, split: str) -> Manifest | None:
    """Reads the manifest of a split.

    Args:
        dataset_dir: Folder of the shards.
        split: Name of the split.

    Returns:
        The manifest, or None where there is none, as beside shards of the official converter.

    Raises:
        UserError: If the file is no manifest of this format.
    """
    name = path(dataset_dir, split)
    if not tf.io.gfile.exists(name):
        return None
    with tf.io.gfile.GFile(name, "r") as file:
        text = file.read()
    try:
        fields = json.loads(text)
        version = fields.pop("format_version")
        statistics = fields.pop("statistics", None)
        manifest = Manifest(
            **with_tuples(fields),
            statistics=ClassStatistics(**with_tuples(statistics)) if statistics else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"Expected {name} to be a manifest, but it cannot be read ({error}): build the shards "
            "again."
        ) from error
    if version != FORMAT_VERSION:
        raise UserError(
            f"Expected format version {FORMAT_VERSION} in {name}, found {version}: build the "
            "shards again."
        )
    return manifest


def read_all(dataset_dir: str) -> tuple[Manifest, ...]:
    """Reads every manifest in a folder, sorted by file name.

    Args:
        dataset_dir: Folder of the shards.

    Returns:
        The manifests; none where the folder holds none.

    Raises:
        UserError: If a file is no manifest of this format.
    """
    names = sorted(tf.io.gfile.glob(path(dataset_dir, "*")))
    splits = [posixpath.basename(name)[len("manifest-") : -len(".json")] for name in names]
    return tuple(read(dataset_dir, split) for split in splits)


def with_tuples(fields: dict) -> dict:
    """Turns the lists in the values of a JSON object into tuples."""
    return {name: as_tuples(value) for name, value in fields.items()}


def as_tuples(value):
    """Turns the lists in a JSON value into tuples."""
    return tuple(as_tuples(item) for item in value) if isinstance(value, list) else value
