import pytest

from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.errors import UserError


def test_the_defaults_are_those_of_the_configuration(parse):
    assert parse(DataConfig) == DataConfig()


@pytest.mark.parametrize(("text", "size"), [("65", (65, 65)), ("33,97", (33, 97))])
def test_crop_size_takes_one_number_or_two(parse, text, size):
    assert parse(DataConfig, f"--train_crop_size={text}").train_crop_size == size


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--dataset=citiscapes"], "--dataset to be one of shapes, .*found 'citiscapes'"),
        (["--train_crop_size="], "one or two positive integers"),
        (["--train_crop_size=1,2,3"], "one or two positive integers.*found '1,2,3'"),
        (["--train_crop_size=0,5"], "one or two positive integers.*found '0,5'"),
        (["--train_crop_size=9x9"], "one or two positive integers.*found '9x9'"),
        (["--train_batch_size=0"], "--train_batch_size to be 1 or more, found 0"),
        (["--eval_batch_size=-1"], "--eval_batch_size to be 1 or more, found -1"),
        (["--min_resize_value=0"], "--min_resize_value to be 1 or more"),
        (["--max_resize_value=9"], "Expected --min_resize_value with --max_resize_value=9"),
        (["--resize_factor=9"], "Expected --min_resize_value with --resize_factor=9"),
        (["--photometric_jitter=1.5"], "--photometric_jitter to be between 0 and 1, found 1.5"),
        (["--min_scale_factor=0"], "--min_scale_factor to be a number above 0"),
        (["--min_scale_factor=3"], "at or below --max_scale_factor=2.0, found 3.0"),
        (["--scale_factor_step_size=-1"], "--scale_factor_step_size to be 0 or more"),
    ],
)
def test_impossible_values_are_refused(parse, arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        parse(DataConfig, *arguments)
