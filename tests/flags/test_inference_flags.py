"""Flags of whole-image inference become the configs of `evaluate` and `predict`."""

import pytest

from deeplab_nas.engine.configs.evaluate import EvaluateConfig
from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.engine.configs.predict import PredictConfig
from deeplab_nas.errors import UserError

_WHOLE = (
    *("--eval_scales=0.5,1", "--add_flipped_images", "--window_size=65,97"),
    *("--window_overlap=32", "--min_resize_value=128", "--max_resize_value=256"),
    "--resize_factor=16",
)
_INFERENCE = InferenceConfig(
    eval_scales=(0.5, 1.0),
    add_flipped_images=True,
    window_size=(65, 97),
    window_overlap=32,
    min_resize_value=128,
    max_resize_value=256,
    resize_factor=16,
)


def test_evaluation_defaults_are_those_of_the_dataclass(parse):
    config = parse(EvaluateConfig, "--checkpoint=runs/a")
    assert config == EvaluateConfig(checkpoint="runs/a")


def test_every_field_has_a_flag(parse):
    config = parse(
        EvaluateConfig,
        *("--checkpoint=a", "--eval_logdir=b", "--dataset=camvid", "--dataset_dir=c"),
        *("--eval_split=test", "--eval_batch_size=3", "--mixed_precision=float16"),
        *("--save_predictions", "--strategy=mirrored", "--num_gpus=2", "--tpu=d", *_WHOLE),
        *("--logical_cpus=4", "--threads=3", "--save_image_matrices"),
    )
    assert config == EvaluateConfig(
        "a",
        **{"eval_logdir": "b", "dataset": "camvid", "dataset_dir": "c", "eval_split": "test"},
        **{"eval_batch_size": 3, "inference": _INFERENCE, "mixed_precision": "float16"},
        **{"save_predictions": True, "strategy": "mirrored", "num_gpus": 2, "logical_cpus": 4},
        **{"tpu": "d", "threads": 3, "save_image_matrices": True},
    )
    predicted = parse(
        PredictConfig,
        *("--checkpoint=a", "--input=x.png", "--input=y", "--output_dir=out"),
        *("--mixed_precision=bfloat16", *_WHOLE),
    )
    assert predicted.input == ("x.png", "y")
    assert predicted.inference == _INFERENCE
    assert (predicted.output_dir, predicted.mixed_precision) == ("out", "bfloat16")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--eval_scales=0"], "--eval_scales to be a number above 0"),
        (["--eval_scales=a"], "--eval_scales to be numbers"),
        (["--window_size=33,0"], "--window_size to be one or two positive"),
        (["--window_size=33", "--window_overlap=33"], "--window_overlap below.*found 33"),
        (["--max_resize_value=9"], "--min_resize_value with --max_resize_value=9"),
        (["--resize_factor=16"], "--min_resize_value with --resize_factor=16"),
        (["--dataset=camvids"], "--dataset.*camvids"),
        (["--eval_batch_size=0"], "--eval_batch_size"),
    ],
)
def test_impossible_values_are_refused(parse, arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        parse(EvaluateConfig, "--checkpoint=a", *arguments)


def test_a_checkpoint_is_needed(parse):
    with pytest.raises(UserError, match="Expected --checkpoint, found none: give one, such as"):
        parse(EvaluateConfig)


_HERE = ("--input=x", "--output_dir=out")


def test_a_server_is_asked_instead_of_a_checkpoint(parse):
    given = ("--server=http://host:1/v1/models/a/", "--model_card=card.json")
    config = parse(PredictConfig, *_HERE, *given)
    assert (config.server, config.model_card) == ("http://host:1/v1/models/a/", "card.json")
    assert config.checkpoint == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "one of --checkpoint and --server, found neither"),
        (["--checkpoint=a", "--server=b"], "one of --checkpoint and --server, found both"),
        (["--checkpoint=a", "--model_card=b"], "--model_card together with --server"),
        (["--server=http://a/b", "--add_flipped_images"], "options of the export"),
        (["--server=http://a/b", "--mixed_precision=bfloat16"], "options of the export"),
    ],
)
def test_a_network_here_or_there(parse, arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        parse(PredictConfig, *_HERE, *arguments)
