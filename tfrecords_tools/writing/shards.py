"""Writes the TFRecord shards of a split and its manifest, under their names when all are whole."""

import contextlib
import dataclasses
import functools
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import tensorflow as tf

from deeplab_nas.data import class_statistics, manifests
from deeplab_nas.data.datasets import DatasetDescriptor
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic
from tfrecords_tools.sources import labeled_image
from tfrecords_tools.sources.labeled_image import EncodedExample, LabeledImage
from tfrecords_tools.writing import (
    build_journal,
    class_report,
    finished_split,
    lost_images,
    progress,
    same_classes,
    workers,
)
from tfrecords_tools.writing.build_journal import BuildJournal, FinishedShard
from tfrecords_tools.writing.build_options import BuildOptions

_Item = TypeVar("_Item")

# Raise it when the same files and settings become other shards than before.
_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Split(Generic[_Item]):
    """What a split is made of.

    Attributes:
        name: Name of the split.
        items: What stands for the examples, in the order they are written.
        load: Makes an example of an item; called on several threads.
        descriptor: Facts of the data set; decides which label ids are right.
        num_shards: Shards to write; fewer if there are fewer examples.
        identify: Tells by a text from what the shard of some items is made, so that a build started
            again knows whether one that is there still fits.
        skipped: Sentences about examples that are left out of `items`.
        settings: What `load` depends on besides the item, as flags such as
            `--half_resolution=True`.
        check: Raises `UserError` where the pixels by class of the whole split cannot be meant.
    """

    name: str
    items: Sequence[_Item]
    load: Callable[[_Item], LabeledImage]
    descriptor: DatasetDescriptor
    num_shards: int
    identify: Callable[[Sequence[_Item]], str] = repr
    skipped: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    check: Callable[[manifests.Manifest], None] = class_report.require_labels


def write_splits(
    output_dir: str, splits: Sequence[Split], options: BuildOptions | None = None
) -> tuple[manifests.Manifest, ...]:
    """Writes some splits: ceil(N / shards) examples a shard, the manifest of a split last.

    A split that is built, and a shard that an interrupted build has finished, are kept if what they
    were made of is as it was. Nothing is written or removed before that is known of every split.

    Args:
        output_dir: Folder of the shards, local or gs://; made if need be.
        splits: What to write.
        options: How; the default is one thread a core, and no example is left out.

    Returns:
        The manifests of the splits.

    Raises:
        UserError: If a split has no examples, if one has been built of something else, if the
            folder has other splits of other classes, if an image or label does not fit, if too many
            were left out, if `check` refuses a split, or if the folder cannot be written to.
    """
    options = options or BuildOptions()
    builds = [_build(output_dir, split, options) for split in splits]
    same_classes.require(output_dir, {split.name: split.descriptor for split in splits})
    with _writing(output_dir):
        tf.io.gfile.makedirs(output_dir)
    return tuple(_finish(output_dir, build, options) for build in builds)


def write_split(
    output_dir: str, split: Split, options: BuildOptions | None = None
) -> manifests.Manifest:
    """Writes one split, as `write_splits` does, and returns its manifest."""
    return write_splits(output_dir, [split], options)[0]


@dataclasses.dataclass(frozen=True)
class _Build:
    """What is to be made of a split, and what is there of it: the whole, or shards in a journal."""

    split: Split
    runs: list[Sequence]
    identities: list[str]
    wanted: finished_split.Wanted
    built: manifests.Manifest | None
    journal: BuildJournal | None


def _build(output_dir: str, split: Split, options: BuildOptions) -> _Build:
    runs = _runs(split)
    sources = [split.identify(run) for run in runs]
    identities = [_identity(split, text) for text in sources]
    wanted = finished_split.Wanted(
        split=split.name,
        descriptor=split.descriptor,
        num_examples=_total(split),
        num_shards=len(runs),
        version=_VERSION,
        settings=split.settings,
        sources=_digest(*sources, *split.skipped),
        may_skip=options.skip_bad,
    )
    built = finished_split.find(output_dir, wanted)
    _check_skipped(split, built.skipped if built else split.skipped, options)
    journal = None
    if built is None:
        journal = BuildJournal(output_dir, split.name, identities, keep_skipped=options.skip_bad)
    return _Build(split, runs, identities, wanted, built, journal)


def _finish(output_dir: str, build: _Build, options: BuildOptions) -> manifests.Manifest:
    split, journal = build.split, build.journal
    if build.built:
        progress.tell(
            f"Kept {split.name!r} in {output_dir}: it is built, of the same files and settings."
        )
        with _writing(output_dir):
            build_journal.forget(output_dir, split.name)
        return build.built
    with _writing(output_dir):
        journal.clear()
    _write_missing(output_dir, build, options)
    finished = [journal.finished[number] for number in range(len(build.runs))]
    manifest = _manifest(build, finished)
    _check_skipped(split, manifest.skipped, options)
    _tell_skipped(manifest.skipped)
    split.check(manifest)
    lost_images.check(manifest, finished)
    with _writing(output_dir):
        journal.publish(manifest, output_dir)
    return manifest


