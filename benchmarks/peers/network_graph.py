"""The paper's network as a TensorFlow 1 graph in a session; run by `network.py --peers`.

It is written as the official code is, an operation for each line of the paper: convolution, fused
batch normalisation and ReLU on variables that are kept in the session. Its weights are random:
nothing is compared but time, memory and the number of parameters, which is the paper's.
"""

import os

from flags import program

# TensorFlow as it sets itself up: whether with oneDNN, the package has chosen.
os.environ.pop("TF_ENABLE_ONEDNN_OPTS")

import numpy as np
import tensorflow as tf

from benchmarks.measured import network_measurement
from deeplab_nas.core import backbone_plan, nas_genotypes, trellis
from deeplab_nas.core.backbone_plan import STEM
from deeplab_nas.core.layers import batch_statistics
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.errors import UserError

v1 = tf.compat.v1

_ASPP_RATES = (12, 24, 36)
_HEAD_FILTERS = 256
_LOW_LEVEL_FILTERS = 48


def _variable(shape, trainable=True):
    limit = 1.0 / np.sqrt(np.prod(shape[:-1]) or 1)
    initial = v1.random_uniform(shape, -limit, limit, seed=1)
    return v1.Variable(initial, trainable=trainable, dtype=tf.float32)


def _kernel(shape, dtype):
    return tf.cast(_variable(shape), dtype)


def _normalized(x, epsilon):
    channels = [x.shape[-1]]
    scale, offset = _variable(channels), _variable(channels)
    mean, variance = _variable(channels, False), v1.Variable(tf.ones(channels), trainable=False)
    return batch_statistics.fused(x, scale, offset, mean, variance, epsilon, False)[0]


def _padded(x, size, stride):
    """The input and the padding of a centred convolution."""
    if stride == 1:
        return x, "SAME"
    margin = size // 2
    return tf.pad(x, [[0, 0], [margin, margin], [margin, margin], [0, 0]]), "VALID"


def _convolution(x, filters, size=1, stride=1, rate=1, epsilon=1e-3):
    kernel = _kernel([size, size, x.shape[-1], filters], x.dtype)
    x, padding = _padded(x, size, stride)
    return _normalized(tf.nn.convolution(x, kernel, stride, padding, dilations=rate), epsilon)


def _separable(x, size, stride):
    filters = x.shape[-1]
    for own_stride in (stride, 1):
        x, padding = _padded(tf.nn.relu(x), size, own_stride)
        kernel = _kernel([size, size, filters, 1], x.dtype)
        x = tf.nn.depthwise_conv2d(x, kernel, [1, own_stride, own_stride, 1], padding)
        x = _convolution(x, filters)
    return x


def _atrous(x, size, stride):
    if stride > 1:
        x = _resize(x, [(side + 1) // 2 for side in x.shape[1:3]])
    return _convolution(tf.nn.relu(x), x.shape[-1], size, rate=2 if stride == 1 else 1)


def _resize(x, size):
    if list(x.shape[1:3]) == list(size):
        return x
    return tf.cast(v1.image.resize_bilinear(x, size, align_corners=True), x.dtype)


def _cell(cell, net, prev, filters, size, stride):
    states = [
        _convolution(tf.nn.relu(_resize(net, size)), filters),
        _convolution(tf.nn.relu(_resize(prev, size)), filters),
    ]
    for block in cell:
        branches = []
        for state, name in block:
            own_stride = stride if state < 2 else 1
            operation = _separable if name.startswith("separable") else _atrous
            size_of_kernel = int(name.partition("_")[2][0])
            branches.append(operation(states[state], size_of_kernel, own_stride))
        states.append(tf.add(*branches))
    return tf.concat(states[2:], -1)


def _activated(x, filters, size=1, rate=1):
    return tf.nn.relu(_convolution(x, filters, size, rate=rate, epsilon=1e-5))


def _logits(images, filter_multiplier, num_classes, dtype):
    """Stem, cells, ASPP and decoder (Auto-DeepLab, section 5.1)."""
    plan = backbone_plan.BackbonePlan(
        nas_genotypes.auto_deeplab(), NetworkConfig(filter_multiplier=filter_multiplier)
    )
    x = tf.cast(images / 127.5 - 1.0, dtype)
    outputs = {}
    for i, (filters, stride) in enumerate(STEM):
        x = outputs[i - 2] = _convolution(tf.nn.relu(x) if i else x, filters, 3, stride)
    sizes = plan.sizes(images)
    for layer in range(1, plan.last_layer + 1):
        outputs[layer] = _cell(
            plan.architecture.cell,
            outputs[layer - 1],
            outputs[layer - 2],
            plan.filters(layer),
            sizes[layer],
            2 if plan.direction(layer) == trellis.DOWN else 1,
        )
    x = tf.nn.relu(outputs[plan.last_layer])
    pooled = _activated(tf.reduce_mean(x, [1, 2], keepdims=True), _HEAD_FILTERS)
    branches = [_resize(pooled, x.shape[1:3]), _activated(x, _HEAD_FILTERS)]
    branches += [_activated(x, _HEAD_FILTERS, 3, rate) for rate in _ASPP_RATES]
    x = _activated(tf.concat(branches, -1), _HEAD_FILTERS)
    low_level = _activated(outputs[plan.last_layer_at(4)], _LOW_LEVEL_FILTERS)
    x = tf.concat([_resize(x, low_level.shape[1:3]), low_level], -1)
    for _ in range(2):
        x = _activated(x, _HEAD_FILTERS, 3)
    kernel, bias = _kernel([1, 1, _HEAD_FILTERS, num_classes], dtype), _variable([num_classes])
    x = tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "SAME"), tf.cast(bias, dtype))
    return _resize(tf.cast(x, tf.float32), images.shape[1:3])


def main(config: network_measurement.StepConfig) -> None:
    if config.kind != "inference":
        raise UserError("Expected --kind=inference, found training: this peer only infers.")
    v1.disable_eager_execution()
    v1.disable_resource_variables()
    shape = [config.batch, *config.size, 3]
    images = v1.placeholder(tf.float32, shape)
    logits = _logits(images, config.filter_multiplier, config.num_classes, config.precision)
    parameters = sum(variable.shape.num_elements() for variable in v1.trainable_variables())
    feed = {images: np.random.default_rng(1).uniform(0, 255, shape).astype(np.float32)}
    threads = v1.ConfigProto(
        intra_op_parallelism_threads=config.threads, inter_op_parallelism_threads=config.threads
    )
    with v1.Session(config=threads) as session:
        session.run(v1.global_variables_initializer())
        network_measurement.report(config, lambda: session.run(logits, feed), parameters)


if __name__ == "__main__":
    program.run(network_measurement.StepConfig, main)
