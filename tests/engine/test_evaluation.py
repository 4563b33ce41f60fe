"""A trained network on a split: metrics.json, the picture, the files for a server, refusals."""

import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

from deeplab_nas.data import datasets
from deeplab_nas.engine import evaluation
from deeplab_nas.engine.configs.evaluate import EvaluateConfig
from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.engine.networks import trained_network
from deeplab_nas.engine.scoring import image_matrices
from deeplab_nas.engine.scoring.prediction_files import PredictionFiles
from deeplab_nas.errors import UserError
from tests.data import made_shards


@pytest.fixture(scope="module")
def evaluated(finished_training, tmp_path_factory):
    """An evaluation with saved predictions: its folder and what it returned."""
    config, _ = finished_training
    folder = tmp_path_factory.mktemp("evaluated")
    found = evaluation.run(
        EvaluateConfig(
            config.train_logdir,
            eval_logdir=str(folder),
            save_predictions=True,
            save_image_matrices=True,
        )
    )
    return folder, found


def count(predictions):
    """A confusion matrix of the validation split by a dictionary, as nobody would write it."""
    pairs = {}
    for number, prediction in enumerate(predictions):
        _, label = made_shards.numbered_example(number)
        for pair in zip(label.ravel().tolist(), prediction.ravel().tolist(), strict=True):
            pairs[pair] = pairs.get(pair, 0) + 1
    return pairs


def test_metrics_are_those_of_the_saved_predictions(evaluated):
    folder, found = evaluated
    assert json.loads((folder / "metrics.json").read_text()) == found
    paths = [folder / "predictions" / f"picture {number}.png" for number in range(3)]
    assert sorted((folder / "predictions").iterdir()) == paths
    pictures = [PIL.Image.open(path) for path in paths]
    assert {picture.mode for picture in pictures} == {"L"}
    # Shards hold their examples in another order than they were made.
    pairs = count([np.array(picture) for picture in pictures])
    assert sum(sum(row) for row in found["confusion_matrix"]) == 3 * 20 * 30
    for (label, prediction), pixels in pairs.items():
        assert found["confusion_matrix"][label][prediction] == pixels
    right = sum(pixels for (label, prediction), pixels in pairs.items() if label == prediction)
    assert found["pixel_accuracy"] == pytest.approx(right / (3 * 20 * 30))
    assert found["miou_accuracy_mean"] == pytest.approx(
        (found["miou"] + found["pixel_accuracy"]) / 2
    )
    assert found["num_images"] == 3
    assert (folder / "confusion_matrix.png").read_bytes().startswith(b"\x89PNG")


def test_matrices_of_images_are_those_of_the_saved_predictions(evaluated):
    folder, found = evaluated
    of_images = image_matrices.load(folder / "image_matrices.npz")
    assert of_images.names == tuple(f"picture {number}" for number in range(3))
    for number, (name, matrix) in enumerate(zip(of_images.names, of_images.matrices, strict=True)):
        prediction = np.array(PIL.Image.open(folder / "predictions" / f"{name}.png"))
        _, label = made_shards.numbered_example(number)
        expected = np.zeros_like(matrix)
        np.add.at(expected, (label.ravel(), prediction.ravel()), 1)
        np.testing.assert_array_equal(matrix, expected)
    assert of_images.matrices.sum(axis=0).tolist() == found["confusion_matrix"]


def test_the_best_evaluation_of_the_training_is_repeated(finished_training, evaluated):
    _, evaluations = finished_training
    best = max(evaluations, key=lambda record: record["miou"])
    assert evaluated[1]["miou"] == pytest.approx(best["miou"], abs=1e-6)
    assert evaluated[1]["step"] == best["step"]


def test_a_batch_is_its_images_one_by_one(finished_training, evaluated, tmp_path):
    config, _ = finished_training
    settings = EvaluateConfig(config.train_logdir, eval_logdir=str(tmp_path), eval_batch_size=2)
    assert evaluation.run(settings)["confusion_matrix"] == evaluated[1]["confusion_matrix"]


