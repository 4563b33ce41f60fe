"""Files of predictions lie below their folder, whatever a record calls its image."""

import numpy as np
import pytest

from deeplab_nas.data import datasets
from deeplab_nas.engine.scoring.prediction_files import PredictionFiles
from tests import refusals


@pytest.fixture
def files(tmp_path):
    return PredictionFiles(str(tmp_path / "run" / "predictions"), datasets.describe("shapes", ""))


def write(files, *names):
    files.write(np.zeros([len(names), 2, 3], np.int32), [name.encode() for name in names])


def written(tmp_path):
    return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png"))


def test_names_of_nested_folders_keep_them(files, tmp_path):
    write(files, "aachen/0", "bochum/0", "aachen/0.5")
    names = ("aachen/0.5.png", "aachen/0.png", "bochum/0.png")
    assert written(tmp_path) == [f"run/predictions/{name}" for name in names]
    with refusals.refused("a name of its own", "'bochum/0' twice"):
        write(files, "bochum/0")


@pytest.mark.parametrize(
    "name",
    [
        *("../../x", "/etc/x", "a/../../../x", "./a/x", "a//x", "//x"),
        *("./ADEChallengeData2016/images/training/x.jpg", "../x.png", "a/x.JPEG"),
    ],
)
def test_paths_of_elsewhere_give_their_base_name(files, tmp_path, name):
    write(files, name)
    assert written(tmp_path) == ["run/predictions/x.png"]


@pytest.mark.parametrize("name", ["..", "a/..", "."])
def test_a_name_of_dots_leads_nowhere(files, tmp_path, name):
    write(files, name)
    (found,) = written(tmp_path)
    assert found == f"run/predictions/{name.split('/')[-1]}.png"
