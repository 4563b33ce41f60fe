"""What an unfinished build has finished, so that a build started again goes on from there.

A shard is written as `NAME.partial`, becomes `NAME.complete` when it is whole, and NAME when all
are. `building-SPLIT.json` says of what the whole ones were made.
"""

import dataclasses
import json
import posixpath
import re

import tensorflow as tf

from deeplab_nas.data import manifests, shard_index
from deeplab_nas.data.class_statistics import ClassStatistics
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic, untrusted_json
from deeplab_nas.files.json_field import Field
from tfrecords_tools.writing import split_files

# As JSON has the keys, and as the names of shards have room for.
_NUMBER = re.compile("0|[1-9][0-9]{0,4}")
_COMPLETE = split_files.COMPLETE


@dataclasses.dataclass(frozen=True)
class FinishedShard:
    """A whole shard.

    Attributes:
        identity: Of what it was made; a shard made of anything else has another one.
        num_bytes: Size of its file.
        num_examples: Records in it.
        image_sizes: The distinct `(height, width)` of its images, in pixels, sorted.
        statistics: Its pixels by class.
        skipped: A sentence for every example that was left out.
        num_lost: Examples of whose image next to nothing was left at 8 bits.
        lost: The first of them, as `EncodedExample.lost`.
    """

    identity: str
    num_bytes: int
    num_examples: int
    image_sizes: tuple[tuple[int, int], ...]
    statistics: ClassStatistics
    skipped: tuple[str, ...]
    num_lost: int = 0
    lost: tuple[str, ...] = ()


class BuildJournal:
    """The shards of one split while they are written.

    Attributes:
        names: Paths of all shards when the split is built.
        finished: The whole shards by number.
    """

    def __init__(
        self, output_dir: str, split: str, identities: list[str], keep_skipped: bool = True
    ):
        """Finds what an earlier build left, and changes nothing.

        Args:
            output_dir: Folder of the shards, local or gs://.
            split: Name of the split.
            identities: Of what each shard is to be made.
            keep_skipped: Whether a shard still fits of which examples were left out.

        Raises:
            UserError: If the folder holds shards of the split that no such build has left.
        """
        self._path = _path(output_dir, split)
        self._manifest = manifests.path(output_dir, split)
        self.names = [
            posixpath.join(output_dir, shard_index.shard_name(split, number, len(identities)))
            for number in range(len(identities))
        ]
        left = self._read()
        self.finished = {
            number: shard
            for number, shard in left.items()
            if number < len(identities)
            and shard.identity == identities[number]
            and (keep_skipped or not shard.skipped)
            and self._place(number, shard.num_bytes)
        }
        kept = {self._place(number, shard.num_bytes) for number, shard in self.finished.items()}
        there = split_files.find(output_dir, split)
        sizes = {(number, shard.num_bytes) for number, shard in left.items()}
        others = [file for file in there if not file.suffix and file.path not in kept]
        # A build that ended while it gave its shards their names, and made them of something else.
        own = [file for file in others if (file.number, file.num_bytes()) in sizes]
        if len(own) < len(others):
            raise UserError(
                f"Expected no shards of {split!r} in {output_dir}, found {len(others)} without "
                f"{posixpath.basename(self._manifest)}: remove them or name another --output_dir."
            )
        unfinished = [file for file in there if file.suffix and file.path not in kept]
        self._leftovers = [file.path for file in (*own, *unfinished)]

    def clear(self) -> None:
        """Removes what an earlier build left and what no longer fits."""
        # First what would make shards look finished while they get their names.
        if tf.io.gfile.exists(self._manifest):
            tf.io.gfile.remove(self._manifest)
        for leftover in self._leftovers:
            tf.io.gfile.remove(leftover)

    def partial(self, number: int) -> str:
        """The path that a shard is written to."""
        return self.names[number] + atomic.PARTIAL

    def finish(self, number: int, shard: FinishedShard) -> None:
        """Keeps a shard that has been written to `partial(number)`."""
        self.finished[number] = shard
        fields = {key: dataclasses.asdict(shard) for key, shard in self.finished.items()}
        # The entry first: what it tells of counts only once the shard has its name.
        atomic.write_text(self._path, json.dumps(fields), atomic.RESUME_ADVICE)
        tf.io.gfile.rename(self.partial(number), self.names[number] + _COMPLETE, overwrite=True)

    def abandon(self, number: int) -> None:
        """Removes what has been written of a shard."""
        atomic.discard(self.partial(number))

    def publish(self, manifest: manifests.Manifest, output_dir: str) -> None:
        """Gives all shards, which are whole, their names, writes the manifest and forgets."""
        for name in self.names:
            if tf.io.gfile.exists(name + _COMPLETE):
                tf.io.gfile.rename(name + _COMPLETE, name)
        manifests.write(manifest, output_dir)
        tf.io.gfile.remove(self._path)

    def _place(self, number: int, num_bytes: int) -> str | None:
        """Where a finished shard lies: a build may have ended while it gave them their names."""
        for name in (self.names[number] + _COMPLETE, self.names[number]):
            if tf.io.gfile.exists(name) and tf.io.gfile.stat(name).length == num_bytes:
                return name
        return None

    def _read(self) -> dict[int, FinishedShard]:
        if not tf.io.gfile.exists(self._path):
            return {}
        document = untrusted_json.load(self._path, manifests.MAX_BYTES, "remove it and build again")
        shards = document.members()
        for key, shard in shards.items():
            if not _NUMBER.fullmatch(key):
                raise shard.refusal("under the number of a shard")
        return {int(key): _shard(shard) for key, shard in shards.items()}


def forget(output_dir: str, split: str) -> None:
    """Removes what a build left that ended between its manifest and the removal of its journal."""
    for file in split_files.find(output_dir, split):
        if file.suffix:
            tf.io.gfile.remove(file.path)
    path = _path(output_dir, split)
    if tf.io.gfile.exists(path):
        tf.io.gfile.remove(path)


def _path(output_dir: str, split: str) -> str:
    return posixpath.join(output_dir, f"building-{split}.json")


def _shard(document: Field) -> FinishedShard:
    names = [field.name for field in dataclasses.fields(FinishedShard)]
    optional = ("num_lost", "lost")
    fields = document.record(tuple(name for name in names if name not in optional), optional)
    lost = {}
    if "num_lost" in fields:
        lost["num_lost"] = fields["num_lost"].integer()
    if "lost" in fields:
        lost["lost"] = tuple(text.text() for text in fields["lost"].items())
    num_examples = fields["num_examples"].integer()
    return FinishedShard(
        identity=fields["identity"].line(),
        num_bytes=fields["num_bytes"].integer(),
        num_examples=num_examples,
        image_sizes=manifests.read_sizes(fields["image_sizes"], num_examples),
        statistics=manifests.read_statistics(fields["statistics"]),
        skipped=tuple(sentence.text() for sentence in fields["skipped"].items()),
        **lost,
    )
