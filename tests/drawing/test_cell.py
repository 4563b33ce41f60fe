"""Cells of every size are drawn, in blocks of readable operations."""

import numpy as np
import pytest

from deeplab_nas.core import nas_genotypes, trellis
from deeplab_nas.drawing import canvas, cell, labels
from deeplab_nas.supernet.decoding import by_logits


def random_cell(num_blocks, seed):
    generator = np.random.default_rng(seed)
    return by_logits.decode_cell(generator.standard_normal([trellis.num_edges(num_blocks), 8]))


def has_clear_margin(image, pixels=4):
    """Whether nothing touches the border, as it would if it were cut off."""
    data = np.asarray(image)
    border = np.ones(data.shape[:2], dtype=bool)
    border[pixels:-pixels, pixels:-pixels] = False
    return (data[border] == canvas.PAPER).all()


@pytest.mark.parametrize("num_blocks", range(1, 8))
def test_all_sizes_are_drawn_whole(num_blocks):
    for seed in range(3):
        image = cell.draw_cell(random_cell(num_blocks, seed))
        assert image.mode == "RGB"
        assert has_clear_margin(image)


def test_a_chain_is_wider_and_a_fan_is_higher():
    chain = tuple(((i + 1 if i else 0, "skip"), (0, "skip")) for i in range(5))
    fan = (((0, "skip"), (1, "skip")),) * 5
    assert cell.draw_cell(chain).width > 2 * cell.draw_cell(fan).width
    assert cell.draw_cell(fan).height > 1.5 * cell.draw_cell(chain).height


def test_an_architecture_and_its_cell_give_the_same_picture():
    architecture = nas_genotypes.auto_deeplab()
    assert cell.draw_cell(architecture) == cell.draw_cell(architecture.cell)


def test_operations_are_coloured_by_kind():
    data = np.asarray(cell.draw_cell((((0, "atrous_3x3"), (1, "max_pool_3x3")),)))
    for operation, present in (
        ("atrous_5x5", True),
        ("avg_pool_3x3", True),
        ("separable_3x3_2", False),
    ):
        count = (data == labels.operation_color(operation)).all(axis=-1).sum()
        assert (count > 1000) == present


def test_invalid_cells_are_refused():
    with pytest.raises(ValueError, match="cell"):
        cell.draw_cell(())
    with pytest.raises(ValueError, match=r"cell\[0\]\[1\]"):
        cell.draw_cell((((0, "skip"), (2, "skip")),))


@pytest.mark.parametrize(
    ("operation", "label"),
    [
        ("separable_3x3_2", "sep 3x3"),
        ("separable_7x7_1", "sep 7x7, once"),
        ("atrous_5x5", "atrous 5x5"),
        ("avg_pool_3x3", "avg pool 3x3"),
        ("max_pool_3x3", "max pool 3x3"),
        ("skip", "skip"),
        ("zero", "zero"),
    ],
)
def test_operation_labels(operation, label):
    assert labels.operation_label(operation) == label
