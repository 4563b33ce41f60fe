"""Images for scores are training crops."""

import dataclasses

import numpy as np
import pytest

from deeplab_nas.data import datasets, pipeline
from deeplab_nas.data.split import Split
from deeplab_nas.errors import UserError
from deeplab_nas.selection.pool import scored_images
from tests import trained_runs
from tests.data import made_shards


def test_they_are_what_training_sees(shards):
    config = trained_runs.make_data(shards)
    train, _ = pipeline.splits(config)
    found = scored_images.draw(config, train, 4, seed=3)
    batches = dataclasses.replace(config, train_batch_size=4)
    images, _ = next(iter(pipeline.train_dataset(batches, train, np.arange(9), 3)))
    np.testing.assert_array_equal(found, images)
    assert len(scored_images.draw(config, train, 11, seed=3)) == 11


def test_the_same_crop_twice_is_refused(tmp_path):
    black = np.zeros([20, 20, 3], np.uint8)
    labels = np.zeros([20, 20], np.uint8)
    made_shards.write(tmp_path, "train", [(black, labels)])
    config = dataclasses.replace(
        trained_runs.make_data(str(tmp_path)), min_scale_factor=1.0, max_scale_factor=1.0
    )
    split = Split.load(datasets.describe("shapes", str(tmp_path)), str(tmp_path), "train")
    with pytest.raises(UserError, match="Expected 3 different crops of 'train'.*found 1"):
        scored_images.draw(config, split, 3, seed=0)
