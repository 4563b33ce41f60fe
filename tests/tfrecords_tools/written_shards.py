"""What the shards of a split hold, read by the official keys alone."""

import io

import numpy as np
import tensorflow as tf
from PIL import Image

from deeplab_nas.data import shard_index


def read(folder, split):
    """Image and label arrays by name, in the order of the shards."""
    found = {}
    for record in tf.data.TFRecordDataset(shard_index.load(str(folder), split).filenames):
        features = tf.train.Example.FromString(record.numpy()).features.feature
        image, label = (
            np.array(Image.open(io.BytesIO(features[key].bytes_list.value[0])))
            for key in ("image/encoded", "image/segmentation/class/encoded")
        )
        name = features["image/filename"].bytes_list.value[0].decode()
        assert image.shape == (*label.shape, 3)
        sizes = [features[f"image/{side}"].int64_list.value[0] for side in ("height", "width")]
        assert tuple(sizes) == label.shape
        found[name] = (image, label)
    return found
