"""The facts of each data set: its splits, classes, ignore label and colours."""

import dataclasses
from typing import Any

from deeplab_nas.data import ade20k, manifests
from deeplab_nas.data.brightness import ranges
from deeplab_nas.errors import UserError
from deeplab_nas.files.json_field import MAX_INTEGER, Field

Color = tuple[int, int, int]

# The data set that needs no download: drawn on first use.
BUILT_IN = "shapes"


@dataclasses.dataclass(frozen=True)
class DatasetDescriptor:
    """What a reader of a data set has to know besides its files.

    Attributes:
        name: The value of `--dataset`.
        splits: Names of the splits that shards may exist for.
        num_classes: Classes, background included.
        ignore_label: Label id of pixels that neither train nor count.
        class_names: One name a class.
        colormap: One `(red, green, blue)` in 0..255 a class.
        submission_ids: The id that the data set's evaluation server, or for a set of one's own its
            label files, call each class by; None where that is the class itself.
        split_sizes: Examples in each split as it was published; empty where that is not known.
        recommended_crop: Height and width of the training crops in pixels that the paper, or for
            small sets the recipe here, trains with; None where that is not known.
        image_range: The numbers of image files of more than 8 bits that are black and white in the
            shards; None where all files have 8 bits.
    """

    name: str
    splits: tuple[str, ...]
    num_classes: int
    ignore_label: int
    class_names: tuple[str, ...]
    colormap: tuple[Color, ...]
    submission_ids: tuple[int, ...] | None = None
    split_sizes: tuple[int, ...] = ()
    recommended_crop: tuple[int, int] | None = None
    image_range: ranges.Range | None = None

    def to_document(self) -> dict[str, Any]:
        """Returns what JSON holds of it, such as beside the weights of a network."""
        return dataclasses.asdict(self)


def pascal_colormap(num_colors: int) -> tuple[Color, ...]:
    """Computes the colours of the PASCAL VOC development kit.

    Bit 3k + c of the class id becomes bit 7 - k of colour channel c, so that near ids get far
    colours.

    Args:
        num_colors: How many colours, at most 256 distinct ones.

    Returns:
        `num_colors` tuples `(red, green, blue)`.
    """
    return tuple(
        tuple(
            sum(((label >> (3 * bit + channel)) & 1) << (7 - bit) for bit in range(8))
            for channel in range(3)
        )
        for label in range(num_colors)
    )


def folder(
    splits: tuple[str, ...],
    class_names: tuple[str, ...],
    ignore_label: int = 255,
    colormap: tuple[Color, ...] | None = None,
    submission_ids: tuple[int, ...] | None = None,
) -> DatasetDescriptor:
    """Describes a set that brings its own classes, `--dataset=folder`; see `DatasetDescriptor`.

    Args:
        splits: Names of its splits.
        class_names: One name a class.
        ignore_label: Label id of pixels that neither train nor count.
        colormap: One colour a class; None for the colours of VOC.
        submission_ids: The id that the label files had for each class; None for the class itself.

    Raises:
        UserError: There is one class only, or two have one name, or one has a name that no table
            can show.
    """
    count = len(class_names)
    if count < 2:
        raise UserError(
            f"Expected two classes or more, background included, found {count}: a network of one "
            "class has nothing to learn."
        )
    wrong = manifests.wrong_name(class_names)
    if wrong:
        raise UserError(
            f"Expected the name of class {wrong.number} to be {wrong.expected}, found "
            f"{wrong.name!r}: correct the class names."
        )
    colors = pascal_colormap(count) if colormap is None else colormap
    return DatasetDescriptor(
        "folder", splits, count, ignore_label, class_names, colors, submission_ids
    )


_SHAPES = DatasetDescriptor(
    name=BUILT_IN,
    splits=("train", "val"),
    num_classes=6,
    ignore_label=255,
    class_names=("disc", "square", "triangle", "ring", "bar", "star"),
    colormap=(
        *((224, 82, 82), (86, 156, 214), (246, 189, 96)),
        *((152, 106, 196), (106, 190, 120), (240, 130, 180)),
    ),
    split_sizes=(512, 128),
    recommended_crop=(96, 128),
)

