"""What keeps skip from winning by needing no training, and fades until the search ends."""

import dataclasses

import numpy as np
import tensorflow as tf

from deeplab_nas.core.operations import Kind, find


class SkipRestraint:
    """Drops the operation skip now and then, and adds a skip of its own to each edge.

    Dropped skips give the other operations gradients while they are untrained (P-DARTS, Chen et
    al., ICCV 2019, section 3.3); here a skip is dropped of a step, in all cells at once. The added
    skip does what the operation would be chosen for, and has no part in the choice (DARTS-, Chu et
    al., ICLR 2021). Both are linear in the step and end at nothing. An edge that has given up skip
    has neither.
    """

    def __init__(self, config, operations, total_steps, seed):
        """Creates it.

        Args:
            config: `SearchOptimization`.
            operations: Names of alpha's columns, skip among them if either is wanted.
            total_steps: Weight steps of the whole search.
            seed: Of the drops.
        """
        self._dropout = config.skip_dropout
        self._auxiliary = config.auxiliary_skip
        self._is_skip = np.array([find(name).kind is Kind.SKIP for name in operations], np.float32)
        self._total_steps = total_steps
        self._seed = seed

    @property
    def is_on(self):
        """Whether it does anything."""
        return bool(self._dropout or self._auxiliary)

    def training(self, relaxed, step, stream):
        """What a training step weighs the operations by.

        Args:
            relaxed: `relaxation.Weights` of alpha and beta.
            step: Weight steps done, an integer scalar.
            stream: A number; the weights and the architecture drop by numbers of their own.

        Returns:
            `relaxation.Weights`.
        """
        probability = self._dropout * self._left(step)
        seed = tf.stack([self._seed + stream, tf.cast(step, tf.int32)])
        drawn = tf.random.stateless_uniform(relaxed.operations.shape[:1], seed)
        kept = tf.cast(drawn >= probability, tf.float32) / (1.0 - probability)
        return self._weighed(relaxed, step, 1.0 + self._is_skip * (kept[:, None] - 1.0))

    def evaluation(self, relaxed, step):
        """What an evaluation weighs them by, with no skip dropped; arguments as above."""
        return self._weighed(relaxed, step, 1.0)

    def _weighed(self, relaxed, step, factors):
        """The weights times `factors`, and the added skip."""
        has_skip = tf.cast(relaxed.operations > 0, tf.float32) * self._is_skip
        added = self._auxiliary * self._left(step) * has_skip
        return dataclasses.replace(relaxed, operations=relaxed.operations * factors + added)

    def _left(self, step):
        return tf.maximum(0.0, 1.0 - tf.cast(step, tf.float32) / self._total_steps)
