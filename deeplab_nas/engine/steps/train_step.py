"""One step of training a discrete network (official `train.py`)."""

import keras
import tensorflow as tf

from deeplab_nas.engine.devices import replicas
from deeplab_nas.engine.steps import losses, schedules, weight_decay
from deeplab_nas.engine.steps.gradient_multipliers import gradient_multipliers
from deeplab_nas.engine.steps.host_loop import repeated
from deeplab_nas.errors import UserError

# What a step tells.
TOLD = ("cross_entropy", "regularization_loss", "gradient_norm")


def check_parts(batch_size, parts):
    """Refuses a batch of a replica that cannot be seen in so many equal parts."""
    if batch_size % parts:
        raise UserError(
            f"Expected a batch a replica that --gradient_accumulation_steps={parts} divides, found "
            f"{batch_size}: change it or --train_batch_size, of which each replica has its share."
        )


class TrainStep:
    """Momentum on the mean cross entropy of the global batch and the L2 of the kernels.

    The loss is the mean over the pixels that count, of all replicas and all parts of the batch, so
    that neither their number nor where the ignored pixels lie changes a step. A model with drop
    path counts each part as a step of its schedule.

    Attributes:
        optimizer: SGD with momentum along the schedule.
        schedule: Learning rate as a function of the step.
        update: `tf.function` of the batches `(images, labels)` of all replicas; updates the weights
            and returns float32 scalars by name: `cross_entropy`, `regularization_loss` and
            `gradient_norm`, the global norm of what the optimizer got.
        run: The loop that `repeated` makes of the update.
    """

    def __init__(
        self,
        strategy,
        model,
        config,
        ignore_label,
        *,
        moving_average=None,
        xla=False,
        steps_per_loop=1,
    ):
        """Creates and builds the optimizer; call it in `strategy.scope()`.

        Args:
            strategy: A `tf.distribute.Strategy`.
            model: A built `Segmenter`; one that computes in float16 has its loss scaled.
            config: An `OptimizationConfig`.
            ignore_label: Label id that does not count.
            moving_average: `MovingAverage` that every step updates, or None.
            xla: Whether XLA compiles the step of a replica whole.
            steps_per_loop: The most steps of a call of `run`.
        """
        self._strategy = strategy
        self._model = model
        self._config = config
        self._ignore_label = ignore_label
        self._variables = model.trainable_variables
        kernels = {variable.path for variable in weight_decay.regularized_variables(model)}
        self._decays = [
            config.weight_decay if variable.path in kernels else 0.0 for variable in self._variables
        ]
        self._multipliers = gradient_multipliers(
            model,
            config.last_layer_gradient_multiplier,
            config.last_layers_contain_logits_only,
            config.bias_gradient_multiplier,
        )
        self._moving_average = moving_average
        self.schedule = schedules.by_policy(config)
        self.optimizer = keras.optimizers.SGD(self.schedule, momentum=config.momentum)
        self._scales_loss = model.compute_dtype == "float16"
        if self._scales_loss:
            self.optimizer = keras.optimizers.LossScaleOptimizer(self.optimizer)
        self.optimizer.build(self._variables)
        self._step = replicas.step_function(strategy, self._replica_step, xla)
        self.update = tf.function(self._update, autograph=False)
        self.run = repeated([(self.update, [0])], TOLD, steps_per_loop)

    def _update(self, images, labels):
        told = self._strategy.run(self._step, args=(images, labels))
        if self._moving_average:
            self._moving_average.update(self.optimizer.iterations)
        return {
            name: self._strategy.experimental_local_results(value)[0]
            for name, value in told.items()
        }

    def _replica_step(self, images, labels):
        share = losses.mined_share(
            self.optimizer.iterations,
            self._config.top_k_percent_pixels,
            self._config.hard_example_mining_step,
        )
        scale = self.optimizer.scale_loss(1.0) if self._scales_loss else 1.0
        loss_sum, count, gradients = self._sums(images, labels, share, scale)
        loss_sum, count = (replicas.sum_over_replicas(value) for value in (loss_sum, count))
        regularization_loss = weight_decay.regularization_loss(
            self._model, self._config.weight_decay
        )
        gradients = [
            multiplier * (losses.mean_loss(gradient, count) + scale * decay * variable.value)
            for gradient, variable, decay, multiplier in zip(
                replicas.sum_over_replicas(gradients),
                self._variables,
                self._decays,
                self._multipliers,
                strict=True,
            )
        ]
        replicas.apply_summed(self.optimizer, gradients, self._variables)
        norm = tf.linalg.global_norm(gradients) / scale
        if self._scales_loss:
            # The optimizer skips such a step and lowers its scale.
            norm = tf.where(tf.math.is_finite(norm), norm, 0.0)
        told = (losses.mean_loss(loss_sum, count), regularization_loss, norm)
        return dict(zip(TOLD, told, strict=True))

    def _sums(self, images, labels, share, scale):
        """Summed loss, number of pixels and `scale` times the gradients of the sum."""
        parts = self._config.gradient_accumulation_steps
        if parts == 1:
            return self._sums_of_part(images, labels, share, scale)
        check_parts(images.shape[0], parts)
        size = images.shape[0] // parts

        # Cut by a reshape: a slice whose place is a tensor would have no static size.
        images, labels = (tf.reshape(v, [parts, size, *v.shape[1:]]) for v in (images, labels))

        def body(part, sums):
            found = self._sums_of_part(images[part], labels[part], share, scale)
            return part + 1, tf.nest.map_structure(tf.add, sums, found)

        zeros = [tf.zeros(variable.shape) for variable in self._variables]
        nothing = (tf.constant(0.0), tf.constant(0.0), zeros)
        return tf.while_loop(lambda part, _: part < parts, body, (0, nothing))[1]

    def _sums_of_part(self, images, labels, share, scale):
        values = [variable.value for variable in self._variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            logits = self._model(images, training=True)
            arguments = (logits, labels, self._ignore_label)
            weights = self._config.label_weights
            if self._config.top_k_percent_pixels == 1.0:
                loss_sum, count = losses.pixel_cross_entropy(*arguments, class_weights=weights)
            else:
                loss_sum, count = losses.hardest_pixel_cross_entropy(*arguments, share, weights)
            # Half precision overflows on the gradient of a sum, and underflows without a scale.
            pixels = tf.cast(tf.size(labels), tf.float32)
            scaled = loss_sum * (scale / pixels)
        gradients = [gradient * pixels for gradient in tape.gradient(scaled, values)]
        return loss_sum, count, gradients
