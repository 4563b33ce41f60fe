"""What came before everything else in a training comes before whatever its network is used for."""

import dataclasses
import json
import pathlib

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from deeplab_nas.core.kernels import resize
from deeplab_nas.data import datasets
from deeplab_nas.data.data_config import ResizeConfig
from deeplab_nas.engine import evaluation, predict_loop, train_loop
from deeplab_nas.engine.configs.evaluate import EvaluateConfig
from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.engine.configs.predict import PredictConfig
from deeplab_nas.engine.networks import trained_network
from deeplab_nas.engine.prediction import signatures
from deeplab_nas.serving import exporter
from deeplab_nas.serving.export_config import ExportConfig
from tests import refusals, trained_runs
from tests.data import made_shards
from tfrecords_tools import build_folder

# Of images of 20x30.
_RESIZE = {"min_resize_value": 47, "max_resize_value": 61, "resize_factor": 4}
_RESIZED = (41, 61)


@pytest.fixture(scope="module")
def trained(shards, tmp_path_factory):
    """A training on resized images: its run directory and its last evaluation."""
    folder = tmp_path_factory.mktemp("resized") / "run"
    data = dataclasses.replace(trained_runs.make_data(shards), **_RESIZE)
    config = trained_runs.make_config(shards, folder, data=data, eval_interval_steps=0)
    return config.train_logdir, train_loop.run(config)[-1]


def labels_of(folder, image, size=None):
    """What the network of a run directory says of an image that is resized to a size."""
    model = trained_network.load(folder).model
    images = tf.constant(image[None], tf.float32)
    if size is None:
        return tf.argmax(model(images), -1).numpy()[0]
    found = tf.nn.softmax(model(resize.resize_bilinear(images, size)))
    return tf.argmax(resize.resize_bilinear(found, image.shape[:2]), -1).numpy()[0]


@pytest.fixture(scope="module")
def evaluated(trained, tmp_path_factory):
    """What evaluations find as in the training and, second, without a resize, and their folders."""

    def run(value):
        place = str(tmp_path_factory.mktemp("evaluated"))
        seen = InferenceConfig(min_resize_value=value)
        settings = {"eval_logdir": place, "inference": seen, "save_predictions": True}
        return evaluation.run(EvaluateConfig(trained[0], **settings)), pathlib.Path(place)

    return run(None), run(0)


def test_evaluation_sees_what_the_training_saw(trained, evaluated):
    (found, _), (plain, _) = evaluated
    assert {name: found[name] for name in _RESIZE} == _RESIZE
    assert {name: plain[name] for name in _RESIZE} == dict.fromkeys(_RESIZE)
    # The training counts the pixels of the resized label, the evaluation those of its own size.
    assert found["miou"] == pytest.approx(trained[1]["miou"], abs=0.02)
    assert abs(plain["miou"] - trained[1]["miou"]) > 0.1


@pytest.mark.parametrize(("number", "size"), [(0, _RESIZED), (1, None)])
def test_saved_predictions_are_the_networks(trained, evaluated, number, size):
    _, folder = evaluated[number]
    for picture in range(3):
        path = folder / "predictions" / f"picture {picture}.png"
        expected = labels_of(trained[0], made_shards.numbered_example(picture)[0], size)
        np.testing.assert_array_equal(np.array(PIL.Image.open(path)), expected)


def test_files_are_predicted_as_they_are_evaluated(trained, evaluated, tmp_path):
    for number in range(3):
        image = PIL.Image.fromarray(made_shards.numbered_example(number)[0])
        image.save(tmp_path / f"picture {number}.png")
    predict_loop.run(PredictConfig((str(tmp_path),), str(tmp_path / "out"), trained[0]))
    for number in range(3):
        places = (evaluated[0][1] / "predictions", tmp_path / "out" / "labels")
        found, expected = (PIL.Image.open(place / f"picture {number}.png") for place in places)
        np.testing.assert_array_equal(np.array(found), np.array(expected))


