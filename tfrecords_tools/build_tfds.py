"""Builds shards of a data set that TensorFlow Datasets has prepared on this machine."""

import dataclasses
import pathlib
from collections.abc import Sequence

from flags import program

import numpy as np
import tensorflow_datasets as tfds
from absl import flags as absl_flags

from deeplab_nas.data import datasets, manifests
from deeplab_nas.errors import UserError
from tfrecords_tools.sources import images, raw_ids
from tfrecords_tools.sources.labeled_image import LabeledImage
from tfrecords_tools.writing import build_options, raw_dataset, shards
from tfrecords_tools.writing.build_options import BuildOptions

_NUM_SHARDS = 4


@dataclasses.dataclass(frozen=True)
class TfdsConfig:
    """What to build.

    Attributes:
        tfds_name: Name of the data set in TFDS, such as `cityscapes/semantic_segmentation`, or the
            folder of a prepared one, which holds `features.json`.
        tfds_dir: Where TFDS keeps its data sets; empty for its default. Nothing is downloaded.
        output_dir: Folder of the shards, local or gs://.
        splits: Splits as TFDS names them; empty for all.
        image_key: Feature of the images; empty for the only one with three channels.
        label_key: Feature of the label maps; empty for the only image with one channel.
        num_classes: Classes; 0 takes what the feature says.
        first_label: Label id that becomes class 0; lower ones are ignored.
        ignore_label: Label id, before that shift, of pixels that neither train nor count.
    """

    tfds_name: str
    output_dir: str
    tfds_dir: str = ""
    splits: tuple[str, ...] = ()
    image_key: str = ""
    label_key: str = ""
    num_classes: int = 0
    first_label: int = 0
    ignore_label: int = 255


def build(
    config: TfdsConfig, options: BuildOptions | None = None
) -> tuple[manifests.Manifest, ...]:
    """Writes the shards.

    Cityscapes becomes `--dataset=cityscapes`, its raw ids mapped to the 19 classes; every other
    data set becomes `--dataset=folder`.

    Args:
        config: What to build.
        options: How; see `shards.write_split`.

    Returns:
        The manifests of the splits that were written.

    Raises:
        UserError: The data set is not prepared here, has not the features, or does not fit.
    """
    builder = _builder(config)
    splits = config.splits or tuple(builder.info.splits)
    for split in splits:
        if split not in builder.info.splits:
            raise UserError(
                f"Expected --splits to be some of {', '.join(builder.info.splits)}, found {split}."
            )
    image_key = config.image_key or _only_image(builder.info, 3, "--image_key")
    label_key = config.label_key or _only_image(builder.info, 1, "--label_key")
    descriptor, table = _labels(config, builder.info, label_key, splits)

    decoders = {key: tfds.decode.SkipDecoding() for key in (image_key, label_key)}

    def load(example):
        name = example["tfds_id"].decode()
        label = images.read_label(example[label_key], name)
        return LabeledImage(name, example[image_key], table[label])

    def build_split(split):
        records = _Records(builder, split, decoders, range(builder.info.splits[split].num_examples))
        found = shards.Split(split, records, load, descriptor, _NUM_SHARDS)
        return shards.write_split(config.output_dir, found, options)

    return tuple(build_split(split) for split in splits)


@dataclasses.dataclass(frozen=True)
class _Records(Sequence):
    """Some examples of a prepared data set, their files as they are; a slice reads only its own."""

    builder: tfds.core.DatasetBuilder
    split: str
    decoders: dict[str, tfds.decode.SkipDecoding]
    numbers: range

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, chosen: slice) -> "_Records":
        return dataclasses.replace(self, numbers=self.numbers[chosen])

    def __repr__(self):
        return f"{self.builder.info.full_name} {self.split} {self.numbers}"

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
    names = getattr(feature, "names", None) or [f"class_{label}" for label in range(num_classes)]
    if len(names) != num_classes:
        names = [f"class_{label}" for label in range(num_classes)]
    descriptor = datasets.DatasetDescriptor(
        name="folder",
        splits=tuple(splits),
        num_classes=num_classes,
        ignore_label=255,
        class_names=tuple(names),
        colormap=datasets.pascal_colormap(num_classes),
    )
    # Ids that are no class stay wrong, so that they are refused by name and not ignored.
    table = (np.arange(256) - config.first_label).clip(-1, 254)
    table[table == -1] = descriptor.ignore_label
    table[config.ignore_label] = descriptor.ignore_label
    return descriptor, table.astype(np.uint8)


def define_flags() -> None:
    """Registers the flags of this program."""
    absl_flags.DEFINE_string(
        "tfds_name",
        None,
        "Data set in TFDS, such as cityscapes/semantic_segmentation, or folder of a prepared one.",
    )
    absl_flags.DEFINE_string(
        "tfds_dir", "", "Where TFDS keeps its data sets; empty: its default. Nothing is downloaded."
    )
    absl_flags.DEFINE_list("splits", [], "Splits as TFDS names them; empty: all.")
    absl_flags.DEFINE_string("image_key", "", "Feature of the images; empty: the only one.")
    absl_flags.DEFINE_string("label_key", "", "Feature of the label maps; empty: the only one.")
    absl_flags.DEFINE_integer("num_classes", 0, "Classes; 0: what the feature says.", 0, 255)
    absl_flags.DEFINE_integer(
        "first_label", 0, "Label id that becomes class 0; lower ones are ignored.", 0, 255
    )
    absl_flags.DEFINE_integer(
        "ignore_label", 255, "Label id, before that shift, of ignored pixels.", 0, 255
    )
    build_options.define_flags()
    absl_flags.mark_flag_as_required("tfds_name")


def main(_: Sequence[str]) -> None:
    """Builds the data set that the flags describe."""
    values = absl_flags.FLAGS
    fields = {field.name: values[field.name].value for field in dataclasses.fields(TfdsConfig)}
    fields["splits"] = tuple(fields["splits"])
    raw_dataset.tell(build(TfdsConfig(**fields), build_options.from_flags(values)))


if __name__ == "__main__":
    define_flags()
    program.run(main)
