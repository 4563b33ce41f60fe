"""A whole search, small: what it leaves, how it goes on, what it refuses."""

import dataclasses
import json
import os
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import nas_genotypes
from deeplab_nas.engine import search_loop
from deeplab_nas.engine.configs.decoding import EVALUATED, PERTURBATION, DecodingConfig
from deeplab_nas.engine.configs.search import SearchConfig, SearchOptimization
from deeplab_nas.errors import StoppedError, UserError
from deeplab_nas.supernet.decoding import by_logits
from deeplab_nas.supernet.supernet import Supernet
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests import trained_runs
from tests.data import made_shards
from tests.engine.runs import signals


def made_config(dataset_dir, run_directory, **settings):
    data = trained_runs.make_data(dataset_dir)
    supernet = SupernetConfig(num_layers=1, num_blocks=1, filter_multiplier=2)
    defaults = {"epochs": 2, "architecture_start_epoch": 1, "log_steps": 2}
    settings = {"decoding": trained_runs.NOTHING_RATED, **defaults, **settings}
    return SearchConfig(train_logdir=str(run_directory), data=data, supernet=supernet, **settings)


@pytest.fixture(scope="module")
def finished(shards, tmp_path_factory):
    """A search from start to end: its configuration and the records it returned."""
    config = made_config(shards, tmp_path_factory.mktemp("run") / "whole")
    return config, search_loop.run(config)


