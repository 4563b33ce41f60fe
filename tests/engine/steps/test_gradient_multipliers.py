"""Multipliers against the official code's, and by hand for the logits alone."""

import json

import pytest

from deeplab_nas.core import nas_genotypes, official_checkpoint
from deeplab_nas.engine.steps.gradient_multipliers import gradient_multipliers
from tests import places
from tests.core import made_networks

_OFFICIAL = places.FIXTURES / "official_gradient_multipliers_F20.json"


@pytest.fixture(scope="module")
def model():
    return made_networks.build(nas_genotypes.auto_deeplab(), 20, 19)


def _by_official_name(model, *arguments, **kwargs):
    by_path = {
        variable.path: multiplier
        for variable, multiplier in zip(
            model.trainable_variables,
            gradient_multipliers(model, *arguments, **kwargs),
            strict=True,
        )
    }
    named = official_checkpoint.official_variables(model, "hnasnet")
    return {
        name: by_path[variable.path] for name, variable in named.items() if variable.path in by_path
    }


@pytest.mark.parametrize("multiplier", [1, 10])
def test_matches_the_official_multipliers(model, multiplier):
    expected = json.loads(_OFFICIAL.read_text())[f"multiplier_{multiplier}"]
    found = _by_official_name(model, float(multiplier))
    moving = {name for name in expected if "/moving_" in name}
    assert expected.keys() - found.keys() == moving
    for name, value in found.items():
        assert value == expected.get(name, 1.0), name


def test_the_logits_alone(model):
    found = _by_official_name(model, 10.0, logits_only=True)
    changed = {name: value for name, value in found.items() if value != 1.0}
    assert changed == {"logits/semantic/weights": 10.0, "logits/semantic/biases": 20.0}


def test_without_a_decoder():
    architecture = nas_genotypes.Architecture(cell=(((0, "skip"), (1, "atrous_3x3")),), path=(0,))
    network = made_networks.build(architecture, 4, 5, use_decoder=False)
    assert len(gradient_multipliers(network, 3.0)) == len(network.trainable_variables)
