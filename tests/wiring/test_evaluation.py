"""What evaluate and predict write is what known networks find in known images."""

import dataclasses
import functools
import json
import pathlib
import types

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from deeplab_nas.core.cost import network_cost
from deeplab_nas.drawing import confusion_matrix, label_maps
from deeplab_nas.engine import evaluation, predict_loop
from deeplab_nas.engine.configs.evaluate import EvaluateConfig
from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.engine.configs.predict import PredictConfig
from deeplab_nas.engine.networks import inference, trained_network
from tests.wiring import by_hand, made_run
from tests.wiring.numbered_data import IGNORE, NUM_CLASSES

# Nothing is a default.
SEEN = InferenceConfig(
    eval_scales=(1.5,),
    add_flipped_images=True,
    window_size=(40, 20),
    window_overlap=12,
    min_resize_value=22,
    max_resize_value=31,
    resize_factor=4,
)


# Several programs are held to what one network sees in the same images.
@functools.cache
def see(network, pixels, shape, seen):
    """Class probabilities of an image, step by step."""
    image = np.frombuffer(pixels, np.uint8).reshape(1, *shape)
    return inference.predictor(network, seen)(image).numpy()[0]


def assert_seen(label_map, network, image, seen):
    """Holds a label map to what a network sees in an image, but where two classes are as likely."""
    probabilities = see(network, image.tobytes(), image.shape, seen)
    second, first = np.sort(probabilities, -1)[..., -2:].transpose(2, 0, 1)
    clear = first - second > 1e-3
    assert clear.mean() > 0.95
    np.testing.assert_array_equal(label_map[clear], probabilities.argmax(-1)[clear])


@pytest.mark.parametrize(
    "other",
    [
        *({"eval_scales": (1.0,)}, {"add_flipped_images": False}, {"window_size": (19, 24)}),
        *({"window_overlap": 0}, {"min_resize_value": 18}, {"max_resize_value": None}),
        {"resize_factor": None},
    ],
)
def test_every_setting_of_an_inference_shows(data, other):
    kernel = np.random.default_rng(0).normal(size=[7, 7, 3, NUM_CLASSES]) / 100

    def endpoints(images, training):
        return {"logits": tf.nn.conv2d(images, kernel.astype(np.float32), 4, "SAME")}

    network = types.SimpleNamespace(num_classes=NUM_CLASSES, endpoints=endpoints)
    differences = []
    for image, _ in data.pairs["test"][1:]:
        first, second = (
            inference.predictor(network, seen)(image[None]).numpy()
            for seen in (SEEN, dataclasses.replace(SEEN, **other))
        )
        differences.append(np.max(np.abs(first - second)))
    assert max(differences) > 0.1


def assert_same_picture(path, expected):
    with PIL.Image.open(path) as found:
        np.testing.assert_array_equal(np.array(found), np.array(expected))


def check_evaluation(found, folder, data, split, network, seen):
    """Holds the files of an evaluation to its network, and its numbers to the files."""
    assert json.loads((folder / "metrics.json").read_text()) == found
    matrix = np.zeros([NUM_CLASSES] * 2, int)
    names = sorted(path.name for path in (folder / "predictions").iterdir())
    assert names == [f"picture {place}.png" for place in range(len(data.pairs[split]))]
    for name, (image, label) in zip(names, data.pairs[split], strict=True):
        label_map = np.array(PIL.Image.open(folder / "predictions" / name))
        assert_seen(label_map, network, image, seen)
        valid = label != IGNORE
        np.add.at(matrix, (label[valid], label_map[valid]), 1)
    assert found["confusion_matrix"] == matrix.tolist()
    class_names = data.descriptor.class_names
    picture = confusion_matrix.draw_confusion_matrix(matrix, class_names)
    assert_same_picture(folder / "confusion_matrix.png", picture)
    right, labelled = np.diag(matrix), matrix.sum(1)
    assert found["miou"] == pytest.approx(by_hand.mean_iou(matrix))
    assert found["pixel_accuracy"] == pytest.approx(right.sum() / matrix.sum())
    accuracy = zip(class_names, right / np.maximum(labelled, 1), labelled > 0, strict=True)
    expected = {name: value for name, value, there in accuracy if there}
    assert found["class_accuracy"] == pytest.approx(expected)
    iou = dict(zip(class_names, by_hand.class_iou(matrix), strict=True))
    assert found["class_iou"] == pytest.approx(iou)
    assert (found["dataset"], found["split"]) == ("folder", split)
    assert found["num_images"] == len(data.pairs[split])
    assert found["multiply_adds_input_size"] == [20, 30]
    assert found["parameters"] == sum(np.prod(v.shape) for v in network.trainable_variables)
    assert found["multiply_adds"] == network_cost.measure(network, 20, 30).multiply_adds


