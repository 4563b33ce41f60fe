"""How sharp the minimum is in alpha and beta: eigenvalues of the Hessian of the loss."""

import numpy as np
import tensorflow as tf

from deeplab_nas.core import trellis
from deeplab_nas.engine.scoring import lanczos

# How far the logits are moved for a difference, as a norm: far enough to outweigh the rounding of
# bfloat16, and not so far that a softmax bends.
_DISTANCE = 0.03


class ArchitectureHessian:
    """The Hessian in alpha and beta of the loss of the whole supernet on one batch.

    What the early stop of RobustDARTS looks at (Zela et al., ICLR 2020, section 4), there computed
    whole. Here its products are differences of gradients, and its extreme eigenvalues are
    found by `lanczos`. The loss is that of the data, without the L2 term of alpha and beta. Batch
    normalisation takes the statistics of the batch and moves no average. A softmax does not change
    if all its logits do alike, and a logit that stands for nothing changes nothing: the Hessian is
    taken on what is orthogonal to that, where it need not be zero.
    """

    def __init__(self, strategy, supernet, gradients):
        """Creates it.

        Args:
            strategy: A `tf.distribute.Strategy`.
            supernet: A built `Supernet`.
            gradients: `SupernetGradients`.
        """
        self._strategy = strategy
        self._supernet = supernet
        self._gradients = gradients
        self.trace()

    def trace(self):
        """Makes its function, anew where the supernet has other operations left."""
        self._compiled = tf.function(self._gradient, autograph=False)

    @property
    def _masks(self):
        """Which logits stand for something, of alpha and of beta."""
        masks = [self._supernet.kept]
        if self._supernet.beta is not None:
            masks.append(trellis.arrow_mask(self._supernet.config.num_layers))
        return masks

    def spectrum(self, images, labels, step):
        """Computes the extreme eigenvalues.

        Args:
            images: A distributed batch, `[batch, height, width, 3]`.
            labels: Of the same, `[batch, height, width]`.
            step: Weight steps done, an int.

        Returns:
            `lanczos.Spectrum`.
        """
        variables = self._supernet.architecture_variables
        here = np.concatenate([np.ravel(variable.numpy()) for variable in variables])
        step = tf.constant(step, tf.int64)

        def gradient(logits):
            parts = [tf.constant(part, tf.float32) for part in self._parts(logits)]
            found = self._compiled(images, labels, step, *parts)
            return np.concatenate([np.ravel(each.numpy()) for each in found]).astype(np.float64)

        def product(vector):
            change = _DISTANCE * vector
            difference = gradient(here + change) - gradient(here - change)
            return self._projected(difference / (2 * _DISTANCE))

        start = np.random.RandomState(0).standard_normal(here.shape)
        return lanczos.spectrum(product, self._projected(start))

    def _gradient(self, images, labels, step, *logits):
        def of_replica(images, labels):
            return self._gradients.of_logits(images, labels, step, list(logits))[1]

        found = self._strategy.run(of_replica, args=(images, labels))
        return [self._strategy.experimental_local_results(each)[0] for each in found]

    def _parts(self, vector):
        """Alpha and beta of one vector."""
        masks = self._masks
        ends = np.cumsum([mask.size for mask in masks])
        parts = np.split(vector, ends[:-1])
        return [part.reshape(mask.shape) for part, mask in zip(parts, masks, strict=True)]

    def _projected(self, vector):
        """What of a vector changes a softmax."""
        found = []
        for part, mask in zip(self._parts(vector), self._masks, strict=True):
            total = np.where(mask, part, 0.0).sum(-1, keepdims=True)
            mean = total / np.maximum(mask.sum(-1, keepdims=True), 1)
            found.append(np.where(mask, part - mean, 0.0).ravel())
        return np.concatenate(found)
