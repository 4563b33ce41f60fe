"""Serialized tf.Examples, damaged in their bytes, their features or their images."""

import numpy as np
import PIL.Image
import tensorflow as tf

from deeplab_nas.data import examples
from tests.data import made_shards
from tests.fuzz import mutations
from tests.serving import made_images

_HUGE = "png of 4 KB and 100 MB"
_SIZES = ((1, 1), (7, 9), (20, 30))


def intact():
    """Some examples of the classes of `shapes`, with PNG and with JPEG images."""
    made = []
    for number, (height, width) in enumerate(_SIZES):
        image, label = made_shards.numbered_example(number, height, width)
        jpeg = made_images.encode(PIL.Image.fromarray(image), "JPEG")
        for kind, encoded in (("png", made_shards.png(image)), ("jpeg", jpeg)):
            name = f"picture {number}"
            made.append(examples.encode(encoded, kind, name, height, width, made_shards.png(label)))
    return made


def images():
    """Files that may stand where an image or a label stood."""
    wrong = made_images.wrong()
    # Decoded as many times as it would be drawn, it takes most of the time.
    del wrong[_HUGE]
    labels = [
        np.full([20, 30], 7, np.uint8),
        np.full([20, 30], 255, np.uint8),
        np.zeros([20, 30], np.uint16),
        np.zeros([20, 30, 3], np.uint8),
        np.zeros([30, 20], np.uint8),
    ]
    return [
        *made_images.right().values(),
        *(raw for raw, _ in wrong.values() if len(raw) < 2**20),
        *map(made_shards.png, labels),
    ]


def damaged(random, whole, pictures):
    """A damaged example.

    Args:
        random: `random.Random`.
        whole: What `intact` made.
        pictures: What `images` made.

    Returns:
        Bytes, which need not be those of a tf.Example.
    """
    serialized = random.choice(whole)
    chance = random.random()
    if chance < 0.02:
        return random.randbytes(random.randint(0, 300))
    if chance < 0.25:
        return mutations.damaged_bytes(random, serialized, random.choice(whole))
    example = tf.train.Example.FromString(serialized)
    for _ in range(random.randint(1, 3)):
        _damage(random, example.features.feature, pictures)
    return example.SerializeToString()


def _damage(random, features, pictures):
    key = random.choice(sorted(features) or [examples.IMAGE_ENCODED])
    feature = features[key]
    match random.randrange(9):
        case 0:
            del features[key]
        case 1:
            features[random.choice([key + "s", "", "image/object/bbox", "\x00"])].CopyFrom(feature)
            del features[key]
        case 2:
            feature.Clear()
        case 3:
            feature.CopyFrom(_foreign(random))
        case 4:
            # Twice the value, where one is asked for.
            feature.MergeFrom(type(feature).FromString(feature.SerializeToString()))
        case 5 if feature.bytes_list.value:
            feature.bytes_list.value[0] = random.choice(pictures)
        case _ if feature.bytes_list.value:
            value = feature.bytes_list.value[0]
            feature.bytes_list.value[0] = mutations.damaged_bytes(
                random, value, random.choice(pictures)
            )
        case _:
            number = random.choice([0, -1, 1, 2**31, 2**62, -(2**63), 2**63 - 1])
            feature.int64_list.value[:] = [number]


def _foreign(random):
    texts = [[b""], [b"\xff\xfe"], [b"a\nb."], [b"x" * 5000], [b"a", b"b"], []]
    match random.randrange(3):
        case 0:
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=random.choice(texts)))
        case 1:
            values = random.choice([[0.5], [float("nan")], [], [1.0, 2.0]])
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        case _:
            values = random.choice([[7], [], [1, 2], [-1]])
            return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
