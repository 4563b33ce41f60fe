"""What is exported predicts what the checkpoint does, and lies where servers look for it."""

import json
import pathlib
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.engine.networks import inference, model_card, trained_network
from deeplab_nas.engine.prediction import signatures
from deeplab_nas.errors import UserError
from deeplab_nas.serving import exporter, service
from deeplab_nas.serving.export_config import ExportConfig
from tests import refusals
from tests.serving import made_images

_SIZES = ((33, 41), (64, 48), (17, 90))
_FORBIDDEN = ("FusedBatchNorm", "Dropout", "Random")


@pytest.fixture(scope="module")
def trained(finished_training):
    config, _ = finished_training
    return trained_network.load(config.train_logdir)


def images(batch, size):
    pictures = [made_images.picture(size[::-1], seed) for seed in range(batch)]
    return np.stack([np.array(picture) for picture in pictures])


def assert_same_labels(found, probabilities):
    """The labels are those of the highest probability, where rounding cannot exchange the two."""
    second, first = np.sort(probabilities, -1)[..., -2:].transpose(3, 0, 1, 2)
    clear = first - second > 1e-5
    assert clear.mean() > 0.99
    assert len(np.unique(found)) > 1
    np.testing.assert_array_equal(found[clear], probabilities.argmax(-1)[clear])


@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize("batch", [1, 4])
def test_every_signature_predicts_what_the_checkpoint_does(trained, served, batch, size):
    pixels = images(batch, size)
    expected = inference.probabilities(trained.model, pixels).numpy()
    feed = {"images": tf.constant(pixels)}
    found = served[signatures.PROBABILITIES](**feed)[signatures.PROBABILITIES]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    labels = served[signatures.SERVING_DEFAULT](**feed)[signatures.PREDICTIONS]
    assert labels.dtype == tf.int32
    assert_same_labels(labels.numpy(), expected)
    files = [tf.io.encode_png(image).numpy() for image in pixels]
    answers = [
        served[signatures.FROM_BYTES](image_bytes=tf.constant(files)),
        served[signatures.FROM_EXAMPLES](
            examples=tf.constant([service.example(file) for file in files])
        ),
    ]
    for answer in answers:
        pngs = answer[signatures.PNG_BYTES]
        decoded = np.stack([tf.io.decode_png(png)[..., 0].numpy() for png in pngs])
        np.testing.assert_array_equal(decoded, labels)


def test_the_graph_only_infers(version_folder):
    text = (pathlib.Path(version_folder) / "saved_model.pb").read_bytes()
    (meta_graph,) = saved_model_pb2.SavedModel.FromString(text).meta_graphs
    functions = meta_graph.graph_def.library.function
    operations = {node.op for function in functions for node in function.node_def}
    assert "Conv2D" in operations
    assert not [name for name in operations if name.startswith(_FORBIDDEN)]


def test_the_files_say_what_it_is(version_folder, trained):
    folder = pathlib.Path(version_folder)
    assert folder.name == "1"
    names = (folder / "assets" / "labels.txt").read_text().splitlines()
    assert tuple(names) == trained.descriptor.class_names
    card_path = folder / "assets" / "model_card.json"
    assert model_card.read_dataset(str(card_path)) == trained.descriptor
    card = json.loads(card_path.read_text())
    assert card["architecture"] == json.loads(trained.model.architecture.to_json())
    assert card["checkpoint_step"] == trained.step
    assert card["export"]["max_pixels"] == made_images.MAX_PIXELS
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["assets", "assets.extra", "fingerprint.pb", "saved_model.pb", "variables"]
    )


@pytest.mark.slow
def test_scales_flips_and_windows_are_exported(finished_training, trained, tmp_path):
    config, _ = finished_training
    seen = InferenceConfig(eval_scales=(0.5, 1.0), add_flipped_images=True, window_size=(33, 33))
    path = exporter.run(ExportConfig(config.train_logdir, str(tmp_path), inference=seen))
    loaded = tf.saved_model.load(path)
    pixels = images(2, (40, 57))
    expected = inference.predictor(trained.model, seen)(pixels)
    found = loaded.signatures[signatures.PROBABILITIES](images=tf.constant(pixels))
    np.testing.assert_allclose(found[signatures.PROBABILITIES], expected, atol=1e-4)


def test_a_keras_file_predicts_what_the_checkpoint_does(finished_training, trained, tmp_path):
    config, _ = finished_training
    path = exporter.run(ExportConfig(config.train_logdir, str(tmp_path), format="keras"))
    loaded = keras.saving.load_model(pathlib.Path(path) / "model.keras", safe_mode=True)
    pixels = images(2, (33, 41)).astype(np.float32)
    np.testing.assert_allclose(loaded(pixels), trained.model(pixels), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("quantize", ["none", "int8"])
def test_a_litert_file_predicts_what_the_checkpoint_does(
    finished_training, trained, tmp_path, quantize
):
    config, _ = finished_training
    settings = ExportConfig(
        config.train_logdir, str(tmp_path), format="litert", image_size=(33, 41), quantize=quantize
    )
    path = exporter.run(settings)
    interpreter = tf.lite.Interpreter(str(pathlib.Path(path) / "model.tflite"))
    interpreter.allocate_tensors()
    (given,), (wanted,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert given["dtype"] == (np.uint8 if quantize == "int8" else np.float32)
    pixels = images(1, (33, 41))
    interpreter.set_tensor(given["index"], pixels.astype(given["dtype"]))
    interpreter.invoke()
    found = interpreter.get_tensor(wanted["index"])
    expected = trained.model(pixels.astype(np.float32)).numpy().argmax(-1)
    assert found.shape == expected.shape
    assert np.mean(found == expected) > (0.8 if quantize == "int8" else 0.999)


def test_a_damaged_shard_is_told_as_such(finished_training, trained, tmp_path):
    """Not as something that could not be written."""
    config, _ = finished_training
    shutil.copytree(config.data.dataset_dir, tmp_path / "shards")
    shard = min((tmp_path / "shards").glob("train-*.tfrecord"))
    raw = bytearray(shard.read_bytes())
    raw[-9] ^= 1
    shard.write_bytes(raw)
    settings = ExportConfig(
        config.train_logdir,
        str(tmp_path / "network"),
        format="litert",
        quantize="int8",
        dataset_dir=str(tmp_path / "shards"),
    )
    with refusals.refused(f"{shard.name}, record ", "build the shards again"):
        exporter.run(settings)
    assert not (tmp_path / "network").exists()


def test_a_limit_below_the_first_request_is_refused(finished_training, tmp_path):
    config, _ = finished_training
    with pytest.raises(UserError, match="--max_pixels to be 289 or more"):
        exporter.run(ExportConfig(config.train_logdir, str(tmp_path), max_pixels=288))
    assert not list(tmp_path.iterdir())


def test_metrics_that_are_damaged_are_refused_before_anything_is_written(
    finished_training, tmp_path
):
    config, _ = finished_training
    run = tmp_path / "run"
    run.mkdir()
    for name in ("best", "flags.json", "architecture.json", "dataset.json"):
        (run / name).symlink_to(pathlib.Path(config.train_logdir) / name)
    (run / "metrics.json").write_text('{"step": 3')
    with pytest.raises(UserError, match="JSON in .*metrics.json.*: delete it, or evaluate again"):
        exporter.run(ExportConfig(str(run), str(tmp_path / "network"), format="keras"))
    assert not (tmp_path / "network").exists()
