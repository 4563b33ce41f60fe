"""A run directory that somebody else wrote, or that was damaged, is refused in one sentence."""

import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import nas_genotypes
from deeplab_nas.engine.networks import trained_network
from tests import refusals, trained_runs


@pytest.fixture
def run(finished_training, tmp_path):
    return shutil.copytree(finished_training[0].train_logdir, tmp_path / "run")


def change(path, *keys, value):
    """Sets a value in a JSON file."""
    document = json.loads(path.read_text())
    inner = document
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path.write_text(json.dumps(document))


def test_a_whole_one_is_loaded_with_its_settings(run):
    trained = trained_network.load(str(run))
    assert trained.settings["train_crop_size"] == [17, 17]
    assert trained.model.architecture == trained_runs.ARCHITECTURE
    # What was not recorded yet has its default.
    path = run / "flags.json"
    document = json.loads(path.read_text())
    del document["config"]["use_decoder"], document["data"], document["versions"]
    path.write_text(json.dumps(document))
    assert trained_network.load(str(run)).settings["use_decoder"] is True


@pytest.mark.parametrize("value", ["x", 2.5, None, True, 0, 3, 4096, 10_000_000])
def test_an_impossible_network_is_refused_before_there_is_room_for_it(run, value):
    change(run / "flags.json", "config", "filter_multiplier", value=value)
    sizes = [0]

    def counting(make, **options):
        variable = make(**options)
        sizes.append(variable.shape.num_elements())
        return variable

    told = "Expected the weights of this network" if value in (3, 4096) else "--filter_multiplier"
    with tf.variable_creator_scope(counting), refusals.refused(told):
        trained_network.load(str(run))
    # One variable more than the checkpoint has room for.
    assert max(sizes) <= 4096**2


@pytest.mark.parametrize(
    ("name", "keys", "value", "told"),
    [
        ("flags.json", ["config", "train_crop_size"], [10**5, 10**5], "--train_crop_size"),
        ("flags.json", ["config", "val_split"], 3, "--val_split"),
        ("flags.json", ["config", "atrous_rates"], [1, "2"], "--atrous_rates"),
        ("flags.json", ["config", "architecture"], None, "--architecture"),
        ("flags.json", ["config"], {}, "Expected the settings of a training"),
        ("flags.json", ["config"], [], "config to be an object"),
        ("dataset.json", ["num_classes"], 5, "class_names to be an array of 5"),
        ("dataset.json", ["class_names"], None, "class_names to be an array of 6"),
        ("architecture.json", ["path"], [0] * 1001, "at most 1000 entries"),
        ("architecture.json", ["path"], [0, 0], "to be the one in"),
        ("architecture.json", ["cell"], [[[0, "skip"]] * 2] * 999, "to be the one in"),
        ("architecture.json", ["cell", 0, 0, 0], 1, "to be the one in"),
    ],
)
def test_other_files_are_refused(run, name, keys, value, told):
    change(run / name, *keys, value=value)
    with refusals.refused(told):
        trained_network.load(str(run))


def test_an_architecture_that_is_larger_than_the_weights_is_refused(run):
    other = nas_genotypes.Architecture(cell=trained_runs.ARCHITECTURE.cell * 20, path=(0,) * 10)
    other.save(run / "architecture.json")
    change(run / "flags.json", "config", "architecture", value=str(other))
    with refusals.refused("Expected the weights of this network", "found fewer"):
        trained_network.load(str(run))


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(run, number):
    (index,) = pathlib.Path(run, "best").glob("*.index")
    prefix = str(index).removesuffix(".index")
    reader = tf.train.load_checkpoint(prefix)
    values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    wrong = "variables/segmenter.Slogits.Sbiases/.ATTRIBUTES/VARIABLE_VALUE"
    values[wrong] = np.full_like(values[wrong], number)
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )
    with refusals.refused("Expected finite numbers in", "found others in segmenter/logits/biases"):
        trained_network.load(str(run))


def test_a_checkpoint_of_another_name_is_refused(run):
    for path in pathlib.Path(run, "checkpoints").glob("ckpt-6.*"):
        path.rename(path.with_name(path.name.replace("ckpt-6", "mine")))
    with refusals.refused("Expected a checkpoint that a run has saved, ckpt-STEP", "mine"):
        trained_network.load(f"{run}/checkpoints/mine")
