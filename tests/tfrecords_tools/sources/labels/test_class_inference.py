"""The number of classes follows from ids that look like classes, and from no others."""

import pytest

from deeplab_nas.data import class_statistics, datasets, manifests
from tests import refusals
from tfrecords_tools.sources.labels import class_inference


def infer(ids, ignore_label=255, first_label=0, **options):
    return class_inference.infer(dict.fromkeys(ids, 10), ignore_label, first_label, **options)


@pytest.mark.parametrize(
    ("ids", "settings", "num_classes"),
    [
        ([0, 1], {}, 2),
        ([0, 1, 255], {}, 2),
        ([0, 1, 2, 4, 255], {}, 5),
        (range(256), {}, 255),
        (range(256), {"ignore_label": 0}, 256),
        ([1, 2, 3], {"ignore_label": 0}, 4),
        ([0, 1, 2], {"ignore_label": 2}, 2),
        ([0, 1, 2, 3], {"first_label": 1}, 3),
        ([0, 7, 8, 11, 12, 13, 17, *range(19, 34)], {}, 34),
    ],
)
def test_ids_that_count_classes(ids, settings, num_classes):
    assert infer(ids, **settings) == num_classes


@pytest.mark.parametrize(
    ("ids", "settings", "words"),
    [
        ([0, 255], {}, ["the ids 0, 255", "masks of 0 and 255", "--label_map=0:0,255:1"]),
        ([0, 255], {"ignore_label": 0}, ["masks of 0 and 255", "--label_map=0:0,255:1"]),
        ([0], {}, ["only the id 0", "--num_classes"]),
        ([1, 255], {}, ["only the ids 1, 255 (255 is ignored)", "--label_map=1:0,255:1"]),
        ([255], {}, ["only the id 255", "--ignore_label"]),
        ([0, 128], {}, ["--label_map=0:0,128:1"]),
        (
            [0, 64, 128],
            {},
            ["the ids 0, 64, 128", "129 classes", "--label_map=0:0,64:1,128:2 ", "=129 to keep"],
        ),
        ([0, 85, 170, 255], {}, ["--label_map=0:0,85:1,170:2,255:3 "]),
        ([0, 1, 26001], {}, ["26002 classes", "--label_map=0:0,1:1,26001:2 "]),
        ([1, 2, 3, 255], {}, ["the ids 1, 2, 3, 255", "--first_label=1", "--num_classes=4"]),
        ([2, 3, 4], {"ignore_label": 1}, ["--first_label=2"]),
        (range(300), {}, ["300 classes", "and 280 more", "--label_map"]),
        ([], {}, ["that can be read"]),
    ],
)
def test_ids_that_do_not(ids, settings, words):
    with refusals.refused(*words):
        infer(ids, **settings)


def test_blurred_masks_are_recognised_by_their_pixels():
    pixels = dict.fromkeys(range(256), 1) | {0: 5000, 255: 1000}
    with refusals.refused("blurred edges", "--label_map=0-127:0,128-255:1"):
        class_inference.infer(pixels, 255)


def manifest(num_classes):
    names = tuple(f"c{label}" for label in range(num_classes))
    return manifests.of_shards(
        datasets.folder(("train",), names), "train", [1], {(2, 2)}, class_statistics.none(3)
    )


def test_another_split_tells_how_many_there_are():
    assert infer([0, 1, 4], other=manifest(5)) == 5
    for ids in ([0, 1, 2], [0], [0, 255]):
        with refusals.refused("the 5 classes of the split 'train'", "--num_classes=5"):
            infer(ids, other=manifest(5))
