"""Searches and trainings computed by hand: plain formulas in float64, one step after the other.

Only the batches come from the project (`pipeline.train_dataset`, which has tests of its own).
"""

import functools
import math

import numpy as np
import tensorflow as tf

from deeplab_nas.data import pipeline
from deeplab_nas.data.split import Split
from tests.wiring import numbered_data, pixel_networks
from tests.wiring.numbered_data import IGNORE, NUM_CLASSES

# Keras' value.
_ADAM_EPSILON = 1e-7


def batches(config, indices, seed, steps):
    """The first training batches of some records, images and labels as arrays."""
    return _batches(config, tuple(indices), seed, steps)


# Several tests draw the same ones, which takes longer than all that is computed of them.
@functools.cache
def _batches(config, indices, seed, steps):
    split = Split.load(numbered_data.descriptor(), config.dataset_dir, config.train_split)
    dataset = pipeline.train_dataset(config, split, np.array(indices), seed)
    return [(images.numpy(), labels.numpy()) for images, labels in dataset.take(steps)]


def gradients(logits_of, values, names, batch, weights=None, share=None, parts=1):
    """The loss of a batch and its gradients.

    Args:
        logits_of: A function of `pixel_networks`.
        values: Of the network, by name.
        names: Of those to derive by.
        batch: Images and labels.
        weights: Of the classes; None for 1.
        share: Of the pixels, the hardest ones, that count; None for all that have a label.
        parts: Parts that the batch is seen in.

    Returns:
        The mean loss, its gradients by name, and the moments of each part.
    """
    loss, count, moments, sums = 0.0, 0.0, [], dict.fromkeys(names, 0.0)
    for images, labels in zip(*(np.split(each, parts) for each in batch), strict=True):
        tensors = {name: tf.constant(value, tf.float64) for name, value in values.items()}
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            logits, found = logits_of(tensors, tf.cast(images, tf.float64))
            valid = labels != IGNORE
            chosen = tf.one_hot(np.where(valid, labels, 0), NUM_CLASSES, dtype=tf.float64)
            losses = -tf.reduce_sum(chosen * tf.nn.log_softmax(logits), -1) * valid
            if weights is not None:
                losses *= np.array(weights)[np.where(valid, labels, 0)]
            counted = valid.sum()
            if share is not None:
                kept = np.sort(losses.numpy().ravel())[::-1][: int(np.float32(share) * valid.size)]
                counted = np.sum(kept > 0)
                losses *= losses.numpy() >= kept[-1]
            total = tf.reduce_sum(losses)
        found_gradients = tape.gradient(total, {name: tensors[name] for name in names})
        sums = {name: sums[name] + found_gradients[name].numpy() for name in names}
        loss, count = loss + float(total), count + counted
        moments.append({name: value.numpy() for name, value in found.items()})
    return loss / count, {name: total / count for name, total in sums.items()}, moments


def norm(found):
    """The global norm of gradients by name."""
    return math.sqrt(sum(np.sum(gradient**2) for gradient in found.values()))


def moved(values, moments, decay):
    """The values with moving statistics that took up those of batches."""
    values = dict(values)
    for name in values:
        for batch in moments if "moving_" in name else ():
            values[name] = decay * values[name] + (1 - decay) * batch[name.split("/")[-1]]
    return values


def predicted(logits_of, values, image):
    """The classes of an image, by the moving statistics."""
    tensors = {name: tf.constant(value, tf.float64) for name, value in values.items()}
    statistics = pixel_networks.statistics_of(tensors)
    logits, _ = logits_of(tensors, tf.constant(image[None], tf.float64), statistics)
    return logits.numpy()[0].argmax(-1)


def confusion(logits_of, values, data, split):
    """Counts a split, each image by itself; rows are labels."""
    matrix = np.zeros([NUM_CLASSES, NUM_CLASSES], int)
    for image, label in data.pairs[split]:
        valid = label != IGNORE
        found = predicted(logits_of, values, image)
        np.add.at(matrix, (label[valid], found[valid]), 1)
    return matrix


def class_iou(matrix):
    """The IoU of each class; NaN for one that is neither labelled nor predicted."""
    union = matrix.sum(0) + matrix.sum(1) - np.diag(matrix)
    return np.where(union > 0, np.diag(matrix) / np.maximum(union, 1), np.nan)


