"""Every layer comes back from its configuration, for which Keras keeps what it was made with."""

import keras
import pytest

from deeplab_nas.core import aspp, decoder, head_layers, nas_cell, nas_operations
from deeplab_nas.core.layers import batch_norm, drop_path, stepped_random

_PAIRS = ((0, "separable_3x3_2"), (1, "skip"))
_NORM = {"decay": 0.5}
# What makes each layer, from the keyword arguments of `keras.layers.Layer`.
_MAKERS = {
    "batch norm": lambda **k: batch_norm.BatchNorm(decay=0.5, folded=True, **k),
    "drop path": lambda **k: drop_path.DropPath(0.5, 10, 2, 4, seed=3, **k),
    "dropout": lambda **k: stepped_random.SteppedDropout(0.7, seed=3, **k),
    "convolution": lambda **k: nas_operations.Convolution(3, (3, 3), rate=2, **k),
    "separable": lambda **k: nas_operations.SeparableConvolution(3, (5, 5), stride=2, **k),
    "operation": lambda **k: nas_operations.make("separable_3x3_2", 3, 2, _NORM, **k),
    "strided skip": lambda **k: nas_operations.make("skip", 3, 2, **k),
    "block": lambda **k: nas_cell.Block(_PAIRS, 3, 2, _NORM, **k),
    "cell": lambda **k: nas_cell.NasCell((_PAIRS,), 3, 1, **k),
    "head": lambda **k: head_layers.HeadConvolution(3, 3, 2, 0.06, batch_norm_options=_NORM, **k),
    "head depthwise": lambda **k: head_layers.HeadDepthwise(2, **k),
    "logits": lambda **k: head_layers.Logits(3, **k),
    "aspp": lambda **k: aspp.Aspp(16, (3, 6), separable=True, **k),
    "decoder": lambda **k: decoder.Decoder(8, separable=True, **k),
}


def _described(layer):
    """The configurations of a layer and of all layers within it."""
    return [one.get_config() for one in layer._flatten_layers()]


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("name", _MAKERS)
def test_a_layer_and_those_within_it_come_back(name, dtype):
    layer = _MAKERS[name](name="made", dtype=dtype)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(copy) is type(layer)
    assert _described(copy) == _described(layer)
    assert (copy.name, copy.dtype_policy.name) == ("made", dtype)
