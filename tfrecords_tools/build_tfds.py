"""Builds shards of a data set that TensorFlow Datasets has prepared on this machine."""

import dataclasses
import pathlib
from collections.abc import Sequence

from flags import program

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from deeplab_nas.data import datasets, manifests
from deeplab_nas.errors import UserError
from deeplab_nas.settings import required, setting
from tfrecords_tools.sources import images, raw_ids
from tfrecords_tools.sources.labeled_image import LabeledImage
from tfrecords_tools.writing import raw_dataset, shards
from tfrecords_tools.writing.build_options import BuildConfig

_NUM_SHARDS = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class TfdsConfig(BuildConfig):
    """What to build."""

    tfds_name: str = required(
        "Data set in TFDS, such as cityscapes/semantic_segmentation, or folder of a prepared one, "
        "which holds features.json.",
        example="cityscapes/semantic_segmentation",
    )
    tfds_dir: str = setting(
        "", "Where TFDS keeps its data sets; empty: its default. Nothing is downloaded."
    )
    splits: tuple[str, ...] = setting((), "Splits as TFDS names them; empty: all.")
    image_key: str = setting("", "Feature of the images; empty: the only one.")
    label_key: str = setting("", "Feature of the label maps; empty: the only one.")
    num_classes: int = setting(0, "Classes; 0: what the feature says.", least=0, most=255)
    first_label: int = setting(
        0, "Label id that becomes class 0; lower ones are ignored.", least=0, most=255
    )
    ignore_label: int = setting(
        255, "Label id, before that shift, of ignored pixels.", least=0, most=255
    )


def build(config: TfdsConfig) -> tuple[manifests.Manifest, ...]:
    """Writes the shards.

    Cityscapes becomes `--dataset=cityscapes`, its raw ids mapped to the 19 classes; every other
    data set becomes `--dataset=folder`.

    Args:
        config: What to build.

    Returns:
        The manifests of the splits that were written.

    Raises:
        UserError: The data set is not prepared here, has not the features, or does not fit.
    """
    builder = _builder(config)
    splits = config.splits or tuple(builder.info.splits)
    raw_dataset.check_splits(splits, builder.info.splits)
    image_key = config.image_key or _only_image(builder.info, 3, "--image_key")
    label_key = config.label_key or _only_image(builder.info, 1, "--label_key")
    descriptor, table = _labels(config, builder.info, label_key, splits)

    decoders = {key: tfds.decode.SkipDecoding() for key in (image_key, label_key)}

    def load(example):
        name = example["tfds_id"].decode()
        label = images.read_label(example[label_key], name)
        return LabeledImage(name, example[image_key], table[label])

    settings = (
        *(f"--image_key={image_key}", f"--label_key={label_key}"),
        *(f"--first_label={config.first_label}", f"--ignore_label={config.ignore_label}"),
    )
    found = [
        shards.Split(
            name=name,
            items=_Records.of(builder, name, decoders),
            load=load,
            descriptor=descriptor,
            num_shards=_NUM_SHARDS,
            settings=settings,
        )
        for name in splits
    ]
    return shards.write_splits(config.output_dir, found, config.options)


@dataclasses.dataclass(frozen=True)
class _Records(Sequence):
    """Some examples of a prepared data set, their files as they are; a slice reads only its own."""

    builder: tfds.core.DatasetBuilder
    split: str
    decoders: dict[str, tfds.decode.SkipDecoding]
    numbers: range
    files: str

    @classmethod
    def of(cls, builder, split, decoders) -> "_Records":
        """All examples of a split."""
        info = builder.info.splits[split]
        facts = [(str(path), tf.io.gfile.stat(str(path))) for path in info.filepaths]
        files = " ".join(f"{path} {found.length} {found.mtime_nsec}" for path, found in facts)
        return cls(builder, split, decoders, range(info.num_examples), files)

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, chosen: slice) -> "_Records":
        return dataclasses.replace(self, numbers=self.numbers[chosen])

    def __repr__(self):
        return f"{self.builder.info.full_name} {self.split} {self.numbers} {self.files}"

    def __iter__(self):
        dataset = self.builder.as_dataset(
            split=f"{self.split}[{self.numbers.start}:{self.numbers.stop}]",
            decoders=self.decoders,
            shuffle_files=False,
            read_config=tfds.ReadConfig(add_tfds_id=True),
        )
        return iter(tfds.as_numpy(dataset))


def _builder(config):
    try:
        if (pathlib.Path(config.tfds_name) / "features.json").is_file():
            return tfds.builder_from_directory(config.tfds_name)
        builder = tfds.builder(config.tfds_name, data_dir=config.tfds_dir or None)
    except (tfds.core.DatasetNotFoundError, ValueError) as error:
        raise UserError(
            f"Expected --tfds_name to be a data set of TFDS or the folder of a prepared one, found "
            f"'{config.tfds_name}'."
        ) from error
    if not builder.is_prepared():
        raise UserError(
            f"Expected {config.tfds_name} prepared at {builder.data_path}, found nothing: prepare "
            "it with tfds build, or correct --tfds_dir."
        )
    return builder


def _only_image(info, channels: int, flag: str) -> str:
    found = [
        key
        for key, feature in info.features.items()
        if isinstance(feature, tfds.features.Image) and feature.shape[-1] == channels
    ]
    if len(found) != 1:
        raise UserError(
            f"Expected one image of {channels} channels in {info.full_name}, found "
            f"{', '.join(found) or 'none'}: name it with {flag}."
        )
    return found[0]


def _labels(config, info, label_key, splits):
    """The descriptor, and the class of every label id, uint8 `[256]`."""
    if info.name == "cityscapes":
        descriptor = datasets.describe("cityscapes", "")
        return descriptor, raw_ids.class_table(descriptor)
    feature = info.features[label_key]
    num_classes = config.num_classes or getattr(feature, "num_classes", None)
    if not num_classes:
        raise UserError(
            f"Expected --num_classes, as {label_key} of {info.full_name} does not say how many "
            "classes it has."
        )
    names = getattr(feature, "names", None) or ()
    if len(names) != num_classes:
        names = (f"class_{label}" for label in range(num_classes))
    descriptor = datasets.folder(tuple(splits), tuple(names))
    # Ids that are no class stay wrong, so that they are refused by name and not ignored.
    table = (np.arange(256) - config.first_label).clip(-1, 254)
    table[table == -1] = descriptor.ignore_label
    table[config.ignore_label] = descriptor.ignore_label
    return descriptor, table.astype(np.uint8)


def main(config: TfdsConfig) -> None:
    """Builds the data set that the configuration describes."""
    raw_dataset.tell(build(config))


if __name__ == "__main__":
    program.run(TfdsConfig, main)
