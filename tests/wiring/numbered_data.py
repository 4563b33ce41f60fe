"""A data set whose pixels tell which image they are of, and whose splits have other contents."""

import dataclasses
import pathlib
import shutil

import numpy as np

from deeplab_nas.data import class_statistics, datasets, manifests, shard_index
from deeplab_nas.data.data_config import DataConfig
from tests.data import made_shards

NUM_CLASSES = 5
# What no other data set ignores.
IGNORE = 200
# The numbers of the images of each split. Shards hold those with even places first.
NUMBERS = {"train": tuple(range(11)), "val": (12, 13, 14, 15), "test": (20, 21, 22)}
# The classes that are labelled in each.
CLASSES = {"train": (0, 1, 2, 4), "val": (1, 2, 3, 4), "test": (0, 3, 4)}
_RED_OF_A_NUMBER = 3


@dataclasses.dataclass(frozen=True)
class NumberedData:
    """The data set.

    Attributes:
        folder: Of its shards.
        pairs: Images and labels of each split, in the order of their numbers.
        descriptor: Its facts, as the manifests have them.
        config: Small crops of it, two a batch; three images a batch of the evaluation.
    """

    folder: str
    pairs: dict
    descriptor: datasets.DatasetDescriptor
    config: DataConfig

    def in_order(self, split):
        """The images and labels of a split as its shards have them."""
        return [self.pairs[split][place] for place in order(split)]


def make(folder: pathlib.Path) -> NumberedData:
    """Writes the data set into a folder."""
    pairs = {split: [_pair(number, split) for number in NUMBERS[split]] for split in NUMBERS}
    for split, found in pairs.items():
        made_shards.write(folder, split, found)
        manifests.write(_manifest(split, found), str(folder))
    config = DataConfig(
        dataset="folder",
        dataset_dir=str(folder),
        train_split="train",
        val_split="val",
        train_crop_size=(17, 17),
        train_batch_size=2,
        eval_batch_size=3,
    )
    return NumberedData(str(folder), pairs, descriptor(), config)


def damaged(data: NumberedData, folder: pathlib.Path, numbers) -> NumberedData:
    """A copy of a data set in which some records of the training split cannot be read."""
    shutil.copytree(data.folder, folder)
    index = shard_index.load(str(folder), "train")
    for number in numbers:
        path = pathlib.Path(index.filenames[index.shards[number]])
        raw = bytearray(path.read_bytes())
        raw[int(index.offsets[number]) + 60] ^= 1
        path.write_bytes(raw)
    config = dataclasses.replace(data.config, dataset_dir=str(folder))
    return dataclasses.replace(data, folder=str(folder), config=config)


def order(split):
    """The places in `NUMBERS` of the records of a split, in the order of the two shards."""
    places = range(len(NUMBERS[split]))
    return [*places[0::2], *places[1::2]]


def evaluated(split):
    """The numbers of the images of each batch of an evaluation, three a batch.

    The last batch is filled up with the last image; the first one is seen again for its pictures.
    """
    found = [NUMBERS[split][place] for place in order(split)]
    found += [found[-1]] * (-len(found) % 3)
    batches = [tuple(found[place : place + 3]) for place in range(0, len(found), 3)]
    return [*batches, batches[0]]


def numbers(images):
    """The numbers of images `[batch, height, width, 3]`, whatever became of them."""
    red = np.asarray(images)[:, 0, 0, 0]
    return tuple(np.rint(red / _RED_OF_A_NUMBER).astype(int).tolist())


def descriptor():
    """The facts of the data set as its manifests have them."""
    names = tuple(f"class {letter}" for letter in "zyxwv")
    colormap = tuple((30 * label, 255 - label, 7 * label) for label in range(NUM_CLASSES))
    return datasets.DatasetDescriptor(
        "folder", tuple(sorted(NUMBERS)), NUM_CLASSES, IGNORE, names, colormap
    )


def _pair(number, split):
    """Noise in blocks with the label in its colours, and a part that is ignored."""
    drawn = np.random.default_rng(number)
    # The last image of a split is smaller, so that evaluation has something to pad.
    height, width = (18, 25) if split != "train" and number == NUMBERS[split][-1] else (20, 30)
    label = drawn.choice(np.array(CLASSES[split], np.uint8), [height, width], p=_chances(split))
    image = drawn.integers(0, 120, [height, width, 3]) + np.array([0, 0, 90])
    image += np.array([0, 30, -20]) * label[..., None]
    image[..., 0] = _RED_OF_A_NUMBER * number
    label[:, -4:] = IGNORE
    return image.astype(np.uint8), label


def _chances(split):
    weights = np.arange(1.0, len(CLASSES[split]) + 1)
    return weights / weights.sum()


def _manifest(split, pairs):
    histograms = [np.bincount(label.ravel(), minlength=256) for _, label in pairs]
    statistics = class_statistics.none(NUM_CLASSES)
    for histogram in histograms:
        statistics += class_statistics.of_image(histogram, NUM_CLASSES, IGNORE)
    counts = [len(pairs[shard::2]) for shard in range(2)]
    sizes = {label.shape for _, label in pairs}
    return manifests.of_shards(descriptor(), split, counts, sizes, statistics)
