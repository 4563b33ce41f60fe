"""The path of the trellis is where it should be, and stands out."""

import numpy as np
import pytest

from deeplab_nas.core import nas_genotypes
from deeplab_nas.drawing import canvas, trellis
from deeplab_nas.supernet.decoding import by_logits


def middle(image, layer, source, target):
    """The colour halfway along an arrow."""
    ends = np.array([trellis.node_center(layer, source), trellis.node_center(layer + 1, target)])
    # Horizontal neighbours are a little off the middle of a diagonal, so that no other arrow,
    # which crosses at the middle, is met.
    x, y = ends[0] + (ends[1] - ends[0]) * 0.4
    return image.getpixel((round(x), round(y)))


def is_highlight(color):
    return np.abs(np.array(color) - canvas.HIGHLIGHT).max() < 60


@pytest.mark.parametrize("with_probabilities", [True, False])
def test_the_path_and_nothing_else_is_highlighted(with_probabilities):
    path = nas_genotypes.auto_deeplab().path
    beta = np.random.default_rng(0).standard_normal([12, 4, 3])
    probabilities = by_logits.transition_probabilities(beta) if with_probabilities else None
    image = trellis.draw_trellis(probabilities, path)
    levels = (0, *path)
    for layer in range(12):
        for source in range(min(layer + 1, 4)):
            for target in range(max(source - 1, 0), min(source + 2, 4)):
                on_path = (levels[layer], levels[layer + 1]) == (source, target)
                assert is_highlight(middle(image, layer, source, target)) == on_path
    for layer, level in enumerate(levels):
        assert image.getpixel(trellis.node_center(layer, level)) == canvas.HIGHLIGHT


def test_probable_arrows_are_darker():
    beta = np.zeros([6, 4, 3])
    beta[4, 1, 2] = 4.0
    image = trellis.draw_trellis(by_logits.transition_probabilities(beta), (0,) * 6)
    assert sum(middle(image, 4, 1, 2)) < sum(middle(image, 4, 1, 1)) - 100
    assert sum(middle(image, 4, 1, 2)) < sum(middle(image, 3, 1, 2)) - 100


def test_width_grows_with_the_layers():
    sizes = [trellis.draw_trellis(None, (0,) * layers).size for layers in (1, 4, 12)]
    assert sizes[0][0] < sizes[1][0] < sizes[2][0]
    assert len({height for _, height in sizes}) == 1


@pytest.mark.parametrize("shape", [(11, 4, 3), (12, 3, 3), (12, 4)])
def test_wrong_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="probabilities"):
        trellis.draw_trellis(np.zeros(shape), (0,) * 12)


def test_logits_and_impossible_paths_are_refused():
    with pytest.raises(ValueError, match="probabilities"):
        trellis.draw_trellis(np.full([2, 4, 3], -1.0), (0, 0))
    with pytest.raises(ValueError, match=r"path\[1\]"):
        trellis.draw_trellis(None, (0, 2))
