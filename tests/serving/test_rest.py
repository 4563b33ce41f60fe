"""Images to a server and label maps back, as `predict --server` does it."""

import base64
import io
import json
import pathlib
import socket
import threading

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from deeplab_nas.data import datasets
from deeplab_nas.engine import predict_loop
from deeplab_nas.engine.configs.predict import PredictConfig
from deeplab_nas.engine.prediction import rest_client, signatures
from deeplab_nas.errors import UserError
from tests import programs, refusals
from tests.serving import made_images, rest_server


@pytest.fixture(scope="module")
def url(served):
    """The exported network behind REST."""

    def answer(image_bytes):
        try:
            reply = served[signatures.FROM_BYTES](image_bytes=tf.constant([image_bytes]))
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(error.message) from error
        return reply[signatures.PNG_BYTES].numpy()[0]

    with rest_server.serving(answer) as found:
        yield found


def predict(folder, **settings):
    output = folder.parent / "out"
    return output, predict_loop.run(PredictConfig((str(folder),), str(output), **settings))


@pytest.fixture
def folder(tmp_path):
    """Images of several formats, one that no server decodes, and one that is none."""
    made = tmp_path / "in"
    (made / "deep").mkdir(parents=True)
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    made_images.picture(seed=1).save(made / "a.jpg", exif=exif)
    made_images.picture(seed=2).save(made / "deep" / "b.png")
    made_images.picture(seed=3).quantize(30).save(made / "c.bmp")
    (made / "d.png").write_bytes(b"no image")
    return made


def test_a_server_answers_what_the_network_would(finished_training, version_folder, url, folder):
    config, _ = finished_training
    expected, _ = predict(folder, checkpoint=config.train_logdir)
    expected = expected.rename(folder.parent / "expected")
    card = pathlib.Path(version_folder) / "assets" / "model_card.json"
    found, done = predict(folder, server=url, model_card=str(card))
    assert done.written == 3
    (refused,) = done.refused
    assert "d.png" in refused
    names = sorted(str(path.relative_to(found)) for path in found.rglob("*.png"))
    assert names == sorted(str(path.relative_to(expected)) for path in expected.rglob("*.png"))
    assert "legend.png" in names
    for name in names:
        there, here = (PIL.Image.open(path / name) for path in (found, expected))
        np.testing.assert_array_equal(np.array(there.convert("RGB")), np.array(here.convert("RGB")))


def test_without_a_card_the_colours_are_those_of_voc(url, folder):
    found, _ = predict(folder, server=url)
    assert not (found / "legend.png").exists()
    picture = PIL.Image.open(found / "labels" / "a.png")
    colors = np.array(datasets.pascal_colormap(256))[np.array(picture)]
    np.testing.assert_array_equal(np.array(picture.convert("RGB")), colors)


def test_an_image_that_the_server_refuses_is_told_and_left_out(url, folder):
    PIL.Image.new("RGB", (300, 300)).save(folder / "large.png")
    _, done = predict(folder, server=url)
    assert done.written == 3
    (sentence,) = [text for text in done.refused if "large.png" in text]
    assert f"at most {made_images.MAX_PIXELS} pixels, found 300x300" in sentence


def test_no_server_is_told(url, folder):
    closed = url.replace(url.split(":")[2].split("/")[0], "9")
    with pytest.raises(UserError, match="Expected a server at"):
        predict(folder, server=closed)
    with pytest.raises(UserError, match="Expected a server at"):
        predict(folder, server="no url")
    with pytest.raises(UserError, match="status 404"):
        predict(folder, server=f"{url}s")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"no picture", "b64 to be a PNG in base64 in the answer of http"),
        (b"\x89PNG\r\n\x1a\n", "b64 to be a PNG in base64 in the answer of http"),
        (b"x" * 2**20, "Expected at most [0-9]+ bytes in the answer of http"),
    ],
)
def test_another_answer_is_told(folder, answer, told):
    with (
        rest_server.serving(lambda _: answer) as url,
        pytest.raises(UserError, match=f"{told}.*: serve a version that deeplab_nas.export has"),
    ):
        predict(folder, server=url)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Expected JSON in the answer"),
        ('{"predictions": [', "Expected JSON in the answer"),
        ("[]", "an object with the key 'predictions'"),
        ('{"predictions": []}', "predictions to be an array of 1"),
        ('{"predictions": [{"b64": NaN}]}', "NaN, which is no JSON number"),
        ('{"predictions": [{"b64": 3}]}', r"predictions\[0\]\.b64 to be a string"),
        ('{"predictions": [{"b64": "ä"}]}', r"predictions\[0\]\.b64 to be a PNG in base64"),
        ('{"predictions": [[0, 1]]}', r"predictions\[0\] to be an object with the key 'b64'"),
    ],
)
def test_an_answer_of_another_form_is_told(text, told):
    with pytest.raises(UserError, match=f"{told}.*: serve a version that"):
        rest_client.read_label_map(text.encode(), "the answer", (3, 3), 1000)


