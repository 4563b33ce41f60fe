"""Image files become label maps and overlays of their own name and size."""

import time

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from deeplab_nas.data import datasets
from deeplab_nas.engine import predict_loop
from deeplab_nas.engine.configs.predict import PredictConfig
from deeplab_nas.engine.networks import trained_network
from deeplab_nas.engine.prediction import batching, input_files
from deeplab_nas.errors import ImageError, UserError
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


def test_batches_are_predicted_as_images_alone(finished_training, tmp_path, monkeypatch):
    config, _ = finished_training
    rng = np.random.default_rng(0)
    for number in range(24):
        size = (33, 41, 3) if number not in (7, 8, 20) else (41, 33, 3)
        path = tmp_path / "in" / f"{number:02}.png"
        path.parent.mkdir(exist_ok=True)
        PIL.Image.fromarray(rng.integers(0, 256, size, np.uint8)).save(path)
    (tmp_path / "in" / "11b.jpg").write_bytes(b"\xff\xd8 no picture")
    sizes, found = [], {}
    in_batches = batching.in_batches

    def counted(*args):
        for batch in in_batches(*args):
            sizes.append(0 if isinstance(batch, ImageError) else len(batch))
            yield batch

    monkeypatch.setattr(batching, "in_batches", counted)
    for most in (16, 1):
        monkeypatch.setattr(batching, "_MOST_IMAGES", most)
        folder = tmp_path / str(most)
        settings = PredictConfig((str(tmp_path / "in"),), str(folder), config.train_logdir)
        done = predict_loop.run(settings)
        assert done.written == 24 and "11b.jpg" in done.refused[0]
        found[most] = {
            path.name: np.array(PIL.Image.open(path)) for path in (folder / "labels").iterdir()
        }
    assert sizes == [1, 6, 2, 3, 0, 8, 1, 3, *[1] * 12, 0, *[1] * 12]
    assert found[1].keys() == found[16].keys()
    same = [found[1][name] == found[16][name] for name in found[1]]
    # Kernels may add in another order, which decides between classes that are all but equal.
    assert np.mean(np.concatenate([each.ravel() for each in same])) > 0.999


def test_time_left_is_that_from_result_to_result(finished_training, tmp_path, monkeypatch):
    """Whatever overlaps, the seconds that are counted add up to those that passed."""
    config, _ = finished_training
    for number in range(20):
        save(tmp_path / "in" / f"{number:02}.png")
    (tmp_path / "in" / "05b.jpg").write_bytes(b"no picture")
    counted = []

    def update(_, kind, n, seconds, postfix):
        counted.append((n, seconds))

    monkeypatch.setattr(predict_loop.Progress, "update", update)
    begin = time.monotonic()
    predict_loop.run(
        PredictConfig((str(tmp_path / "in"),), str(tmp_path / "out"), config.train_logdir)
    )
    assert sum(n for n, _ in counted) == 21
    assert all(seconds >= 0 for _, seconds in counted)
    assert sum(seconds for _, seconds in counted) <= time.monotonic() - begin


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
