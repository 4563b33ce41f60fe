"""Sends damaged images to an exported network, one after another, and counts what it answers.

    python -m tests.serving.fuzz_images --version_folder=exported/1 --seconds=600

Each file is one of `made_images`, damaged at random, or random bytes; it is sent alone or in a
tf.Example, or one of `made_examples` is damaged. It must be refused by its place with
InvalidArgument or answered by a label map of the size that Pillow finds; the process must not die,
take longer than `_SLOWEST_SECONDS` for a request or grow by more than `_MEMORY_GIB`.
Prints one JSON line.
"""

import dataclasses
import faulthandler
import io
import json
import time

from flags import program

import numpy as np
import PIL.Image
import tensorflow as tf

from deeplab_nas.data import image_files
from deeplab_nas.engine.devices.host_memory import peak_memory_gib
from deeplab_nas.engine.prediction import signatures
from deeplab_nas.errors import ImageError
from deeplab_nas.serving import service
from deeplab_nas.settings import Settings, required, setting
from tests.serving import made_examples, made_images

_SLOWEST_SECONDS = 60
_MEMORY_GIB = 1.0


def run(served, seconds, seed=0):
    """Fuzzes for some seconds.

    Args:
        served: Functions by the name of their signature.
        seconds: How long.
        seed: Of the damage.

    Returns:
        Counts of `requests`, `answered`, `refused` and `compared` (with Pillow's size), the
        slowest request in seconds, and by how much the peak of memory grew in GiB.
    """
    before = peak_memory_gib()
    rng = np.random.default_rng(seed)
    wrong = [raw for raw, _ in made_images.wrong().values() if len(raw) < 2**20]
    seeds = [*made_images.right().values(), *wrong]
    whole = [each for each, _ in (*made_examples.right().values(), *made_examples.wrong().values())]
    counts = {"requests": 0, "answered": 0, "refused": 0, "compared": 0}
    slowest = 0.0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        raw, message = damaged(rng, seeds), None
        match rng.integers(4):
            case 0:
                message = service.example(raw)
            case 1:
                raw, message = None, damaged(rng, whole)
        faulthandler.dump_traceback_later(_SLOWEST_SECONDS, exit=True)
        begin = time.monotonic()
        found = _size(served, raw, message)
        slowest = max(slowest, time.monotonic() - begin)
        faulthandler.cancel_dump_traceback_later()
        counts["requests"] += 1
        counts["refused" if found is None else "answered"] += 1
        expected = _pillow_size(raw) if found and raw else None
        if expected:
            counts["compared"] += 1
            assert found == expected, f"{found} instead of {expected}: {raw.hex()[:4000]}"
    grown = peak_memory_gib() - before
    assert grown < _MEMORY_GIB, f"{grown} GiB"
    return {**counts, "slowest_seconds": round(slowest, 3), "memory_growth_gib": round(grown, 3)}


def damaged(rng, seeds):
    """A file of `seeds`, damaged in one to eight places, or random bytes."""
    if rng.random() < 0.05:
        return rng.bytes(rng.integers(0, 2000))
    raw = bytearray(seeds[rng.integers(len(seeds))])
    for _ in range(rng.integers(1, 9)):
        # Half of the damage goes to the header, where the sizes are.
        place = int(rng.integers(0, max(1, min(len(raw), 64 if rng.random() < 0.5 else len(raw)))))
        match rng.integers(5):
            case 0:
                raw[place : place + 1] = rng.bytes(1)
            case 1:
                raw[place : place + 4] = rng.choice([b"\xff" * 4, bytes(4), b"\x7f" + b"\xff" * 3])
            case 2:
                del raw[place : place + int(rng.integers(1, 40))]
            case 3:
                raw[place:place] = raw[: int(rng.integers(1, 200))]
            case 4:
                del raw[max(place, 8) :]
    return bytes(raw)


def _size(served, raw, message):
    """`(width, height)` of the answer, or None if the image, or the message, is refused."""
    try:
        if message is None:
            answer = served[signatures.FROM_BYTES](image_bytes=tf.constant([raw]))
        else:
            answer = served[signatures.FROM_EXAMPLES](examples=tf.constant([message]))
    except tf.errors.InvalidArgumentError as error:
        assert "image 0 of the request: expected " in error.message, error.message
        return None
    (png,) = answer[signatures.PNG_BYTES].numpy()
    return np.array(PIL.Image.open(io.BytesIO(png))).shape[::-1]


def _pillow_size(raw):
    try:
        return image_files.to_rgb(image_files.open_image(raw, "image"), "image").size
    except ImageError:
        return None


@dataclasses.dataclass(frozen=True, kw_only=True)
class FuzzConfig(Settings):
    """What is fuzzed, and for how long."""

    version_folder: str = required(
        "Folder of a version of the export.", example="exported/1", path=True
    )
    seconds: float = setting(600.0, "How long, in seconds.", above=0)
    seed: int = setting(0, "Seed of the damage.", least=0)


def main(config: FuzzConfig) -> None:
    """Fuzzes, and prints the JSON line."""
    loaded = tf.saved_model.load(config.version_folder)
    print(json.dumps(run(loaded.signatures, config.seconds, config.seed)))


if __name__ == "__main__":
    program.run(FuzzConfig, main)
