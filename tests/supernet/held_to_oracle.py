"""Small supernets, and what holds them to the per-edge one."""

import collections
import dataclasses

import keras
import numpy as np
import tensorflow as tf

from deeplab_nas.supernet import memory_plan
from deeplab_nas.supernet.supernet import Supernet
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests.supernet import per_edge_supernet

NUM_CLASSES = 5


def make_supernet(seed=0, dtype="float32", **settings):
    """A small supernet with alpha and beta far from uniform."""
    keras.utils.set_random_seed(seed)
    settings = {"num_layers": 3, "num_blocks": 2, "filter_multiplier": 2, **settings}
    supernet = Supernet(NUM_CLASSES, SupernetConfig(**settings), dtype=dtype)
    supernet.build()
    rng = np.random.default_rng(seed)
    for variable in supernet.architecture_variables:
        variable.assign(rng.normal(size=variable.shape))
    return supernet


def make_batch(height, width, seed=0, batch=2):
    rng = np.random.default_rng(seed)
    images = rng.uniform(0, 255, size=[batch, height, width, 3]).astype(np.float32)
    labels = rng.integers(0, NUM_CLASSES, size=[batch, height, width]).astype(np.int32)
    return tf.constant(images), tf.constant(labels)


def mean_loss(labels, logits):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return tf.reduce_mean(losses)


def relative_difference(actual, expected):
    """Largest difference, relative to the largest magnitude of what is expected."""
    expected = np.asarray(expected, np.float64)
    scale = np.abs(expected).max()
    return np.abs(np.asarray(actual, np.float64) - expected).max() / scale


@dataclasses.dataclass
class Oracle:
    """What the per-edge supernet makes of a supernet's variables and a batch."""

    logits: tf.Tensor
    gradients: dict
    statistics: dict

    @classmethod
    def of(cls, supernet, images, labels):
        variables = per_edge_supernet.named_variables(supernet)
        statistics = collections.defaultdict(list)
        with tf.GradientTape() as tape:
            tape.watch(list(variables.values()))
            logits = per_edge_supernet.logits(supernet, variables, images, statistics)
            loss = mean_loss(labels, logits)
        gradients = tape.gradient(loss, variables, unconnected_gradients="zero")
        return cls(logits, gradients, statistics)

    def check_gradients(self, variables, gradients, tolerance):
        norm = np.sqrt(sum(np.sum(g.numpy() ** 2) for g in self.gradients.values()))
        for variable, gradient in zip(variables, gradients, strict=True):
            wanted = self.gradients[variable.path].numpy()
            # Kernels before a batch normalisation of two pooled positions have gradients of about 0
            scale = max(np.abs(wanted).max(), 1e-4 * norm)
            assert np.abs(gradient.numpy() - wanted).max() / scale < tolerance, variable.path

    def check_statistics(self, supernet, tolerance, all_move=True):
        """Each channel of a layer has its like here, and the other way round.

        Layers order their channels as suits them, and count once what several edges share.
        """
        for layer in (supernet.stem, *sum(supernet.cells, []), *supernet.heads):
            found = np.stack([layer.statistics.mean, layer.statistics.variance], -1)
            expected = np.array(self.statistics[layer.path])
            distances = np.abs(found[:, None] - expected[None])
            distances = (distances / (1.0 + np.abs(expected))).max(-1)
            assert distances.min(0).max() < tolerance, layer.path
            assert not all_move or distances.min(1).max() < tolerance, layer.path


def wide_logits_and_gradients(supernet, images, labels, recompute=frozenset()):
    variables = supernet.trainable_variables

    @tf.function(autograph=False)
    def wide():
        values = [variable.value for variable in variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            logits = supernet(images, training=True, recompute=recompute)
            loss = mean_loss(labels, logits)
        # No gradient at all is one of operations that are left out.
        return logits, tape.gradient(loss, values, unconnected_gradients="zero")

    return wide()


def check_against_oracle(supernet, images, labels, all_move=True):
    """Holds logits, gradients and statistics equal, with recomputation and without.

    Statistics of operations that are left out do not move.
    """
    expected = Oracle.of(supernet, images, labels)
    for recompute in (frozenset(), memory_plan.all_nodes(supernet)):
        logits, gradients = wide_logits_and_gradients(supernet, images, labels, recompute)
        assert logits.shape == (*images.shape[:3], NUM_CLASSES)
        assert relative_difference(logits, expected.logits) < 1e-4
        expected.check_gradients(supernet.trainable_variables, gradients, 1e-3)
        expected.check_statistics(supernet, 1e-4, all_move)
