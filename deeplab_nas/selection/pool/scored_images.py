"""The images that untrained networks are scored on."""

import dataclasses
import itertools

import numpy as np

from deeplab_nas.data import pipeline
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.data.split import Split
from deeplab_nas.errors import UserError

# More of them rank the networks alike.
_COUNT = 16


def of_split(config: DataConfig, split: Split, seed: int) -> np.ndarray:
    """Draws as many crops as scores are computed on; see `draw`."""
    return draw(config, split, _COUNT, seed)


def draw(config: DataConfig, split: Split, count: int, seed: int) -> np.ndarray:
    """Draws crops as training does, without their labels.

    Args:
        config: Of the data; the crop size and the augmentation count.
        split: What is read, as a rule the training split.
        count: How many crops, 2 or more.
        seed: Of the order and the augmentation.

    Returns:
        Float32 `[count, height, width, 3]` in 0..255, all different.

    Raises:
        UserError: A crop came twice, such as of black images.
    """
    num_examples = split.index.num_examples
    config = dataclasses.replace(config, train_batch_size=min(count, num_examples))
    batches = pipeline.train_dataset(config, split, np.arange(num_examples), seed)
    crops = (image for images, _ in batches.as_numpy_iterator() for image in images)
    drawn = np.stack(list(itertools.islice(crops, count)))
    different = len({image.tobytes() for image in drawn})
    if different < count:
        raise UserError(
            f"Expected {count} different crops of {split.index.split!r} to score untrained networks"
            f" on, found {different}: take other or larger crops, or do without the scores."
        )
    return drawn
