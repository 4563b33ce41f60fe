"""Flags become a `SearchConfig`, or one sentence that names the flag."""

import dataclasses
import pathlib

import pytest

from deeplab_nas import settings
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.errors import UserError
from tests import refusals

_RECIPES = pathlib.Path(__file__).parents[2] / "flags" / "recipes"


def test_defaults_are_those_of_the_dataclasses(parse):
    config = parse(SearchConfig, "--train_logdir=runs/a")
    assert config == SearchConfig(train_logdir="runs/a")
    # Goes with no --xla, which is below.
    deterministic = parse(SearchConfig, "--train_logdir=runs/a", "--deterministic")
    assert deterministic == SearchConfig(train_logdir="runs/a", deterministic=True)


def test_every_field_has_a_flag_that_sets_it(parse):
    config = parse(
        SearchConfig,
        "--train_logdir=runs/b",
        *("--strategy=mirrored", "--num_gpus=2", "--tpu=local", "--seed=5"),
        *("--epochs=9", "--architecture_start_epoch=4", "--path_decoding=relative"),
        *("--path_beam=3", "--operation_choice=evaluated", "--decoding_batches=9"),
        *("--random_architectures=2", "--decoding_learning_rate=0.5"),
        "--operations_per_edge=1",
        *("--base_learning_rate=0.5", "--end_learning_rate=0.25", "--momentum=0.8"),
        *("--weight_decay=0.125", "--clip_gradient_norm=3"),
        *("--architecture_learning_rate=0.01", "--architecture_weight_decay=0.02"),
        *("--architecture_accumulation_steps=2", "--architecture_gradient=second"),
        *("--skip_dropout=0.25", "--auxiliary_skip=0.5"),
        *("--hessian_every_epochs=2", "--hessian_batch_size=1", "--hessian_crop_size=9"),
        *("--early_stop_window=3", "--early_stop_offset=2", "--early_stop_ratio=0.5"),
        "--early_stop_min_epoch=4",
        *("--logical_cpus=3", "--steps_per_loop=7", "--xla"),
        *("--log_steps=11", "--keep_checkpoints=4", "--save_interval_secs=60"),
        *("--skip_bad_records=2", "--debug_numerics"),
        *("--num_layers=3", "--num_blocks=2", "--filter_multiplier=6", "--fixed_path=0,1,1"),
        *("--operation_set=darts", "--batch_norm_decay=0.75", "--operations=skip,atrous_7x7"),
        *(
            "--mixed_precision=bfloat16",
            "--recompute=always",
            "--activation_memory_gib=3",
            "--threads=2",
        ),
    )
    of_data = {field.name for field in settings.leaves(DataConfig)}
    given, default = settings.record(config), settings.record(SearchConfig(train_logdir="runs/a"))
    left = of_data | {"sampled_paths", "decoding_steps", "deterministic", "early_stop"}
    assert {name for name in given if given[name] == default[name]} == left


def test_only_a_cell_that_is_chosen_by_decisions_is_trained_between_them(parse):
    flags = ("--train_logdir=runs/b", "--decoding_steps=3")
    config = parse(SearchConfig, *flags, "--operation_choice=perturbation")
    assert config.decoding.decoding_steps == 3
    with refusals.refused("--operation_choice=perturbation", "found evaluated", "leave one out"):
        parse(SearchConfig, *flags, "--operation_choice=evaluated")


@pytest.mark.parametrize("choice", ["--operation_choice=perturbation", "--path_decoding=evaluated"])
def test_what_the_supernet_chooses_at_its_end_is_not_stopped_early(parse, choice):
    flags = ("--train_logdir=runs/b", "--hessian_every_epochs=2", "--early_stop")
    assert parse(SearchConfig, *flags, "--path_decoding=relative").hessian.early_stop
    with refusals.refused("--early_stop", choice, "choose argmax"):
        parse(SearchConfig, *flags, choice)


def test_paths_are_not_drawn_where_there_is_one(parse):
    flags = ("--train_logdir=runs/b", "--num_layers=2", "--sampled_paths=3")
    assert parse(SearchConfig, *flags).optimization.sampled_paths == 3
    with refusals.refused("--sampled_paths=3", "--fixed_path=0,1", "leave one out"):
        parse(SearchConfig, *flags, "--fixed_path=0,1")


@pytest.mark.parametrize(
    "recipe",
    sorted(_RECIPES.glob("*search.flags")) + [_RECIPES / "quickstart.flags"],
    ids=lambda path: path.stem,
)
def test_every_recipe_builds_a_config(parse, recipe):
    config = parse(SearchConfig, f"--flagfile={recipe}")
    assert config.train_logdir == f"runs/{recipe.stem}"
    assert recipe.read_text().startswith("#")


def test_the_cityscapes_recipe_is_the_papers(parse):
    config = parse(SearchConfig, f"--flagfile={_RECIPES}/cityscapes_search.flags")
    paper = SearchConfig(train_logdir="runs/cityscapes_search")
    assert dataclasses.replace(config, data=paper.data) == paper
    assert config.data.train_crop_size == (321, 321)
    assert config.data.train_batch_size == 2
    assert (config.data.min_resize_value, config.data.max_resize_value) == (512, 1024)
    assert (config.data.min_scale_factor, config.data.max_scale_factor) == (1, 1)
    assert not config.data.random_flip


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--train_logdir=", ["--train_logdir"]),
        ("--strategy=gpus", ["--strategy", "'gpus'", "multi_worker"]),
        ("--num_gpus=-1", ["--num_gpus", "-1"]),
        ("--threads=-2", ["--threads", "-2"]),
        ("--seed=-3", ["--seed", "-3"]),
        ("--seed=4294967296", ["--seed", "4294967295", "4294967296"]),
        ("--epochs=0", ["--epochs", "1 or more"]),
        ("--architecture_start_epoch=41", ["--architecture_start_epoch", "40", "41"]),
        ("--architecture_start_epoch=-1", ["--architecture_start_epoch", "-1"]),
        ("--base_learning_rate=0", ["--base_learning_rate", "above 0"]),
        ("--base_learning_rate=nan", ["--base_learning_rate", "nan"]),
        ("--end_learning_rate=1", ["--end_learning_rate", "--base_learning_rate=0.025"]),
        ("--architecture_learning_rate=-1", ["--architecture_learning_rate"]),
        ("--weight_decay=-1", ["--weight_decay"]),
        ("--clip_gradient_norm=inf", ["--clip_gradient_norm", "inf"]),
        ("--momentum=1", ["--momentum", "below 1"]),
        ("--num_layers=0", ["--num_layers"]),
        ("--num_blocks=0", ["--num_blocks"]),
        ("--filter_multiplier=-8", ["--filter_multiplier", "-8"]),
        ("--operation_set=nas", ["--operation_set", "official", "darts", "'nas'"]),
        ("--batch_norm_decay=1", ["--batch_norm_decay"]),
        ("--operations=skip,pool", ["--operations", "max_pool_3x3", "'skip,pool'"]),
        ("--log_steps=0", ["--log_steps"]),
        ("--keep_checkpoints=0", ["--keep_checkpoints"]),
    ],
)
def test_an_impossible_value_is_told(parse, argument, words):
    with pytest.raises(UserError) as error:
        parse(SearchConfig, "--train_logdir=runs/c", argument)
    assert all(word in str(error.value) for word in words), str(error.value)
