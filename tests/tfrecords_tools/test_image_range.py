"""Images of more than 8 bits become shards by one range, which the manifests keep."""

import json

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from deeplab_nas.data import datasets
from deeplab_nas.data.brightness import ranges
from tests import programs, refusals
from tests.data import made_pictures, made_shards
from tests.tfrecords_tools import written_shards
from tfrecords_tools import build_camvid, build_folder, build_tfds
from tfrecords_tools.writing import shards
from tfrecords_tools.writing.build_options import BuildOptions

_SIZE = (9, 7)


def grey(number, largest=4095):
    return made_pictures.numbers(1, largest, number, _SIZE)


def make(folder, files):
    """An image folder of some files, and a label folder for it."""
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for name, raw in files.items():
        (folder / "images" / name).write_bytes(raw)
        ids = np.zeros(_SIZE[::-1], np.uint8)
        ids[0, 0] = 1
        Image.fromarray(ids).save((folder / "labels" / name).with_suffix(".png"))
    return folder


def config(folder, **changes):
    defaults = {"output_dir": str(folder / "shards"), "num_shards": 1}
    places = {name: str(folder / name.replace("_folder", "s")) for name in _FOLDERS}
    return build_folder.FolderConfig(**{**places, **defaults, **changes})


_FOLDERS = ("image_folder", "label_folder")


@pytest.fixture
def folder(tmp_path):
    """Six pictures of 12 bits, one of them in colour, and one of 8 bits."""
    files = {f"p{n}.png": made_pictures.deep_png(grey(n)) for n in range(4)}
    files["p4.tif"] = made_pictures.tiff(grey(4), ">", deflate=True)
    files["p5.tif"] = made_pictures.tiff(made_pictures.numbers(3, 4000, 5, _SIZE))
    files["p6.png"] = made_pictures.encode(made_pictures.smooth(_SIZE), "PNG")
    return make(tmp_path, files)


def scaled(values, scale=(0, 4095)):
    found = ranges.to_8_bits(values, scale)
    return found if found.ndim == 3 else np.repeat(found[..., None], 3, -1)


def images_of(folder, split="train"):
    return {name: image for name, (image, _) in written_shards.read(folder, split).items()}


def test_the_range_is_measured_over_all_splits(folder, capsys):
    built = build_folder.build(config(folder, val_fraction=0.4))
    assert {manifest.split: manifest.image_range for manifest in built} == {
        "train": (0, 4095),
        "val": (0, 4095),
    }
    assert "6 of 7 images have more than 8 bits" in capsys.readouterr().err
    for split in ("train", "val"):
        text = (folder / "shards" / f"manifest-{split}.json").read_text()
        assert json.loads(text)["image_range"] == [0, 4095]
    assert datasets.describe("folder", str(folder / "shards")).image_range == (0, 4095)
    found = images_of(folder / "shards") | images_of(folder / "shards", "val")
    for number in range(5):
        np.testing.assert_array_equal(found[f"p{number}"], scaled(grey(number)))
    colours = made_pictures.numbers(3, 4000, 5, _SIZE)
    np.testing.assert_array_equal(found["p5"], scaled(colours))
    np.testing.assert_array_equal(found["p6"], np.array(made_pictures.smooth(_SIZE)))


def test_a_set_of_8_bits_has_no_range(tmp_path):
    folder = make(tmp_path, {"a.png": made_pictures.encode(made_pictures.smooth(_SIZE), "PNG")})
    (manifest,) = build_folder.build(config(folder))
    assert manifest.image_range is None
    text = (folder / "shards" / "manifest-train.json").read_text()
    assert json.loads(text)["image_range"] is None
    assert datasets.describe("folder", str(folder / "shards")).image_range is None


def test_a_range_is_named_by_a_flag(folder):
    places = (("image_folder", "images"), ("label_folder", "labels"), ("output_dir", "shards"))
    flags = [f"--{name}={folder}/{place}" for name, place in places]
    ended = programs.run("tfrecords_tools.build_folder", *flags, "--image_range=100:2000")
    assert ended.returncode == 0, ended.stderr
    found = images_of(folder / "shards")["p1"]
    np.testing.assert_array_equal(found, scaled(grey(1), (100, 2000)))
    ended = programs.run("tfrecords_tools.build_folder", *flags, "--image_range=100")
    refusals.assert_program_refused(ended, "--image_range", "found '100'")


def test_another_split_takes_the_range_that_is_there(folder):
    build_folder.build(config(folder, image_range="0:2047"))
    (manifest,) = build_folder.build(config(folder, split="val"))
    assert manifest.image_range == (0, 2047)
    with refusals.refused("Expected --image_range=0:2047", "found 0:4095"):
        build_folder.build(config(folder, split="test", image_range="0:4095"))
    assert not list((folder / "shards").glob("*test*"))
    assert build_folder.build(config(folder, split="test", image_range="0:2047"))


def test_splits_of_two_ranges_are_no_data_set(folder):
    for split, scale in (("train", "0:2047"), ("val", "0:4095")):
        place = str(folder / split)
        build_folder.build(config(folder, split=split, image_range=scale, output_dir=place))
    for path in (folder / "val").iterdir():
        path.rename(folder / "train" / path.name)
    with refusals.refused("one image range", "0:2047 of 'train' and 0:4095 of 'val'"):
        datasets.describe("folder", str(folder / "train"))