@pytest.mark.slow
def test_two_replicas_count_a_split_that_they_cannot_halve_as_one_does(
    finished_training, evaluated, tmp_path
):
    config, _ = finished_training
    folder, alone = evaluated
    command = [sys.executable, "-m", "deeplab_nas.evaluate", f"--checkpoint={config.train_logdir}"]
    command += ["--strategy=mirrored", "--logical_cpus=2", "--eval_batch_size=2"]
    command += ["--save_predictions", "--save_image_matrices", f"--eval_logdir={tmp_path}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "2 replicas on CPU:0, CPU:1" in result.stderr
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert found["num_images"] == 3
    assert found["confusion_matrix"] == alone["confusion_matrix"]
    assert len(list((tmp_path / "predictions").iterdir())) == 3
    of_images = [image_matrices.load(each / "image_matrices.npz") for each in (folder, tmp_path)]
    np.testing.assert_array_equal(*(each.matrices for each in of_images))


def test_images_of_several_sizes(finished_training, tmp_path):
    config, _ = finished_training
    pairs = [made_shards.numbered_example(number, 18 + number, 25) for number in range(3)]
    folder = made_shards.write(tmp_path / "shards", "test", pairs)
    found = evaluation.run(
        EvaluateConfig(
            config.train_logdir,
            **{"eval_logdir": str(tmp_path / "out"), "dataset": "shapes", "dataset_dir": folder},
            **{"eval_split": "test", "eval_batch_size": 2},
            inference=InferenceConfig(
                eval_scales=(0.5, 1.0),
                add_flipped_images=True,
                window_size=(16, 16),
                window_overlap=8,
                min_resize_value=17,
                max_resize_value=30,
            ),
        )
    )
    assert sum(sum(row) for row in found["confusion_matrix"]) == (18 + 19 + 20) * 25
    assert found["eval_scales"] == [0.5, 1.0]


def test_absent_classes_are_absent():
    matrix = np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])
    found = evaluation.summarize(matrix, ("a", "b", "c"))
    assert found["class_iou"] == {"a": 0.75, "b": 0.8}
    assert found["class_accuracy"] == {"a": 0.75, "b": 1.0}
    assert found["miou"] == pytest.approx(0.775)
    assert found["mean_class_accuracy"] == pytest.approx(0.875)
    assert found["frequency_weighted_iou"] == pytest.approx(0.775)


def test_a_network_of_other_classes_is_refused(finished_training, tmp_path):
    config, _ = finished_training
    folder = made_shards.write(tmp_path / "s", "val", [made_shards.numbered_example(0)])
    with pytest.raises(UserError, match="Expected a data set of 6 classes.*found 11 in camvid"):
        evaluation.run(
            EvaluateConfig(
                config.train_logdir, dataset="camvid", dataset_dir=folder, eval_split="val"
            )
        )


def copy_without(setting, config, folder):
    """The run directory of a training that does not say one of its settings."""
    run = pathlib.Path(config.train_logdir)
    settings = json.loads((run / "flags.json").read_text())
    del settings["config"][setting]
    for name in ("best", "architecture.json", "dataset.json"):
        (folder / name).symlink_to(run / name)
    (folder / "flags.json").write_text(json.dumps(settings))
    return str(folder)


def test_a_refused_evaluation_leaves_nothing(finished_training, tmp_path):
    config, _ = finished_training
    folder = tmp_path / "shards"
    shutil.copytree(config.data.dataset_dir, folder)
    (shard, *_) = folder.glob("val-*")
    raw = bytearray(shard.read_bytes())
    raw[100] ^= 1
    shard.write_bytes(raw)
    settings = {"dataset_dir": str(folder), "save_predictions": True}
    with pytest.raises(UserError, match="val-00000"):
        evaluation.run(
            EvaluateConfig(config.train_logdir, eval_logdir=str(tmp_path / "a" / "out"), **settings)
        )
    assert [path.name for path in tmp_path.iterdir()] == ["shards"]


def test_a_search_is_no_training(finished_training, tmp_path):
    run = copy_without("architecture", finished_training[0], tmp_path)
    with pytest.raises(UserError, match="found no architecture: a search has no network yet"):
        trained_network.load(run)


def test_a_setting_of_after_the_training_has_its_default(finished_training, tmp_path):
    run = copy_without("use_decoder", finished_training[0], tmp_path)
    assert trained_network.load(run).model.config.use_decoder is True


def test_cityscapes_predictions_have_the_servers_ids_and_names(tmp_path):
    files = PredictionFiles(str(tmp_path), datasets.describe("cityscapes", ""))
    files.write(np.array([[[0, 10, 18]], [[1, 1, 1]]]), [b"a/frankfurt_000000_000294", b""])
    (path,) = tmp_path.iterdir()
    assert path.name == "frankfurt_000000_000294.png"
    assert np.array(PIL.Image.open(path)).tolist() == [[7, 23, 33]]
    with pytest.raises(UserError, match="found 'frankfurt_000000_000294' twice"):
        files.write(np.zeros([1, 1, 3], int), [b"frankfurt_000000_000294.png"])
