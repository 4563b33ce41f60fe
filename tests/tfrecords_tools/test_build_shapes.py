import concurrent.futures

import pytest

from deeplab_nas.data import datasets, shard_index
from deeplab_nas.errors import UserError
from tfrecords_tools import build_shapes


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(build_shapes, "NUM_EXAMPLES", {"train": 6, "val": 2})


def test_first_use_builds_and_later_uses_reuse(small, tmp_path):
    folder = build_shapes.ensure(str(tmp_path))
    assert shard_index.load(folder, "train_fine").num_examples == 6
    assert shard_index.load(folder, "val").image_sizes == ((96, 128),)
    assert datasets.describe("shapes", folder) == datasets.describe("shapes", "")
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert build_shapes.ensure(str(tmp_path)) == folder
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_the_cache_follows_the_environment(small, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = build_shapes.ensure()
    assert folder == str(tmp_path / "deeplab_nas" / f"shapes-{build_shapes.VERSION}")


def test_two_that_build_at_once_agree(small, tmp_path):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        folders = set(pool.map(build_shapes.ensure, [str(tmp_path)] * 2))
    assert len(folders) == 1
    assert [path.name for path in tmp_path.iterdir()] == [f"shapes-{build_shapes.VERSION}"]
    assert shard_index.load(folders.pop(), "train").num_examples == 6


def test_an_interrupted_build_leaves_nothing(small, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(build_shapes.shapes, "draw", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build_shapes.ensure(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_builds_are_identical(small, tmp_path):
    first, second = (build_shapes.ensure(str(tmp_path / name)) for name in ("a", "b"))
    index = shard_index.load(first, "train")
    for one, other in zip(
        index.filenames, shard_index.load(second, "train").filenames, strict=True
    ):
        with open(one, "rb") as left, open(other, "rb") as right:
            assert left.read() == right.read()


def test_a_cache_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Expected to write to .*file.*: set XDG_CACHE_HOME to"):
        build_shapes.ensure(str(tmp_path / "file"))
