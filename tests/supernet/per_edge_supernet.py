"""The supernet as a textbook would write it: cell by cell, edge by edge, operation by operation.

It is the oracle of the wide supernet. It computes in float64, eagerly, with the variables of a
given `Supernet`, from which it cuts the kernels of each edge.
"""

import functools

import numpy as np
import tensorflow as tf


def named_variables(supernet):
    """All trainable variables by path, as float64 tensors to differentiate by."""
    return {v.path: tf.cast(v.value, tf.float64) for v in supernet.trainable_variables}


def batch_normalize(x, seen):
    """Normalises by the batch; adds each channel's mean and unbiased variance to `seen`."""
    mean = tf.reduce_mean(x, [0, 1, 2], keepdims=True)
    variance = tf.reduce_mean((x - mean) ** 2, [0, 1, 2], keepdims=True)
    count = np.prod(x.shape[:3])
    unbiased = variance * count / max(count - 1, 1)
    seen += zip(np.ravel(mean), np.ravel(unbiased), strict=True)
    return (x - mean) / tf.sqrt(variance + 1e-3)


def convolve(x, kernel, stride=1, rate=1):
    margins = [[rate * (side // 2)] * 2 for side in kernel.shape[:2]]
    x = tf.pad(x, [[0, 0], *margins, [0, 0]])
    if rate > 1:
        kernel = dilate(kernel, rate)
    return tf.nn.conv2d(x, kernel, stride, "VALID")


def dilate(kernel, rate):
    """Spreads a kernel by zeros, since CPU has no atrous convolution in float64."""
    size = kernel.shape[0]
    spread = np.zeros([(size - 1) * rate + 1, size])
    spread[np.arange(size) * rate, np.arange(size)] = 1.0
    return tf.einsum("ai,bj,ijcd->abcd", spread, spread, kernel)


def depthwise(x, kernel, rate=1):
    """One filter a channel, as a full convolution that is zero between channels."""
    return convolve(x, tf.einsum("abc,cd->abcd", kernel, np.eye(kernel.shape[-1])), rate=rate)


def resize(x, size):
    if tuple(x.shape[1:3]) == tuple(size):
        return x
    for axis, target in enumerate(size, 1):
        source = x.shape[axis]
        at = np.arange(target) * (source - 1) / max(target - 1, 1)
        low = np.minimum(np.floor(at).astype(int), source - 1)
        high = np.minimum(low + 1, source - 1)
        share = (at - low).reshape([-1 if i == axis else 1 for i in range(4)])
        x = tf.gather(x, low, axis=axis) * (1 - share) + tf.gather(x, high, axis=axis) * share
    return x


class Cell:
    """One cell on one arrow: takes its kernels from the node's variables."""

    def __init__(self, variables, edges, prefix, config, filters, num_cells, cell, seen, kept):
        self.variables = variables
        self.edges = edges
        self.prefix = prefix
        self.config = config
        self.filters = filters
        self.num_cells = num_cells
        self.cell = cell
        self.seen = seen
        self.kept = kept

    def kernel(self, operation, name, state, block):
        """Cuts out one edge: variables run over states, consumers, cells and filters."""
        blocks = self.config.num_blocks
        consumers = [blocks - max(s - 1, 0) for s in range(blocks + 1)]
        first_block = blocks - consumers[state]
        edge = sum(consumers[:state]) + block - first_block
        place = edge * self.num_cells + self.cell
        return self.edges(f"{self.prefix}/mixed_ops/{operation}/{name}", self.filters)[place]

    def separable(self, x, operation, state, block, repetitions, rate=1):
        for i in range(1, repetitions + 1):
            x = tf.nn.relu(x)
            kernel = self.kernel(operation, f"depthwise_{i}", state, block)
            x = depthwise(x, tf.squeeze(kernel, 2), rate)
            x = convolve(x, self.kernel(operation, f"pointwise_{i}", state, block))
            x = batch_normalize(x, self.seen)
        return x

    def operation(self, name, x, state, block):
        if name in ("separable_3x3_2", "separable_5x5_2"):
            return self.separable(x, name, state, block, repetitions=2)
        if name in ("atrous_3x3", "atrous_5x5"):
            if self.config.operation_set == "darts":
                return self.separable(x, name, state, block, repetitions=1, rate=2)
            kernel = self.kernel(name, "kernel", state, block)
            return batch_normalize(convolve(tf.nn.relu(x), kernel, rate=2), self.seen)
        if name == "conv_7x1_1x7":
            for i in (1, 2):
                kernel = self.kernel(name, f"kernel_{i}", state, block)
                x = batch_normalize(convolve(tf.nn.relu(x), kernel), self.seen)
            return x
        if name == "avg_pool_3x3":
            return batch_normalize(tf.nn.avg_pool2d(x, 3, 1, "SAME"), self.seen)
        if name == "max_pool_3x3":
            return batch_normalize(tf.nn.max_pool2d(x, 3, 1, "SAME"), self.seen)
        return {"skip": x, "zero": tf.zeros_like(x)}[name]

    def preprocess(self, source, skip_source, direction, size):
        own = slice(self.cell * self.filters, (self.cell + 1) * self.filters)
        kernel = self.variables[f"{self.prefix}/preprocess_{self.cell}"]
        if direction == "up":
            source = resize(source, size)
        stride = 2 if direction == "down" else 1
        skip = self.variables[f"{self.prefix}/preprocess_skip"][..., own]
        return (
            batch_normalize(convolve(tf.nn.relu(source), kernel, stride), self.seen),
            batch_normalize(convolve(tf.nn.relu(resize(skip_source, size)), skip), self.seen),
        )

    def __call__(self, source, skip_source, direction, size, alpha):
        states = list(self.preprocess(source, skip_source, direction, size))
        edge = 0
        for block in range(self.config.num_blocks):
            total = 0.0
            for state in range(block + 2):
                for k, name in enumerate(self.config.operations):
                    if self.kept[edge, k]:
                        total += alpha[edge][k] * self.operation(name, states[state], state, block)
                edge += 1
            states.append(total)
        return tf.concat(states[2:], -1)


def arrow_weight(logits, tail, level):
    """The share of the arrow from level `tail` to `level` among those that leave the node."""
    choices = [t for t in (tail - 1, tail, tail + 1) if 0 <= t <= 3]
    return tf.nn.softmax(tf.gather(logits, [t - tail + 1 for t in choices]))[choices.index(level)]


def head(variables, prefix, x, output_stride, size, seen):
    def branch(inputs, kernel, rate=1):
        outputs = convolve(inputs, variables[f"{prefix}/{kernel}"], rate=rate)
        return tf.nn.relu(batch_normalize(outputs, seen))

    x = tf.nn.relu(x)
    pooled = branch(tf.reduce_mean(x, [1, 2], keepdims=True), "image_pooling")
    local = branch(x, "pointwise")
    context = branch(x, "atrous", 96 // output_stride)
    outputs = tf.concat([local, context, tf.ones_like(local) * pooled], -1)
    outputs = convolve(outputs, variables[f"{prefix}/logits"]) + variables[f"{prefix}/logits_bias"]
    return resize(outputs, size)


def logits(supernet, variables, images, statistics, relaxed=None):
    """Runs the network.

    Args:
        supernet: Gives the configuration and the name.
        variables: As from `named_variables`.
        images: `[batch, height, width, 3]` in 0..255, static size.
        statistics: Dictionary of lists, to which each layer's path is added with the mean and the
            unbiased variance of every channel that it normalises, as often as an edge does.
        relaxed: Weights `[edges, operations]` and `[layers, 4, 3]`, in place of the softmaxes of
            alpha and beta.

    Returns:
        `[batch, height, width, num_classes]`, float64, with the batch's statistics.
    """
    config, root = supernet.config, supernet.name

    @functools.cache
    def edges(path, filters):
        return tf.split(variables[path], variables[path].shape[-1] // filters, -1)

    if relaxed is not None:
        of_operations = relaxed[0]
    else:
        kept = tf.cast(supernet.kept, tf.float64)
        of_operations = tf.exp(variables[f"{root}/alpha"]) * kept
        of_operations /= tf.reduce_sum(of_operations, -1, keepdims=True)
    alpha = [tf.unstack(row) for row in tf.unstack(of_operations)]
    beta = variables.get(f"{root}/beta")
    x = tf.cast(images, tf.float64) / 127.5 - 1.0
    stem = statistics[f"{root}/stem"]
    half = batch_normalize(convolve(x, variables[f"{root}/stem/kernel_0"], 2), stem)
    quarter = convolve(tf.nn.relu(half), variables[f"{root}/stem/kernel_1"], 2)
    quarter = batch_normalize(quarter, stem)
    nodes = [{0: half}, {0: quarter}]
    for layer in range(config.num_layers):
        previous, before = nodes[-1], nodes[-2]
        current = {}
        levels = range(min(4, len(previous) + 1))
        for level in config.fixed_path[layer : layer + 1] or levels:
            size = list(x.shape[1:3])
            for _ in range(level + 2):
                size = [(side + 1) // 2 for side in size]
            tails = [t for t in (level - 1, level, level + 1) if t in previous]
            skip_source = before[level if level in before else max(before)]
            current[level] = 0.0
            for cell, tail in enumerate(tails):
                if relaxed is not None:
                    weight = relaxed[1][layer, tail, level - tail + 1]
                elif beta is None:
                    weight = 1.0
                else:
                    weight = arrow_weight(beta[layer, tail], tail, level)
                direction = ("up", "same", "down")[level - tail + 1]
                prefix = f"{root}/cell_{layer + 1}_{level}"
                filters = config.filter_multiplier * 2**level
                seen = statistics[prefix]
                kept = supernet.kept
                run = Cell(variables, edges, prefix, config, filters, len(tails), cell, seen, kept)
                output = run(previous[tail], skip_source, direction, size, alpha)
                current[level] += weight * output
        nodes.append(current)
    return tf.add_n(
        [
            head(variables, path, x, 4 * 2**level, images.shape[1:3], statistics[path])
            for level, x in nodes[-1].items()
            for path in [f"{root}/head_{level}"]
        ]
    )