def _write_missing(output_dir: str, build: _Build, options: BuildOptions) -> None:
    split, runs, journal = build.split, build.runs, build.journal
    missing = [number for number in range(len(runs)) if number not in journal.finished]
    with contextlib.closing(
        _encoded(split, [runs[number] for number in missing], options)
    ) as ready:
        for number in missing:
            results = itertools.islice(ready, len(runs[number]))
            try:
                shard = _write(journal.partial(number), results, split, build.identities[number])
            except BaseException:
                journal.abandon(number)
                raise
            with _writing(output_dir):
                journal.finish(number, shard)


def _writing(where: str):
    advice = "make room there or name another --output_dir; the same command goes on from here"
    return atomic.as_user_errors(where, advice)


def _runs(split: Split) -> list[Sequence]:
    """The items of each shard."""
    if not split.items:
        raise UserError(f"Expected examples for the split {split.name!r}, found none.")
    if split.num_shards < 1:
        raise UserError(f"Expected at least one shard, found --num_shards={split.num_shards}.")
    count = len(split.items)
    per_shard = -(-count // split.num_shards)
    return [split.items[first : first + per_shard] for first in range(0, count, per_shard)]


def _identity(split: Split, sources: str) -> str:
    # Without what only the manifest tells, such as the names of the classes.
    known = split.descriptor
    facts = known.name, known.num_classes, known.ignore_label, _VERSION
    return _digest(repr(facts), *split.settings, sources)


def _digest(*texts: str) -> str:
    # As JSON, so that no two lists of texts are one text.
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def _total(split: Split) -> int:
    return len(split.items) + len(split.skipped)


def _encoded(split: Split, runs, options) -> Iterator[EncodedExample | UserError]:
    encode = functools.partial(_encode, split, options.skip_bad)
    encoded = workers.ordered_map(encode, itertools.chain.from_iterable(runs), options.num_workers)
    with contextlib.closing(encoded):
        what = f"{split.descriptor.name} {split.name}"
        yield from progress.track(encoded, sum(map(len, runs)), what)


def _encode(split: Split, skip_bad: bool, item) -> EncodedExample | UserError:
    try:
        return labeled_image.encode(split.load(item), split.descriptor)
    except UserError as error:
        if not skip_bad:
            raise
        return error


def _write(path: str, results: Iterator, split: Split, identity: str) -> FinishedShard:
    count, sizes, skipped, lost = 0, set(), [], []
    statistics = class_statistics.none(split.descriptor.num_classes)
    with _writing(path):
        writer = tf.io.TFRecordWriter(path)
    try:
        for result in results:
            if isinstance(result, UserError):
                skipped.append(str(result))
                continue
            with _writing(path):
                writer.write(result.serialized)
            count += 1
            sizes.add(result.size)
            statistics += result.statistics
            lost += [result.lost] if result.lost else []
    finally:
        with _writing(path):
            writer.close()
    num_bytes = tf.io.gfile.stat(path).length
    return FinishedShard(
        identity,
        num_bytes,
        count,
        tuple(sorted(sizes)),
        statistics,
        tuple(skipped),
        len(lost),
        tuple(lost[: lost_images.SHOWN]),
    )


def _manifest(build: _Build, finished: list[FinishedShard]) -> manifests.Manifest:
    split, descriptor = build.split, build.split.descriptor
    statistics = class_statistics.none(descriptor.num_classes)
    for shard in finished:
        statistics += shard.statistics
    counts = [shard.num_examples for shard in finished]
    sizes = {size for shard in finished for size in shard.image_sizes}
    skipped = [*split.skipped, *(text for shard in finished for text in shard.skipped)]
    made_of = build.wanted.made_of([shard.num_bytes for shard in finished])
    return manifests.of_shards(descriptor, split.name, counts, sizes, statistics, skipped, made_of)


def _check_skipped(split: Split, skipped: Sequence[str], options: BuildOptions) -> None:
    total, count = _total(split), len(skipped)
    if count < total and count <= options.max_bad_share * total:
        return
    _tell_skipped(skipped)
    if count == total:
        raise UserError(
            f"Expected examples of {split.name!r} that can be used, found none of {total} (named "
            "above): mend them; the same command then goes on from here."
        )
    raise UserError(
        f"Expected at most a share of {options.max_bad_share:g} of the {total} examples of "
        f"{split.name!r} to be left out, found {count} (named above): mend them, or raise "
        "--max_bad_share; the same command then goes on from here."
    )


def _tell_skipped(skipped: Sequence[str]) -> None:
    for sentence in skipped:
        progress.tell(f"Left out: {sentence}")
