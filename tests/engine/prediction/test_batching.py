"""Images of one size go together, in order, and no more of them than fit."""

import numpy as np
import pytest

from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.engine.prediction import batching
from deeplab_nas.errors import ImageError

_SEEN = InferenceConfig()


def images(*sizes):
    return [
        size
        if isinstance(size, ImageError)
        else batching.InputImage("", str(number), b"", np.zeros([*size, 3], np.uint8))
        for number, size in enumerate(sizes)
    ]


def names(batches):
    return [
        str(each) if isinstance(each, ImageError) else [image.name for image in each]
        for each in batches
    ]


def test_neighbours_of_one_size_go_together_behind_the_first():
    found = batching.in_batches(images((9, 9), (9, 9), (9, 9), (8, 9), (9, 9)), _SEEN)
    assert names(found) == [["0"], ["1", "2"], ["3"], ["4"]]


def test_errors_keep_their_places():
    bad = ImageError("bad")
    found = batching.in_batches(images(bad, (9, 9), (9, 9), bad, (9, 9), bad, bad), _SEEN)
    assert names(found) == ["bad", ["1"], ["2"], "bad", ["4"], "bad", "bad"]


def test_without_a_way_to_see_them_images_stay_alone():
    assert names(batching.in_batches(images(*[(9, 9)] * 3), None)) == [["0"], ["1"], ["2"]]


@pytest.mark.parametrize("size", [(1, 1), (96, 128), (321, 321), (600, 900)])
def test_a_batch_is_as_large_as_there_is_room(size):
    most = batching.most_together(size, _SEEN)
    assert 1 <= most <= 16 and (most == 1 or most * size[0] * size[1] <= 2**18)
    sizes = [len(each) for each in batching.in_batches(images(*[size] * 40), _SEEN)]
    assert sum(sizes) == 40 and sizes[0] == 1
    assert set(sizes[1:-1]) <= {most}


@pytest.mark.parametrize(
    ("config", "most"),
    [
        (InferenceConfig(), 16),
        (InferenceConfig(eval_scales=(0.5, 2.0)), 6),
        (InferenceConfig(eval_scales=(0.5,)), 16),
        (InferenceConfig(min_resize_value=513), 1),
        (InferenceConfig(min_resize_value=100, max_resize_value=120), 16),
    ],
)
def test_room_is_for_images_as_they_are_seen(config, most):
    assert batching.most_together((100, 100), config) == most
