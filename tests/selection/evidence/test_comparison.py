"""The program `deeplab_nas.compare`."""

import numpy as np
import pytest

from deeplab_nas.engine.scoring import metrics
from deeplab_nas.engine.scoring.image_matrices import ImageMatrices
from deeplab_nas.selection.evidence import comparison
from deeplab_nas.selection.evidence.compare_config import CompareConfig
from tests import programs, refusals

_NAMES = ("a", "b", "c", "d")


@pytest.fixture
def evaluations(tmp_path):
    """Two trainings of a good network and three of a worse one: their folders and matrices."""
    random = np.random.RandomState(1)
    made = {}
    for name, right in (("good1", 90), ("good2", 85), ("bad1", 60), ("bad2", 88), ("bad3", 50)):
        matrices = random.randint(20, size=[4, 3, 3]) + right * np.eye(3, dtype=int)
        ImageMatrices(_NAMES, matrices).save(_folder(tmp_path, name) / "image_matrices.npz")
        made[name] = matrices
    return made


def _folder(tmp_path, name):
    (tmp_path / name).mkdir(exist_ok=True)
    return tmp_path / name


def _flag(tmp_path, flag, names):
    return f"--{flag}=" + ",".join(str(tmp_path / name) for name in names)


def test_means_difference_and_pairs(evaluations, tmp_path):
    first, second = ["good1", "good2"], ["bad1", "bad2", "bad3"]
    given = [_flag(tmp_path, "first", first), _flag(tmp_path, "second", second)]
    ended = programs.run("deeplab_nas.compare", *given)
    assert ended.returncode == 0, ended.stderr
    mious = {name: metrics.mean_iou(each.sum(axis=0)) for name, each in evaluations.items()}
    of_first, of_second = ([mious[name] for name in names] for names in (first, second))
    wins = np.mean([one > other for one in of_first for other in of_second])
    assert 0 < wins < 1
    lines = dict(line.split("  ", 1) for line in ended.stdout.splitlines())
    assert f"mIoU {np.mean(of_first):.4f} ({of_first[0]:.4f}, {of_first[1]:.4f})" in lines["first"]
    assert lines["difference"].strip() == f"{np.mean(of_first) - np.mean(of_second):+.4f}"
    assert lines["pairs that the first one wins"].strip() == f"{wins:.0%}"
    assert lines["images"].strip() == "4"
    assert "95% interval over seeds and images" in lines


def test_of_one_training_each_the_interval_is_over_images(evaluations, tmp_path):
    given = [_flag(tmp_path, "first", ["good1"]), _flag(tmp_path, "second", ["bad1"])]
    ended = programs.run("deeplab_nas.compare", *given)
    assert "95% interval over images" in ended.stdout
    found = comparison.compare(
        CompareConfig(first=(str(tmp_path / "good1"),), second=(str(tmp_path / "bad1"),))
    )
    assert found.difference.low < found.difference.value < found.difference.high


def test_other_images_or_classes_are_refused(evaluations, tmp_path):
    others = {
        "images": ImageMatrices(("a", "b", "c", "e"), evaluations["bad1"]),
        "classes": ImageMatrices(_NAMES, np.ones([4, 2, 2], int)),
    }
    for name, other in others.items():
        other.save(_folder(tmp_path, name) / "image_matrices.npz")
        given = [_flag(tmp_path, "first", ["good1"]), _flag(tmp_path, "second", [name])]
        ended = programs.run("deeplab_nas.compare", *given)
        refusals.assert_program_refused(ended, "same images and classes", "--eval_split")


def test_one_image_tells_no_interval(tmp_path):
    ImageMatrices(("a",), np.ones([1, 2, 2], int)).save(
        _folder(tmp_path, "one") / "image_matrices.npz"
    )
    given = [_flag(tmp_path, "first", ["one"]), _flag(tmp_path, "second", ["one"])]
    ended = programs.run("deeplab_nas.compare", *given)
    refusals.assert_program_refused(ended, "2 images or more", "found one")


def test_nobody_to_compare_is_refused(tmp_path):
    ended = programs.run("deeplab_nas.compare", "--first=here")
    refusals.assert_program_refused(ended, "--second", "found none")
