"""Stopped at any moment, every builder goes on with the same command and ends as if it had not."""

import _thread
import dataclasses
import itertools

import numpy as np
import pytest

from deeplab_nas.data import examples, manifests
from tests import programs, refusals
from tests.faults import full_disk
from tests.tfrecords_tools import raw_folders
from tests.tfrecords_tools.writing import stopped
from tfrecords_tools import build_camvid, build_shapes
from tfrecords_tools.writing.build_options import BuildOptions


@pytest.mark.parametrize("name", raw_folders.ALL)
def test_a_kill_at_any_moment(tmp_path, name):
    raw = raw_folders.ALL[name](tmp_path / "raw")
    moments, whole = stopped.check_every_moment(raw.build, tmp_path / "shards")
    # Shards that have their names while the manifest is not there, and the journal beside it.
    manifest, journal = (f"{kind}-{raw.splits[1]}.json" for kind in ("manifest", "building"))
    shards = {name for name in whole if name.startswith(f"{raw.splits[1]}-0")}
    assert any(shards & set(moment) and manifest not in moment for moment in moments)
    assert any({manifest, journal} <= set(moment) for moment in moments)


def test_a_kill_of_the_built_in_data_set_at_any_moment(tmp_path, monkeypatch):
    monkeypatch.setattr(build_shapes, "NUM_EXAMPLES", {"train": 2, "val": 1})
    stopped.check_every_moment(lambda folder: build_shapes.build(str(folder)), tmp_path / "shards")


def finished(folder, split):
    """The shards and the manifest of a split, by name, with their dates."""
    names = [f"manifest-{split}.json", *(path.name for path in folder.glob(f"{split}-0*"))]
    return {name: (folder / name).stat().st_mtime_ns for name in names}


@pytest.mark.parametrize("name", raw_folders.ALL)
def test_a_file_of_the_last_split_is_mended(tmp_path, name, capsys):
    raw, folder = raw_folders.ALL[name](tmp_path / "raw"), tmp_path / "shards"
    intact = raw.last.read_bytes()
    raw.last.write_bytes(intact[:-30])
    with refusals.refused(raw.last.name):
        raw.build(folder)
    before = [finished(folder, split) for split in raw.splits[:-1]]
    assert not list(folder.glob(f"{raw.splits[-1]}-*.tfrecord"))
    raw.last.write_bytes(intact)
    capsys.readouterr()
    built = raw.build(folder)
    told = capsys.readouterr().err.splitlines()
    assert told == [
        f"Kept {split!r} in {folder}: it is built, of the same files and settings."
        for split in raw.splits[:-1]
    ]
    assert [finished(folder, split) for split in raw.splits[:-1]] == before
    assert tuple(manifest.split for manifest in built) == raw.splits
    assert not list(folder.glob("building-*"))
    # The same command once more.
    there = stopped.files(folder)
    assert raw.build(folder) == built
    assert stopped.files(folder) == there


@pytest.mark.parametrize("num_workers", [1, 3])
def test_ctrl_c_in_the_last_split(tmp_path, monkeypatch, num_workers):
    raw_folders.folder(tmp_path / "raw")
    folder, encode, calls = tmp_path / "shards", examples.encode, itertools.count(1)

    def interrupted(**facts):
        # Five are of `train`: this is the first of `val`.
        if next(calls) == 6:
            _thread.interrupt_main()
        return encode(**facts)

    command = [
        *("tfrecords_tools.build_folder", f"--output_dir={folder}", "--val_fraction=0.4"),
        *(f"--{kind}_folder={tmp_path}/raw/{kind}s" for kind in ("image", "label")),
        f"--num_workers={num_workers}",
    ]
    with monkeypatch.context() as patch:
        patch.setattr(examples, "encode", interrupted)
        result = programs.run(*command)
    assert result.returncode == 130
    assert result.stderr.splitlines()[-1] == "Interrupted."
    assert "Traceback" not in result.stderr
    assert not [*folder.glob("val-*.tfrecord"), *folder.glob("*.partial")]
    before = finished(folder, "train")
    assert programs.run(*command).returncode == 0
    assert finished(folder, "train") == before


def test_a_share_that_is_raised(tmp_path):
    raw, folder = raw_folders.folder(tmp_path / "raw"), tmp_path / "shards"
    raw.last.write_bytes(b"no image")
    with refusals.refused("0.2 of the 3 examples of 'val'", "--max_bad_share", "goes on from here"):
        raw.build(folder, BuildOptions(skip_bad=True, max_bad_share=0.2))
    assert not list(folder.glob("val-*.tfrecord"))
    before = finished(folder, "train")
    raised = BuildOptions(skip_bad=True, max_bad_share=0.4)
    train, val = raw.build(folder, raised)
    assert (train.num_examples, val.num_examples, len(val.skipped)) == (5, 2, 1)
    assert finished(folder, "train") == before
    assert raw.build(folder, raised) == (train, val)
    # What was left out is not what a stricter command would make.
    with refusals.refused("0.2 of the 3 examples of 'val'", "found 1"):
        raw.build(folder, BuildOptions(skip_bad=True, max_bad_share=0.2))
    with refusals.refused("p7.png"):
        raw.build(folder)


def test_a_shard_that_left_examples_out_is_not_kept_without_skip_bad(tmp_path):
    raw, folder = raw_folders.folder(tmp_path / "raw"), tmp_path / "shards"
    raw.last.write_bytes(b"no image")
    with refusals.refused("--max_bad_share"):
        raw.build(folder, BuildOptions(skip_bad=True, max_bad_share=0.2))
    with refusals.refused("intact image file in", raw.last.name):
        raw.build(folder)


