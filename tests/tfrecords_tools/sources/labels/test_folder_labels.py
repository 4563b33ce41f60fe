"""Folders of masks of all kinds, as `build_folder` takes or refuses them."""

import json

import numpy as np
import pytest
from PIL import Image

from deeplab_nas.data import class_statistics, datasets, manifests
from deeplab_nas.engine.scoring.prediction_files import PredictionFiles
from tests import programs, refusals
from tests.tfrecords_tools import written_shards
from tfrecords_tools.writing import build_journal, class_report

_BLACK_AND_WHITE = np.array([0, 255], np.uint8)
_COLORS = np.array([[0, 0, 0], [128, 0, 0], [0, 0, 128]], np.uint8)


def save(root, values, count=4, seed=0):
    """Numbered pictures and labels of randomly drawn values; returns the numbers of the values."""
    random = np.random.default_rng(seed)
    chosen = {}
    for folder in ("images", "labels"):
        (root / folder).mkdir(exist_ok=True, parents=True)
    for number in range(count):
        chosen[f"p{number}"] = random.integers(0, len(values), (6, 8))
        Image.new("RGB", (8, 6), (number, 0, 0)).save(root / f"images/p{number}.png")
        Image.fromarray(values[chosen[f"p{number}"]]).save(root / f"labels/p{number}.png")
    return chosen


def build(root, *flags):
    folders = (f"--image_folder={root}/images", f"--label_folder={root}/labels")
    given = (*folders, f"--output_dir={root}/shards")
    return programs.run("tfrecords_tools.build_folder", *programs.with_others(given, *flags))


def assert_written(root, classes, split="train"):
    found = written_shards.read(root / "shards", split)
    assert found.keys() == classes.keys()
    for name, (_, label) in found.items():
        np.testing.assert_array_equal(label, classes[name])


def test_masks_of_0_and_255(tmp_path):
    classes = save(tmp_path, _BLACK_AND_WHITE)
    refusals.assert_program_refused(build(tmp_path), "--label_map=0:0,255:1")
    refused = build(tmp_path, "--num_classes=2")
    refusals.assert_program_refused(refused, "'class_0'", "--label_map=0:0,255:1")
    assert not list(tmp_path.glob("shards/*.tfrecord"))
    # Over what that build left.
    assert build(tmp_path, "--label_map=0:0,255:1").returncode == 0
    assert_written(tmp_path, classes)
    descriptor = datasets.describe("folder", str(tmp_path / "shards"))
    PredictionFiles(str(tmp_path / "written"), descriptor).write(classes["p0"][None], [b"p0.png"])
    with Image.open(tmp_path / "written/p0.png") as written:
        np.testing.assert_array_equal(written, _BLACK_AND_WHITE[classes["p0"]])


def test_ids_from_1(tmp_path):
    classes = save(tmp_path, np.array([1, 2, 3], np.uint8))
    refusals.assert_program_refused(build(tmp_path), "--first_label=1")
    assert build(tmp_path, "--first_label=1").returncode == 0
    assert_written(tmp_path, classes)


def test_colours(tmp_path):
    classes = save(tmp_path, _COLORS)
    refusals.assert_program_refused(build(tmp_path), "(128, 0, 0)", "--label_colors=FILE")
    (tmp_path / "colors.csv").write_text("name,r,g,b\nroad,0,0,128\ncar,128,0,0\nvoid,0,0,0\n")
    built = build(tmp_path, f"--label_colors={tmp_path}/colors.csv")
    assert built.returncode == 0
    assert "Ignored colours: void (0, 0, 0)." in built.stderr
    table = np.array([255, 1, 0])
    assert_written(tmp_path, {name: table[chosen] for name, chosen in classes.items()})
    descriptor = datasets.describe("folder", str(tmp_path / "shards"))
    assert descriptor.class_names == ("road", "car")
    assert descriptor.colormap == ((0, 0, 128), (128, 0, 0))
    assert descriptor.submission_ids is None


