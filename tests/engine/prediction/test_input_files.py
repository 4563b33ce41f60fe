"""What predict takes as images, whatever lies beside them and wherever it writes."""

import pathlib

import pytest

from deeplab_nas.engine.prediction import input_files
from tests import refusals


@pytest.fixture
def folder(tmp_path):
    make(tmp_path, "in/a.png", "in/x/b.PGM")
    return tmp_path / "in"


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def names(*inputs, output_dir="/elsewhere"):
    return [name for _, name in input_files.find(list(map(str, inputs)), str(output_dir))]


def predict(inputs, output_dir):
    """Leaves what a prediction would."""
    for name in names(*inputs, output_dir=output_dir):
        make(pathlib.Path(output_dir), f"labels/{name}", f"overlays/{name}", "legend.png")


def test_links_in_a_circle_end(folder):
    (folder / "x" / "up").symlink_to("..")
    (folder / "itself").symlink_to("itself")
    assert names(folder) == ["a.png", "x/b.png"]


@pytest.mark.parametrize("output", [".", "out", "x", "../in", "x/../out/"])
@pytest.mark.parametrize("text", ["{}", "{}/"])
def test_results_of_an_earlier_run_are_no_inputs(folder, output, text):
    text = text.format(folder)
    for _ in range(2):
        predict([text], folder / output)
        assert names(text, output_dir=folder / output) == ["a.png", "x/b.png"]
    # Nor are they where results are now written elsewhere.
    assert names(text) == ["a.png", "x/b.png"]


def test_a_prediction_that_was_interrupted_is_one_as_well(folder, capsys):
    make(folder, "out/labels/c.png", "out/labels/d.png", "out/overlays/c.png")
    assert names(folder) == ["a.png", "x/b.png"]
    assert "3 results of an earlier prediction" in capsys.readouterr().err


def test_globs_find_neither_results_nor_hidden_files(folder):
    predict([folder], folder)
    make(folder, "._a.png", ".cache/c.png", "x/Thumbs.db")
    assert names(f"{folder}/*", output_dir=folder) == ["a.png"]
    assert names(f"{folder}/*/*", output_dir=folder) == ["b.png"]
    assert names(f"{folder}/.cache/*", f"{folder}/._*") == ["c.png", "._a.png"]


def test_inputs_where_results_are_written_are_refused(folder):
    predict([folder], folder)
    for text in ("labels", "labels/a.png", "overlays/x", "legend.png"):
        with refusals.refused("--input outside of what is written", "--output_dir"):
            names(folder / text, output_dir=folder)


def test_labels_that_belong_to_the_images_are_not_replaced(folder):
    make(folder, "labels/a.png")
    with refusals.refused(
        f"{folder}/labels to be of an earlier prediction", "another --output_dir"
    ):
        names(folder / "a.png", output_dir=folder)


def test_what_is_left_out_is_said(folder, capsys):
    make(folder, "b.npy", "c.npy", "d.heic")
    assert names(folder) == ["a.png", "x/b.png"]
    assert "2 .npy, 1 .heic" in capsys.readouterr().err
    make(folder, "arrays/a.npy")
    with refusals.refused("found no image at", "1 .npy"):
        names(folder / "arrays")


def test_one_image_named_twice_is_one(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert names("a.png", "./a.png", folder / "x" / ".." / "a.png") == ["a.png"]


def test_names_that_are_no_text(folder):
    with open(bytes(folder) + b"/\xe9.png", "wb"):
        pass
    for text in (folder, folder / "*.png"):
        with refusals.refused("names in UTF-8", r"\xe9.png"):
            names(text)
