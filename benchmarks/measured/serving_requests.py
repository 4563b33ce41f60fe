"""Sends requests to exported networks in this process, in turn; run by `serving.py`."""

import dataclasses
import json
import os
import time

from flags import program

# TensorFlow as a server sets it up: whether with oneDNN, the package has chosen.
os.environ.pop("TF_ENABLE_ONEDNN_OPTS")

import numpy as np
import tensorflow as tf

from benchmarks import machine_peaks
from deeplab_nas.engine.devices import strategies
from deeplab_nas.engine.prediction import signatures
from deeplab_nas.settings import Settings, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServingRequestsConfig(Settings):
    """Whom to ask, what, and for how long."""

    size: tuple[int, int] = setting((321, 321), "Height and width of the images.", least=1)
    variant: tuple[str, ...] = setting((), "name=path of SavedModels, or of .tflite files.")
    multiply_adds: int = setting(0, "Multiply-adds of one image.", least=0)
    seconds: float = setting(60.0, "Time of the requests.", least=0)
    threads: int = setting(0, "Threads in all; 0: one a core.", least=0)


def main(config: ServingRequestsConfig) -> None:
    strategies.set_threads(config.threads, side_by_side=False)
    images = np.random.default_rng(0).integers(0, 256, (1, *config.size, 3), np.uint8)
    variants = dict(text.split("=", 1) for text in config.variant)
    calls = {name: _caller(path, images, config.threads) for name, path in variants.items()}
    for call in calls.values():
        call()
        call()
    peaks = [machine_peaks.convolution_flops()]
    seconds = {name: [] for name in calls}
    end = time.perf_counter() + config.seconds
    while time.perf_counter() < end:
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    peaks.append(machine_peaks.convolution_flops())
    peak = max(peaks)
    result = {"convolution_peak_gflops": round(peak / 1e9, 1)}
    for name, values in seconds.items():
        middle, late = np.percentile(values, [50, 99])
        result[name] = {
            "requests": len(values),
            "p50": round(middle, 4),
            "p99": round(late, 4),
            "images_per_second": round(1 / middle, 3),
            "share_of_peak": round(2 * config.multiply_adds / middle / peak, 3),
        }
    print(json.dumps(result))


def _caller(path, images, threads):
    """A function that sends one request and waits for the answer."""
    if path.endswith(".tflite"):
        return _litert_caller(path, images, threads)
    loaded = tf.saved_model.load(path)
    predict = loaded.signatures[signatures.SERVING_DEFAULT]

    def call(_keep=loaded):
        # As a server does, which has the request's bytes and sends the answer's.
        return predict(images=tf.constant(images))[signatures.PREDICTIONS].numpy()

    return call


def _litert_caller(path, images, threads):
    interpreter = tf.lite.Interpreter(path, num_threads=threads or os.cpu_count())
    interpreter.allocate_tensors()
    (given,), (wanted,) = interpreter.get_input_details(), interpreter.get_output_details()
    converted = images.astype(given["dtype"])

    def call():
        interpreter.set_tensor(given["index"], converted)
        interpreter.invoke()
        return interpreter.get_tensor(wanted["index"])

    return call


if __name__ == "__main__":
    program.run(ServingRequestsConfig, main)
