"""Batch normalisation folded into the convolutions, for networks that are only used."""

import dataclasses

from deeplab_nas.core import head_layers, nas_cell, nas_network, nas_operations, segmenter
from deeplab_nas.core.layers import batch_norm


def fold(model):
    """Makes the same network without batch normalisation, dropout and drop path.

    At inference a batch normalisation is `scale * inputs + offset` for each channel. The scale is
    multiplied into the kernel before it; the offset is left.

    Args:
        model: `Segmenter`, built.

    Returns:
        A `Segmenter` whose outputs at inference are those of `model` but for rounding. It cannot be
        trained.
    """
    folded = segmenter.build(
        model.architecture,
        model.config,
        model.num_classes,
        dataclasses.replace(
            model.training_options,
            fold_batch_norm=True,
            dropout_keep_prob=1.0,
            drop_path_keep_prob=1.0,
        ),
        input_channels=model.backbone.stem_convs[0].kernel.shape[2],
        name=model.name,
        dtype=model.dtype_policy,
    )
    values = {variable.path: variable.value for variable in model.variables}
    for convolution, norm in _convolutions_and_norms(model):
        scale, offset = norm.scale_and_offset()
        kernel = _last_kernel(convolution)
        # The outputs of a depthwise kernel lie along its third axis.
        scale = scale[:, None] if isinstance(convolution, head_layers.HeadDepthwise) else scale
        values[kernel.path] = kernel.value * scale
        values[norm.beta.path] = offset
    for variable in folded.variables:
        variable.assign(values[variable.path])
    return folded


def _convolutions_and_norms(model):
    """Each batch normalisation of a network with the layer whose outputs it normalises."""
    layers = list(model._flatten_layers(include_self=False))
    pairs = []
    for layer in layers:
        match layer:
            case nas_operations.Operation():
                pairs += zip(layer.layers[::2], layer.layers[1::2], strict=True)
            case nas_cell.NasCell():
                pairs += [p for p in (layer.net_projection, layer.prev_projection) if p]
            case nas_network.NasNetwork():
                pairs += zip(layer.stem_convs, layer.stem_norms, strict=True)
            case head_layers.HeadConvolution() | head_layers.HeadDepthwise():
                pairs.append((layer, layer.norm))
    there = {id(layer) for layer in layers if isinstance(layer, batch_norm.BatchNorm)}
    paired = [id(norm) for _, norm in pairs]
    if len(paired) != len(there) or set(paired) != there:
        raise ValueError("A batch normalisation was found without the convolution before it.")
    return pairs


def _last_kernel(convolution):
    if isinstance(convolution, nas_operations.SeparableConvolution):
        return convolution.pointwise
    return convolution.kernel
