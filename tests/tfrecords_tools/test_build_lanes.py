import pytest

from deeplab_nas.data import datasets, shard_index
from tests import programs
from tfrecords_tools import build_lanes
from tfrecords_tools.drawn import lanes


@pytest.mark.parametrize("question", lanes.QUESTIONS)
def test_the_program_builds_the_set_of_a_question(tmp_path, monkeypatch, question):
    monkeypatch.setattr(build_lanes, "NUM_EXAMPLES", {"train": 4, "val": 2})
    folder = str(tmp_path / "shards")
    config = build_lanes.BuildLanesConfig(output_dir=folder, classes_by=question)
    build_lanes.main(config)
    described = datasets.describe("folder", folder)
    assert described.class_names == lanes.QUESTIONS[question]
    assert shard_index.load(folder, "train").num_examples == 4
    assert shard_index.load(folder, "val").image_sizes == ((128, 128),)


def test_an_unknown_question_is_refused(tmp_path):
    ended = programs.run(
        "tfrecords_tools.build_lanes", "--classes_by=depth", f"--output_dir={tmp_path / 'shards'}"
    )
    assert ended.returncode == 1
    assert "--classes_by to be one of detail, context, found 'depth'" in ended.stderr
