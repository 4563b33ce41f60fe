"""The course of quantities as a picture."""

import numpy as np
import pytest

from deeplab_nas.drawing import course
from deeplab_nas.drawing.course import Panel
from deeplab_nas.drawing.scatter import GROUP_COLORS


def colored(picture, color):
    """Rows and columns of the pixels that have a colour."""
    return np.nonzero((np.asarray(picture) == color).all(-1))


def test_each_quantity_has_its_panel_and_one_axis_for_all():
    rising = [(epoch, epoch**2) for epoch in range(2, 41, 2)]
    rare = [(20, 1.0), (40, 0.0)]
    picture = course.draw_course([Panel("squares", rising), Panel("rare", rare)], "epoch")
    rows, columns = colored(picture, GROUP_COLORS[0])
    assert rows.max() < picture.height / 2
    # It rises from the left to the right.
    assert rows[columns.argmin()] > rows[columns.argmax()]
    other_rows, other_columns = colored(picture, GROUP_COLORS[1])
    assert other_rows.min() > picture.height / 2
    assert abs(int(other_columns.max()) - int(columns.max())) <= 1
    middle = (columns.min() + columns.max()) / 2
    assert abs(other_columns.min() - middle) < 20


@pytest.mark.parametrize("values", [[(1, 0.5)], [(1, 0.0), (2, 0.0)], [(3, 1e-9), (4, -2e-9)]])
def test_few_and_equal_values_are_drawn(values):
    picture = course.draw_course([Panel("one", values), Panel("none", [])], "epoch")
    assert len(colored(picture, GROUP_COLORS[0])[0]) > 0
    assert len(colored(picture, GROUP_COLORS[1])[0]) == 0
