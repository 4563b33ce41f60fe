"""One example: a checked image file and its label map, and the record that they become."""

import dataclasses

import numpy as np
from PIL import Image

from deeplab_nas.data import class_statistics, examples
from deeplab_nas.data.datasets import DatasetDescriptor
from tfrecords_tools.sources import images


@dataclasses.dataclass(frozen=True)
class LabeledImage:
    """One example before it is encoded.

    Attributes:
        name: Name of the image without extension, with the folders below that of all images.
        image: The contents of the image file.
        label: The label ids, uint8 `[height, width]`.
        source: Where the image comes from, such as its path, for messages; empty for the name.
        numbers: As `image_files.Picture.numbers`, where `image` was made of a file of more bits.
    """

    name: str
    image: bytes
    label: np.ndarray
    source: str = ""
    numbers: tuple[float, float] | None = None


@dataclasses.dataclass(frozen=True)
class EncodedExample:
    """One record.

    Attributes:
        serialized: The tf.Example.
        size: Height and width of the image, in pixels.
        statistics: Its pixels by class.
        lost: Of which file and which numbers next to nothing is left in the image; else empty.
    """

    serialized: bytes
    size: tuple[int, int]
    statistics: class_statistics.ClassStatistics
    lost: str = ""


def encode(example: LabeledImage, descriptor: DatasetDescriptor) -> EncodedExample:
    """Checks an example, its label ids by the facts of the data set, and makes its record.

    Raises:
        UserError: If the image or the label does not fit.
    """
    source = example.source or example.name
    image = images.read_image(example.image, source, descriptor.image_range)
    label = Image.fromarray(example.label)
    histogram = label.histogram()
    images.check_label(example.label.shape, histogram, image, source, descriptor)
    serialized = examples.encode(
        image_encoded=image.encoded,
        image_format=image.format,
        filename=example.name,
        height=image.height,
        width=image.width,
        label_encoded=images.encode_label(label),
    )
    found = class_statistics.of_image(histogram, descriptor.num_classes, descriptor.ignore_label)
    numbers = example.numbers or image.numbers
    lost = f"{source} ({numbers[0]} to {numbers[1]})" if numbers else ""
    return EncodedExample(serialized, (image.height, image.width), found, lost)