def mean_iou(matrix):
    """The mean over the classes that are labelled or predicted."""
    return float(np.nanmean(class_iou(matrix)))


def frequencies(data):
    """The median of the classes' frequencies over each, in the images where the class is."""
    labels = [label[label != IGNORE] for _, label in data.pairs["train"]]
    shares = [
        sum(np.sum(each == name) for each in labels)
        / max(sum(each.size for each in labels if name in each), 1)
        for name in range(NUM_CLASSES)
    ]
    median = np.median([share for share in shares if share])
    return [median / share if share else 0.0 for share in shares]


def cosine(base, end, step, total):
    """Half a period from `base` to `end`."""
    return end + (base - end) * (1 + math.cos(math.pi * step / total)) / 2


def search(config, first, data, halves):
    """Computes a search.

    Args:
        config: `SearchConfig`.
        first: The values that it begins with.
        data: `NumberedData`.
        halves: Numbers of the records of trainA and trainB.

    Returns:
        One dict a weight step: `values` after it, `rate`, `loss`, `norm`, and those of the
        architecture, None where it rested.
    """
    how, values = config.optimization, dict(first)
    steps_per_epoch = len(halves[1]) // config.data.train_batch_size
    total = config.epochs * steps_per_epoch
    both = [batches(config.data, half, config.seed + i, total) for i, half in enumerate(halves)]
    velocity = dict.fromkeys(("weights", "biases"), 0.0)
    adam = {name: (0.0, 0.0) for name in ("alpha", "beta")}
    alone = config.architecture_start_epoch * steps_per_epoch
    decay, logits_of = config.supernet.batch_norm_decay, pixel_networks.supernet_logits
    told = []

    def move_architecture(loss, found, moments):
        nonlocal values
        values = moved(values, moments, decay)
        told[-1] |= {"architecture_loss": loss, "architecture_norm": norm(found)}
        for name, gradient in found.items():
            gradient = gradient + how.architecture_weight_decay * values[name]
            adam[name], change = _adam(*adam[name], gradient, step - alone + 1)
            values[name] = values[name] - how.architecture_learning_rate * change

    for step in range(total):
        rate = cosine(how.base_learning_rate, how.end_learning_rate, step, total)
        told.append({"rate": rate, "architecture_loss": None, "architecture_norm": None})
        if step >= alone and how.architecture_gradient == "second":
            pair = [batches_of_half[step] for batches_of_half in both]
            move_architecture(*_unrolled(logits_of, values, adam, velocity, pair, how, rate))
        loss, found, moments = gradients(logits_of, values, velocity, both[0][step])
        values = moved(values, moments, decay)
        scale = min(1.0, how.clip_gradient_norm / norm(found))
        for name, gradient in found.items():
            l2 = how.weight_decay * values[name] if values[name].ndim > 1 else 0.0
            velocity[name] = how.momentum * velocity[name] - rate * (scale * gradient + l2)
            values[name] = values[name] + velocity[name]
        told[-1] |= {"loss": loss, "norm": norm(found)}
        if step >= alone and how.architecture_gradient == "first":
            move_architecture(*gradients(logits_of, values, adam, both[1][step]))
        told[-1]["values"] = dict(values)
    return told


def _unrolled(logits_of, values, names, velocity, pair, how, rate):
    """As `gradients` of the second batch of a pair, through a step of the weights on the first."""
    tensors = {name: tf.constant(value, tf.float64) for name, value in values.items()}
    wanted = {name: tensors[name] for name in names}
    losses, found = [], None
    with tf.GradientTape() as outer:
        outer.watch(wanted)
        for images, labels in pair:
            with tf.GradientTape() as inner:
                weights = {name: tensors[name] for name in velocity}
                inner.watch(weights)
                logits, found = logits_of(tensors, tf.cast(images, tf.float64))
                valid = labels != IGNORE
                losses.append(
                    tf.reduce_mean(
                        tf.nn.sparse_softmax_cross_entropy_with_logits(labels[valid], logits[valid])
                    )
                )
            by_weights = inner.gradient(losses[-1], weights)
            scale = min(1.0, how.clip_gradient_norm / norm(by_weights))
            for name, gradient in by_weights.items():
                l2 = how.weight_decay * tensors[name] if values[name].ndim > 1 else 0.0
                change = how.momentum * velocity[name] - rate * (scale * gradient + l2)
                tensors = tensors | {name: tensors[name] + change}
    through = outer.gradient(losses[1], wanted)
    moments = [{name: value.numpy() for name, value in found.items()}]
    return float(losses[1]), {name: value.numpy() for name, value in through.items()}, moments


