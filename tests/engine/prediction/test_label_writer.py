"""What is predicted is written, in the background; what goes wrong there is told."""

import threading

import numpy as np
import PIL.Image
import pytest

from deeplab_nas.data import datasets
from deeplab_nas.engine.prediction import label_writer
from deeplab_nas.engine.prediction.label_writer import LabelWriter
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic

_SHAPES = datasets.describe("shapes", "")


def pair(number):
    pixels = np.full([6, 5, 3], number, np.uint8)
    return pixels, np.full([6, 5], number % 6, np.int32)


def labels(folder):
    paths = sorted((folder / "labels").rglob("*.png"))
    return {path.stem: np.array(PIL.Image.open(path)) for path in paths}


@pytest.mark.parametrize("budget", [0, 2**20])
def test_everything_is_written_when_it_is_left(tmp_path, monkeypatch, budget):
    monkeypatch.setattr(label_writer, "_BUDGET", budget)
    with LabelWriter(str(tmp_path), _SHAPES, 3) as writer:
        for number in range(30):
            writer.write(f"deep/{number}.png", *pair(number))
    assert writer.written == 30
    found = labels(tmp_path)
    assert len(found) == 30
    for name, label_map in found.items():
        np.testing.assert_array_equal(label_map, pair(int(name))[1])
    assert len(list((tmp_path / "overlays" / "deep").iterdir())) == 30
    assert (tmp_path / "legend.png").exists()
    assert not list(tmp_path.rglob("*.partial"))


def test_nothing_is_there_before_something_is_predicted(tmp_path):
    with LabelWriter(str(tmp_path), _SHAPES, 1):
        pass
    assert not (tmp_path / "legend.png").exists()


@pytest.mark.parametrize("error", [UserError("The server has gone."), ValueError("a bug")])
def test_what_was_predicted_before_an_error_is_written(tmp_path, error):
    with (
        pytest.raises(type(error), match=str(error)),
        LabelWriter(str(tmp_path), None, 2) as writer,
    ):
        for number in range(20):
            writer.write(f"{number}.png", *pair(number))
        raise error
    assert len(labels(tmp_path)) == 20


def test_an_interruption_leaves_whole_files(tmp_path):
    with pytest.raises(KeyboardInterrupt), LabelWriter(str(tmp_path), None, 2) as writer:
        for number in range(200):
            writer.write(f"{number}.png", *pair(number))
        raise KeyboardInterrupt
    for label_map in labels(tmp_path).values():
        assert label_map.shape == (6, 5)
    assert not list(tmp_path.rglob("*.partial"))


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "labels" / "3.png").mkdir(parents=True)
    told = pytest.raises(UserError, match=r"Expected to write to .*labels/3\.png, but that failed")
    with told, LabelWriter(str(tmp_path), None, 2) as writer:
        for number in range(9):
            writer.write(f"{number}.png", *pair(number))
    assert len(list((tmp_path / "overlays").iterdir())) >= 3


def test_the_first_error_is_the_one_that_is_told(tmp_path, monkeypatch):
    has_gone = threading.Event()

    def refused(*_, **__):
        has_gone.wait()
        raise UserError("The disk is full.")

    monkeypatch.setattr(atomic, "write_png", refused)
    told = pytest.raises(UserError, match="The server has gone")
    with told, LabelWriter(str(tmp_path), None, 2) as writer:
        writer.write("0.png", *pair(0))
        has_gone.set()
        raise UserError("The server has gone.")
