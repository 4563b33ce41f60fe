"""Examples of half the height and half the width."""

import dataclasses

import numpy as np
from PIL import Image

from deeplab_nas.data import image_files
from tfrecords_tools.sources import images
from tfrecords_tools.sources.labeled_image import LabeledImage


def halve(example: LabeledImage) -> LabeledImage:
    """Halves both sides: the image averaged, the label by nearest neighbour; odd sides round down.

    Raises:
        UserError: The image cannot be read, or the label has another size than it.
    """
    source = example.source or example.name
    picture = image_files.read(example.image, source)
    image = picture.pixels
    images.check_sizes(example.label.shape, (image.height, image.width), source)
    size = (max(image.width // 2, 1), max(image.height // 2, 1))
    label = Image.fromarray(example.label).resize(size, Image.Resampling.NEAREST)
    return dataclasses.replace(
        example,
        image=images.encode_png(image.resize(size, Image.Resampling.BILINEAR)),
        label=np.array(label),
        numbers=picture.numbers,
    )