def _adam(first, second, gradient, count):
    """The moments of Adam with betas of 0.5 and 0.999, and what the rate is multiplied by."""
    first = 0.5 * first + 0.5 * gradient
    second = 0.999 * second + 0.001 * gradient**2
    correction = math.sqrt(1 - 0.999**count) / (1 - 0.5**count)
    return (first, second), correction * first / (np.sqrt(second) + _ADAM_EPSILON)


def train(config, first, data, label_weights):
    """Computes a training.

    Args:
        config: `TrainConfig`.
        first: The values that it begins with.
        data: `NumberedData`.
        label_weights: Of the classes; None for 1.

    Returns:
        One dict a step: `values` and `averages` after it, `rate`, `loss`, `l2` and `norm`.
    """
    how, values, averages = config.optimization, dict(first), dict(first)
    total = how.training_number_of_steps
    names = [name for name in values if "moving_" not in name]
    indices = range(len(data.pairs["train"]))
    kernels = [name for name in names if name.endswith("weights")]
    last = ("logits/",) if how.last_layers_contain_logits_only else ("aspp/", "logits/")
    velocity = dict.fromkeys(names, 0.0)
    told = []
    for step, batch in enumerate(batches(config.data, indices, config.seed, total)):
        share = how.top_k_percent_pixels if how.top_k_percent_pixels < 1 else None
        if share and how.hard_example_mining_step:
            share = 1 - (1 - share) * min(1.0, step / how.hard_example_mining_step)
        loss, found, moments = gradients(
            _frozen if not config.fine_tune_batch_norm else pixel_networks.segmenter_logits,
            *(values, names, batch, label_weights, share, how.gradient_accumulation_steps),
        )
        if config.fine_tune_batch_norm:
            values = moved(values, moments, config.batch_norm_decay)
        l2 = how.weight_decay * sum(np.sum(values[name] ** 2) for name in kernels) / 2
        for name in names:
            found[name] = found[name] + how.weight_decay * values[name] * (name in kernels)
            found[name] *= how.last_layer_gradient_multiplier if name.startswith(last) else 1.0
            found[name] *= how.bias_gradient_multiplier if name.endswith("/biases") else 1.0
        kept = min(config.moving_average_decay, (2 + step) / (11 + step))
        for name in names:
            velocity[name] = how.momentum * velocity[name] - _rate(how, step) * found[name]
            values[name] = values[name] + velocity[name]
            averages[name] = kept * averages[name] + (1 - kept) * values[name]
        averages |= {name: values[name] for name in values if name not in names}
        told.append({"rate": _rate(how, step), "loss": loss, "l2": l2, "norm": norm(found)})
        told[-1] |= {"values": dict(values), "averages": dict(averages)}
    return told


def _frozen(values, images):
    statistics = pixel_networks.statistics_of(values)
    return pixel_networks.segmenter_logits(values, images, statistics)


def _rate(how, step):
    """The official learning rates, after a slow start."""
    step -= how.slow_start_step
    total = how.decay_steps or how.training_number_of_steps - how.slow_start_step
    if step < 0:
        slow = how.slow_start_learning_rate
        if not how.slow_start_linear:
            return slow
        return slow + (how.base_learning_rate - slow) * (1 + step / how.slow_start_step)
    base, end, done = how.base_learning_rate, how.end_learning_rate, min(step / total, 1.0)
    match how.learning_policy:
        case "poly":
            return (base - end) * (1 - done) ** how.learning_power + end
        case "cosine":
            return cosine(base, end, done, 1)
        case "step":
            return base * how.learning_rate_decay_factor ** (step // how.learning_rate_decay_step)
