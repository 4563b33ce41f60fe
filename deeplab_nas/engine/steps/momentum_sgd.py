"""SGD with momentum, one kernel a variable."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="deeplab_nas")
class MomentumSGD(keras.optimizers.SGD):
    """Keras' SGD, whose update of a variable is eight operations, as TensorFlow's own kernel.

    The weights of a supernet are some seven hundred variables, so that their updates would be most
    of its graph.
    """

    def update_step(self, gradient, variable, learning_rate):
        """Updates one variable; what `keras.optimizers.SGD.update_step` does."""
        if not self.momentum:
            super().update_step(gradient, variable, learning_rate)
            return
        velocity = self.momentums[self._get_variable_index(variable)]
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=velocity.value.handle,
            lr=tf.cast(learning_rate, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
            momentum=self.momentum,
            use_nesterov=self.nesterov,
        )

    def stepped(self, gradient, variable, learning_rate):
        """What `update_step` would make of one variable, as a tensor of its shape."""
        if not self.momentum:
            return variable.value - learning_rate * gradient
        velocity = self.momentums[self._get_variable_index(variable)]
        return variable.value + self.momentum * velocity.value - learning_rate * gradient
