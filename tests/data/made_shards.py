"""Small shard sets that the tests of the input pipeline read."""

import io

import numpy as np
import tensorflow as tf
from PIL import Image

from deeplab_nas.data import examples, shard_index


def png(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "png")
    return buffer.getvalue()


def numbered_example(number: int, height: int = 20, width: int = 30) -> tuple:
    """An image whose red channel is its number, whose green channel is its label, and the label."""
    label = (np.add.outer(np.arange(height), np.arange(width)) // 5 % 4).astype(np.uint8)
    image = np.stack([np.full_like(label, number), label * 40, 255 - label * 40], axis=-1)
    return image, label


def write(folder, split: str, pairs: list[tuple], num_shards: int = 2, claims=()) -> str:
    """Writes `(image, label)` arrays as official shards without a manifest.

    `claims` are `(height, width)` by number, of images that are said to have another size.
    """
    folder.mkdir(exist_ok=True, parents=True)
    for shard in range(num_shards):
        path = folder / shard_index.shard_name(split, shard, num_shards)
        with tf.io.TFRecordWriter(str(path)) as writer:
            for number in range(len(pairs))[shard::num_shards]:
                image, label = pairs[number]
                height, width = dict(claims).get(number, label.shape)
                writer.write(
                    examples.encode(
                        image_encoded=png(image),
                        image_format="png",
                        filename=f"picture {number}",
                        height=height,
                        width=width,
                        label_encoded=png(label),
                    )
                )
    return str(folder)