def read_history(config):
    lines = pathlib.Path(config.train_logdir, "history.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_leaves_every_file_of_the_run_directory(finished):
    config, epochs = finished
    run = pathlib.Path(config.train_logdir)
    settings = json.loads((run / "flags.json").read_text())["config"]
    assert settings["num_layers"] == 1
    found = nas_genotypes.load(str(run / "architecture.json"))
    assert list(found.path) == epochs[-1]["path"]
    by_epoch = [nas_genotypes.load(str(p)) for p in sorted((run / "architectures").iterdir())]
    assert len(by_epoch) == 2
    assert by_epoch[-1] == found
    assert (run / "architecture.png").read_bytes().startswith(b"\x89PNG")
    assert {p.name for p in (run / "checkpoints").glob("*.index")} == {
        "ckpt-2.index",
        "ckpt-4.index",
    }
    assert not list(run.rglob("*.partial"))


def test_history_says_what_happened_when(finished):
    config, epochs = finished
    history = read_history(config)
    assert [(r["kind"], r["step"], r["epoch"]) for r in history] == [
        ("interval", 2, 1),
        ("epoch", 2, 1),
        ("interval", 4, 2),
        ("epoch", 4, 2),
    ]
    assert [r for r in history if r["kind"] == "epoch"] == epochs
    first, second = (r for r in history if r["kind"] == "interval")
    assert first["architecture_loss"] is None
    assert second["architecture_loss"] > 0
    assert first["learning_rate"] > second["learning_rate"]
    assert all(0 <= r["miou"] <= 1 for r in epochs)
    # Alpha rests in the first epoch and moves in the second.
    assert epochs[0]["alpha_entropy"] == first["alpha_entropy"]
    assert epochs[1]["alpha_entropy"] != first["alpha_entropy"]


def test_events_hold_the_curves_and_the_pictures(finished):
    config, _ = finished
    tags = set()
    for path in pathlib.Path(config.train_logdir, "events").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            tags |= {value.tag for value in event.summary.value}
    assert {"alpha", "beta", "cell", "validation"} <= tags
    assert {"search/weight_loss", "search/architecture_loss", "search/learning_rate"} <= tags
    assert {"epoch/miou", "epoch/skips", "search/images_a_second", "epoch/beta_entropy"} <= tags


def final_values(config):
    checkpoint = tf.train.latest_checkpoint(os.path.join(config.train_logdir, "checkpoints"))
    reader = tf.train.load_checkpoint(checkpoint)
    names = [n for n in reader.get_variable_to_shape_map() if n.endswith("VARIABLE_VALUE")]
    return {name: reader.get_tensor(name) for name in names if "save_counter" not in name}


def test_checkpoint_holds_every_variable(finished):
    config, _ = finished
    supernet = Supernet(6, config.supernet, name="supernet")
    supernet.build()
    saved = final_values(config)
    for variable in supernet.variables:
        name = "variables/" + variable.path.replace("/", ".S") + "/.ATTRIBUTES/VARIABLE_VALUE"
        assert saved[name].shape == tuple(variable.shape)
    momentum = [name for name in saved if name.startswith("weight_optimizer/_variables")]
    assert len(momentum) >= len(supernet.network_variables)


@pytest.mark.slow
def test_a_signal_saves_first(finished, tmp_path, monkeypatch):
    whole, epochs = finished
    config = dataclasses.replace(whole, train_logdir=str(tmp_path / "run"))
    with monkeypatch.context() as patch, pytest.raises(StoppedError):
        signals.send_after_a_step(patch)
        search_loop.run(config)
    names = {path.name for path in (tmp_path / "run" / "checkpoints").glob("*.index")}
    assert names == {"ckpt-1.index"}
    assert [r["step"] for r in search_loop.run(config)] == [r["step"] for r in epochs]


def test_a_finished_search_tells_its_records_again(finished):
    config, epochs = finished
    before = read_history(config)
    assert search_loop.run(config) == epochs
    assert read_history(config) == before


@pytest.mark.slow
@pytest.mark.parametrize("rule", [by_logits.RELATIVE, by_logits.VITERBI])
def test_the_path_is_decoded_by_the_rule_of_the_settings(shards, tmp_path, rule):
    rules = DecodingConfig(rule, random_architectures=0)
    config = made_config(shards, tmp_path / "run", epochs=1, decoding=rules)
    config = dataclasses.replace(
        config, supernet=dataclasses.replace(config.supernet, num_layers=3)
    )
    (record,) = search_loop.run(config)
    (beta,) = (value for name, value in final_values(config).items() if ".Sbeta/" in name)
    assert tuple(record["path"]) == by_logits.decode_path(beta, rule)
    assert len({by_logits.decode_path(beta, each) for each in by_logits.PATH_DECODINGS}) == 2


@pytest.mark.slow
def test_operations_are_given_up_in_stages_and_a_resumed_search_knows_which(shards, tmp_path):
    names = ("separable_3x3_2", "atrous_3x3", "skip", "zero")
    config = made_config(
        *(shards, tmp_path / "whole"),
        **{"epochs": 4, "operations_per_edge": (3, 2), "deterministic": True},
    )
    supernet = dataclasses.replace(config.supernet, operations=names)
    config = dataclasses.replace(config, supernet=supernet)
    whole = search_loop.run(config)
    kept = kept_operations_of(config)
    assert kept.sum(axis=1).tolist() == [2, 2]
    assert kept[:, : names.index("zero")].any(axis=1).all()
    found = nas_genotypes.load(os.path.join(config.train_logdir, "architecture.json"))
    for state, operation in found.cell[0]:
        assert kept[state, names.index(operation)]
    killed = dataclasses.replace(config, train_logdir=str(tmp_path / "killed"))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(search_loop.Search, "_end_epoch", raise_at_last_epoch(4))
        search_loop.run(killed)
    assert kept_operations_of(killed).sum(axis=1).tolist() == [2, 2]
    resumed = search_loop.run(killed)
    assert [record["path"] for record in resumed] == [record["path"] for record in whole]
    expected, values = final_values(config), final_values(killed)
    assert expected.keys() == values.keys()
    for name, value in values.items():
        np.testing.assert_array_equal(value, expected[name], name)


def kept_operations_of(config):
    (kept,) = (v for name, v in final_values(config).items() if name.startswith("kept_operations"))
    return kept


def raise_at_last_epoch(last):
    end_epoch = search_loop.Search._end_epoch

    def raising(self, done, epoch):
        if epoch == last:
            raise KeyboardInterrupt
        return end_epoch(self, done, epoch)

    return raising


@pytest.mark.parametrize(
    ("counts", "epochs", "sentence"),
    [
        ((5, 5), 9, "to fall, from fewer than the 8 --operations, found 5,5"),
        ((8,), 9, "to fall, from fewer than the 8 --operations, found 8"),
        ((5, 3), 3, "at least 3 epochs after --architecture_start_epoch, .* found 2"),
    ],
)
def test_stages_that_cannot_be_are_refused(counts, epochs, sentence):
    with pytest.raises(UserError, match=sentence):
        SearchConfig(
            train_logdir="runs/a",
            epochs=epochs,
            architecture_start_epoch=1,
            operations_per_edge=counts,
        )


def test_a_search_on_a_fixed_path_ends_in_that_path(shards, tmp_path):
    config = made_config(shards, tmp_path / "run")
    supernet = dataclasses.replace(config.supernet, num_layers=2, fixed_path=(1, 0))
    config = dataclasses.replace(config, supernet=supernet)
    *_, record = search_loop.run(config)
    assert (record["path"], record["beta_entropy"], record["searched_arrows"]) == ([1, 0], 0, 0)
    assert nas_genotypes.load(os.path.join(config.train_logdir, "architecture.json")).path == (1, 0)
    assert not [name for name in final_values(config) if "beta" in name.lower()]


def test_refuses_other_flags_in_one_sentence(finished):
    config, _ = finished
    with pytest.raises(UserError, match=r"--seed is 1 there and 2 here.*another --train_logdir"):
        search_loop.run(dataclasses.replace(config, seed=2))


def test_label_id_out_of_range_names_file_and_id(tmp_path):
    image, label = made_shards.numbered_example(0)
    wrong = label.copy()
    wrong[3, 4] = 77
    folder = made_shards.write(tmp_path / "shards", "train", [(image, wrong)] * 4)
    made_shards.write(tmp_path / "shards", "val", [(image, label)])
    with pytest.raises(UserError, match=r"found 77 in the label of picture \d"):
        search_loop.run(made_config(folder, tmp_path / "run"))


def test_non_finite_loss_stops_and_saves_nothing(shards, tmp_path):
    config = made_config(
        shards,
        tmp_path / "run",
        optimization=SearchOptimization(base_learning_rate=3e38, clip_gradient_norm=0.0),
        epochs=3,
        architecture_start_epoch=3,
    )
    with pytest.raises(
        UserError,
        match=r"Expected a finite weight_\w+, found (nan|inf) in step \d \(learning rate [\d.e+]+; "
        r"images picture \d, picture \d; newest checkpoint after step 0\): nothing was saved",
    ):
        search_loop.run(config)


@pytest.mark.parametrize(
    ("rate", "rules", "is_warned"),
    [
        (0.003, {}, True),
        (3.0, {}, False),
        (0.003, {"path_decoding": EVALUATED}, True),
        (0.003, {"path_decoding": EVALUATED, "operation_choice": PERTURBATION}, False),
    ],
)
def test_a_rate_that_leaves_alpha_at_zero_is_told(shards, tmp_path, capsys, rate, rules, is_warned):
    config = made_config(
        *(shards, tmp_path / "run"),
        optimization=SearchOptimization(architecture_learning_rate=rate),
        decoding=DecodingConfig(**rules, decoding_batches=1),
    )
    search_loop.Search(config, tf.distribute.get_strategy())._warn_of_small_rate()
    # One epoch of two steps: a tenth of the paper's 45 would take a rate of 2.2.
    sentence = "In 2 steps at --architecture_learning_rate=0.003 alpha and beta move by at most"
    told = capsys.readouterr().err
    assert (sentence in told) == is_warned
    assert ("a rate such as 2.2" in told) == is_warned