def test_evaluate_takes_the_best_weights_and_the_validation_split(run, data):
    found = evaluation.run(EvaluateConfig(run.path, save_predictions=True))
    folder = pathlib.Path(run.path)
    check_evaluation(found, folder, data, "val", run.best, InferenceConfig())
    assert (found["checkpoint"], found["step"]) == (f"{run.path}/best/ckpt-3", made_run.BEST)


def test_evaluate_takes_what_it_is_given(run, data, tmp_path):
    found = evaluation.run(
        EvaluateConfig(
            f"{run.path}/checkpoints",
            eval_logdir=str(tmp_path),
            eval_split="test",
            eval_batch_size=2,
            inference=SEEN,
            save_predictions=True,
        )
    )
    check_evaluation(found, tmp_path, data, "test", run.newest, SEEN)
    assert found["step"] == made_run.NEWEST
    assert found["eval_scales"] == [1.5]


def test_predict_writes_what_the_network_sees(run, data, tmp_path):
    (tmp_path / "in").mkdir()
    for number, (image, _) in enumerate(data.pairs["test"]):
        PIL.Image.fromarray(image).save(tmp_path / "in" / f"{number}.png")
    predict_loop.run(
        PredictConfig(
            (str(tmp_path / "in"),),
            str(tmp_path / "out"),
            checkpoint=f"{run.path}/checkpoints",
            inference=SEEN,
        )
    )
    legend = label_maps.draw_legend(data.descriptor.class_names, data.descriptor.colormap)
    assert_same_picture(tmp_path / "out" / "legend.png", legend)
    colormap = np.array(data.descriptor.colormap)
    for number, (image, _) in enumerate(data.pairs["test"]):
        picture = PIL.Image.open(tmp_path / "out" / "labels" / f"{number}.png")
        label_map = np.array(picture)
        assert_seen(label_map, run.newest, image, SEEN)
        np.testing.assert_array_equal(np.array(picture.convert("RGB")), colormap[label_map])
        overlay = np.array(PIL.Image.open(tmp_path / "out" / "overlays" / f"{number}.png"))
        np.testing.assert_allclose(overlay, 0.45 * image + 0.55 * colormap[label_map], atol=0.51)


class _Loaded(Exception):  # noqa: N818
    """Ends a program that has loaded its network."""


@pytest.mark.parametrize(
    ("program", "config"),
    [
        (evaluation, EvaluateConfig("a/run", mixed_precision="bfloat16")),
        (predict_loop, PredictConfig(("a.png",), "out", "a/run", mixed_precision="bfloat16")),
    ],
)
def test_the_network_is_loaded_as_it_is_asked_for(program, config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PIL.Image.new("RGB", (8, 8)).save("a.png")

    def load(checkpoint, mixed_precision):
        assert (checkpoint, mixed_precision) == ("a/run", "bfloat16")
        raise _Loaded

    monkeypatch.setattr(trained_network, "load", load)
    with pytest.raises(_Loaded):
        program.run(config)


@pytest.mark.parametrize("program", ["evaluate", "predict"])
def test_what_infers_is_folded(run, data, tmp_path, monkeypatch, program):
    PIL.Image.fromarray(data.pairs["test"][0][0]).save(tmp_path / "a.png")

    def predictor(model, config):
        assert model.training_options.fold_batch_norm
        raise _Loaded

    monkeypatch.setattr(inference, "predictor", predictor)
    with pytest.raises(_Loaded):
        if program == "evaluate":
            evaluation.run(EvaluateConfig(run.path, eval_logdir=str(tmp_path)))
        else:
            out = str(tmp_path / "out")
            predict_loop.run(PredictConfig((str(tmp_path / "a.png"),), out, run.path))
