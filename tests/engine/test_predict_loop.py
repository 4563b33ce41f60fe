"""Image files become label maps and overlays of their own name and size."""

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from deeplab_nas.data import datasets
from deeplab_nas.engine import predict_loop
from deeplab_nas.engine.configs.predict import PredictConfig
from deeplab_nas.engine.networks import trained_network
from deeplab_nas.engine.prediction import input_files
from deeplab_nas.errors import UserError
from tests.data import made_shards


def save(path, size=(20, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(made_shards.numbered_example(5, *size)[0]).save(path)
    return path


def find(*inputs, output_dir="/out"):
    return input_files.find(list(map(str, inputs)), str(output_dir))


@pytest.fixture(scope="module")
def predicted(finished_training, tmp_path_factory):
    """Images in folders, one of them damaged: their folder, the output and what was returned."""
    config, _ = finished_training
    folder = tmp_path_factory.mktemp("predicted")
    save(folder / "in" / "a.png")
    save(folder / "in" / "deep" / "b.png", (33, 18))
    (folder / "in" / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    (folder / "in" / "notes.txt").write_text("no image")
    settings = PredictConfig((str(folder / "in"),), str(folder / "out"), config.train_logdir)
    return folder, predict_loop.run(settings)


def test_names_and_sizes_are_kept(predicted):
    folder, done = predicted
    names = sorted(str(p.relative_to(folder / "out")) for p in (folder / "out").rglob("*.png"))
    kinds = [f"{kind}/{name}" for kind in ("labels", "overlays") for name in ("a", "deep/b")]
    assert names == sorted([*(f"{name}.png" for name in kinds), "legend.png"])
    for kind in ("labels", "overlays"):
        assert PIL.Image.open(folder / "out" / kind / "a.png").size == (30, 20)
        assert PIL.Image.open(folder / "out" / kind / "deep" / "b.png").size == (18, 33)
    assert done.written == 2
    assert done.images_a_second > 0
    (refused,) = done.refused
    assert "broken.jpg" in refused


def test_label_maps_are_the_networks_and_show_as_colours(finished_training, predicted):
    config, _ = finished_training
    folder, _ = predicted
    model = trained_network.load(config.train_logdir).model
    image = made_shards.numbered_example(5)[0]
    expected = tf.argmax(model(image[None].astype(np.float32)), -1).numpy()[0]
    picture = PIL.Image.open(folder / "out" / "labels" / "a.png")
    np.testing.assert_array_equal(np.array(picture), expected)
    colormap = np.array(datasets.describe("shapes", "").colormap)
    np.testing.assert_array_equal(np.array(picture.convert("RGB")), colormap[expected])


def test_a_folder_that_holds_earlier_results_gives_its_images_alone(finished_training, predicted):
    config, _ = finished_training
    folder, _ = predicted
    settings = PredictConfig((str(folder),), str(folder / "again"), config.train_logdir)
    for _ in range(2):
        assert predict_loop.run(settings).written == 2
    found = (folder / "again" / "labels").rglob("*.png")
    assert sorted(str(path.relative_to(folder / "again" / "labels")) for path in found) == [
        "in/a.png",
        "in/deep/b.png",
    ]


def test_inputs_are_files_folders_and_globs(tmp_path):
    a, b = save(tmp_path / "x" / "a.jpg"), save(tmp_path / "x" / "y" / "b.PNG")
    both = [(str(a), "a.png"), (str(b), "y/b.png")]
    assert find(tmp_path / "x") == both
    assert find(a) == both[:1]
    assert find(tmp_path / "x" / "*") == both[:1]
    assert find(a, tmp_path / "x") == both
    assert find(f"{tmp_path}/x/*/*.PNG") == [(str(b), "b.png")]


@pytest.mark.parametrize("text", ["absent.png", "*.webp", "."])
def test_no_image_is_told(tmp_path, text):
    with pytest.raises(UserError, match="Expected an image file, a folder of images or a glob"):
        find(tmp_path / text)


def test_one_name_for_two_images_is_told(tmp_path):
    save(tmp_path / "a.jpg")
    save(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"a\.jpg and .*a\.png, which would both become a\.png"):
        find(tmp_path)


def test_an_output_folder_that_cannot_be_is_told(finished_training, tmp_path):
    config, _ = finished_training
    image = save(tmp_path / "a.png")
    settings = PredictConfig((str(image),), f"{image}/out", config.train_logdir)
    with pytest.raises(UserError, match="--output_dir"):
        predict_loop.run(settings)
