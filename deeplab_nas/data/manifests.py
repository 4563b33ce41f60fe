"""The manifest beside the shards of a split: what was written, so that a reader can check it."""

import dataclasses
import posixpath
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from deeplab_nas.data import examples
from deeplab_nas.data.brightness import ranges
from deeplab_nas.data.class_statistics import ClassStatistics
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic, untrusted_json
from deeplab_nas.files.json_field import Field, shown

FORMAT_VERSION = 1

# Of a manifest or journal: enough for a set of which 50,000 examples were left out, each with a
# long sentence.
MAX_BYTES = 2**25
CLASS_FACTS = ("num_classes", "ignore_label", "class_names", "colormap")
_ADVICE = "build the shards again"
_REQUIRED = ("format_version", "dataset", "split", "num_examples", "shard_counts", "image_sizes")


@dataclasses.dataclass(frozen=True)
class MadeOf:
    """Of what a builder made a split, by which it knows the split again.

    Attributes:
        version: Raised by the builders when the same files become other shards.
        settings: Settings that decide what the files become, such as `--half_resolution=True`.
        sources: Digest of the names, sizes and dates of the files, and of what was left out.
        shard_bytes: Size of each shard, in shard order.
    """

    version: int
    settings: tuple[str, ...]
    sources: str
    shard_bytes: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Manifest:
    """The contents of `manifest-<split>.json`.

    Attributes:
        dataset: Name the set was built as.
        split: Name of the split.
        num_examples: Examples in all shards together.
        shard_counts: Examples in each shard, in shard order.
        num_classes: Classes, background included.
        ignore_label: Label id of pixels that neither train nor count.
        class_names: One name a class.
        colormap: One `(red, green, blue)` in 0..255 a class.
        image_sizes: The distinct `(height, width)` of the images, in pixels, sorted.
        statistics: Pixels by class; None in manifests of before they were counted.
        skipped: A sentence for every example that was left out because it could not be used.
        submission_ids: The id that the label files had for each class; None where that is the class
            itself, or where there is none.
        image_range: The numbers of image files of more than 8 bits that are black and white in the
            shards; None where all files had 8 bits.
        made_of: None in manifests of before it was kept, and of shards that no builder here made.
    """

    dataset: str
    split: str
    num_examples: int
    shard_counts: tuple[int, ...]
    num_classes: int
    ignore_label: int
    class_names: tuple[str, ...]
    colormap: tuple[tuple[int, int, int], ...]
    image_sizes: tuple[tuple[int, int], ...]
    statistics: ClassStatistics | None = None
    skipped: tuple[str, ...] = ()
    submission_ids: tuple[int, ...] | None = None
    image_range: ranges.Range | None = None
    made_of: MadeOf | None = None


class WrongName(NamedTuple):
    """A class name that cannot stand in a table of classes.

    Attributes:
        number: The class.
        name: Its name.
        expected: What it was expected to be.
    """

    number: int
    name: str
    expected: str


def path(dataset_dir: str, split: str) -> str:
    """Returns where the manifest of a split lies."""
    return posixpath.join(dataset_dir, f"manifest-{split}.json")


def write(manifest: Manifest, dataset_dir: str) -> None:
    """Writes a manifest, over an older one if need be; raises `UserError` where that fails."""
    fields = {"format_version": FORMAT_VERSION, **dataclasses.asdict(manifest)}
    if manifest.submission_ids is None:
        del fields["submission_ids"]
    atomic.write_json(path(dataset_dir, manifest.split), fields)


def class_facts(known: Any) -> dict[str, Any]:
    """The values of `CLASS_FACTS` by name, of a manifest or of a descriptor."""
    return {name: getattr(known, name) for name in CLASS_FACTS}


def of_shards(
    descriptor: Any,
    split: str,
    shard_counts: Sequence[int],
    image_sizes: Iterable[tuple[int, int]],
    statistics: ClassStatistics,
    skipped: Sequence[str] = (),
    made_of: MadeOf | None = None,
) -> Manifest:
    """The manifest of shards that are there, of a `DatasetDescriptor`; see `Manifest`."""
    return Manifest(
        dataset=descriptor.name,
        split=split,
        num_examples=sum(shard_counts),
        shard_counts=tuple(shard_counts),
        image_sizes=tuple(sorted(image_sizes)),
        statistics=statistics,
        skipped=tuple(skipped),
        submission_ids=descriptor.submission_ids,
        image_range=descriptor.image_range,
        made_of=made_of,
        **class_facts(descriptor),
    )


def read(dataset_dir: str, split: str, advice: str = _ADVICE) -> Manifest | None:
    """Reads the manifest of a split; None without one, as beside official shards.

    Args:
        dataset_dir: Folder of the shards, local or gs://.
        split: Name of the split.
        advice: What to do where the file is refused, without a full stop.

    Raises:
        UserError: If the file is no manifest of this format.
    """
    name = path(dataset_dir, split)
    if not tf.io.gfile.exists(name):
        return None
    document = untrusted_json.load(name, MAX_BYTES, advice)
    version = document.member("format_version")
    if type(version.value) is not int or version.value != FORMAT_VERSION:
        raise UserError(
            f"Expected format version {FORMAT_VERSION} in {name}, found {shown(version.value)}: "
            f"{advice}."
        )
    optional = ("statistics", "skipped", "submission_ids", "image_range", "made_of")
    fields = document.record((*_REQUIRED, *CLASS_FACTS), optional)
    if fields["split"].line() != split:
        raise fields["split"].refusal(repr(split))
    return _from_fields(fields)


