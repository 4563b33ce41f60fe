"""Builds shards of a data set that TensorFlow Datasets has prepared on this machine."""

import dataclasses
import io
import itertools
import pathlib
from collections.abc import Sequence

from flags import program

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from deeplab_nas.data import datasets, image_files, manifests
from deeplab_nas.data.brightness import ranges
from deeplab_nas.errors import UserError
from deeplab_nas.settings import required, setting
from tfrecords_tools.sources import image_ranges
from tfrecords_tools.sources.labeled_image import LabeledImage
from tfrecords_tools.sources.labels import id_map, raw_ids
from tfrecords_tools.writing import class_report, raw_dataset, shards
from tfrecords_tools.writing.build_options import BuildConfig

_NUM_SHARDS = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class TfdsConfig(id_map.IdMapConfig, BuildConfig):
    """What to build."""

    tfds_name: str = required(
        "Data set in TFDS, such as cityscapes/semantic_segmentation, or folder of a prepared one, "
        "which holds features.json.",
        example="cityscapes/semantic_segmentation",
        path=True,
    )
    tfds_dir: str = setting(
        "", "Where TFDS keeps its data sets; empty: its default. Nothing is downloaded.", path=True
    )
    splits: tuple[str, ...] = setting((), "Splits as TFDS names them; empty: all.")
    image_key: str = setting("", "Feature of the images; empty: the only one.")
    label_key: str = setting("", "Feature of the label maps; empty: the only one.")
    num_classes: int = setting(
        0, "Classes; 0: what the feature or --label_map says.", least=0, most=255
    )
    image_range: str = image_ranges.image_range_setting()

    def check_together(self) -> None:
        super().check_together()
        ranges.parse(self.image_range)


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
    descriptor, ids = _labels(config, builder.info, label_key, splits)

    decoders = {key: tfds.decode.SkipDecoding() for key in (image_key, label_key)}

    records = {name: _Records.of(builder, name, decoders) for name in splits}
    image_range = _image_range(config, builder.info, image_key, records.values())
    descriptor = dataclasses.replace(descriptor, image_range=image_range)

    def load(example):
        name = example["tfds_id"].decode()
        label = ids.read(example[label_key], name)
        return LabeledImage(name, example[image_key], label)

    settings = (
        *(f"--image_key={image_key}", f"--label_key={label_key}"),
        *config.label_flags,
        f"--image_range={ranges.shown(descriptor.image_range)}",
    )
    found = [
        shards.Split(
            name=name,
            items=records[name],
            load=load,
            descriptor=descriptor,
            num_shards=_NUM_SHARDS,
            settings=settings,
            check=_check(config, name),
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


def _image_range(config, info, image_key, splits):
    dtype = np.dtype(info.features[image_key].np_dtype)
    if dtype == np.uint8:
        return None
    if dtype != np.uint16:
        raise UserError(
            f"Expected images of 8 or 16 bits in {image_key} of {info.full_name}, found {dtype}: "
            "name another --image_key."
        )

    def largest_of(example):
        file = io.BytesIO(example[image_key])
        return image_files.largest_number(file, example["tfds_id"].decode())

    splits = list(splits)
    examples, count = itertools.chain.from_iterable(splits), sum(map(len, splits))
    return image_ranges.resolve(
        config.image_range, config.output_dir, examples, count, largest_of, config.options
    )


def _labels(config, info, label_key, splits):
    """The descriptor, and the map of the label ids."""
    if info.name == "cityscapes":
        _refuse_label_flags(config, info)
        return datasets.describe("cityscapes", ""), raw_ids.cityscapes()
    feature = info.features[label_key]
    mapped = None
    if config.label_map:
        mapped = id_map.parse(config.label_map, config.ignore_label, config.num_classes)
    num_classes = (
        config.num_classes
        or (mapped and mapped.num_classes)
        or getattr(feature, "num_classes", None)
    )
    if not num_classes:
        raise UserError(
            f"Expected --num_classes or --label_map, as {label_key} of {info.full_name} does "
            "not say how many classes it has."
        )
    names = getattr(feature, "names", None) or ()
    # Names of ids that are mapped are not those of the classes.
    if mapped or len(names) != num_classes:
        names = (f"class_{label}" for label in range(num_classes))
    mapped = mapped or id_map.from_first(config.first_label, num_classes, config.ignore_label)
    descriptor = datasets.folder(
        tuple(splits), tuple(names), submission_ids=mapped.submission_ids(num_classes)
    )
    return descriptor, mapped


def _refuse_label_flags(config, info):
    fields = {field.name: field.default for field in dataclasses.fields(config)}
    for name in ("num_classes", "first_label", "ignore_label", "label_map"):
        if getattr(config, name) != fields[name]:
            raise UserError(
                f"Expected no --{name} with {info.full_name}, whose ids become the classes of "
                f"--dataset=cityscapes, found {getattr(config, name)}: leave it out."
            )


def _check(config, split):
    if split.startswith("test"):
        # Published without labels, as that of Cityscapes is.
        return class_report.take_any
    has_seen_ids = config.label_map or config.first_label or config.ignore_label != 255
    return class_report.require_labels if has_seen_ids else class_report.require_classes


def main(config: TfdsConfig) -> None:
    """Builds the data set that the configuration describes."""
    raw_dataset.tell(build(config))


if __name__ == "__main__":
    program.run(TfdsConfig, main)
