"""Flags of an export become one `ExportConfig`."""

import pytest

from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.errors import UserError
from deeplab_nas.serving.export_config import ExportConfig

_NEEDED = ("--checkpoint=a", "--export_dir=b")


def test_defaults_are_those_of_the_dataclass(parse):
    assert parse(ExportConfig, *_NEEDED) == ExportConfig("a", "b")


def test_every_field_has_a_flag(parse):
    found = parse(
        ExportConfig,
        *(*_NEEDED, "--export_version=7", "--eval_scales=0.5,1", "--add_flipped_images"),
        *("--mixed_precision=bfloat16", "--nofold_batch_norm", "--max_pixels=99"),
        *("--image_size=33,65", "--dataset_dir=c", "--num_calibration_images=3"),
    )
    seen = InferenceConfig(eval_scales=(0.5, 1.0), add_flipped_images=True)
    assert found == ExportConfig(
        *("a", "b", 7, "saved_model", seen, "bfloat16", False, 99), *((33, 65), "none", "c", 3)
    )
    small = parse(ExportConfig, *_NEEDED, "--format=litert", "--quantize=int8", "--image_size=33")
    assert (small.format, small.quantize, small.image_size) == ("litert", "int8", (33, 33))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--format=onnx"], "--format to be one of saved_model, litert, keras, found 'onnx'"),
        (["--quantize=int4"], "--quantize to be one of none, int8"),
        (["--quantize=int8"], "--format=litert for --quantize=int8"),
        (["--export_version=-1"], "--export_version to be 0 or more, found -1"),
        (["--max_pixels=0"], "--max_pixels to be 1 or more"),
        (["--num_calibration_images=0"], "--num_calibration_images to be 1 or more"),
        (["--image_size=0"], "--image_size to be one or two positive integers"),
        (["--format=litert", "--add_flipped_images"], "--format=saved_model for scales, flips"),
        (["--format=litert", "--mixed_precision=bfloat16"], "--mixed_precision=float32"),
        (["--mixed_precision=int8"], "--mixed_precision"),
    ],
)
def test_impossible_values_are_refused(parse, arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        parse(ExportConfig, *_NEEDED, *arguments)
