"""One step of the search: the weights and the architecture in turn (Auto-DeepLab, section 4.3)."""

import keras
import tensorflow as tf

from deeplab_nas.engine.configs.search import SECOND_ORDER
from deeplab_nas.engine.devices import replicas
from deeplab_nas.engine.steps import schedules
from deeplab_nas.engine.steps.host_loop import repeated
from deeplab_nas.engine.steps.momentum_sgd import MomentumSGD
from deeplab_nas.engine.steps.search.gradient_tally import GradientTally
from deeplab_nas.engine.steps.search.supernet_gradients import SupernetGradients
from deeplab_nas.engine.steps.search.unrolled_gradient import UnrolledGradient
from deeplab_nas.supernet.relaxation import Weights
from deeplab_nas.supernet.search_cell import SearchCell

# DARTS's for the architecture; the paper gives the rate and the decay only.
_ADAM_BETA_1 = 0.5


# What the two kinds of step tell.
WEIGHTS_TOLD = ("weight_loss", "weight_gradient_norm")
ARCHITECTURE_TOLD = ("architecture_loss", "architecture_gradient_norm")


class SearchStep:
    """Updates the weights on a batch of trainA, and alpha and beta on a batch of trainB.

    Both updates are `tf.function`s that run on every replica. Gradients are those of the global
    batch (`SupernetGradients`); they are clipped, and the weight decay is an L2 term in the
    gradient. Each returns float32 scalars by name: the loss, and the global norm of its gradient
    before clipping and decay.

    Attributes:
        weight_optimizer: SGD with momentum along a cosine.
        architecture_optimizer: Adam.
        tally: `GradientTally` of alpha and beta, without the decay.
        gradients: `SupernetGradients`, what the updates are made of.
        update_weights: The update of the weights on one batch `(images, labels)`.
        update_architecture: The update of alpha and beta on one batch of trainB; in second order
            on one of trainA, of which it unrolls a step, and one of trainB.
        run_weights: The loop that `repeated` makes of the update of the weights.
        run_alternating: The loop around both, on two iterators: the weights first, or in second
            order last, on the batch that was unrolled (DARTS, Liu et al., ICLR 2019, algorithm 1).
    """

    def __init__(
        self,
        strategy,
        supernet,
        config,
        ignore_label,
        total_steps,
        *,
        xla=False,
        steps_per_loop=1,
        **how,
    ):
        """Creates and builds the optimizers; call it in `strategy.scope()`.

        Args:
            strategy: A `tf.distribute.Strategy`.
            supernet: A built `Supernet`.
            config: A `SearchOptimization`.
            ignore_label: Label id that does not count.
            total_steps: Weight steps of the whole search.
            xla: Whether XLA compiles the step of a replica whole.
            steps_per_loop: The most steps of a call of `run_weights` or `run_alternating`.
            **how: Of `SupernetGradients`.
        """
        self._strategy = strategy
        self._config = config
        self._xla = xla
        self._schedule = schedules.cosine(
            config.base_learning_rate, config.end_learning_rate, total_steps
        )
        self._scales_loss = supernet.compute_dtype == "float16"
        self._sgd = MomentumSGD(self._schedule, momentum=config.momentum)
        self.weight_optimizer = self._scaling(self._sgd)
        self.architecture_optimizer = self._scaling(
            keras.optimizers.Adam(config.architecture_learning_rate, beta_1=_ADAM_BETA_1)
        )
        self._network_variables = supernet.network_variables
        self._architecture_variables = supernet.architecture_variables
        self.weight_optimizer.build(self._network_variables)
        self.architecture_optimizer.build(self._architecture_variables)
        self.tally = GradientTally(self._architecture_variables)
        self.gradients = SupernetGradients(
            strategy, supernet, config, ignore_label, total_steps, xla=xla, **how
        )
        self._unrolled_gradient = UnrolledGradient(
            self.gradients,
            self._network_variables,
            self._architecture_variables,
            config.architecture_accumulation_steps,
            self._stepped_weights,
        )
        self._steps_per_loop = steps_per_loop
        self.trace()

    def trace(self):
        """Makes the functions of the steps, anew where the supernet has other operations left."""
        is_second = self._config.architecture_gradient == SECOND_ORDER
        architecture_step = self._unrolled_step if is_second else self._architecture_step
        self.update_weights = self._as_function(self._weight_step, WEIGHTS_TOLD)
        self.update_architecture = self._as_function(architecture_step, ARCHITECTURE_TOLD)
        weights = self.update_weights, [0]
        alternating = [weights, (self.update_architecture, [1])]
        if is_second:
            alternating = [(self.update_architecture, [0, 1]), weights]
        self.run_weights = repeated([weights], WEIGHTS_TOLD, self._steps_per_loop)
        self.run_alternating = repeated(
            alternating, (*WEIGHTS_TOLD, *ARCHITECTURE_TOLD), self._steps_per_loop
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
            found = self.gradients.of_part(
                images,
                labels,
                Weights(operations, arrows),
                self._network_variables,
                self._loss_scale(optimizer),
            )
            return self._update_weights(optimizer, *found)

        return self._as_function(step, WEIGHTS_TOLD)

    def scores(self, images):
        """The logits of an evaluation, of images `[batch, height, width, 3]`."""
        return self.gradients.scores(images, self.weight_optimizer.iterations)

    def learning_rate(self, step):
        """Learning rate of the weights at a weight step, as a float."""
        return float(self._schedule(step))

    def describe_memory(self, image_shape):
        """What the supernet keeps for its gradient, in one line; see `memory_plan.describe`."""
        return self.gradients.describe_memory(image_shape)

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

    def _weight_step(self, images, labels):
        found = self.gradients.of_weights(
            images,
            labels,
            self.weight_optimizer.iterations,
            self._network_variables,
            SearchCell.ARCHITECTURE,
            self._loss_scale(self.weight_optimizer),
        )
        return self._update_weights(self.weight_optimizer, *found)

    def _update_weights(self, optimizer, loss, gradients):
        loss_scale = self._loss_scale(optimizer)
        norm = tf.linalg.global_norm(gradients) / loss_scale
        gradients = self._decayed_weight_gradients(gradients, norm, loss_scale)
        replicas.apply_summed(optimizer, gradients, self._network_variables)
        return loss, self._told_norm(norm)

    def _decayed_weight_gradients(self, gradients, norm, loss_scale=1.0):
        decay = self._config.weight_decay * loss_scale
        return _decayed(gradients, self._network_variables, decay, self._clip_factor(norm))

    def _clip_factor(self, norm):
        clip_norm = self._config.clip_gradient_norm
        return clip_norm / tf.maximum(norm, clip_norm) if clip_norm else tf.constant(1.0)

    def _stepped_weights(self, gradients):
        """What `update_weights` makes of the weights by gradients, and what it multiplies these by.

        The rate is in the factor.
        """
        norm = tf.linalg.global_norm(gradients)
        rate = self._sgd.learning_rate
        decayed = self._decayed_weight_gradients(gradients, norm)
        stepped = [
            self._sgd.stepped(gradient, variable, rate)
            for gradient, variable in zip(decayed, self._network_variables, strict=True)
        ]
        return stepped, rate * self._clip_factor(norm)

    def _architecture_step(self, images, labels):
        found = self.gradients.of_architecture(
            images,
            labels,
            self.weight_optimizer.iterations,
            self._architecture_variables,
            SearchCell.WEIGHTS,
            self._loss_scale(self.architecture_optimizer),
            self._config.architecture_accumulation_steps,
        )
        return self._update_architecture(*found)

    def _unrolled_step(self, weight_images, weight_labels, images, labels):
        found = self._unrolled_gradient(
            (weight_images, weight_labels),
            (images, labels),
            self.weight_optimizer.iterations,
            self._loss_scale(self.architecture_optimizer),
        )
        return self._update_architecture(*found)

    def _update_architecture(self, loss, gradients):
        optimizer, variables = self.architecture_optimizer, self._architecture_variables
        loss_scale = self._loss_scale(optimizer)
        self.tally.add([gradient / loss_scale for gradient in gradients])
        norm = tf.linalg.global_norm(gradients) / loss_scale
        decay = self._config.architecture_weight_decay * loss_scale
        replicas.apply_summed(optimizer, _decayed(gradients, variables, decay), variables)
        return loss, self._told_norm(norm)

    def _scaling(self, optimizer):
        """Half precision underflows without a scale of the loss."""
        return keras.optimizers.LossScaleOptimizer(optimizer) if self._scales_loss else optimizer

    def _loss_scale(self, optimizer):
        return optimizer.scale_loss(1.0) if self._scales_loss else 1.0

    def _told_norm(self, norm):
        if not self._scales_loss:
            return norm
        # The optimizer skips such a step and lowers its scale.
        return tf.where(tf.math.is_finite(norm), norm, 0.0)


def _decayed(gradients, variables, weight_decay, factor=1.0):
    """Gradients times `factor`, a scalar, and the L2 term: Keras' own weight decay is decoupled."""
    weight_decay = tf.convert_to_tensor(weight_decay)
    return [
        gradient * factor + variable.value * weight_decay
        if len(variable.shape) > 1
        else gradient * factor
        for gradient, variable in zip(gradients, variables, strict=True)
    ]
