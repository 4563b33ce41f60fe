"""Flags of whole-image inference become the configs of `evaluate` and `predict`."""

from flags import evaluate_flags, predict_flags

import pytest
from absl import flags

from deeplab_nas.engine.configs.evaluate import EvaluateConfig
from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.errors import UserError

_WHOLE = (
    *("--eval_scales=0.5,1", "--add_flipped_images", "--window_size=65,97"),
    *("--window_overlap=32", "--min_resize_value=128", "--max_resize_value=256"),
    "--resize_factor=16",
)
_INFERENCE = InferenceConfig((0.5, 1.0), True, (65, 97), 32, 128, 256, 16)


def test_evaluation_defaults_are_those_of_the_dataclass(parse_evaluate):
    config = evaluate_flags.evaluate_config(parse_evaluate("--checkpoint=runs/a"))
    assert config == EvaluateConfig(checkpoint="runs/a")


def test_every_field_has_a_flag(parse_evaluate, parse_predict):
    config = evaluate_flags.evaluate_config(
        parse_evaluate(
            *("--checkpoint=a", "--eval_logdir=b", "--dataset=camvid", "--dataset_dir=c"),
            *("--eval_split=test", "--eval_batch_size=3", "--mixed_precision=float16"),
            *("--save_predictions", "--strategy=mirrored", "--num_gpus=2", "--tpu=d", *_WHOLE),
            "--logical_cpus=4",
        )
    )
    assert config == EvaluateConfig(
        *("a", "b", "camvid", "c", "test", 3, _INFERENCE, "float16", True, "mirrored", 2, 4, "d")
    )
    predicted = predict_flags.predict_config(
        parse_predict(
            *("--checkpoint=a", "--input=x.png", "--input=y", "--output_dir=out"),
            *("--mixed_precision=bfloat16", *_WHOLE),
        )
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
def test_impossible_values_are_refused(parse_evaluate, arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        evaluate_flags.evaluate_config(parse_evaluate("--checkpoint=a", *arguments))


def test_a_checkpoint_is_needed(parse_evaluate):
    with pytest.raises(flags.Error, match="checkpoint"):
        parse_evaluate()


_HERE = ("--input=x", "--output_dir=out")


def test_a_server_is_asked_instead_of_a_checkpoint(parse_predict):
    parsed = parse_predict(*_HERE, "--server=http://host:1/v1/models/a/", "--model_card=card.json")
    config = predict_flags.predict_config(parsed)
    assert (config.server, config.model_card) == ("http://host:1/v1/models/a", "card.json")
    assert config.checkpoint == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "one of --checkpoint and --server, found neither"),
        (["--checkpoint=a", "--server=b"], "one of --checkpoint and --server, found both"),
        (["--checkpoint=a", "--model_card=b"], "--model_card together with --server"),
        (["--server=a", "--add_flipped_images"], "options of the export"),
        (["--server=a", "--mixed_precision=bfloat16"], "options of the export"),
    ],
)
def test_a_network_here_or_there(parse_predict, arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        predict_flags.predict_config(parse_predict(*_HERE, *arguments))
