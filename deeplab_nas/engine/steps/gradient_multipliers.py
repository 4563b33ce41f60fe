"""How much faster some variables learn (official `train_utils.get_model_gradient_multipliers`)."""


def gradient_multipliers(
    model, last_layer_gradient_multiplier=1.0, logits_only=False, bias_gradient_multiplier=2.0
):
    """What to multiply the gradient of each variable by.

    Args:
        model: `Segmenter`.
        last_layer_gradient_multiplier: Of everything after the backbone, which is often new where
            the backbone was trained before.
        logits_only: Whether only the logits count as last layers.
        bias_gradient_multiplier: Of biases, on top of their layer's.

    Returns:
        A float for each of `model.trainable_variables`, in order.
    """
    last = {
        variable.path
        for layer in model.last_layers(logits_only)
        for variable in layer.trainable_variables
    }

    def multiplier(variable):
        by_layer = last_layer_gradient_multiplier if variable.path in last else 1.0
        return by_layer * (bias_gradient_multiplier if variable.name == "biases" else 1.0)

    return [multiplier(variable) for variable in model.trainable_variables]
