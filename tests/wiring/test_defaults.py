"""A default is what the paper or the official code has, as its own description says."""

import re

import pytest

from deeplab_nas import settings
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.configs.train import TrainConfig

_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d+)*(?:\.\d+)?(?:e-?\d+)?(?![\w.])")


def stated(field):
    """The numbers that a setting says the paper or the official code has, as texts."""
    sources = [source for source in (field.setting.paper, field.setting.official) if source]
    return [number for source in sources for number in _NUMBER.findall(source)]


def written(value):
    """A number as a float, several as their text."""
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text if "," in text else float(text)


@pytest.mark.parametrize("config", [SearchConfig, TrainConfig])
def test_numbers_are_those_of_their_source(config):
    told = {}
    for field in settings.leaves(config):
        if isinstance(field.default, int | float | tuple) and not isinstance(field.default, bool):
            told[field.name] = (field.default, stated(field))
    for name, (default, numbers) in told.items():
        assert not numbers or written(default) in map(written, numbers), name
    assert len([name for name, (_, numbers) in told.items() if numbers]) > 10
