"""Images to a server and label maps back, as `predict --server` does it."""

import io
import pathlib

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from deeplab_nas.data import datasets
from deeplab_nas.engine import predict_loop
from deeplab_nas.engine.configs.predict import PredictConfig
from deeplab_nas.engine.prediction import signatures
from deeplab_nas.errors import UserError
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


@pytest.mark.parametrize("answer", [b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_another_answer_is_told(folder, answer):
    with (
        rest_server.serving(lambda _: answer) as url,
        pytest.raises(UserError, match="Expected a PNG in the answer"),
    ):
        predict(folder, server=url)


def test_a_label_map_of_another_size_is_told(folder):
    buffer = io.BytesIO()
    PIL.Image.new("L", (3, 3)).save(buffer, "PNG")
    with (
        rest_server.serving(lambda _: buffer.getvalue()) as url,
        pytest.raises(UserError, match="Expected a label map of"),
    ):
        predict(folder, server=url)


@pytest.mark.parametrize("text", ["", "{}", '{"dataset": 3}', '{"dataset": {"name": 1}}'])
def test_another_file_is_no_card(url, folder, tmp_path, text):
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(UserError, match="Expected the model_card.json"):
        predict(folder, server=url, model_card=str(tmp_path / "card.json"))
