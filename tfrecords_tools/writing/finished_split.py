"""A split that is built: whether it is what the same command would make."""

import dataclasses
import posixpath
from collections.abc import Iterator, Sequence

import tensorflow as tf

from deeplab_nas.data import manifests, shard_index
from deeplab_nas.data.datasets import DatasetDescriptor
from deeplab_nas.errors import UserError
from deeplab_nas.files.json_field import shown
from tfrecords_tools.writing import split_files


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a command makes of a split, as far as that is known before it is made.

    Attributes:
        split: Name of the split.
        descriptor: Facts of the data set.
        num_examples: Examples, those that are left out included.
        num_shards: Shards.
        version: As in `manifests.MadeOf`.
        settings: As in `manifests.MadeOf`.
        sources: As in `manifests.MadeOf`.
        may_skip: Whether examples may be left out.
    """

    split: str
    descriptor: DatasetDescriptor
    num_examples: int
    num_shards: int
    version: int
    settings: tuple[str, ...]
    sources: str
    may_skip: bool

    def made_of(self, shard_bytes: Sequence[int]) -> manifests.MadeOf:
        """What the manifest tells of it once there are shards, of some sizes in bytes."""
        return manifests.MadeOf(self.version, self.settings, self.sources, tuple(shard_bytes))


def find(output_dir: str, wanted: Wanted) -> manifests.Manifest | None:
    """Finds a split that is built.

    Args:
        output_dir: Folder of the shards, local or gs://.
        wanted: What it has to be.

    Returns:
        Its manifest; None if the split is not built, which a split without a manifest is not.

    Raises:
        UserError: It is something else than what is wanted, or its shards are not whole.
    """
    split = wanted.split
    shards = [file for file in split_files.find(output_dir, split) if not file.suffix]
    name = posixpath.basename(manifests.path(output_dir, split))
    advice = advice_for(split)
    found = manifests.read(output_dir, split, advice) if shards else None
    if found is None:
        return None
    expected = f"Expected {split!r} in {output_dir}, which is built,"
    if found.made_of is None:
        raise UserError(
            f"{expected} to be what this command makes, but {name} does not tell of what it was "
            f"made, as it was written by an earlier version or for shards from elsewhere: {advice}."
        )
    differences = list(_differences(found, wanted))
    if differences:
        raise UserError(
            f"{expected} to be what this command makes, found {' and '.join(differences)}: "
            f"{advice}."
        )
    damages = list(_damages(output_dir, split, found.made_of, [file.path for file in shards]))
    if damages:
        raise UserError(f"{expected} to have whole shards, found {damages[0]}: {advice}.")
    return found


def advice_for(split: str) -> str:
    """What to do where a split that is built cannot stay, without a full stop."""
    name = posixpath.basename(manifests.path("", split))
    return (
        f"remove {name} and {split}-*-of-*.tfrecord there to build them again, or name another "
        "--output_dir"
    )


def _differences(found: manifests.Manifest, wanted: Wanted) -> Iterator[str]:
    facts = {"dataset": (found.dataset, wanted.descriptor.name)}
    for name, value in manifests.class_facts(wanted.descriptor).items():
        facts[name] = (getattr(found, name), value)
    for name, (there, here) in facts.items():
        if there != here:
            yield f"{name} {shown(there)} instead of {shown(here)}"
    settings = found.made_of.settings, wanted.settings
    if settings[0] != settings[1]:
        yield f"{_those_not_in(*settings)} instead of {_those_not_in(*settings[::-1])}"
    counts = {
        "shards": (len(found.shard_counts), wanted.num_shards),
        "examples": (found.num_examples + len(found.skipped), wanted.num_examples),
    }
    for what, (there, here) in counts.items():
        if there != here:
            yield f"{there} {what} instead of {here}"
    # The digest depends on both counts.
    same_counts = all(there == here for there, here in counts.values())
    if same_counts and found.made_of.sources != wanted.sources:
        yield "files of other names, sizes or dates"
    if found.made_of.version != wanted.version:
        yield "another version of the builders"
    if found.skipped and not wanted.may_skip:
        yield f"{len(found.skipped)} left out, as --skip_bad lets it"


def _those_not_in(settings: Sequence[str], others: Sequence[str]) -> str:
    return shown(" ".join(setting for setting in settings if setting not in others))


def _damages(
    output_dir: str, split: str, made_of: manifests.MadeOf, there: Sequence[str]
) -> Iterator[str]:
    total = len(made_of.shard_bytes)
    names = [
        posixpath.join(output_dir, shard_index.shard_name(split, number, total))
        for number in range(total)
    ]
    for name, num_bytes in zip(names, made_of.shard_bytes, strict=True):
        if name not in there:
            yield f"no {posixpath.basename(name)}"
            continue
        length = tf.io.gfile.stat(name).length
        if length != num_bytes:
            yield f"{posixpath.basename(name)} of {length} bytes instead of {num_bytes}"
    for name in there:
        if name not in names:
            yield f"{posixpath.basename(name)} beside {total} others"
