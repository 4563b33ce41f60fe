"""Class weights are given, or follow from the pixels of the training split."""

import pytest

from deeplab_nas.data import class_statistics, datasets, manifests
from deeplab_nas.data.split import Split
from deeplab_nas.engine.configs.optimization import MEDIAN_FREQUENCY
from deeplab_nas.engine.steps import class_weights
from deeplab_nas.errors import UserError
from tests.data import made_shards

SHAPES = datasets.describe("shapes", "")


@pytest.fixture
def folder(tmp_path):
    pairs = [made_shards.numbered_example(number) for number in range(4)]
    return made_shards.write(tmp_path, "train", pairs)


@pytest.fixture
def split(folder):
    return Split.load(SHAPES, folder, "train")


def test_numbers_are_kept(folder, split):
    weights = tuple(range(6))
    assert class_weights.resolve(weights, split, folder) == weights
    assert class_weights.resolve(None, split, folder) is None


def test_a_number_a_class_is_asked_for(folder, split):
    with pytest.raises(UserError, match="--label_weights for the 6 classes of shapes, found 2"):
        class_weights.resolve((1.0, 2.0), split, folder)


def test_the_balance_comes_from_the_manifest(folder, split):
    with pytest.raises(UserError, match=r"manifest-train.json.*verify --write_manifest"):
        class_weights.resolve(MEDIAN_FREQUENCY, split, folder)
    statistics = class_statistics.ClassStatistics((4, 1, 1, 0, 0, 0), (8, 8, 8, 0, 0, 0), 2)
    facts = (SHAPES.num_classes, SHAPES.ignore_label, SHAPES.class_names, SHAPES.colormap)
    manifest = manifests.Manifest("shapes", "train", 4, (4,), *facts, ((6, 8),), statistics)
    manifests.write(manifest, folder)
    found = class_weights.resolve(MEDIAN_FREQUENCY, split, folder)
    assert found == (0.25, 1.0, 1.0, 0, 0, 0)
