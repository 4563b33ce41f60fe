"""Drawn architectures are valid, those of their seed, and cover the search space."""

from deeplab_nas.core import random_architecture
from deeplab_nas.core.operations import SEARCH_OPERATIONS


def test_draws_keep_to_the_candidates():
    few = ("max_pool_3x3", "zero", "atrous_7x7")
    drawn = [random_architecture.draw(seed, 2, 3, few) for seed in range(20)]
    operations = {pair[1] for found in drawn for block in found.cell for pair in block}
    assert operations == {"max_pool_3x3", "atrous_7x7"}


def test_draws_are_functions_of_the_seed_and_cover_the_space():
    drawn = [random_architecture.draw(seed, num_layers=6, num_blocks=3) for seed in range(200)]
    assert drawn[7] == random_architecture.draw(7, 6, 3)
    assert len({found.path for found in drawn}) > 50
    assert {len(found.path) for found in drawn} == {6}
    pairs = [block for found in drawn for block in found.cell]
    assert {operation for block in pairs for _, operation in block} == {*SEARCH_OPERATIONS} - {
        "zero"
    }
    assert all(block[0][0] != block[1][0] for block in pairs)
    for block in range(3):
        states = {state for found in drawn for state, _ in found.cell[block]}
        assert states == set(range(block + 2))
    for layer in range(6):
        levels = {found.path[layer] for found in drawn}
        assert levels == set(range(min(layer + 2, 4)))


def test_edges_may_have_candidates_of_their_own():
    edges = [(state, block) for block in range(2) for state in range(2 + block)]
    names = ("skip", "atrous_3x3", "atrous_5x5", "avg_pool_3x3", "max_pool_3x3")
    candidates = {edge: (name, "zero") for edge, name in zip(edges, names, strict=True)}
    for seed in range(20):
        cell = random_architecture.draw(seed, 1, 2, candidates=candidates).cell
        for block, pairs in enumerate(cell):
            for state, operation in pairs:
                assert operation == candidates[state, block][0]
