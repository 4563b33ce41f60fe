"""Every architecture has its parameters, and every choice of parameters is an architecture."""

import numpy as np
import pytest

from deeplab_nas.core import random_architecture, trellis
from deeplab_nas.core.operations import SEARCH_OPERATIONS, discrete
from deeplab_nas.selection.study import search_space

SPACE = search_space.distributions(6, 4, SEARCH_OPERATIONS)


@pytest.mark.parametrize("seed", range(1, 30))
def test_an_architecture_is_read_back_from_its_parameters(seed):
    architecture = random_architecture.draw(seed, 6, 4)
    parameters = search_space.parameters_of(architecture)
    assert parameters.keys() == SPACE.keys()
    for name, value in parameters.items():
        assert value in SPACE[name].choices
    assert search_space.architecture_of(parameters) == architecture


def test_every_choice_is_an_architecture_of_the_space():
    random = np.random.RandomState(1)
    paths = set()
    for _ in range(300):
        chosen = {
            name: one.choices[random.randint(len(one.choices))] for name, one in SPACE.items()
        }
        found = search_space.architecture_of(chosen)
        paths.add(found.path)
        assert found.path in trellis.paths(6)
        for block, ((first, one), (second, other)) in enumerate(found.cell):
            assert first != second and {first, second} <= set(range(block + 2))
            assert {one, other} <= set(discrete(SEARCH_OPERATIONS))
    # An arrow that would leave the trellis keeps the level: no path is out of reach.
    assert {path[-1] for path in paths} == {0, 1, 2, 3}
