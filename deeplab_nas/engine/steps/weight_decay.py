"""Which variables carry weight decay, and what it adds to the loss (official `model.py`)."""

import tensorflow as tf

_KERNELS = ("weights", "depthwise_weights", "pointwise_weights")


def regularized_variables(model):
    """The kernels with L2 regularisation: all but the depthwise ones of a separable head.

    Args:
        model: `Segmenter` or `NasNetwork`.

    Returns:
        Trainable variables; biases and batch norm are not among them.
    """
    return [
        variable
        for variable in model.trainable_variables
        if variable.name in _KERNELS and not variable.path.endswith("_depthwise/depthwise_weights")
    ]


def regularization_loss(model, weight_decay):
    """Returns `weight_decay * sum(w^2) / 2` over the regularised kernels, a float32 scalar."""
    kernels = regularized_variables(model)
    return weight_decay * tf.add_n([tf.nn.l2_loss(tf.convert_to_tensor(w)) for w in kernels])
