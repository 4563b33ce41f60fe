"""One sheet holds both pictures of an architecture."""

import numpy as np
import pytest

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.drawing import architecture, cell, trellis


def contains(sheet, part):
    """Whether `part` lies in `sheet`, centred and at any height."""
    left = (sheet.width - part.width) // 2
    strip = np.asarray(sheet)[:, left : left + part.width]
    part = np.asarray(part)
    return any(
        np.array_equal(strip[top : top + len(part)], part)
        for top in range(len(strip) - len(part) + 1)
    )


@pytest.mark.parametrize(
    "value",
    [nas_genotypes.auto_deeplab(), Architecture(cell=(((0, "skip"), (1, "skip")),), path=(0,))],
)
def test_the_sheet_holds_the_path_and_the_cell(value):
    sheet = architecture.draw_architecture(value)
    assert contains(sheet, trellis.draw_trellis(None, value.path))
    assert contains(sheet, cell.draw_cell(value))


def test_the_title_differs():
    one = nas_genotypes.auto_deeplab()
    two = Architecture(cell=one.cell, path=one.path[:-1] + (2,))
    height = 60
    first, second = (
        np.asarray(architecture.draw_architecture(value))[:height] for value in (one, two)
    )
    assert first.shape == second.shape and not np.array_equal(first, second)
