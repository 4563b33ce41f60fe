"""Sends requests to exported networks in this process, in turn; run by `serving.py`."""

import json
import os
import time

from flags import program

# TensorFlow as a server sets it up: whether with oneDNN, the package has chosen.
os.environ.pop("TF_ENABLE_ONEDNN_OPTS")

import numpy as np
import tensorflow as tf
from absl import flags

from benchmarks import machine_peaks
from deeplab_nas.engine.devices import strategies
from deeplab_nas.engine.prediction import signatures

flags.DEFINE_string("size", "321x321", "Height x width of the images, in pixels.")
flags.DEFINE_multi_string("variant", [], "name=path of a SavedModel, or of a .tflite file.")
flags.DEFINE_integer("multiply_adds", 0, "Of one image.")
flags.DEFINE_float("seconds", 60.0, "Time of the requests.")
flags.DEFINE_integer("threads", 0, "Threads in all; 0: one a core.")


def main(_):
    strategies.set_threads(flags.FLAGS.threads, side_by_side=False)
    height, width = (int(side) for side in flags.FLAGS.size.split("x"))
    images = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), np.uint8)
    variants = dict(text.split("=", 1) for text in flags.FLAGS.variant)
    calls = {name: _caller(path, images) for name, path in variants.items()}
    for call in calls.values():
        call()
        call()
    peaks = [machine_peaks.convolution_flops()]
    seconds = {name: [] for name in calls}
    end = time.perf_counter() + flags.FLAGS.seconds
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
            "share_of_peak": round(2 * flags.FLAGS.multiply_adds / middle / peak, 3),
        }
    print(json.dumps(result))


def _caller(path, images):
    """A function that sends one request and waits for the answer."""
    if path.endswith(".tflite"):
        return _litert_caller(path, images)
    loaded = tf.saved_model.load(path)
    predict = loaded.signatures[signatures.SERVING_DEFAULT]

    def call(_keep=loaded):
        # As a server does, which has the request's bytes and sends the answer's.
        return predict(images=tf.constant(images))[signatures.PREDICTIONS].numpy()

    return call


def _litert_caller(path, images):
    threads = flags.FLAGS.threads or os.cpu_count()
    interpreter = tf.lite.Interpreter(path, num_threads=threads)
    interpreter.allocate_tensors()
    (given,), (wanted,) = interpreter.get_input_details(), interpreter.get_output_details()
    converted = images.astype(given["dtype"])

    def call():
        interpreter.set_tensor(given["index"], converted)
        interpreter.invoke()
        return interpreter.get_tensor(wanted["index"])

    return call


if __name__ == "__main__":
    program.run(main)
