"""A network that was trained on 12 bits sees files as its shards showed them, here and served."""

import json
import pathlib

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from deeplab_nas.data import image_files
from deeplab_nas.data.brightness import ranges
from deeplab_nas.engine import evaluation, predict_loop
from deeplab_nas.engine.configs.evaluate import EvaluateConfig
from deeplab_nas.engine.configs.predict import PredictConfig
from deeplab_nas.engine.networks import model_card
from deeplab_nas.engine.prediction import rest_client, signatures
from deeplab_nas.serving import exporter
from deeplab_nas.serving.export_config import ExportConfig
from tests import programs, refusals
from tests.data import made_pictures, made_shards
from tfrecords_tools import build_folder

_RANGE = (100, 3000)


def deep_and_seen(number):
    """Numbers of 12 bits, and the 8 bits that the range makes of them."""
    image = made_shards.numbered_example(number)[0]
    rng = np.random.default_rng(number)
    values = (image.astype(int) * 11 + rng.integers(0, 300, image.shape)).astype(np.uint16)
    return values, ranges.to_8_bits(values, _RANGE)


@pytest.fixture(scope="module")
def run(finished_training, tmp_path_factory):
    """The run directory of a training, as if its shards had been built with a range."""
    trained = pathlib.Path(finished_training[0].train_logdir)
    folder = tmp_path_factory.mktemp("run")
    for name in ("best", "architecture.json", "flags.json"):
        (folder / name).symlink_to(trained / name)
    dataset = json.loads((trained / "dataset.json").read_text())
    assert dataset["image_range"] is None
    (folder / "dataset.json").write_text(json.dumps({**dataset, "image_range": _RANGE}))
    return str(folder)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Folders of two pictures: as 12 bits, in colour and grey, and as the 8 bits they become."""
    folder = tmp_path_factory.mktemp("files")
    for name in ("deep", "seen"):
        (folder / name).mkdir()
    values, seen = deep_and_seen(0)
    (folder / "deep" / "colour.png").write_bytes(made_pictures.deep_png(values))
    PIL.Image.fromarray(seen).save(folder / "seen" / "colour.png")
    values, seen = deep_and_seen(1)
    (folder / "deep" / "grey.tif").write_bytes(made_pictures.tiff(values[..., 1]))
    PIL.Image.fromarray(np.repeat(seen[..., 1:2], 3, -1)).save(folder / "seen" / "grey.png")
    return folder


def labels(folder, run="", **settings):
    output = folder.parent / "out" / str(len(list(folder.parent.glob("out/*"))))
    done = predict_loop.run(PredictConfig((str(folder),), str(output), run, **settings))
    paths = sorted((output / "labels").glob("*.png"))
    return {path.stem: np.array(PIL.Image.open(path)) for path in paths}, done


def assert_same(found, wanted):
    assert found.keys() == wanted.keys() == {"colour", "grey"}
    for name, label in wanted.items():
        np.testing.assert_array_equal(found[name], label)
        assert len(np.unique(label)) > 1


def test_files_are_scaled_as_the_shards_were(run, finished_training, files, capsys):
    wanted, _ = labels(files / "seen", run)
    assert_same(labels(files / "deep", run)[0], wanted)
    assert "black" not in capsys.readouterr().err
    # A network of 8 bits is told by hand.
    plain = finished_training[0].train_logdir
    assert_same(labels(files / "deep", plain, image_range="100:3000")[0], wanted)


def test_what_would_be_black_is_told(finished_training, files, capsys):
    found, done = labels(files / "deep", finished_training[0].train_logdir)
    assert len(found) == done.written == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "all but black" in line]
    assert len(lines) == 2
    assert "colour.png" in lines[0] and "--image_range, such as 0:4095" in lines[0]


def test_what_would_be_one_brightness_is_refused_alone(finished_training, tmp_path):
    dark = made_pictures.deep_png(made_pictures.numbers(1, 200))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "dark.png").write_bytes(dark)
    made_pictures.smooth().save(tmp_path / "in" / "good.png")
    command = ("--input", str(tmp_path / "in"), f"--output_dir={tmp_path}/out")
    run = f"--checkpoint={finished_training[0].train_logdir}"
    ended = programs.run("deeplab_nas.predict", *command, run)
    refusals.assert_program_refused(ended, "found 1 of 2 that cannot")
    assert "dark.png, whose numbers from 0 to 200 all become one: give --image_range=0:200" in (
        ended.stderr
    )
    assert (tmp_path / "out" / "labels" / "good.png").exists()
    ended = programs.run("deeplab_nas.predict", *command, run, "--image_range=200:0")
    refusals.assert_program_refused(ended, "--image_range", "found '200:0'")


def test_an_exported_graph_scales_what_it_is_sent(run, files, tmp_path, monkeypatch):
    version = exporter.run(ExportConfig(run, str(tmp_path)))
    card = f"{version}/assets/model_card.json"
    assert model_card.read_dataset(card).image_range == _RANGE
    loaded = tf.saved_model.load(version)
    sent = []

    def answer(raw):
        sent.append(raw)
        pngs = loaded.signatures[signatures.FROM_BYTES](image_bytes=tf.constant([raw]))
        return tf.io.decode_png(pngs[signatures.PNG_BYTES][0]).numpy()[..., 0]

    wanted, _ = labels(files / "seen", run)
    np.testing.assert_array_equal(
        answer((files / "deep" / "colour.png").read_bytes()), wanted["colour"]
    )
    grey = made_pictures.deep_png(deep_and_seen(1)[0][..., 1])
    np.testing.assert_array_equal(answer(grey), wanted["grey"])
    np.testing.assert_array_equal(
        answer((files / "seen" / "colour.png").read_bytes()), wanted["colour"]
    )

    def label_map(_, raw, pixels, name):
        return answer(rest_client._sendable(raw, pixels, name))

    monkeypatch.setattr(rest_client.Server, "label_map", label_map)
    server = "http://host:1/v1/models/a"
    assert_same(labels(files / "deep", server=server, model_card=card)[0], wanted)
    # The client has scaled them: the server may know another range.
    assert {image_files.kind(raw, "sent") for raw in sent[-2:]} == {("PNG", "RGB")}


def test_an_evaluation_on_another_range_says_so(run, tmp_path, capsys):
    for kind, pixels in zip(("images", "labels"), made_shards.numbered_example(0), strict=True):
        (tmp_path / kind).mkdir()
        raw = made_pictures.deep_png(pixels.astype(np.uint16) * 9)
        if kind == "labels":
            raw = made_pictures.encode(PIL.Image.fromarray(pixels), "PNG")
        (tmp_path / kind / "a.png").write_bytes(raw)
    for scale, told in (("100:3000", False), ("0:4095", True)):
        place = str(tmp_path / scale)
        build_folder.build(
            build_folder.FolderConfig(
                output_dir=place,
                image_folder=str(tmp_path / "images"),
                label_folder=str(tmp_path / "labels"),
                num_classes=6,
                image_range=scale,
            )
        )
        config = EvaluateConfig(
            run, eval_logdir=place, dataset="folder", dataset_dir=place, eval_split="train"
        )
        assert evaluation.run(config)["num_images"] == 1
        said = "with --image_range=0:4095, and the network was trained on 100:3000"
        assert (said in capsys.readouterr().err) == told