_CAMVID = DatasetDescriptor(
    name="camvid",
    splits=("train", "val", "test", "fit", "held_out"),
    num_classes=11,
    ignore_label=255,
    class_names=(
        *("sky", "building", "pole", "road", "pavement", "tree"),
        *("sign_symbol", "fence", "car", "pedestrian", "bicyclist"),
    ),
    colormap=(
        *((128, 128, 128), (128, 0, 0), (192, 192, 128), (128, 64, 128), (60, 40, 222)),
        *((128, 128, 0), (192, 128, 128), (64, 64, 128), (64, 0, 128), (64, 64, 0), (0, 128, 192)),
    ),
    split_sizes=(367, 101, 233, 294, 73),
    recommended_crop=(161, 161),
)

_CITYSCAPES = DatasetDescriptor(
    name="cityscapes",
    splits=(
        *("train_fine", "train_coarse", "trainval_fine", "trainval_coarse"),
        *("val_fine", "test_fine"),
    ),
    num_classes=19,
    ignore_label=255,
    class_names=(
        *("road", "sidewalk", "building", "wall", "fence", "pole", "traffic light"),
        *("traffic sign", "vegetation", "terrain", "sky", "person", "rider", "car"),
        *("truck", "bus", "train", "motorcycle", "bicycle"),
    ),
    colormap=(
        *((128, 64, 128), (244, 35, 232), (70, 70, 70), (102, 102, 156), (190, 153, 153)),
        *((153, 153, 153), (250, 170, 30), (220, 220, 0), (107, 142, 35), (152, 251, 152)),
        *((70, 130, 180), (220, 20, 60), (255, 0, 0), (0, 0, 142), (0, 0, 70), (0, 60, 100)),
        *((0, 80, 100), (0, 0, 230), (119, 11, 32)),
    ),
    submission_ids=(7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33),
    split_sizes=(2975, 22973, 3475, 23473, 500, 1525),
    recommended_crop=(769, 769),
)

