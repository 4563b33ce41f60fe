"""Compares a network with numbers of the official code.

    python -m tests.official_parity DIRECTORY

The directory has the form of `tests/fixtures/official_hnasnet_a`: `fixture.json` says what was
built, `model.ckpt` holds the weights, `input.npy` the images, `endpoints.npz` or `outputs.npz` what
the official code made of them, and `tolerances.json` how far its own float32 was from float64.
Prints one JSON line; ends with 1 where something differs by more than 5 times that noise.
"""

import json
import pathlib
import sys

import numpy as np
import tensorflow as tf

from deeplab_nas.core import nas_genotypes, nas_network, official_checkpoint, segmenter
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.engine.networks import inference
from deeplab_nas.engine.steps import weight_decay
from tests.core import made_networks

TIMES_NOISE_FLOOR = 5.0
# For arrays without a tolerance of their own: 5 times it is 1e-4 of the largest magnitude.
_DEFAULT_FLOOR = 2e-5
_MOVING_STATISTICS = 1e-3
_WEIGHT_DECAY = 4e-5
_SCALES = (0.5, 1.0, 1.5)
# Pixels whose two best classes are closer than this may fall either way.
_TIE = 1e-3


def compare(directory):
    """Builds the network of a directory and compares everything that the directory holds.

    Args:
        directory: Path.

    Returns:
        A dictionary with `endpoints`: by name `relative_difference`, the largest difference over
        the largest magnitude, and `times_noise_floor`; those of training begin with
        `training_mode/`. `worst_times_noise_floor`. Where there are label maps, `wrong_pixels` by
        name. In training, `moving_statistics_relative_difference`, the worst over all of them.
    """
    directory = pathlib.Path(directory)
    fixture = json.loads((directory / "fixture.json").read_text(encoding="utf-8"))
    tolerances = json.loads((directory / "tolerances.json").read_text(encoding="utf-8"))
    model = _build(fixture)
    official_checkpoint.load(model, directory / "model.ckpt")
    images = tf.constant(np.load(directory / "input.npy"))
    result = {"endpoints": {}}
    if fixture["model"] == "segmenter":
        expected = np.load(directory / "outputs.npz")
        found = _segmenter_outputs(model, images, expected.files)
        result["wrong_pixels"] = _wrong_pixels(found, expected)
    else:
        expected = np.load(directory / "endpoints.npz")
        found = _run(model, images)
    result["endpoints"] = _differences(found, expected, tolerances["inference"])
    if "training_mode" in fixture["modes"]:
        result |= _compare_training(model, images, directory, tolerances, result["endpoints"])
    worst = max(entry["times_noise_floor"] for entry in result["endpoints"].values())
    return {**result, "worst_times_noise_floor": worst}


def agrees(result):
    """Whether a result of `compare` is within all tolerances."""
    return (
        result["worst_times_noise_floor"] <= TIMES_NOISE_FLOOR
        and not any(result.get("wrong_pixels", {}).values())
        and result.get("moving_statistics_relative_difference", 0.0) <= _MOVING_STATISTICS
    )


def _build(fixture):
    output_stride = fixture.get("output_stride", 16)
    remove_os32_stride = fixture.get("nas_remove_os32_stride", False)
    filter_multiplier = fixture["filter_multiplier"]
    sizes = {"filter_multiplier": filter_multiplier, "nas_remove_os32_stride": remove_os32_stride}
    if fixture["model"] == "hnasnet":
        return nas_network.hnasnet(NetworkConfig(**sizes))
    if fixture["model"] == "pnasnet":
        return nas_network.pnasnet(NetworkConfig("pnasnet", output_stride, **sizes))
    backbone = fixture["backbone"].removeprefix("nas_")
    name = "auto_deeplab" if backbone == "hnasnet" else backbone
    return made_networks.build(
        nas_genotypes.resolve(name, output_stride),
        filter_multiplier,
        fixture["num_classes"],
        atrous_rates=tuple(fixture["atrous_rates"] or ()),
        aspp_with_separable_conv=fixture["aspp_with_separable_conv"],
        add_image_level_feature=fixture["image_pooling"],
        image_pooling_crop_size=fixture.get("image_pooling_crop_size"),
        use_decoder=bool(fixture["decoder_output_stride"]),
        decoder_use_separable_conv=fixture["decoder_use_separable_conv"],
        # Random numbers cannot be compared.
        dropout_keep_prob=1.0,
        nas_remove_os32_stride=remove_os32_stride,
    )