def test_a_file_that_cannot_be_measured_ends_the_build_or_is_left_out(folder):
    raw = (folder / "images" / "p2.png").read_bytes()
    (folder / "images" / "p2.png").write_bytes(raw[: len(raw) // 2])
    with refusals.refused("p2.png"):
        build_folder.build(config(folder))
    assert not (folder / "shards").exists()
    options = BuildOptions(skip_bad=True, max_bad_share=0.5)
    (manifest,) = build_folder.build(config(folder, options=options))
    assert (manifest.image_range, manifest.num_examples) == ((0, 4095), 6)
    assert "p2.png" in manifest.skipped[0]


def test_numbers_of_32_bits_need_a_named_range(tmp_path):
    values = np.linspace(-1, 1, 63).reshape(7, 9).astype(np.float32)
    folder = make(tmp_path, {"a.tif": made_pictures.tiff(values)})
    with refusals.refused("a.tif", "--image_range"):
        build_folder.build(config(folder))
    (manifest,) = build_folder.build(config(folder, image_range="-1:1"))
    assert manifest.image_range == (-1, 1)
    np.testing.assert_array_equal(images_of(folder / "shards")["a"], scaled(values, (-1, 1)))


def test_images_that_become_one_brightness_are_named(folder, capsys):
    (folder / "images" / "p3.png").write_bytes(made_pictures.deep_png(grey(3, 7)))
    build_folder.build(config(folder))
    told = capsys.readouterr().err
    assert "1 of 7 images of 'train' that are one brightness" in told
    assert "p3.png (0 to 7)" in told
    refusals.assert_sentence(told.splitlines()[-1])
    # A picture that is one number in its file is nobody's mistake.
    (folder / "images" / "p3.png").write_bytes(made_pictures.deep_png(0 * grey(3)))
    build_folder.build(config(folder, split="val"))
    assert "one brightness" not in capsys.readouterr().err


def test_a_range_that_shows_no_image_is_refused(tmp_path):
    files = {f"p{n}.png": made_pictures.deep_png(grey(n)) for n in range(5)}
    folder = make(tmp_path, files)
    with refusals.refused(
        "5 of 5 images of 'train'", "p0.png (0 to 4095)", "another --image_range"
    ):
        build_folder.build(config(folder, image_range="5000:9000", num_shards=2))
    assert not list((folder / "shards").glob("*.tfrecord"))
    (manifest,) = build_folder.build(config(folder))
    assert manifest.image_range == (0, 4095)


def test_an_interrupted_build_that_goes_on_remembers_what_was_lost(tmp_path, monkeypatch, capsys):
    files = {f"p{n}.png": made_pictures.deep_png(grey(n, 7 if n < 2 else 4095)) for n in range(4)}
    settings = config(make(tmp_path, files), num_shards=2)
    write, calls = shards._write, []

    def fail_second(*arguments):
        calls.append(0)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return write(*arguments)

    monkeypatch.setattr(shards, "_write", fail_second)
    with pytest.raises(KeyboardInterrupt):
        build_folder.build(settings)
    monkeypatch.undo()
    build_folder.build(settings)
    assert "2 of 4 images" in capsys.readouterr().err


@pytest.mark.parametrize("halved", [False, True])
def test_sets_without_a_range_do_not_become_black_in_silence(tmp_path, halved, capsys):
    for split in ("train", "val"):
        images, labels = tmp_path / split, tmp_path / f"{split}annot"
        images.mkdir(), labels.mkdir()
        for number in range(3):
            largest = 65535 if split == "val" and number else 4095
            values = made_pictures.numbers(3, largest, number, _SIZE)
            (images / f"{number}.png").write_bytes(made_pictures.deep_png(values))
            Image.fromarray(np.zeros(_SIZE[::-1], np.uint8)).save(labels / f"{number}.png")
    camvid = build_camvid.camvid(halved)
    with refusals.refused("3 of 3 images of 'train'", "all but black", "(0 to 4095)"):
        camvid.build(str(tmp_path), str(tmp_path / "shards"), ["train"])
    camvid.build(str(tmp_path), str(tmp_path / "shards"), ["val"])
    assert "1 of 3 images of 'val'" in capsys.readouterr().err


class DeepSegmentation(tfds.core.GeneratorBasedBuilder):
    """Pictures of 12 bits."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(None, None, 3), dtype=np.uint16),
            "mask": tfds.features.Image(shape=(None, None, 1)),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(0), "test": self._generate_examples(3)}

    def _generate_examples(self, first):
        for number in range(first, first + 3):
            label = made_shards.numbered_example(number, *_SIZE[::-1])[1][..., None]
            image = made_pictures.numbers(3, 4095 if first else 1000, number, _SIZE)
            yield number, {"image": image, "mask": label}


def test_tfds_sets_are_measured_over_all_splits(tmp_path):
    builder = DeepSegmentation(data_dir=str(tmp_path / "tfds"))
    builder.download_and_prepare()
    place = str(tmp_path / "shards")
    settings = {"tfds_name": str(builder.data_path), "output_dir": place, "num_classes": 4}
    built = build_tfds.build(build_tfds.TfdsConfig(**settings))
    assert {manifest.image_range for manifest in built} == {(0, 4095)}
    found = sorted(images_of(tmp_path / "shards").values(), key=lambda image: image.tobytes())
    wanted = [scaled(made_pictures.numbers(3, 1000, number, _SIZE)) for number in range(3)]
    np.testing.assert_array_equal(found, sorted(wanted, key=lambda image: image.tobytes()))
