"""How much faster some variables learn (official `train_utils.get_model_gradient_multipliers`)."""

BIAS_MULTIPLIER = 2.0


def gradient_multipliers(model, last_layer_gradient_multiplier=1.0, logits_only=False):
    """What to multiply the gradient of each variable by.

    Args:
        model: `Segmenter`.
        last_layer_gradient_multiplier: Of everything after the backbone, which is often new where
            the backbone was trained before.
        logits_only: Whether only the logits count as last layers; official
            `last_layers_contain_logits_only`.

    Returns:
        A float for each of `model.trainable_variables`, in order. Biases have twice their layer's.
    """
    layers = [model.logits] if logits_only else [model.aspp, model.decoder, model.logits]
    last = {variable.path for layer in layers if layer for variable in layer.trainable_variables}

    def multiplier(variable):
        by_layer = last_layer_gradient_multiplier if variable.path in last else 1.0
        return by_layer * (BIAS_MULTIPLIER if variable.name == "biases" else 1.0)

    return [multiplier(variable) for variable in model.trainable_variables]