_PASCAL_VOC_SEG = DatasetDescriptor(
    name="pascal_voc_seg",
    splits=("train", "train_aug", "trainval", "val"),
    num_classes=21,
    ignore_label=255,
    class_names=(
        *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus"),
        *("car", "cat", "chair", "cow", "diningtable", "dog", "horse"),
        *("motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
    ),
    colormap=pascal_colormap(21),
    split_sizes=(1464, 10582, 2913, 1449),
    recommended_crop=(513, 513),
)

# The official convention: the ids of the files, of which 0 is ignored and yet a class.
_ADE20K = DatasetDescriptor(
    name="ade20k",
    splits=("train", "val"),
    num_classes=151,
    ignore_label=0,
    class_names=("other", *ade20k.CLASS_NAMES),
    colormap=pascal_colormap(151),
    split_sizes=(20210, 2000),
    recommended_crop=(513, 513),
)

# The convention of the benchmark: its 150 classes, counted from 0. Server and files count from 1.
_ADE20K_150 = dataclasses.replace(
    _ADE20K,
    num_classes=150,
    ignore_label=255,
    class_names=ade20k.CLASS_NAMES,
    colormap=pascal_colormap(151)[1:],
    submission_ids=tuple(range(1, 151)),
)

_TABLE = {
    descriptor.name: descriptor
    for descriptor in (_SHAPES, _CAMVID, _CITYSCAPES, _PASCAL_VOC_SEG, _ADE20K)
}

# Other conventions of the same data set; the manifests beside the shards tell which one it is.
_VARIANTS = {"ade20k": (_ADE20K_150,)}


def names() -> tuple[str, ...]:
    """Returns the values that `--dataset` takes; `folder` is a set that describes itself."""
    return (*_TABLE, "folder")


def describe(name: str, dataset_dir: str) -> DatasetDescriptor:
    """Looks a data set up.

    Args:
        name: One of `names()`. The facts of `folder`, and which of several conventions a set
            follows, come from the manifests beside its shards.
        dataset_dir: Folder of the shards. Empty where only the table is asked.

    Returns:
        The facts of the data set.

    Raises:
        UserError: If the name is unknown, if `folder` has no manifest, or if a manifest in
            `dataset_dir` contradicts the table.
    """
    if name not in names():
        raise UserError(f"Expected --dataset to be one of {', '.join(names())}, found {name!r}.")
    found = manifests.read_all(dataset_dir) if dataset_dir else ()
    known = conventions(name) or (_from_manifests(found, dataset_dir),)
    matching = [descriptor for descriptor in known if found and _agree(descriptor, found[0])]
    descriptor = (*matching, *known)[0]
    for manifest in found:
        if not _agree(descriptor, manifest):
            if name == manifest.dataset == "folder":
                raise UserError(
                    f"Expected the splits in {dataset_dir} to have the same classes, found "
                    f"{descriptor.num_classes} and ignore label {descriptor.ignore_label} in "
                    f"{manifests.path(dataset_dir, found[0].split)}, {manifest.num_classes} and "
                    f"{manifest.ignore_label} in {manifests.path(dataset_dir, manifest.split)}: "
                    "build them again with one --num_classes and one --ignore_label."
                )
            raise UserError(
                f"Expected {descriptor.num_classes} classes and ignore label "
                f"{descriptor.ignore_label} for --dataset={name}, found {manifest.num_classes} and "
                f"{manifest.ignore_label} in {manifests.path(dataset_dir, manifest.split)}: name "
                f"the right data set (this one was built as {manifest.dataset!r})."
            )
    scale = manifests.one_range(found, dataset_dir)
    return dataclasses.replace(descriptor, image_range=scale) if scale else descriptor


def conventions(name: str) -> tuple[DatasetDescriptor, ...]:
    """The ways of numbering a data set's classes, the official one first; none of `folder`."""
    return (_TABLE[name], *_VARIANTS.get(name, ())) if name in _TABLE else ()


def _agree(known: DatasetDescriptor, found: manifests.Manifest) -> bool:
    return (known.num_classes, known.ignore_label) == (found.num_classes, found.ignore_label)


def from_document(document: Field) -> DatasetDescriptor:
    """Reads what `DatasetDescriptor.to_document` gave.

    Raises:
        UserError: The document is something else; the message names the field.
    """
    fields = document.record(
        ("name", "splits", *manifests.CLASS_FACTS),
        ("submission_ids", "split_sizes", "recommended_crop", "image_range"),
    )
    facts = manifests.read_class_facts(fields)
    splits = tuple(split.line() for split in fields["splits"].items())
    optional = {}
    for name, length, least, most in (
        ("submission_ids", facts["num_classes"], 0, 255),
        ("split_sizes", len(splits), 0, MAX_INTEGER),
        ("recommended_crop", 2, 1, MAX_INTEGER),
    ):
        # The default stands for what is not known.
        if name in fields and fields[name].value not in (None, []):
            integers = fields[name].items(length)
            optional[name] = tuple(field.integer(least, most) for field in integers)
    if "image_range" in fields:
        optional["image_range"] = ranges.from_field(fields["image_range"])
    return DatasetDescriptor(fields["name"].line(), splits, **facts, **optional)


def _from_manifests(found: tuple[manifests.Manifest, ...], dataset_dir: str) -> DatasetDescriptor:
    if not found:
        raise UserError(
            f"Expected manifest-<split>.json in {dataset_dir!r} for --dataset=folder, found none: "
            "build the shards with python -m tfrecords_tools.build_folder."
        )
    splits = tuple(manifest.split for manifest in found)
    # What the label files had is told only where all splits' had the same.
    ids = {manifest.submission_ids for manifest in found}
    submission_ids = ids.pop() if len(ids) == 1 else None
    return DatasetDescriptor(
        "folder", splits, **manifests.class_facts(found[0]), submission_ids=submission_ids
    )
