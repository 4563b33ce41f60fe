"""Gives damaged files to the readers, one after another, and counts what they answer.

    python -m tests.fuzz.fuzz_readers --count=50000 --seed=1

Architectures, manifests and tf.Examples are a third of `count` each; on top of it come the other
documents of `json_readers`, a twentieth of it each. Every file must be taken, and then be good for
what it is read for, or be refused in one sentence; the process must not die, take longer than
`_SLOWEST_SECONDS` for a file or grow by more than `_MEMORY_MIB`.
Prints one JSON line.
"""

import contextlib
import dataclasses
import faulthandler
import io
import json
import pathlib
import random
import tempfile
import time

from flags import program

import numpy as np
import tensorflow as tf

from deeplab_nas.data import datasets, examples, record_faults, shard_index
from deeplab_nas.data.split import Split
from deeplab_nas.engine.devices.host_memory import peak_memory_gib
from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting
from tests.fuzz import damaged_examples, json_readers, mutations

_SLOWEST_SECONDS = 60
_MEMORY_MIB = 2048
_SHARD_EXAMPLES = 500
_SHOWN_BYTES = 2000


class Answers:
    """What a reader answered.

    Attributes:
        counts: Files `tried`, `accepted` and `refused`, and the `slowest_seconds`.
    """

    def __init__(self, reader):
        """Args: reader, its name."""
        self._reader = reader
        self.counts = {"tried": 0, "accepted": 0, "refused": 0, "slowest_seconds": 0.0}

    @contextlib.contextmanager
    def one(self, raw):
        """Wraps the reading of a file; whatever but `UserError` comes out names the file."""
        faulthandler.dump_traceback_later(_SLOWEST_SECONDS, exit=True)
        begin = time.monotonic()
        verdict = "accepted"
        try:
            yield
        except UserError as error:
            verdict = "refused"
            if not is_sentence(str(error)):
                raise AssertionError(f"{self._told(raw)}: {str(error)!r}") from error
        except Exception as error:
            raise AssertionError(self._told(raw)) from error
        finally:
            faulthandler.cancel_dump_traceback_later()
        self.counts["tried"] += 1
        self.counts[verdict] += 1
        slowest = max(self.counts["slowest_seconds"], time.monotonic() - begin)
        self.counts["slowest_seconds"] = round(slowest, 3)

    def _told(self, raw):
        shortened = repr(raw[:_SHOWN_BYTES]) + " and more" * (len(raw) > _SHOWN_BYTES)
        return f"the reader of a file of {self._reader}, {len(raw)} bytes: {shortened}"


def run(count, seed):
    """Fuzzes every reader.

    Args:
        count: Architectures, manifests and tf.Examples together.
        seed: Of the damage.

    Returns:
        By reader what `Answers` counts, and by how much the peak of memory grew in MiB.

    Raises:
        AssertionError: A reader did something else; the message shows the file.
    """
    # What TensorFlow needs once is not growth.
    fuzz_examples(1, seed)
    before = 2**10 * peak_memory_gib()
    large, small = -(-count // 3), -(-count // 20)
    found = {"tf.Example": fuzz_examples(large, seed)}
    with tempfile.TemporaryDirectory() as folder:
        for reader in json_readers.readers(pathlib.Path(folder)):
            number = large if reader.name in ("architecture", "manifest") else small
            found[reader.name] = fuzz_json(reader, number, seed)
    grown = 2**10 * peak_memory_gib() - before
    assert grown < _MEMORY_MIB, f"{grown} MiB"
    return {**found, "memory_growth_mib": round(grown)}


def fuzz_json(reader, count, seed):
    """Fuzzes one of `json_readers.readers`; returns what `Answers` counts."""
    rng = random.Random(f"{reader.name} {seed}")
    answers = Answers(reader.name)
    for _ in range(count):
        document, other = rng.choice(reader.documents), rng.choice(reader.documents)
        parts = [json.dumps(part).encode() for part in document]
        hit = rng.randrange(len(parts))
        parts[hit] = mutations.damaged_json(rng, document[hit], rng.choice(other))
        raw = reader.joined(parts)
        with answers.one(raw), contextlib.redirect_stderr(io.StringIO()):
            reader.check(raw)
    return answers.counts


def fuzz_examples(count, seed):
    """Fuzzes the reader of tf.Examples; returns what `Answers` counts."""
    rng = random.Random(f"tf.Example {seed}")
    whole, pictures = damaged_examples.intact(), damaged_examples.images()
    answers = Answers("tf.Example")
    while count > 0:
        made = [
            damaged_examples.damaged(rng, whole, pictures)
            for _ in range(min(count, _SHARD_EXAMPLES))
        ]
        count -= len(made)
        with tempfile.TemporaryDirectory() as folder:
            _read_shard(pathlib.Path(folder), made, answers)
    return answers.counts


def _read_shard(folder, made, answers):
    path = str(folder / shard_index.shard_name("train", 0, 1))
    with tf.io.TFRecordWriter(path) as writer:
        for serialized in made:
            writer.write(serialized)
    offsets = shard_index.scan(path)
    assert len(offsets) == len(made)
    shards = np.zeros([len(made)], np.int32)
    index = shard_index.ShardIndex("train", (path,), shards, offsets, ())
    split = Split(index, datasets.describe(datasets.BUILT_IN, ""))
    read = tf.function(split.reader(), autograph=False)
    for number, serialized in enumerate(made):
        with answers.one(serialized):
            found = record_faults.read_or_fault(read, split, number)
            if isinstance(found, str):
                place = f"{record_faults.place(split, number)}: "
                assert found.startswith(place)
                raise UserError(found.removeprefix(place))
            image, label, _ = found
            assert image.shape[:2] == label.shape[:2]
            assert 0 < image.shape[0] * image.shape[1] <= examples.MAX_PIXELS
            assert set(label.numpy().ravel().tolist()) <= {*range(6), 255}


def is_sentence(text):
    """Whether a message is what a user is shown: one line, capital to full stop, no screenful."""
    return (
        len(text.splitlines()) == 1 and text[0].isupper() and text[-1] == "." and len(text) < 2000
    )


@dataclasses.dataclass(frozen=True)
class FuzzConfig(Settings):
    """How much is damaged."""

    count: int = setting(50_000, "Architectures, manifests and tf.Examples together.", least=1)
    seed: int = setting(0, "Seed of the damage.", least=0)


def main(config: FuzzConfig) -> None:
    """Fuzzes every reader, and prints the JSON line."""
    print(json.dumps(run(config.count, config.seed)))


if __name__ == "__main__":
    program.run(FuzzConfig, main)
