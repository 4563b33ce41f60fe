"""Which files of a folder are images, whatever else and whatever links lie there."""

import os

import pytest
import tensorflow as tf

from deeplab_nas.files import image_folders
from tests import refusals

_NO_DATA = (
    *("._a.png", ".hidden.png", ".git/a.png", ".ipynb_checkpoints/a.png", "__MACOSX/._a.png"),
    *(
        "__MACOSX/a.png",
        "@eaDir/a.png",
        "Thumbs.db",
        "x/Thumbs.db",
        ".DS_Store",
        "desktop.ini",
        "Icon\r",
    ),
)


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_images_of_all_folders_in_the_order_of_their_parts(tmp_path):
    names = ("a-b.jpg", "a.JPG", "a/c.PPM", "a/b/d.gif", "z.pgm", "z.webp")
    make(tmp_path, *names)
    assert list(image_folders.find(str(tmp_path)).names) == sorted(
        names, key=lambda name: name.split("/")
    )


def test_what_is_no_data_is_passed_over_and_what_is_no_image_counted(tmp_path):
    make(tmp_path, *_NO_DATA, "b.png", "c.npy", "d/e.npy", "notes.txt", "README")
    found = image_folders.find(str(tmp_path))
    assert found.names == ("b.png",)
    assert found.told_others() == "2 .npy, 1 without extension, 1 .txt"


def test_a_folder_is_entered_once_and_by_its_own_name(tmp_path):
    make(tmp_path, "in/a/1.png", "in/b/2.png", "elsewhere/3.png")
    for link, target in (
        ("in/a/up", ".."),
        ("in/a/to_b", "../b"),
        ("in/b/to_a", "../a"),
        ("in/0_again", "a"),
        ("in/else", "../elsewhere"),
        ("elsewhere/back", "../in"),
        ("in/itself", "itself"),
    ):
        (tmp_path / link).symlink_to(target)
    found = image_folders.find(str(tmp_path / "in"))
    assert found.names == ("a/1.png", "b/2.png", "else/3.png")


def test_what_is_to_be_left_out(tmp_path):
    make(tmp_path, "a.png", "out/b.png", "c/legend.png", "legend.png")
    left_out = [str(tmp_path / name) for name in ("c/../out/", "legend.png", "absent")]
    assert image_folders.find(str(tmp_path), left_out).names == ("a.png", "c/legend.png")
    # Nobody means to leave out all of it.
    assert len(image_folders.find(str(tmp_path), [str(tmp_path)]).names) == 4


def test_other_file_systems():
    for name in ("a.png", "s/b.jpg", ".h/c.png", "out/d.png", "t.txt"):
        path = f"ram://images/{name}"
        tf.io.gfile.makedirs(os.path.dirname(path))
        with tf.io.gfile.GFile(path, "w") as file:
            file.write("x")
    for folder in ("ram://images", "ram://images/"):
        found = image_folders.find(folder, ["ram://images/out"])
        assert (found.names, found.others) == (("a.png", "s/b.jpg"), {".txt": 1})


def test_folders_and_names_that_cannot_be_read(tmp_path):
    with refusals.refused("readable folder at", "absent"):
        image_folders.find(str(tmp_path / "absent"))
    with open(os.fsencode(tmp_path) + b"/\xe9.png", "wb"):
        pass
    with refusals.refused("names in UTF-8", r"\xe9.png"):
        image_folders.find(str(tmp_path))


def test_names_that_no_message_could_hold(tmp_path):
    make(tmp_path, "at 10\u202fAM.png")
    assert len(image_folders.find(str(tmp_path)).names) == 1
    make(tmp_path, "a\nb.png")
    with refusals.refused(r"'a\nb.png'"):
        image_folders.find(str(tmp_path))


@pytest.mark.parametrize(("path", "inside"), [("a/b", True), ("a", True), ("ab", False)])
def test_lying_in_a_folder(tmp_path, path, inside):
    place = image_folders.place(f"{tmp_path}/x/../a/")
    assert image_folders.lies_in(str(tmp_path / path), [place]) == inside
