"""What this machine can do at best, measured in this process; prints one JSON line.

python -m benchmarks.machine_peaks
"""

import dataclasses
import json
import time

from flags import program

import numpy as np
import tensorflow as tf

from deeplab_nas.settings import Settings

_CONVOLVED = (1, 129, 129, 256)
_COPIED_BYTES = 2**28
_REPETITIONS = 20


@dataclasses.dataclass(frozen=True)
class MachinePeaksConfig(Settings):
    """Nothing can be set."""


def main(_: MachinePeaksConfig) -> None:
    peaks = {
        "convolution_gflops": round(convolution_flops() / 1e9, 1),
        "copy_gb_per_second": round(copied_bytes() / 1e9, 1),
    }
    print(json.dumps(peaks))


def convolution_flops():
    """Floating point operations a second of a float32 convolution that fills the machine."""
    inputs = tf.random.stateless_normal(_CONVOLVED, [0, 0])
    kernel = tf.random.stateless_normal([3, 3, _CONVOLVED[-1], 64], [0, 1])
    convolve = tf.function(lambda: tf.nn.conv2d(inputs, kernel, 1, "SAME"), autograph=False)
    return 2 * np.prod(kernel.shape) * np.prod(_CONVOLVED[:3]) / _best_seconds(convolve)


def copied_bytes():
    """Bytes a second that are read and written, of numbers too many for the caches."""
    source = tf.random.stateless_normal([_COPIED_BYTES // 4], [0, 0])
    copy = tf.function(lambda: source * 2.0, autograph=False)
    return 2 * _COPIED_BYTES / _best_seconds(copy)


def _best_seconds(function):
    function()
    best = float("inf")
    for _ in range(_REPETITIONS):
        start = time.perf_counter()
        function().numpy()
        best = min(best, time.perf_counter() - start)
    return best


if __name__ == "__main__":
    program.run(MachinePeaksConfig, main)