@pytest.mark.parametrize(
    ("mode", "found"),
    [
        ("RGB", "8 bits and colour type 2"),
        ("1", "1 bits and colour type 0"),
        ("I;16", "16 bits and colour type 0"),
        ("LA", "8 bits and colour type 4"),
        ("P", "1 bits and colour type 3"),
    ],
)
def test_a_picture_that_is_no_label_map_is_told(mode, found):
    answer = answer_of(PIL.Image.new(mode, (3, 3)))
    with pytest.raises(UserError, match=f"one byte a pixel in the answer, found {found}"):
        rest_client.read_label_map(answer, "the answer", (3, 3), 1000)


def answer_of(picture, **options):
    return answer_of_png(made_images.encode(picture, "PNG", **options))


def answer_of_png(png):
    encoded = base64.b64encode(png).decode()
    return json.dumps({"predictions": [{"b64": encoded}]}).encode()


def test_any_label_map_fits_the_limit():
    """Noise, which no format makes smaller."""
    for size in ((1, 1), (1, 5000), (5000, 1), (300, 200)):
        pixels = np.random.default_rng(0).integers(0, 256, size[::-1], np.uint8)
        answer = answer_of(PIL.Image.fromarray(pixels))
        found = rest_client.read_label_map(
            answer, "", pixels.shape, rest_client.largest_answer(pixels.shape)
        )
        np.testing.assert_array_equal(found, pixels)


def test_a_server_of_something_else_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            connection, _ = listening.accept()
            with connection:
                connection.recv(2**16)
                connection.sendall(b"220 smtp\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1/models/network"
        with pytest.raises(UserError, match=f"Expected a server at {url}"):
            rest_client.Server(url).label_map(*image(), "a.png")
        thread.join()


def image():
    """A picture as a file and as pixels."""
    buffer = io.BytesIO()
    made_images.picture(seed=1).save(buffer, "PNG")
    return buffer.getvalue(), np.array(made_images.picture(seed=1))


def test_a_label_map_of_another_size_is_told(folder):
    buffer = io.BytesIO()
    PIL.Image.new("L", (3, 3)).save(buffer, "PNG")
    with (
        rest_server.serving(lambda _: buffer.getvalue()) as url,
        pytest.raises(UserError, match="Expected a label map of"),
    ):
        predict(folder, server=url)


def test_a_card_of_another_network_is_told(version_folder, folder):
    card = json.loads((pathlib.Path(version_folder) / "assets" / "model_card.json").read_text())
    whole = card["dataset"]
    card["dataset"] = {**whole, "num_classes": 1}
    for key in ("class_names", "colormap"):
        card["dataset"][key] = whole[key][:1]
    other = folder.parent / "other_card.json"
    other.write_text(json.dumps(card))
    ones = made_images.encode(PIL.Image.new("L", made_images.picture().size, 1), "PNG")
    with (
        rest_server.serving(lambda _: ones) as served_elsewhere,
        pytest.raises(UserError, match="Expected class ids below 1, as --model_card says"),
    ):
        predict(folder / "deep", server=served_elsewhere, model_card=str(other))
    assert not list(folder.rglob("legend.png"))


def test_a_server_that_goes_away_leaves_what_was_answered(tmp_path):
    """The sixth image of eight finds nobody."""
    for number in range(8):
        path = tmp_path / "in" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        made_images.picture(seed=number).save(path)
    grey = made_images.encode(PIL.Image.new("L", made_images.picture().size), "PNG")
    asked = []

    def answer(_):
        asked.append(1)
        if len(asked) > 5:
            raise ConnectionError
        return grey

    with rest_server.serving(answer) as url:
        result = programs.run(
            *("deeplab_nas.predict", f"--server={url}", f"--input={tmp_path}/in"),
            f"--output_dir={tmp_path}/out",
        )
    refusals.assert_program_refused(result, "Expected a server at", "found none that answers")
    for kind in ("labels", "overlays"):
        names = sorted(path.name for path in (tmp_path / "out" / kind).iterdir())
        assert names == [f"{number}.png" for number in range(5)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "JSON in .*card.json"),
        ("{}", "an object with the key 'dataset' in .*card.json"),
        ('{"dataset": 3}', "dataset to be an object with the keys .* in .*card.json"),
        ('{"dataset": {"name": 1}}', "the keys .* in dataset in .*card.json, but it lacks"),
    ],
)
def test_another_file_is_no_card(url, folder, tmp_path, text, told):
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(UserError, match=f"{told}.*: give the model_card.json in the assets folder"):
        predict(folder, server=url, model_card=str(tmp_path / "card.json"))