def _run(model, images, training=False):
    """The endpoints, from a graph of fixed shape."""
    function = model.endpoints if isinstance(model, segmenter.Segmenter) else model
    outputs = tf.function(lambda inputs: function(inputs, training=training))(images)
    if isinstance(model, segmenter.Segmenter):
        low_level, _ = model.backbone.low_level
        outputs |= {"backbone_features": outputs["net"], "low_level": outputs[low_level]}
    return {name: output.numpy() for name, output in outputs.items()}


def _segmenter_outputs(model, images, names):
    found = _run(model, images)
    any_size = tf.TensorSpec([None, None, None, images.shape[-1]])
    logits = tf.function(model, input_signature=[any_size])
    found["logits_resized"] = logits(images).numpy()
    found["prediction"] = np.argmax(found["logits_resized"], -1)
    loss = weight_decay.regularization_loss(model, _WEIGHT_DECAY)
    found["regularization_loss_wd_4e5"] = loss.numpy()
    if "ms_prob" in names:
        mean = inference.probabilities(model, images, _SCALES, add_flipped_images=True)
        found["ms_prediction"] = np.argmax(mean, -1)
        # The official code returns the softmax of the mean of the softmaxes.
        found["ms_prob"] = tf.nn.softmax(mean).numpy()
    return found


def _differences(found, expected, floors, prefix=""):
    entries = {}
    for name in expected.files:
        if expected[name].dtype.kind != "f":
            continue
        difference = float(np.max(np.abs(found[name] - expected[name])))
        magnitude = float(np.max(np.abs(expected[name])))
        errors = [v for k, v in floors.get(name, {}).items() if k.startswith("max_abs_error")]
        entries[prefix + name] = {
            "relative_difference": difference / magnitude,
            "times_noise_floor": difference / max(errors or [_DEFAULT_FLOOR * magnitude]),
        }
    return entries


def _wrong_pixels(found, expected):
    """Counts the pixels whose class differs, those that are nearly tied left out."""
    wrong = {}
    for name, scores in (("prediction", "logits_resized"), ("ms_prediction", "ms_prob")):
        if name not in expected.files:
            continue
        tie = _TIE if name == "prediction" else _TIE / expected[scores].shape[-1]
        best = np.sort(expected[scores], -1)
        decided = best[..., -1] - best[..., -2] > tie
        wrong[name] = int(np.sum(decided & (found[name] != expected[name])))
    return wrong


def _compare_training(model, images, directory, tolerances, endpoints):
    """Adds the endpoints of a training step and compares the moving statistics after it."""
    found = _run(model, images, training=True)
    expected = np.load(directory / "train_endpoints.npz")
    floors = tolerances["training_mode"]
    endpoints |= _differences(found, expected, floors, prefix="training_mode/")
    expected = np.load(directory / "train_moving_stats_after_1_step.npz")
    variables = official_checkpoint.official_variables(model, expected.files[0].partition("/")[0])
    differences = [
        np.max(np.abs(variables[name].numpy() - expected[name])) / np.max(np.abs(expected[name]))
        for name in expected.files
    ]
    return {"moving_statistics_relative_difference": float(max(differences))}


def main(arguments):
    if len(arguments) != 1:
        sys.exit("Expected one argument, the directory of a fixture.")
    result = compare(arguments[0])
    print(json.dumps(result))
    return 0 if agrees(result) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
