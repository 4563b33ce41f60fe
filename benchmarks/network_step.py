"""Measures one kind of step of the paper's network in this process; run by `network.py`."""

import json
import resource
import statistics
import time

from flags import program

import keras
import tensorflow as tf
from absl import flags

from deeplab_nas.core import nas_genotypes, segmenter, weight_decay
from deeplab_nas.engine import losses, strategy

_WARM_UP = 2
_WEIGHT_DECAY = 4e-5
_IGNORE_LABEL = 255

flags.DEFINE_enum("kind", "inference", ["training", "inference"], "What to measure.")
flags.DEFINE_integer("batch", 1, "Images in a step.")
flags.DEFINE_string("size", "321x321", "Height x width of the images, in pixels.")
flags.DEFINE_integer("filter_multiplier", 20, "F.")
flags.DEFINE_integer("num_classes", 19, "Number of classes.")
flags.DEFINE_string("precision", "float32", "float32 or bfloat16.")
flags.DEFINE_integer("repetitions", 7, "Timed steps.")
flags.DEFINE_integer("threads", 0, "Threads in all; 0: one a core.")


def main(_):
    training = flags.FLAGS.kind == "training"
    strategy.set_threads(flags.FLAGS.threads, side_by_side=training)
    batch = flags.FLAGS.batch
    height, width = (int(side) for side in flags.FLAGS.size.split("x"))
    images = tf.random.stateless_uniform([batch, height, width, 3], [0, 0], 0.0, 255.0)
    model = segmenter.build(
        nas_genotypes.auto_deeplab(),
        flags.FLAGS.filter_multiplier,
        flags.FLAGS.num_classes,
        dtype={"float32": "float32", "bfloat16": "mixed_bfloat16"}[flags.FLAGS.precision],
    )
    make = _training if training else _inference
    seconds = _median_seconds(make(model, images), flags.FLAGS.repetitions)
    result = {
        "kind": flags.FLAGS.kind,
        "batch": batch,
        "height": height,
        "width": width,
        "seconds": round(seconds, 4),
        "images_per_second": round(batch / seconds, 4),
        # Linux counts in KiB.
        "peak_memory_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3),
    }
    print(json.dumps(result))


def _inference(model, images):
    """A function that computes the logits."""
    infer = tf.function(lambda: model(images, training=False), autograph=False)
    return lambda: infer().numpy()


def _training(model, images):
    """A function that takes a step of momentum: loss, weight decay, gradients, update."""
    labels = tf.random.stateless_uniform(
        images.shape[:3], [0, 1], 0, flags.FLAGS.num_classes, tf.int32
    )
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = losses.mean_loss(*losses.pixel_cross_entropy(logits, labels, _IGNORE_LABEL))
            loss += weight_decay.regularization_loss(model, _WEIGHT_DECAY)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return lambda: step().numpy()


def _median_seconds(step, repetitions):
    for _ in range(_WARM_UP):
        step()
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


if __name__ == "__main__":
    program.run(main)
