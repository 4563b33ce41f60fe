"""What a start that is refused leaves: byte for byte what was there before it."""

import dataclasses
import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.data import class_statistics, datasets, manifests, shard_index
from deeplab_nas.engine import search_loop, train_loop
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.networks import trained_network
from deeplab_nas.engine.runs.loop import Loop
from tests import refusals, trained_runs
from tests.engine import test_search_loop

_NAMES = ("ground", "thing", "sky", "water")


def contents(folder):
    """Everything below a folder, with what is in it."""
    found = pathlib.Path(folder).rglob("*")
    return {path: path.is_dir() or path.read_bytes() for path in found}


def make_folder_set(folder, class_names=_NAMES, num_train=9):
    """The shards of `trained_runs` as a data set that brings its classes."""
    made = trained_runs.make_shards(folder, num_train)
    descriptor = datasets.folder(("train", "val"), class_names)
    for split in descriptor.splits:
        path = pathlib.Path(manifests.path(made, split))
        path.unlink(missing_ok=True)
        counts = np.bincount(shard_index.load(made, split).shards)
        ones = (1,) * len(class_names)
        pixels = class_statistics.ClassStatistics(ones, ones, 0)
        manifests.write(
            manifests.of_shards(descriptor, split, counts.tolist(), [(20, 30)], pixels), made
        )
    return made


def with_data(config, dataset_dir):
    data = dataclasses.replace(config.data, dataset="folder", dataset_dir=dataset_dir)
    return dataclasses.replace(config, data=data)


def forget_data(config):
    """Makes the run one from before data were recorded."""
    path = pathlib.Path(config.train_logdir, "flags.json")
    record = json.loads(path.read_text())
    assert record.pop("data")
    path.write_text(json.dumps(record))


def short_config(dataset_dir, run, **settings):
    """A training of one step."""
    optimization = OptimizationConfig(training_number_of_steps=1)
    settings = {"optimization": optimization, "eval_interval_steps": 0, **settings}
    return trained_runs.make_config(dataset_dir, run, **settings)


@pytest.fixture(scope="module")
def folder_set(tmp_path_factory):
    return make_folder_set(tmp_path_factory.mktemp("folder_set"))


@pytest.fixture(scope="module", params=["search", "train"])
def finished_run(request, folder_set, tmp_path_factory):
    """The loop of a run on data of its own classes, and its configuration; it has ended."""
    folder = tmp_path_factory.mktemp(request.param) / "run"
    if request.param == "search":
        loop, config = search_loop, test_search_loop.made_config(folder_set, folder, epochs=1)
    else:
        loop, config = train_loop, short_config(folder_set, folder)
    config = with_data(config, folder_set)
    loop.run(config)
    return loop, config


@pytest.fixture
def run(finished_run, tmp_path):
    """The same, in a folder of this test."""
    loop, config = finished_run
    copied = shutil.copytree(config.train_logdir, tmp_path / "run")
    return loop, dataclasses.replace(config, train_logdir=str(copied))


def assert_refused(run, other, told):
    loop, config = run
    before = contents(config.train_logdir)
    with refusals.refused(told, "another --train_logdir") as error:
        loop.run(other)
    assert "delete" not in str(error.value)
    assert contents(config.train_logdir) == before
    if loop is train_loop:
        assert trained_network.load(config.train_logdir).descriptor.class_names == _NAMES


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"class_names": _NAMES[:3]}, "4 classes there and 3 here"),
        ({"class_names": (*_NAMES[:3], "lake")}, "class 3 is called 'water' there and 'lake' here"),
        ({"num_train": 8}, "the training split has 9 examples there and 8 here"),
    ],
)
def test_other_data(run, tmp_path, changes, told):
    other = with_data(run[1], make_folder_set(tmp_path / "other", **changes))
    assert_refused(run, other, told)


def test_other_classes_on_a_run_from_before_data_were_recorded(run, tmp_path):
    loop, config = run
    forget_data(config)
    # A search knows no more of its classes than the shapes of its weights.
    told = "of the network that these flags and this data"
    fewer = make_folder_set(tmp_path / "fewer", _NAMES[:3])
    assert_refused(run, with_data(config, fewer), told if loop is search_loop else "3 here")


def test_moved_data_is_the_same(run, folder_set, tmp_path):
    loop, config = run
    before = contents(config.train_logdir)
    moved = with_data(config, str(shutil.copytree(folder_set, tmp_path / "moved")))
    loop.run(moved)
    # TensorFlow's file of the checkpoints' names has times in it.
    kept = {path for path in before if path.parent.name != "events" and path.name != "checkpoint"}
    after = contents(config.train_logdir)
    assert {path: after[path] for path in kept} == {path: before[path] for path in kept}


