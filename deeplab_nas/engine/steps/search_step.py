"""One step of the search: first-order, alternating (Auto-DeepLab, section 4.3)."""

import dataclasses
import math

import keras
import tensorflow as tf

from deeplab_nas.core.kernels import target
from deeplab_nas.engine.devices import replicas
from deeplab_nas.engine.steps import losses, path_sampling, schedules
from deeplab_nas.engine.steps.gradient_tally import GradientTally
from deeplab_nas.engine.steps.host_loop import repeated
from deeplab_nas.engine.steps.momentum_sgd import MomentumSGD
from deeplab_nas.engine.steps.skip_restraint import SkipRestraint
from deeplab_nas.supernet import memory_plan
from deeplab_nas.supernet.relaxation import Weights
from deeplab_nas.supernet.search_cell import SearchCell
from deeplab_nas.supernet.unreached import MASKED, SKIPPED

# DARTS's for the architecture; the paper gives the rate and the decay only.
_ADAM_BETA_1 = 0.5


# What the two kinds of step tell.
WEIGHTS_TOLD = ("weight_loss", "weight_gradient_norm")
ARCHITECTURE_TOLD = ("architecture_loss", "architecture_gradient_norm")


class SearchStep:
    """Updates the weights on a batch of trainA, and alpha and beta on a batch of trainB.

    Both updates are `tf.function`s that run on every replica: the loss is the mean over the valid
    pixels of the global batch, gradients are summed over the replicas and then clipped, and the
    weight decay is an L2 term in the gradient. Each returns float32 scalars by name: the loss, and
    the global norm of its gradient before clipping and decay.

    Attributes:
        weight_optimizer: SGD with momentum along a cosine.
        architecture_optimizer: Adam.
        tally: `GradientTally` of alpha and beta, without the decay.
        update_weights: The update of the weights on one batch `(images, labels)`.
        update_architecture: The update of alpha and beta on one batch.
        run_weights: The loop that `repeated` makes of the update of the weights.
        run_alternating: The loop around both, the weights first, on two iterators.
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
        steps_per_loop=1,
        seed=0,
    ):
        """Creates and builds the optimizers; call it in `strategy.scope()`.

        Args:
            strategy: A `tf.distribute.Strategy`.
            supernet: A built `Supernet`.
            config: A `SearchOptimization`.
            ignore_label: Label id that does not count.
            total_steps: Weight steps of the whole search.
            recompute: Whether nodes compute again what their gradient needs: auto, always or never.
            activation_memory_gib: With auto, GiB that the nodes may keep on one replica.
            xla: Whether XLA compiles the step of a replica whole.
            steps_per_loop: The most steps of a call of `run_weights` or `run_alternating`.
            seed: Of the skips that are dropped and the paths that are drawn.
        """
        self._strategy = strategy
        self._supernet = supernet
        self._config = config
        self._ignore_label = ignore_label
        self._activation_memory_gib = {"never": math.inf, "always": 0.0}.get(
            recompute, activation_memory_gib
        )
        self._xla = xla
        self._schedule = schedules.cosine(
            config.base_learning_rate, config.end_learning_rate, total_steps
        )
        self._scales_loss = supernet.compute_dtype == "float16"
        self.weight_optimizer = self._scaling(MomentumSGD(self._schedule, momentum=config.momentum))
        self.architecture_optimizer = self._scaling(
            keras.optimizers.Adam(config.architecture_learning_rate, beta_1=_ADAM_BETA_1)
        )
        self._network_variables = supernet.network_variables
        self._architecture_variables = supernet.architecture_variables
        self.weight_optimizer.build(self._network_variables)
        self.architecture_optimizer.build(self._architecture_variables)
        self.tally = GradientTally(self._architecture_variables)
        self._seed = seed
        # A path keeps at most what the whole does.
        self._passes = 1 + config.sampled_paths
        self._restraint = SkipRestraint(config, supernet.config.operations, total_steps, seed)
        self._steps_per_loop = steps_per_loop
        self.trace()

    def trace(self):
        """Makes the functions of the steps, anew where the supernet has other operations left."""
        self.update_weights = self._as_function(self._weight_step, WEIGHTS_TOLD)
        self.update_architecture = self._as_function(self._architecture_step, ARCHITECTURE_TOLD)
        self.run_weights = repeated([self.update_weights], WEIGHTS_TOLD, self._steps_per_loop)
        self.run_alternating = repeated(
            [self.update_weights, self.update_architecture],
            (*WEIGHTS_TOLD, *ARCHITECTURE_TOLD),
            self._steps_per_loop,
        )

    def update_of_part(self, learning_rate):
        """Makes an update of the weights in a part of the supernet; call it in `strategy.scope()`.

        Args:
            learning_rate: A float.

        Returns:
            A `tf.function` of the images and labels of a batch, and of operations and arrows as
            `relaxation.Weights` has them, which returns what `update_weights` does. No average of
            a batch normalisation moves.
        """
        optimizer = MomentumSGD(learning_rate, momentum=self._config.momentum)
        optimizer = self._scaling(optimizer)
        optimizer.build(self._network_variables)

        def step(images, labels, operations, arrows):
            return self._weight_step(
                images, labels, optimizer, [self._alone(Weights(operations, arrows))]
            )

        return self._as_function(step, WEIGHTS_TOLD)

    def scores(self, images):
        """The logits of an evaluation, of images `[batch, height, width, 3]`."""
        relaxed = {}
        if self._restraint.is_on:
            whole = self._supernet.relaxed()
            step = self.weight_optimizer.iterations
            relaxed = {"relaxed": self._restraint.evaluation(whole, step)}
        return self._supernet(images, training=False, **relaxed)

    def learning_rate(self, step):
        """Learning rate of the weights at a weight step, as a float."""
        return float(self._schedule(step))

    def describe_memory(self, image_shape):
        """What the supernet keeps for its gradient, in one line; see `memory_plan.describe`."""
        recomputed = self._nodes_to_recompute(image_shape)
        return memory_plan.describe(self._supernet, recomputed, image_shape, self._passes)

    def _scaling(self, optimizer):
        """Half precision underflows without a scale of the loss."""
        return keras.optimizers.LossScaleOptimizer(optimizer) if self._scales_loss else optimizer

    def _as_function(self, replica_step, told):
        replica_step = replicas.step_function(self._strategy, replica_step, self._xla)

        @tf.function(autograph=False)
        def step(*inputs):
            values = self._strategy.run(replica_step, args=inputs)
            return {
                name: self._strategy.experimental_local_results(value)[0]
                for name, value in zip(told, values, strict=True)
            }

        return step

    def _weight_step(self, images, labels, optimizer=None, parts_of_space=None):
        return self._step(
            images,
            labels,
            optimizer=optimizer or self.weight_optimizer,
            parts_of_space=parts_of_space,
            variables=self._network_variables,
            frozen=SearchCell.ARCHITECTURE,
            weight_decay=self._config.weight_decay,
            clip_norm=self._config.clip_gradient_norm,
            parts=1,
        )

    def _architecture_step(self, images, labels):
        return self._step(
            images,
            labels,
            optimizer=self.architecture_optimizer,
            variables=self._architecture_variables,
            frozen=SearchCell.WEIGHTS,
            weight_decay=self._config.architecture_weight_decay,
            clip_norm=0.0,
            parts=self._config.architecture_accumulation_steps,
            tally=self.tally,
        )

    def _step(
        self,
        images,
        labels,
        *,
        optimizer,
        variables,
        frozen,
        weight_decay,
        clip_norm,
        parts,
        parts_of_space=None,
        tally=None,
    ):
        """Updates the variables; returns the loss and the norm of its gradient."""
        loss_scale = optimizer.scale_loss(1.0) if self._scales_loss else 1.0
        loss, gradients = self._loss_and_gradients(
            images, labels, variables, frozen, loss_scale, parts, parts_of_space
        )
        if tally:
            tally.add([gradient / loss_scale for gradient in gradients])
        norm = tf.linalg.global_norm(gradients) / loss_scale
        factor = clip_norm / tf.maximum(norm, clip_norm) if clip_norm else tf.constant(1.0)
        self._apply(optimizer, gradients, variables, weight_decay * loss_scale, factor)
        if self._scales_loss:
            # The optimizer skips such a step and lowers its scale.
            norm = tf.where(tf.math.is_finite(norm), norm, 0.0)
        return loss, norm

    def _loss_and_gradients(
        self, images, labels, variables, frozen, loss_scale, parts, parts_of_space
    ):
        """The loss of the global batch and, scaled, its gradients; the same on every replica."""
        size = images.shape[0] // parts
        num_valid = losses.count_valid(labels, self._ignore_label)
        num_valid = replicas.sum_over_replicas(num_valid)

        def of_part(images, labels):
            recompute = self._nodes_to_recompute(images.shape[:3])
            # Only what is stepped is watched, so that nothing is computed for other variables.
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([variable.value for variable in variables])
                found = []
                for part_of_space in parts_of_space or self._parts_of_space(frozen):
                    logits = self._supernet(
                        images, training=True, frozen=frozen, recompute=recompute, **part_of_space
                    )
                    loss_sum, _ = losses.pixel_cross_entropy(logits, labels, self._ignore_label)
                    found.append(losses.mean_loss(loss_sum, num_valid))
                loss = found[0]
                scaled = tf.add_n(found) / len(found) * loss_scale
            values = [variable.value for variable in variables]
            # Operations that are left out have no gradient.
            return loss, tape.gradient(scaled, values, unconnected_gradients="zero")

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

    def _parts_of_space(self, frozen):
        """What is trained: the whole supernet, and paths that are drawn; arguments of its call."""
        paths = self._config.sampled_paths if frozen == SearchCell.ARCHITECTURE else 0
        if not (self._restraint.is_on or paths):
            return [{}]
        relaxed, step = self._supernet.relaxed(), self.weight_optimizer.iterations
        if self._restraint.is_on:
            stream = int(frozen == SearchCell.WEIGHTS)
            relaxed = self._restraint.training(relaxed, step, stream)
        drawn = []
        for number in range(paths):
            seed = tf.stack([self._seed, tf.cast(step, tf.int32) * paths + number])
            arrows = path_sampling.draw(self._supernet.config.num_layers, seed)
            drawn.append(self._alone(dataclasses.replace(relaxed, arrows=arrows)))
        return [{"relaxed": relaxed}, *drawn]

    def _alone(self, relaxed):
        """Arguments of the supernet's call that compute what is weighed, and nothing else."""
        return {
            "relaxed": relaxed,
            "track_statistics": False,
            "unreached": MASKED if self._xla or target.on_tpu() else SKIPPED,
        }

    def _nodes_to_recompute(self, image_shape):
        budget = self._activation_memory_gib * 2**30
        return memory_plan.nodes_to_recompute(self._supernet, image_shape, budget, self._passes)

    def _apply(self, optimizer, gradients, variables, weight_decay, scale):
        """Applies the gradients times `scale`, a scalar, and the L2 term."""
        weight_decay = tf.convert_to_tensor(weight_decay)
        # Keras' own weight decay is decoupled.
        decayed = [
            gradient * scale + variable.value * weight_decay
            if len(variable.shape) > 1
            else gradient * scale
            for gradient, variable in zip(gradients, variables, strict=True)
        ]
        replicas.apply_summed(optimizer, decayed, variables)
