"""The loss of the supernet on a global batch, and its gradients."""

import dataclasses
import math

import tensorflow as tf

from deeplab_nas.core.kernels import target
from deeplab_nas.engine.devices import replicas
from deeplab_nas.engine.steps import losses
from deeplab_nas.engine.steps.search import path_sampling
from deeplab_nas.engine.steps.search.skip_restraint import SkipRestraint
from deeplab_nas.supernet import memory_plan
from deeplab_nas.supernet.search_cell import SearchCell
from deeplab_nas.supernet.unreached import MASKED, SKIPPED


class SupernetGradients:
    """Computes the loss of what a step of the search trains, and gradients of it.

    The loss is the mean over the valid pixels of the global batch, and gradients are summed over
    the replicas.
    """

    def __init__(
        self,
        strategy,
        supernet,
        config,
        ignore_label,
        total_steps,
        *,
        recompute="auto",
        activation_memory_gib=0.5,
        xla=False,
        seed=0,
    ):
        """Creates it.

        Args:
            strategy: A `tf.distribute.Strategy`.
            supernet: A built `Supernet`.
            config: A `SearchOptimization`.
            ignore_label: Label id that does not count.
            total_steps: Weight steps of the whole search.
            recompute: Whether nodes compute again what their gradient needs: auto, always or never.
            activation_memory_gib: With auto, GiB that the nodes may keep on one replica.
            xla: Whether XLA compiles what calls this.
            seed: Of the skips that are dropped and the paths that are drawn.
        """
        self._strategy = strategy
        self._supernet = supernet
        self._ignore_label = ignore_label
        self._activation_memory_gib = {"never": math.inf, "always": 0.0}.get(
            recompute, activation_memory_gib
        )
        self._xla = xla
        self._seed = seed
        self._num_paths = config.sampled_paths
        self._restraint = SkipRestraint(config, supernet.config.operations, total_steps, seed)

    def of_weights(
        self, images, labels, step, variables, frozen, loss_scale=1.0, track_statistics=True
    ):
        """What a step of the weights takes: of the whole supernet, and of paths that are drawn.

        Args:
            images: `[batch, height, width, 3]`, a replica's part of the global batch.
            labels: `[batch, height, width]`.
            step: Weight steps done, an integer scalar; drops and paths are drawn by it.
            variables: Those that a gradient is taken of.
            frozen: What no gradient is taken of, as `Supernet.call` has it.
            loss_scale: What the gradients are multiplied by.
            track_statistics: Whether the averages of the batch normalisations move.

        Returns:
            The loss of the whole, and the gradients, one for each variable; the same on every
            replica.
        """

        def parts_of_space():
            whole = self._whole(step, stream=0)
            parts = [{**whole, "track_statistics": track_statistics}, *self._paths(step, **whole)]
            return [{**part, "frozen": frozen} for part in parts]

        return self._sums(images, labels, parts_of_space, _values(variables), loss_scale)

    def of_architecture(self, images, labels, step, variables, frozen, loss_scale=1.0, parts=1):
        """What a step of alpha and beta takes; arguments and result as of `of_weights`.

        Args:
            parts: Batches that `images` are, which are seen one after the other.
        """

        def parts_of_space():
            return [{**self._whole(step, stream=1), "frozen": frozen}]

        return self._sums(images, labels, parts_of_space, _values(variables), loss_scale, parts)

    def of_part(self, images, labels, relaxed, variables, loss_scale=1.0):
        """Of what `relaxed` weighs alone; arguments and result as of `of_weights`."""
        alone = [{**self._alone(relaxed), "frozen": SearchCell.ARCHITECTURE}]
        return self._sums(images, labels, lambda: alone, _values(variables), loss_scale)

    def of_logits(self, images, labels, step, logits):
        """The loss of the whole supernet with other alpha and beta, as an evaluation weighs it.

        Args:
            images: `[batch, height, width, 3]`, a replica's part of the global batch.
            labels: `[batch, height, width]`.
            step: Weight steps done, an integer scalar.
            logits: Tensors in the place of alpha and, where there is one, beta.

        Returns:
            The loss, and its gradients by the logits; the same on every replica. No average of a
            batch normalisation moves.
        """

        def whole():
            relaxed = self._restraint.evaluation(self._supernet.relaxed(logits), step)
            how = {"frozen": SearchCell.WEIGHTS, "track_statistics": False}
            return [{"relaxed": relaxed, **how}]

        return self._sums(images, labels, whole, logits)

    def scores(self, images, step):
        """The logits of an evaluation, of images `[batch, height, width, 3]`."""
        relaxed = {}
        if self._restraint.is_on:
            relaxed = {"relaxed": self._restraint.evaluation(self._supernet.relaxed(), step)}
        return self._supernet(images, training=False, **relaxed)

    def describe_memory(self, image_shape):
        """What the supernet keeps for its gradient, in one line; see `memory_plan.describe`."""
        recomputed = self._nodes_to_recompute(image_shape)
        return memory_plan.describe(self._supernet, recomputed, image_shape, self._passes)

    @property
    def _passes(self):
        # A path keeps at most what the whole does.
        return 1 + self._num_paths

    def _nodes_to_recompute(self, image_shape):
        budget = self._activation_memory_gib * 2**30
        return memory_plan.nodes_to_recompute(self._supernet, image_shape, budget, self._passes)

    def _whole(self, step, stream):
        """Arguments of the supernet's call that compute all of it."""
        if not self._restraint.is_on:
            return {}
        return {"relaxed": self._restraint.training(self._supernet.relaxed(), step, stream)}

    def _paths(self, step, relaxed=None):
        """Arguments of the calls that compute the paths of a step, each alone."""
        for number in range(self._num_paths):
            relaxed = relaxed or self._supernet.relaxed()
            seed = tf.stack([self._seed, tf.cast(step, tf.int32) * self._num_paths + number])
            arrows = path_sampling.draw(self._supernet.config.num_layers, seed)
            yield self._alone(dataclasses.replace(relaxed, arrows=arrows))

    def _alone(self, relaxed):
        """Arguments of the supernet's call that compute what is weighed, and nothing else."""
        return {
            "relaxed": relaxed,
            "track_statistics": False,
            "unreached": MASKED if self._xla or target.on_tpu() else SKIPPED,
        }

    def _sums(self, images, labels, parts_of_space, sources, loss_scale=1.0, parts=1):
        size = images.shape[0] // parts
        num_valid = losses.count_valid(labels, self._ignore_label)
        num_valid = replicas.sum_over_replicas(num_valid)

        def of_part(images, labels):
            recompute = self._nodes_to_recompute(images.shape[:3])
            # Only what is wanted is watched, so that nothing is computed for other variables.
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(sources)
                found = []
                for part_of_space in parts_of_space():
                    logits = self._supernet(
                        images, training=True, recompute=recompute, **part_of_space
                    )
                    loss_sum, _ = losses.pixel_cross_entropy(logits, labels, self._ignore_label)
                    found.append(losses.mean_loss(loss_sum, num_valid))
                loss = found[0]
                scaled = tf.add_n(found) / len(found) * loss_scale
            # Operations that are left out have no gradient.
            return loss, tape.gradient(scaled, sources, unconnected_gradients="zero")

        # Every `parts`th example, so that a part, which is normalised together, has the same ones
        # on any number of replicas. Cut by a reshape: a slice whose place is a tensor would have no
        # static size.
        images, labels = (
            tf.stack(tf.unstack(tf.reshape(v, [size, parts, *v.shape[1:]]), axis=1))
            for v in (images, labels)
        )
        loss, gradients = of_part(images[0], labels[0])
        if self._strategy.num_replicas_in_sync > 1 or self._xla or target.on_tpu():
            # A loop in the graph forbids replicas to exchange their statistics, and XLA to know the
            # shapes that the gradient of a shared function takes.
            for part in range(1, parts):
                found = of_part(images[part], labels[part])
                loss, gradients = tf.nest.map_structure(tf.add, (loss, gradients), found)
        elif parts > 1:

            def body(part, sums):
                found = of_part(images[part], labels[part])
                return part + 1, tf.nest.map_structure(tf.add, sums, found)

            _, (loss, gradients) = tf.while_loop(
                lambda part, _: part < parts, body, (1, (loss, gradients))
            )
        return replicas.sum_over_replicas(loss), replicas.sum_over_replicas(gradients)


def _values(variables):
    return [variable.value for variable in variables]
