"""What a refusal advises is taken, also by the smallest data sets and the shortest runs."""

import dataclasses
import os
import re

import pytest

from deeplab_nas.data import manifests
from deeplab_nas.engine import train_loop
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.devices import strategies
from deeplab_nas.engine.search_loop import Search
from deeplab_nas.engine.train_loop import Training
from tests import programs, refusals, trained_runs


def _data(folder, num_train, **changes):
    data = trained_runs.make_data(trained_runs.make_shards(folder, num_train))
    return dataclasses.replace(data, **changes)


def _searched(data):
    return Search(SearchConfig("unused", data=data), strategies.build("cpu"))


def _trained(tmp_path, data, **settings):
    config = trained_runs.make_config("", tmp_path / "run", data=data, **settings)
    return Training(config, strategies.build("cpu"))


def test_a_search_on_one_image_asks_for_two(tmp_path):
    with refusals.refused("Expected 2 examples or more in 'train' to search on", "found 1"):
        _searched(_data(tmp_path / "one", 1))
    with refusals.refused("--train_batch_size between 1 and 1", "half of the training split"):
        _searched(_data(tmp_path / "two", 2))
    assert _searched(_data(tmp_path / "two", 2, train_batch_size=1)).steps_per_epoch == 1


def test_a_batch_and_a_crop_fit_the_training_split(tmp_path):
    with refusals.refused("--train_batch_size between 1 and 1, the number of examples in"):
        _trained(tmp_path, _data(tmp_path / "one", 1))
    one = _data(tmp_path / "one", 1, train_batch_size=1)
    assert _trained(tmp_path, one).steps_per_epoch == 1
    with refusals.refused("--train_crop_size between 1,1 and 40,60", "found 41,60"):
        _trained(tmp_path, dataclasses.replace(one, train_crop_size=(41, 60)))
    for crop in ((1, 1), (40, 60)):
        _trained(tmp_path, dataclasses.replace(one, train_crop_size=crop))


def test_parts_that_do_not_divide_a_batch_are_refused_before_anything_is_written(tmp_path):
    data = _data(tmp_path / "nine", 9, train_batch_size=3)
    config = trained_runs.make_config(
        "",
        tmp_path / "run",
        data=data,
        optimization=OptimizationConfig(training_number_of_steps=1, gradient_accumulation_steps=2),
    )
    with refusals.refused("--gradient_accumulation_steps=2 divides, found 3", "--train_batch_size"):
        train_loop.run(config)
    assert not os.path.exists(config.train_logdir)


@pytest.mark.parametrize("updates", [1, 2, 9, 10, 11, 12, 99, 1300, 10**6, 10**9, 15 * 10**12])
def test_the_advised_decay_is_one_and_forgets_the_beginning(tmp_path, updates):
    decay = float(f"{train_loop._decay_for(updates)}")
    config = trained_runs.make_config("", tmp_path / "run", batch_norm_decay=decay)
    assert config.batch_norm_decay**updates < train_loop._LARGEST_SHARE_OF_START


def test_the_advised_manifest_is_enough_for_the_balance_of_classes(tmp_path):
    data = _data(tmp_path / "official", 2)
    balanced = OptimizationConfig(label_weights="median_frequency")
    with refusals.refused("manifest-train.json", "python -m tfrecords_tools.verify") as told:
        _trained(tmp_path, data, optimization=balanced)
    command = re.search(r"python -m (\S+) (.*)\.$", str(told.value))
    ended = programs.run(command[1], *command[2].split())
    assert ended.returncode == 0, ended.stderr
    assert manifests.read(data.dataset_dir, "train").num_examples == 2
    weights = _trained(tmp_path, data, optimization=balanced).optimization.label_weights
    assert len(weights) == 6
