"""Neighbours: one change each, valid, and from each of them all others are reached."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from deeplab_nas.core import random_architecture, trellis
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.core.operations import SEARCH_OPERATIONS
from deeplab_nas.selection.pool import mutation


def in_the_space(architecture, operations):
    """Whether `random_architecture.draw` may draw it."""
    cell, path = architecture.cell, architecture.path
    distinct = all(first[0] != second[0] for first, second in cell)
    known = all(name in operations and name != "zero" for block in cell for _, name in block)
    return distinct and known and path in trellis.paths(len(path))


def network(architecture):
    """What an architecture computes: the edges of a block have no order."""
    return architecture.path, tuple(frozenset(block) for block in architecture.cell)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 5))
def test_a_neighbour_is_another_network_of_the_space_by_one_change(seed, chance, layers, blocks):
    before = random_architecture.draw(seed, layers, blocks)
    after = mutation.neighbour(before, chance)
    assert after == mutation.neighbour(before, chance)
    assert in_the_space(after, SEARCH_OPERATIONS)
    assert network(after) != network(before)
    levels = sum(a != b for a, b in zip(before.path, after.path, strict=True))
    changed = [pair for pair in zip(before.cell, after.cell, strict=True) if pair[0] != pair[1]]
    assert levels + len(changed) == 1
    for old, new in changed:
        states = [[state for state, _ in block] for block in (old, new)]
        names = [[name for _, name in block] for block in (old, new)]
        if states[0] == states[1]:
            assert sum(a != b for a, b in zip(*names, strict=True)) == 1
        else:
            # One state, or both in exchange.
            assert names[0] == names[1]
            moved = sum(a != b for a, b in zip(*states, strict=True))
            assert moved == 1 or states[0] == states[1][::-1]


def test_all_kinds_are_drawn_alike():
    before = random_architecture.draw(3, 5, 5)
    kinds = [set(kind) for kind in mutation.neighbours(before)]
    drawn = [mutation.neighbour(before, seed) for seed in range(300)]
    counts = [sum(each in kind for each in drawn) for kind in kinds]
    assert sum(counts) == 300
    assert min(counts) > 70


def test_neighbours_lead_back_and_everywhere():
    """By breadth-first search of a small space."""
    operations = ("skip", "max_pool_3x3")
    blocks = [
        [
            ((first, a), (second, b))
            for first, second in itertools.permutations(range(block + 2), 2)
            for a, b in itertools.product(operations, repeat=2)
        ]
        for block in range(2)
    ]
    space = {
        Architecture(cell, path) for cell in itertools.product(*blocks) for path in trellis.paths(3)
    }
    assert len(space) == 8 * 24 * 13
    begin = random_architecture.draw(0, 3, 2, operations)
    reached, waiting = {begin}, [begin]
    edges = set()
    while waiting:
        current = waiting.pop()
        for after in itertools.chain(*mutation.neighbours(current, operations)):
            edges.add((current, after))
            if after not in reached:
                reached.add(after)
                waiting.append(after)
    assert reached == space
    assert edges == {(after, before) for before, after in edges}
