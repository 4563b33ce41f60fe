"""Architectures for the tests of the discrete networks."""

from hypothesis import strategies as st

from deeplab_nas.core.nas_genotypes import Architecture

OPERATIONS = (
    *(f"separable_{k}x{k}_{n}" for k in (3, 5, 7) for n in (1, 2)),
    *(f"atrous_{k}x{k}" for k in (3, 5, 7)),
    "avg_pool_3x3",
    "max_pool_3x3",
    "skip",
)

# Every operation, on the inputs of the cell and on blocks, in few cells.
MIXED = Architecture(
    cell=(
        ((1, "atrous_3x3"), (0, "separable_3x3_1")),
        ((2, "skip"), (0, "max_pool_3x3")),
        ((0, "skip"), (1, "avg_pool_3x3")),
    ),
    path=(0, 1, 2, 3, 2),
)


@st.composite
def architectures(draw, most_blocks=7, most_layers=14):
    """Any cell of up to `most_blocks` blocks, any path of up to `most_layers` layers."""
    operations = st.sampled_from(OPERATIONS)
    cell = tuple(
        tuple((draw(st.integers(0, i + 1)), draw(operations)) for _ in range(2))
        for i in range(draw(st.integers(1, most_blocks)))
    )
    path = [0]
    for step in draw(st.lists(st.integers(-1, 1), min_size=1, max_size=most_layers)):
        path.append(min(max(path[-1] + step, 0), 3))
    return Architecture(cell=cell, path=tuple(path[1:]))
