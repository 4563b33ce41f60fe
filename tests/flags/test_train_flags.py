"""Flags become a `TrainConfig`, or one sentence that names the flag."""

import pathlib

import pytest

from deeplab_nas import settings
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.errors import UserError

_RECIPES = pathlib.Path(__file__).parents[2] / "flags" / "recipes"


def test_defaults_are_those_of_the_dataclasses(parse):
    config = parse(TrainConfig, "--train_logdir=runs/a")
    assert config == TrainConfig(train_logdir="runs/a")
    # Goes with no --xla, which is below.
    deterministic = parse(TrainConfig, "--train_logdir=runs/a", "--deterministic")
    assert deterministic == TrainConfig(train_logdir="runs/a", deterministic=True)


def test_every_field_has_a_flag_that_sets_it(parse):
    config = parse(
        TrainConfig,
        *("--train_logdir=runs/b", "--strategy=mirrored", "--num_gpus=2", "--tpu=local"),
        *("--seed=5", "--initial_checkpoint=runs/a", "--initialize_last_layer=false"),
        *("--fine_tune_batch_norm=false", "--batch_norm_decay=0.9"),
        *("--drop_path_keep_prob=0.8", "--mixed_precision=bfloat16"),
        *("--moving_average_decay=0.99", "--steps_per_loop=7", "--eval_interval_steps=0"),
        *("--logical_cpus=3", "--xla"),
        *("--log_steps=11", "--keep_checkpoints=4", "--save_interval_secs=60"),
        *("--skip_bad_records=2", "--debug_numerics"),
        *("--architecture=pnasnet", "--output_stride=8", "--filter_multiplier=6"),
        *("--atrous_rates=3,6", "--add_image_level_feature=false"),
        *("--image_pooling_crop_size=65", "--aspp_with_separable_conv", "--use_decoder=false"),
        *("--aspp_convs_filters=64", "--decoder_filters=32"),
        *("--decoder_use_separable_conv", "--nas_remove_os32_stride"),
        *("--training_number_of_steps=99", "--learning_policy=step"),
        *("--base_learning_rate=0.5", "--end_learning_rate=0.25", "--decay_steps=3"),
        *("--learning_power=1", "--learning_rate_decay_step=4"),
        *("--learning_rate_decay_factor=0.5", "--slow_start_step=6"),
        *("--slow_start_learning_rate=0.01", "--slow_start_linear", "--momentum=0.8"),
        *("--weight_decay=0.125", "--last_layer_gradient_multiplier=10"),
        *("--last_layers_contain_logits_only", "--bias_gradient_multiplier=1"),
        *("--label_weights=1,0.5", "--top_k_percent_pixels=0.5"),
        *("--hard_example_mining_step=8", "--gradient_accumulation_steps=2", "--threads=2"),
    )
    of_data = {field.name for field in settings.leaves(DataConfig)}
    given, default = settings.record(config), settings.record(TrainConfig(train_logdir="runs/a"))
    assert {name for name in given if given[name] == default[name]} == of_data | {"deterministic"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "--train_logdir"),
        (["--atrous_rates=3,x"], "--atrous_rates to be integers.*'3,x'"),
        (["--label_weights=-1"], "--label_weights to be 0 or more, found -1"),
        (["--label_weights=median"], "--label_weights to be numbers.*or median_frequency, found"),
        (["--learning_policy=linear"], "--learning_policy.*poly, step, cosine.*'linear'"),
        (["--training_number_of_steps=0"], "--training_number_of_steps to be 1 or more"),
        (["--top_k_percent_pixels=20"], "--top_k_percent_pixels to be above 0 and at most 1"),
        (["--drop_path_keep_prob=0"], "--drop_path_keep_prob to be above 0"),
        (["--mixed_precision=float8"], "--mixed_precision.*float8"),
        (["--output_stride=8"], "--architecture=pnasnet only"),
        (["--filter_multiplier=0"], "--filter_multiplier to be 1 or more, found 0"),
        (["--steps_per_loop=0"], "--steps_per_loop to be 1 or more"),
        (["--base_learning_rate=0"], "--base_learning_rate to be a number above 0"),
        (
            ["--training_number_of_steps=5", "--slow_start_step=5"],
            "--slow_start_step below --training_number_of_steps=5",
        ),
    ],
)
def test_impossible_values_are_refused(parse, arguments, sentence):
    given = ["--train_logdir=runs/a", *arguments] if arguments else []
    with pytest.raises(UserError, match=sentence):
        parse(TrainConfig, *given)


@pytest.mark.parametrize("recipe", sorted(_RECIPES.glob("*train*.flags")), ids=lambda p: p.stem)
def test_every_recipe_builds_a_config(parse, recipe):
    config = parse(TrainConfig, f"--flagfile={recipe}")
    assert config.train_logdir == f"runs/{recipe.stem}"
    assert recipe.read_text().startswith("#")


@pytest.mark.parametrize(
    ("dataset", "crop", "steps"),
    [("cityscapes", 769, 1_500_000), ("voc", 513, 1_500_000), ("ade20k", 513, 4_000_000)],
)
def test_the_papers_recipes_are_the_papers(parse, dataset, crop, steps):
    for size, multiplier in (("s", 20), ("m", 32), ("l", 48)):
        recipe = _RECIPES / f"{dataset}_train_{size}.flags"
        config = parse(TrainConfig, f"--flagfile={recipe}")
        assert config.network.filter_multiplier == multiplier
        assert config.network.architecture == "auto_deeplab"
        assert not config.network.aspp_with_separable_conv
        assert not config.network.decoder_use_separable_conv
        assert config.data.train_crop_size == (crop, crop)
        assert config.optimization.training_number_of_steps == steps
        assert config.optimization.base_learning_rate == 0.05
        assert config.fine_tune_batch_norm
        assert not config.initial_checkpoint