def test_other_flags_and_damaged_files(run):
    loop, config = run
    folder = pathlib.Path(config.train_logdir)
    # What a kill leaves, and what the next start would tidy up.
    history = folder / "history.jsonl"
    history.write_text(history.read_text() + '{"kind": "inter')
    (folder / "checkpoints" / "ckpt-99_temp").mkdir()
    (folder / "checkpoints" / "checkpoint").write_text("torn")
    (folder / ".owner").write_text("123\n")
    before = contents(folder)
    for changed in (
        dataclasses.replace(config, seed=7),
        dataclasses.replace(config, deterministic=True),
    ):
        with refused_bytes(folder, before, "there and"):
            loop.run(changed)
    for path in (folder / "checkpoints").glob("*.data*"):
        path.write_bytes(path.read_bytes()[:-1000])
    with refused_bytes(folder, contents(folder), "Expected a whole checkpoint"):
        loop.run(config)


def refused_bytes(folder, before, *words):
    class Refused:
        def __enter__(self):
            self._refused = refusals.refused(*words)
            self._refused.__enter__()

        def __exit__(self, *error):
            ended = self._refused.__exit__(*error)
            assert contents(folder) == before
            return ended

    return Refused()


@pytest.mark.parametrize("wrong", ["missing", "other classes", "not finite"])
def test_a_first_start_that_fails_claims_nothing(shards, finished_training, tmp_path, wrong):
    trained = shutil.copytree(finished_training[0].train_logdir, tmp_path / "trained")
    config = short_config(shards, tmp_path / "runs" / "run")
    before = contents(tmp_path / "runs")
    prefix = tf.train.latest_checkpoint(f"{trained}/checkpoints")
    if wrong == "missing":
        mistaken, told = {"initial_checkpoint": str(tmp_path / "trainde")}, "found none at"
    elif wrong == "other classes":
        mistaken, told = {"initial_checkpoint": prefix}, "Expected the weights of this network in"
        network = dataclasses.replace(config.network, filter_multiplier=3)
        mistaken["network"] = network
    else:
        values = {name: tf.Variable(value) for name, value in saved(prefix).items()}
        values["segmenter/logits/weights"].assign(values["segmenter/logits/weights"] * np.nan)
        bad = tf.train.Checkpoint(variables=values).write(str(tmp_path / "bad"))
        mistaken, told = {"initial_checkpoint": bad}, "finite numbers in"
    with refusals.refused(told):
        train_loop.run(dataclasses.replace(config, **mistaken))
    assert contents(tmp_path / "runs") == before


def saved(prefix):
    """The weights in a checkpoint, by path."""
    reader = tf.train.load_checkpoint(prefix)
    return {
        name.split("/")[1].replace(".S", "/"): reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if name.startswith("variables/")
    }


@pytest.mark.slow
def test_a_start_that_saved_nothing_may_be_mended(shards, tmp_path, capsys):
    config = short_config(shards, tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(Loop, "_after_step", lambda *_: 1 / 0)
        train_loop.run(config)
    other = nas_genotypes.Architecture(cell=trained_runs.ARCHITECTURE.cell, path=(1,))
    other.save(tmp_path / "other.json")
    network = NetworkConfig(str(tmp_path / "other.json"), filter_multiplier=3)
    evaluations = train_loop.run(dataclasses.replace(config, network=network))
    assert "beginning anew with the flags and data of now" in capsys.readouterr().err
    assert [record["step"] for record in evaluations] == [1]
    assert trained_network.load(config.train_logdir).model.architecture == other
    before = contents(config.train_logdir)
    with refusals.refused("--architecture", "--filter_multiplier"):
        train_loop.run(config)
    assert contents(config.train_logdir) == before


@pytest.mark.slow
def test_the_weights_it_began_with_are_compared(shards, finished_training, tmp_path, capsys):
    trained = pathlib.Path(shutil.copytree(finished_training[0].train_logdir, tmp_path / "trained"))
    prefix = f"{trained}/checkpoints/ckpt-3"
    config = short_config(shards, tmp_path / "run", initial_checkpoint=prefix)
    train_loop.run(config)
    for path in (trained / "checkpoints").glob("ckpt-6.*"):
        shutil.copy(path, path.with_name(path.name.replace("ckpt-6", "ckpt-3")))
    before = contents(config.train_logdir)
    with refusals.refused("begun with other data", f"the weights in {prefix} are others here"):
        train_loop.run(config)
    assert contents(config.train_logdir) == before
    # What it began with is not needed any more.
    shutil.rmtree(trained)
    assert len(train_loop.run(config)) == 1