def test_a_full_disk_in_the_last_split(tmp_path):
    raw, folder = raw_folders.folder(tmp_path / "raw"), tmp_path / "shards"
    noise = np.random.RandomState(0).randint(0, 256, [60, 60, 3]).astype(np.uint8)
    label = tmp_path / "raw/labels" / raw.last.name
    raw_folders.save(raw.last, noise)
    raw_folders.save(label, noise[..., 0] // 128)
    with full_disk.no_file_longer_than(4000), refusals.refused("make room there"):
        raw.build(folder)
    before = finished(folder, "train")
    raw.build(folder)
    assert finished(folder, "train") == before


def _touch(raw, folder):
    raw.last.parent.joinpath("p1.png").touch()


def _more(raw, folder):
    for kind in ("images", "labels"):
        path = raw.last.parent.parent / kind
        (path / "p8.png").write_bytes((path / "p1.png").read_bytes())


def _old_manifest(raw, folder):
    manifest = manifests.read(str(folder), "train")
    manifests.write(dataclasses.replace(manifest, made_of=None), str(folder))


def _no_shard(raw, folder):
    (folder / "train-00001-of-00002.tfrecord").unlink()


def _torn_shard(raw, folder):
    path = folder / "train-00001-of-00002.tfrecord"
    path.write_bytes(path.read_bytes()[:-1])


def _one_more_shard(raw, folder):
    (folder / "train-00002-of-00003.tfrecord").write_bytes(b"")


def _no_manifest(raw, folder):
    (folder / "manifest-train.json").unlink()


def _damaged_manifest(raw, folder):
    (folder / "manifest-train.json").write_text("{")


@pytest.mark.parametrize(
    ("change", "settings", "words"),
    [
        (_touch, {}, ["files of other names, sizes or dates", "manifest-train.json and train-"]),
        (_more, {}, ["files of other names"]),
        (None, {"val_fraction": 0.2}, ["5 examples instead of 6"]),
        (None, {"num_shards": 3}, ["found 2 shards instead of 3: remove", "--output_dir"]),
        (None, {"num_classes": 3}, ["num_classes 2 instead of 3"]),
        (None, {"ignore_label": 7}, ["ignore_label 255 instead of 7"]),
        (None, {"class_names": ("a", "b")}, ["class_names ('class_0', 'class_1') instead of ('a"]),
        (_old_manifest, {}, ["manifest-train.json does not tell of what it was made"]),
        (_no_shard, {}, ["no train-00001-of-00002.tfrecord"]),
        (_torn_shard, {}, ["train-00001-of-00002.tfrecord of ", " bytes instead of "]),
        (_one_more_shard, {}, ["train-00002-of-00003.tfrecord beside 2 others"]),
        (_no_manifest, {}, ["no shards of 'train'", "found 2 without manifest-train.json"]),
        (_damaged_manifest, {}, ["JSON", "remove manifest-train.json and train-"]),
    ],
)
def test_a_split_that_is_something_else_is_refused_before_anything_is_written(
    tmp_path, change, settings, words
):
    raw, folder = raw_folders.folder(tmp_path / "raw"), tmp_path / "shards"
    raw.build(folder, split="train")
    if change:
        change(raw, folder)
    # A split before it and one after it that are to be made.
    for path in folder.glob("*val*"):
        path.unlink()
    (folder / "val-00000-of-00002.tfrecord.partial").write_bytes(b"left")
    before = stopped.files(folder)
    with refusals.refused("'train'" if change is not _damaged_manifest else "train", *words):
        raw.build(folder, **settings)
    assert stopped.files(folder) == before


def test_the_split_that_comes_last_is_looked_at_before_the_first_is_written(tmp_path):
    raw, folder = raw_folders.camvid(tmp_path / "raw"), tmp_path / "shards"
    raw.build(folder)
    for path in folder.glob("*train*"):
        path.unlink()
    before = stopped.files(folder)
    with refusals.refused("'val'", "'--half_resolution=False' instead of '--half_resolution=True'"):
        raw.build(folder, halved=True)
    assert stopped.files(folder) == before


def test_a_split_whose_shards_were_removed_is_made_again(tmp_path):
    raw, folder = raw_folders.folder(tmp_path / "raw"), tmp_path / "shards"
    raw.build(folder)
    for path in folder.glob("train-*.tfrecord"):
        path.unlink()
    train, _ = raw.build(folder, num_shards=2, class_names=())
    assert manifests.read(str(folder), "train") == train


def test_names_that_were_given_too_soon_are_taken_back(tmp_path):
    raw, folder = raw_folders.folder(tmp_path / "raw"), tmp_path / "shards"
    with stopped.recorded(folder) as moments:
        raw.build(folder)
    named = "train-00000-of-00002.tfrecord"
    moment = next(moment for moment in moments if named in moment)
    assert "manifest-train.json" not in moment
    stopped.put_back(folder, moment)
    raw.build(folder, num_shards=1)
    assert not list(folder.glob("train-*-of-00002.*"))
    assert manifests.read(str(folder), "train").shard_counts == (5,)


def test_a_split_is_named_once(tmp_path):
    raw_folders.camvid(tmp_path / "raw")
    dataset = build_camvid.camvid()
    with refusals.refused("every split once in --splits, found val again"):
        dataset.build(str(tmp_path / "raw"), str(tmp_path / "shards"), ("val", "train", "val"))