@pytest.mark.parametrize("flags", [["--num_classes=3"], ["--label_map=0:0,1:1,*:ignore"]])
def test_a_split_that_is_ignored_everywhere(tmp_path, flags):
    save(tmp_path, np.array([255], np.uint8))
    refusals.assert_program_refused(build(tmp_path, *flags), "'train'", "only ignored", "--label")
    assert not list(tmp_path.glob("shards/*.tfrecord"))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--num_classes=1"], ["2 or more"]),
        (["--label_map=0:0,1:1", "--first_label=1"], ["one of", "--label_map=0:0,1:1"]),
        (["--label_colors=x", "--label_map=0:0,1:1"], ["one of", "--label_colors=x"]),
        (["--label_colors=x", "--class_names=a,b"], ["--class_names", "leave it out"]),
        (["--label_colors=x", "--ignore_label=0"], ["--ignore_label", "leave it out"]),
        (["--label_map=0:0,1:1", "--num_classes=256"], ["at most 255"]),
        (["--class_names=a,a"], ["class 1 to be another one", "'a'"]),
        (["--class_names=a,"], ["class 1 to be a text"]),
    ],
)
def test_flags_that_contradict(tmp_path, flags, words):
    save(tmp_path, np.array([0, 1], np.uint8))
    refusals.assert_program_refused(build(tmp_path, *flags), *words)
    assert not (tmp_path / "shards").exists()


def test_classes_without_a_pixel_are_told(tmp_path):
    save(tmp_path, np.array([0, 2], np.uint8))
    built = build(tmp_path, "--num_classes=5")
    assert "train: 3 of 5 classes have no pixel: class_1, class_3, class_4." in built.stderr


def test_many_classes_without_a_pixel_are_one_line():
    names = tuple(f"c{label}" for label in range(150))
    statistics = class_statistics.ClassStatistics((1, 1, *[0] * 148), (2, 2, *[0] * 148), 0)
    manifest = manifests.of_shards(
        datasets.folder(("train",), names), "train", [1], {(1, 2)}, statistics
    )
    (line,) = class_report.warnings(manifest)
    assert line.endswith(
        "148 of 150 classes have no pixel: " + ", ".join(names[2:12]) + " and 138 more."
    )


def test_splits_that_are_built_one_after_the_other(tmp_path):
    save(tmp_path / "a", np.array([0, 1, 2], np.uint8))
    save(tmp_path / "b", np.array([0, 1], np.uint8))
    output = f"--output_dir={tmp_path}/shards"
    assert build(tmp_path / "a", output).returncode == 0
    refused = build(tmp_path / "b", output, "--split=val")
    refusals.assert_program_refused(refused, "3 classes", "'train'", "--num_classes=3")
    built = build(tmp_path / "b", output, "--split=val", "--num_classes=3")
    assert built.returncode == 0
    more = build(tmp_path / "a", output, "--split=test", "--num_classes=4")
    refusals.assert_program_refused(more, "num_classes", "build both with --num_classes=4")
    named = build(tmp_path / "a", output, "--split=test", "--class_names=a,b,c")
    words = ("class_names", "for class 0 'class_0', found 'a'", "--class_names")
    refusals.assert_program_refused(named, *words)
    ignored = build(tmp_path / "a", output, "--split=test", "--num_classes=3", "--ignore_label=9")
    refusals.assert_program_refused(ignored, "ignore_label", "--ignore_label=255")
    assert {path.name for path in (tmp_path / "shards").glob("manifest*")} == {
        "manifest-train.json",
        "manifest-val.json",
    }


@pytest.mark.parametrize(
    "changed", ["--label_map=0:1,255:0", "--label_map=0:0,255:1,7:ignore", "--label_colors"]
)
def test_what_an_unfinished_build_left_is_kept_for_the_same_labels_only(
    tmp_path, changed, monkeypatch
):
    save(tmp_path, _BLACK_AND_WHITE)
    (tmp_path / "colors").write_text("class_0,0,0,0\nclass_1,255,255,255\n")
    with monkeypatch.context() as stopped:
        stopped.setattr(build_journal.BuildJournal, "publish", _stop)
        assert build(tmp_path, "--label_map=0:0,255:1").returncode != 0
    dates = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("shards/*.complete")}
    assert len(dates) == 4
    changed = changed if "=" in changed else f"{changed}={tmp_path}/colors"
    with monkeypatch.context() as stopped:
        stopped.setattr(build_journal.BuildJournal, "publish", _stop)
        assert build(tmp_path, "--label_map=0:0,255:1").returncode != 0
        journal = (tmp_path / "shards/building-train.json").read_text()
        assert dates == {
            path.name: path.stat().st_mtime_ns for path in tmp_path.glob("shards/*.complete")
        }
        assert build(tmp_path, changed).returncode != 0
    again = json.loads((tmp_path / "shards/building-train.json").read_text())
    first = {shard["identity"] for shard in json.loads(journal).values()}
    assert not first & {shard["identity"] for shard in again.values()}


def _stop(*_):
    raise KeyboardInterrupt