def read_all(dataset_dir: str) -> tuple[Manifest, ...]:
    """Reads every manifest in a folder, sorted by file name.

    Raises:
        UserError: If a file is no manifest of this format.
    """
    return tuple(read(dataset_dir, split) for split in splits(dataset_dir))


def splits(dataset_dir: str) -> list[str]:
    """The splits that a folder has a manifest of, sorted by file name."""
    # Not by a pattern: a folder's own name may hold what stands for others there.
    names = tf.io.gfile.listdir(dataset_dir) if tf.io.gfile.isdir(dataset_dir) else []
    found = (re.fullmatch(r"manifest-(.+)\.json", name) for name in sorted(names))
    return [match[1] for match in found if match]


def wrong_name(names: Sequence[str]) -> WrongName | None:
    """The first class name that hides another one, or that cannot be read in a table; or None."""
    for number, name in enumerate(names):
        if not name or name != name.strip() or any(map(_breaks_a_line, name)):
            expected = "a text of one line without blanks at its ends"
        elif name in names[:number]:
            expected = "another one than those before"
        else:
            continue
        return WrongName(number, name, expected)
    return None


def one_range(found: Sequence[Manifest], dataset_dir: str) -> ranges.Range | None:
    """The image range of the splits in a folder; None where all have images of 8 bits.

    Raises:
        UserError: Two of them have different ones, so that one brightness means two things.
    """
    by_range = {manifest.image_range: manifest.split for manifest in found if manifest.image_range}
    if len(by_range) > 1:
        (one, first), (other, second) = list(by_range.items())[:2]
        raise UserError(
            f"Expected one image range in {dataset_dir}, found {ranges.shown(one)} of "
            f"{first!r} and {ranges.shown(other)} of {second!r}: build one of them again "
            f"with the --image_range of the other."
        )
    return next(iter(by_range), None)


def read_class_facts(fields: dict[str, Field]) -> dict[str, Any]:
    """Checks and returns `CLASS_FACTS` of the fields of a document.

    Raises:
        UserError: A value cannot be right; the message names it.
    """
    num_classes = fields["num_classes"].integer(1, 256)
    return {
        "num_classes": num_classes,
        "ignore_label": fields["ignore_label"].integer(0, 255),
        "class_names": tuple(name.line() for name in fields["class_names"].items(num_classes)),
        "colormap": tuple(
            tuple(channel.integer(0, 255) for channel in color.items(3))
            for color in fields["colormap"].items(num_classes)
        ),
    }


def read_sizes(field: Field, num_examples: int) -> tuple[tuple[int, int], ...]:
    """Checks and returns the distinct `(height, width)`, sorted, of some images.

    Raises:
        UserError: They are no such sizes.
    """
    sizes = []
    for size in field.items():
        height, width = (side.integer(1, examples.MAX_PIXELS) for side in size.items(2))
        if height * width > examples.MAX_PIXELS:
            raise size.refusal(f"a height and width of at most {examples.MAX_PIXELS} pixels")
        if sizes and sizes[-1] >= (height, width):
            raise size.refusal("larger than the size before")
        sizes.append((height, width))
    if bool(sizes) != bool(num_examples) or len(sizes) > num_examples:
        raise field.refusal(f"the sizes of {num_examples} images")
    return tuple(sizes)


def read_statistics(field: Field, num_classes: int | None = None) -> ClassStatistics:
    """Checks and returns the counts of pixels; `num_classes` None takes any number of classes.

    Raises:
        UserError: They are no such counts.
    """
    fields = field.record(("pixels", "pixels_where_present", "ignored"))
    pixels = tuple(count.integer() for count in fields["pixels"].items(num_classes))
    present = tuple(count.integer() for count in fields["pixels_where_present"].items(len(pixels)))
    return ClassStatistics(pixels, present, fields["ignored"].integer())


def _breaks_a_line(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Zl", "Zp")


def _from_fields(fields: dict[str, Field]) -> Manifest:
    facts = read_class_facts(fields)
    wrong = wrong_name(facts["class_names"])
    if wrong:
        names = list(fields["class_names"].items())
        raise names[wrong.number].refusal(wrong.expected)
    num_examples = fields["num_examples"].integer()
    counts = tuple(count.integer() for count in fields["shard_counts"].items())
    if sum(counts) != num_examples:
        raise fields["num_examples"].refusal(f"{sum(counts)}, the sum of shard_counts,")
    optional = {}
    if "statistics" in fields and fields["statistics"].value is not None:
        optional["statistics"] = read_statistics(fields["statistics"], facts["num_classes"])
    if "skipped" in fields:
        optional["skipped"] = tuple(sentence.text() for sentence in fields["skipped"].items())
    if "submission_ids" in fields and fields["submission_ids"].value is not None:
        ids = fields["submission_ids"].items(facts["num_classes"])
        optional["submission_ids"] = tuple(one.integer(0, 255) for one in ids)
    if "image_range" in fields:
        optional["image_range"] = ranges.from_field(fields["image_range"])
    if "made_of" in fields and fields["made_of"].value is not None:
        optional["made_of"] = _read_made_of(fields["made_of"], len(counts))
    return Manifest(
        dataset=fields["dataset"].line(),
        split=fields["split"].line(),
        num_examples=num_examples,
        shard_counts=counts,
        image_sizes=read_sizes(fields["image_sizes"], num_examples),
        **facts,
        **optional,
    )


def _read_made_of(field: Field, num_shards: int) -> MadeOf:
    fields = field.record(tuple(known.name for known in dataclasses.fields(MadeOf)))
    return MadeOf(
        version=fields["version"].integer(),
        settings=tuple(setting.line() for setting in fields["settings"].items()),
        sources=fields["sources"].line(),
        shard_bytes=tuple(size.integer() for size in fields["shard_bytes"].items(num_shards)),
    )
