"""Gives damaged image files to whatever opens them with Pillow, and counts what it answers.

    nice python -m tests.fuzz.fuzz_pictures --count=50000 --seed=1

Each file is one of `made_pictures`, damaged at random; what guards its bytes, such as the checksums
of a PNG, is often made right again, so that the damage gets through. Every file must end in a
picture or in one sentence, as an image and as a label of a builder and as an image to predict;
nothing may be written to stderr through Python; the process must not die, take longer for a file
than `Answers` allows or grow by more than `_MEMORY_MIB`.
Prints one JSON line.
"""

import contextlib
import dataclasses
import io
import json
import os
import pathlib
import random
import struct
import tempfile
import warnings
import zlib

from flags import program

import numpy as np

from deeplab_nas.data import examples
from deeplab_nas.engine.devices.host_memory import peak_memory_gib
from deeplab_nas.engine.prediction import pictures
from deeplab_nas.errors import ImageError, UserError
from deeplab_nas.settings import Settings, setting
from tests.data import made_pictures
from tests.fuzz import mutations
from tests.fuzz.fuzz_readers import Answers
from tfrecords_tools.sources import images
from tfrecords_tools.sources.labels import label_files

_MEMORY_MIB = 2048
_PNG_HEADER = 8
_HEADER_BYTES = 64


def run(count, seed):
    """Fuzzes.

    Args:
        count: Files.
        seed: Of the damage.

    Returns:
        By reader what `Answers` counts, and by how much the peak of memory grew in MiB.

    Raises:
        AssertionError: A reader did something else; the message shows the file.
    """
    before = 2**10 * peak_memory_gib()
    rng = random.Random(f"pictures {seed}")
    whole = [*made_pictures.readable().values(), *made_pictures.refused().values()]
    answers = {name: Answers(name) for name in ("image", "ids", "colors", "predict")}
    with tempfile.TemporaryDirectory() as folder, _silence():
        path = pathlib.Path(folder) / "picture.png"
        for _ in range(count):
            raw = damaged(rng, whole)
            scale = rng.choice([None, (0, 4095), (-1.0, 1.0)])
            with answers["image"].one(raw):
                _read_image(raw, scale)
            with answers["ids"].one(raw):
                ids = label_files.read_ids(raw, "picture.png")
                assert ids.dtype in (np.uint8, np.uint16) and ids.ndim == 2 and ids.size
            with answers["colors"].one(raw):
                codes = label_files.read_colors(raw, "picture.png")
                assert codes.ndim == 2 and codes.size and codes.min() >= 0
            path.write_bytes(raw)
            with answers["predict"].one(raw):
                _read_to_predict(str(path), scale)
    grown = 2**10 * peak_memory_gib() - before
    assert grown < _MEMORY_MIB, f"{grown} MiB"
    counts = {name: each.counts for name, each in answers.items()}
    return {**counts, "memory_growth_mib": round(grown)}


def damaged(rng, whole):
    """One of some files, damaged in its bytes; half the time where its sizes are."""
    raw, other = rng.choice(whole), rng.choice(whole)
    if rng.random() < 0.5:
        head = min(len(raw), _HEADER_BYTES if rng.random() < 0.5 else 400)
        raw = mutations.damaged_bytes(rng, raw[:head], other) + raw[head:]
    else:
        raw = mutations.damaged_bytes(rng, raw, other)
    if rng.random() < 0.1:
        place, number = rng.randrange(len(raw) + 1), rng.choice([0, 2**31 - 1, 2**32 - 1, 2**16])
        raw = raw[:place] + struct.pack("<I", number) + raw[place + 4 :]
    return _right_checksums(raw) if rng.random() < 0.8 else raw


def _right_checksums(raw):
    """A PNG whose chunks have the checksums of what is in them."""
    if not raw.startswith(b"\x89PNG"):
        return raw
    found, place = bytearray(raw), _PNG_HEADER
    while place + 12 <= len(found):
        (length,) = struct.unpack_from(">I", found, place)
        end = place + 8 + length
        if end + 4 > len(found):
            break
        struct.pack_into(">I", found, end, zlib.crc32(found[place + 4 : end]))
        place = end + 4
    return bytes(found)


def _read_image(raw, scale):
    found = images.read_image(raw, "picture.png", scale)
    assert found.format in ("jpeg", "png")
    assert 0 < found.height * found.width <= examples.MAX_PIXELS


def _read_to_predict(path, scale):
    try:
        _, picture = pictures.read(path, scale)
    except UserError as error:
        assert isinstance(error, ImageError), "one file must not end the others"
        raise
    assert picture.pixels.mode == "RGB"
    assert 0 < picture.pixels.width * picture.pixels.height <= examples.MAX_PIXELS


@contextlib.contextmanager
def _silence():
    """What stands inside may write nothing to stderr through Python.

    What libtiff, in C, says of a damaged file goes nowhere: nobody can keep it from that.
    """
    with tempfile.TemporaryFile() as nowhere, warnings.catch_warnings(record=True) as shown:
        stderr = os.dup(2)
        written = io.StringIO()
        # Where a file that takes too long is shown.
        written.fileno = lambda: stderr
        os.dup2(nowhere.fileno(), 2)
        try:
            with contextlib.redirect_stderr(written):
                yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
    assert not written.getvalue(), written.getvalue()[:2000]
    assert not shown, shown[0]


@dataclasses.dataclass(frozen=True)
class FuzzConfig(Settings):
    """How much is damaged."""

    count: int = setting(50_000, "Image files.", least=1)
    seed: int = setting(0, "Seed of the damage.", least=0)


def main(config: FuzzConfig) -> None:
    """Fuzzes, and prints the JSON line."""
    print(json.dumps(run(config.count, config.seed)))


if __name__ == "__main__":
    program.run(FuzzConfig, main)
