"""Where the time of the search's steps goes, by kind of operation.

    python -m benchmarks.profile --train_crop_size=129,129 --operation_set=darts

Prints one JSON line: for each step its seconds and, by kind of operation, the longest first, the
thread seconds, the number of operations and their share of all thread seconds. Measured by
TensorFlow's own profiler, which makes a step somewhat longer. The flags are those of
`search_step`; --top is the number of kinds that are shown.
"""

import collections
import dataclasses
import json
import pathlib
import tempfile
import time

from flags import program

import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from benchmarks.measured import search_steps
from benchmarks.measured.search_settings import TimedSearch
from deeplab_nas import settings
from deeplab_nas.settings import setting

_HOST = "/host:CPU"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProfileConfig(TimedSearch):
    """The steps that are profiled, and how much of that is shown."""

    repetitions: int = setting(3, "Measured steps of each kind.", least=1)
    top: int = setting(20, "Kinds of operations that are shown.", least=1)


def main(config: ProfileConfig) -> None:
    updates = search_steps.make(config)
    steps = {name: _profile(config, *update) for name, update in updates.items()}
    print(json.dumps({"benchmark": "profile", **settings.record(config), "steps": steps}))


def _profile(config, update, batch):
    repetitions = config.repetitions
    for _ in range(2):
        _take(update, batch)
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            start = time.perf_counter()
            for _ in range(repetitions):
                _take(update, batch)
            seconds = time.perf_counter() - start
        thread_seconds, counts = _by_kind(folder)
    total = sum(thread_seconds.values())
    kinds = [
        {
            "kind": kind,
            "thread_seconds": round(found / repetitions, 4),
            "operations": round(counts[kind] / repetitions),
            "share": round(found / total, 3),
        }
        for kind, found in thread_seconds.most_common(config.top)
    ]
    return {"seconds": round(seconds / repetitions, 3), "kinds": kinds}


def _take(update, batch):
    [value.numpy() for value in update(*batch).values()]


def _by_kind(folder):
    """Thread seconds and numbers of the operations of a recording, by kind."""
    space = xplane_pb2.XSpace()
    (recorded,) = pathlib.Path(folder).rglob("*.xplane.pb")
    space.ParseFromString(recorded.read_bytes())
    thread_seconds, counts = collections.Counter(), collections.Counter()
    for plane in space.planes:
        for event in (event for line in plane.lines for event in line.events):
            name, _, kind = plane.event_metadata[event.metadata_id].name.rpartition(":")
            # Operations are called NAME:KIND; what runs them has no colon, or two, and a whole
            # function has a blank for its kind's first letter.
            is_operation = name and not name.endswith(":") and kind.isidentifier()
            if plane.name == _HOST and is_operation:
                thread_seconds[kind] += event.duration_ps / 1e12
                counts[kind] += 1
    return thread_seconds, counts


if __name__ == "__main__":
    program.run(ProfileConfig, main)
