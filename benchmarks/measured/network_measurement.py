"""What the measurements of one kind of step of the paper's network share: flags, clock, result."""

import json
import statistics
import time

from absl import flags

from deeplab_nas.engine.devices.host_memory import peak_memory_gib

_WARM_UP = 2

flags.DEFINE_enum("kind", "inference", ["training", "inference"], "What to measure.")
flags.DEFINE_integer("batch", 1, "Images in a step.")
flags.DEFINE_string("size", "321x321", "Height x width of the images, in pixels.")
flags.DEFINE_integer("filter_multiplier", 20, "F.")
flags.DEFINE_integer("num_classes", 19, "Number of classes.")
flags.DEFINE_string("precision", "float32", "float32 or bfloat16.")
flags.DEFINE_integer("repetitions", 7, "Timed steps.")
flags.DEFINE_integer("threads", 0, "Threads in all; 0: one a core.")


def image_size():
    """Height and width that the flags ask for."""
    return tuple(int(side) for side in flags.FLAGS.size.split("x"))


def tell(step, parameters):
    """Measures `step`, a function that returns when it is done, and prints one JSON line.

    Args:
        step: What is timed.
        parameters: Number of trainable parameters, by which to see that two networks are alike.
    """
    for _ in range(_WARM_UP):
        step()
    seconds = []
    for _ in range(flags.FLAGS.repetitions):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    height, width = image_size()
    result = {
        "kind": flags.FLAGS.kind,
        "batch": flags.FLAGS.batch,
        "height": height,
        "width": width,
        "seconds": round(median, 4),
        "images_per_second": round(flags.FLAGS.batch / median, 4),
        "peak_memory_gib": round(peak_memory_gib(), 3),
        "parameters": parameters,
    }
    print(json.dumps(result))