def export(trained, folder, kind):
    version = exporter.run(ExportConfig(trained[0], str(folder), format=kind, image_size=(20, 30)))
    (card,) = pathlib.Path(version).rglob("model_card.json")
    return pathlib.Path(version), json.loads(card.read_text())["export"]


def test_the_resize_is_inside_an_exported_graph(trained, tmp_path):
    image = made_shards.numbered_example(1)[0]
    expected = labels_of(trained[0], image, _RESIZED)
    version, card = export(trained, tmp_path / "saved_model", "saved_model")
    assert {name: card["inference"][name] for name in _RESIZE} == _RESIZE
    assert card["resize_is_inside"] is True
    loaded = tf.saved_model.load(str(version))
    answer = loaded.signatures[signatures.SERVING_DEFAULT](images=tf.constant(image[None]))
    np.testing.assert_array_equal(answer[signatures.PREDICTIONS][0], expected)


@pytest.mark.slow
def test_the_resize_is_inside_a_litert_file(trained, tmp_path):
    image = made_shards.numbered_example(1)[0]
    expected = labels_of(trained[0], image, _RESIZED)
    version, card = export(trained, tmp_path / "litert", "litert")
    assert card["resize_is_inside"] is True
    interpreter = tf.lite.Interpreter(str(version / "model.tflite"))
    interpreter.allocate_tensors()
    (given,), (wanted,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.set_tensor(given["index"], image[None].astype(np.float32))
    interpreter.invoke()
    found = interpreter.get_tensor(wanted["index"])[0]
    assert np.mean(found == expected) > 0.99
    assert np.mean(found == labels_of(trained[0], image)) < 0.9


def test_a_keras_file_says_that_the_resize_is_its_callers(trained, tmp_path, capsys):
    _, card = export(trained, tmp_path, "keras")
    assert {name: card["inference"][name] for name in _RESIZE} == _RESIZE
    assert card["resize_is_inside"] is False
    assert (
        "--min_resize_value=47 --max_resize_value=61 --resize_factor=4" in capsys.readouterr().err
    )
    with refusals.refused("--format=litert for a resize", "leave --min_resize_value out"):
        ExportConfig("a", "b", format="keras", inference=InferenceConfig(min_resize_value=9))


def test_a_resize_is_named_whole_or_taken_whole():
    trained = ResizeConfig(**_RESIZE)
    named = InferenceConfig(min_resize_value=9)
    assert named.of_training(trained) == named
    assert InferenceConfig().of_training(trained).resize == trained
    none = InferenceConfig().of_training(ResizeConfig())
    assert none.of_training(trained) == none
    assert none.resize == ResizeConfig()
    with refusals.refused("--min_resize_value=0, which resizes nothing", "leave it out"):
        InferenceConfig(min_resize_value=0, max_resize_value=9)


def test_a_data_set_of_other_classes_is_refused(trained, tmp_path):
    names = datasets.describe("shapes", "").class_names
    for kind, pixels in zip(("images", "labels"), made_shards.numbered_example(0), strict=True):
        (tmp_path / kind).mkdir()
        PIL.Image.fromarray(pixels).save(tmp_path / kind / "a.png")

    def config(split, class_names):
        build_folder.build(
            build_folder.FolderConfig(
                output_dir=str(tmp_path / split),
                image_folder=str(tmp_path / "images"),
                label_folder=str(tmp_path / "labels"),
                split=split,
                num_classes=6,
                class_names=class_names,
            )
        )
        place = {"dataset": "folder", "dataset_dir": str(tmp_path / split), "eval_split": split}
        return EvaluateConfig(trained[0], eval_logdir=str(tmp_path / "out"), **place)

    swapped = (names[1], names[0], *names[2:])
    with refusals.refused("'square' as class 0, which is 'disc' there"):
        evaluation.run(config("swapped", swapped))
    assert not (tmp_path / "out").exists()
    for split, there in (("same", names), ("unnamed", ())):
        assert evaluation.run(config(split, there))["num_images"] == 1
