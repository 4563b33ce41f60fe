"""What stands after the backbone, and is often new where the backbone was trained before."""


def last_layers(model, logits_only=False):
    """The last layers of a network (official `model.get_extra_layer_scopes`).

    Args:
        model: `Segmenter`.
        logits_only: Whether only the logits count; official `last_layers_contain_logits_only`.

    Returns:
        Layers.
    """
    layers = [model.logits] if logits_only else [model.aspp, model.decoder, model.logits]
    return [layer for layer in layers if layer]
