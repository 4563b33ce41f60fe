"""Writes the TFRecord shards of a split and its manifest, under their names when all are whole."""

import contextlib
import dataclasses
import functools
import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import tensorflow as tf

from deeplab_nas.data import class_statistics, manifests
from deeplab_nas.data.datasets import DatasetDescriptor
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic
from tfrecords_tools.sources import labeled_image
from tfrecords_tools.sources.labeled_image import EncodedExample, LabeledImage
from tfrecords_tools.writing import progress, workers
from tfrecords_tools.writing.build_journal import BuildJournal, FinishedShard
from tfrecords_tools.writing.build_options import BuildOptions

_Item = TypeVar("_Item")


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
    """

    name: str
    items: Sequence[_Item]
    load: Callable[[_Item], LabeledImage]
    descriptor: DatasetDescriptor
    num_shards: int
    identify: Callable[[Sequence[_Item]], str] = repr
    skipped: tuple[str, ...] = ()


def write_split(
    output_dir: str, split: Split, options: BuildOptions | None = None
) -> manifests.Manifest:
    """Writes a split: ceil(N / shards) examples a shard, the manifest last.

    A shard that an interrupted build has finished is kept if what it was made of is as it was.

    Args:
        output_dir: Folder of the shards, local or gs://; made if need be.
        split: What to write.
        options: How; the default is one thread a core, and no example is left out.

    Returns:
        The manifest that was written.

    Raises:
        UserError: If there are no examples, if the split has been built already, if an image or
            label does not fit, if too many were left out, or if the folder cannot be written to.
    """
    options = options or BuildOptions()
    runs = _runs(split)
    identities = [_identity(split, run) for run in runs]
    with _writing(output_dir):
        tf.io.gfile.makedirs(output_dir)
        journal = BuildJournal(output_dir, split.name, identities)
    missing = [number for number in range(len(runs)) if number not in journal.finished]
    with contextlib.closing(
        _encoded(split, [runs[number] for number in missing], options)
    ) as ready:
        for number in missing:
            results = itertools.islice(ready, len(runs[number]))
            try:
                shard = _write(journal.partial(number), results, split, identities[number])
            except BaseException:
                journal.abandon(number)
                raise
            with _writing(output_dir):
                journal.finish(number, shard)
    manifest = _manifest(split, [journal.finished[number] for number in range(len(runs))])
    _check_skipped(manifest, len(split.items) + len(split.skipped), options)
    with _writing(output_dir):
        journal.publish(manifest, output_dir)
    return manifest


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


def _identity(split: Split, run: Sequence) -> str:
    text = f"{split.descriptor} {split.identify(run)}"
    return hashlib.sha256(text.encode()).hexdigest()


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
    count, sizes, skipped = 0, set(), []
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
    finally:
        with _writing(path):
            writer.close()
    num_bytes = tf.io.gfile.stat(path).length
    return FinishedShard(
        identity, num_bytes, count, tuple(sorted(sizes)), statistics, tuple(skipped)
    )


def _manifest(split: Split, finished: list[FinishedShard]) -> manifests.Manifest:
    descriptor = split.descriptor
    statistics = class_statistics.none(descriptor.num_classes)
    for shard in finished:
        statistics += shard.statistics
    counts = [shard.num_examples for shard in finished]
    sizes = {size for shard in finished for size in shard.image_sizes}
    skipped = [*split.skipped, *(text for shard in finished for text in shard.skipped)]
    return manifests.of_shards(descriptor, split.name, counts, sizes, statistics, skipped)


def _check_skipped(manifest: manifests.Manifest, total: int, options: BuildOptions) -> None:
    for sentence in manifest.skipped:
        progress.tell(f"Left out: {sentence}")
    count = len(manifest.skipped)
    if manifest.num_examples == 0:
        raise UserError(
            f"Expected examples of {manifest.split!r} that can be used, found none among {total} "
            "(named above): mend them; the same command then goes on from here."
        )
    if count > options.max_bad_share * total:
        raise UserError(
            f"Expected at most a share of {options.max_bad_share:g} of the {total} examples of "
            f"{manifest.split!r} to be left out, found {count} (named above): mend them, or raise "
            "--max_bad_share; the same command then goes on from here."
        )
