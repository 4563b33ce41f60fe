"""The table of confusions shows shares of rows in colours that grow darker."""

import numpy as np
import pytest

from deeplab_nas.drawing.confusion_matrix import draw_confusion_matrix
from deeplab_nas.drawing.heat_map import scale_color


def test_cells_have_the_colour_of_their_share():
    matrix = np.array([[30, 10], [0, 5]])
    picture = draw_confusion_matrix(matrix, ("a", "b"))
    found = {color for _, color in picture.getcolors(1 << 20)}
    assert {scale_color(share) for share in (0.75, 0.25, 0.0, 1.0)} <= found


def test_many_classes_fit():
    classes = 151
    matrix = np.diag(np.arange(classes))
    picture = draw_confusion_matrix(matrix, [f"class {i}" for i in range(classes)])
    assert picture.width < 1000
    assert scale_color(1.0) in {color for _, color in picture.getcolors(1 << 20)}


def test_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"expected shape \[2, 2\], found \[3, 3\]"):
        draw_confusion_matrix(np.eye(3), ("a", "b"))
