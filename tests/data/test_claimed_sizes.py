"""What records and manifests say of the sizes of images is believed within bounds, or refused."""

import dataclasses

import pytest

from deeplab_nas.data import datasets, examples, input_errors, manifests, pipeline, shard_index
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.data.split import Split
from tests import refusals
from tests.data import made_shards
from tfrecords_tools import verify

SHAPES = datasets.describe("shapes", "")
_LONGEST = examples.MAX_PIXELS


def load(folder, claims):
    pairs = [made_shards.numbered_example(number) for number in range(4)]
    return Split.load(SHAPES, made_shards.write(folder, "val", pairs, claims=claims), "val")


@pytest.mark.parametrize(
    "size",
    [(0, 0), (0, 5), (-4, 5), (-4, -5), (100_000, 100_000), (1, _LONGEST + 1), (2**62, 2**62)],
)
def test_a_size_that_no_image_has_is_refused_with_its_record(tmp_path, size):
    with refusals.refused(
        f"found {size[0]}x{size[1]} in record 1 of ", "val-00001-of-00002.tfrecord", "verify"
    ):
        load(tmp_path, {3: size})
    # What the sentence advises.
    found = verify.verify("shapes", str(tmp_path), "val")
    verify.write_manifest(found, SHAPES, str(tmp_path))
    assert shard_index.load(str(tmp_path), "val").image_sizes == ((20, 30),)


def test_sizes_that_are_too_large_together_are_refused_before_they_are_padded(tmp_path):
    split = load(tmp_path, {1: (2, _LONGEST // 2), 2: (_LONGEST // 2, 2)})
    with refusals.refused(
        f"at most {_LONGEST} pixels",
        f"found {_LONGEST // 2}x2 and 2x{_LONGEST // 2} (height x width) in ",
        "val-00000-of-00002.tfrecord",
    ):
        pipeline.eval_dataset(DataConfig(), split)
    # At its own size each is read as it is.
    assert len(list(pipeline.whole_image_dataset(1, split))) == 4


def test_an_image_larger_than_all_sizes_told_is_named(tmp_path):
    split = load(tmp_path, dict.fromkeys(range(4), (10, 40)))
    for dataset, told in (
        (pipeline.eval_dataset(DataConfig(), split), "of at most 10x40 pixels"),
        (pipeline.whole_image_dataset(1, split), "of 10x40 pixels"),
    ):
        with (
            refusals.refused(told, "found 20x30 in picture 0: build"),
            input_errors.as_user_errors(),
        ):
            list(dataset)


def test_a_manifest_has_no_more_sizes_than_images(tmp_path):
    split = load(tmp_path, {})
    statistics = verify.verify("shapes", str(tmp_path), "val").statistics
    facts = (SHAPES, "val", (2, 2), [(20, side) for side in range(1, 5)], statistics)
    manifest = manifests.of_shards(*facts)
    manifests.write(manifest, str(tmp_path))
    assert shard_index.load(str(tmp_path), "val").image_sizes == manifest.image_sizes
    more = dataclasses.replace(manifest, image_sizes=(*manifest.image_sizes, (21, 1)))
    manifests.write(more, str(tmp_path))
    with refusals.refused("image_sizes to be the sizes of 4 images"):
        shard_index.load(str(tmp_path), "val")
    assert split.index.image_sizes == ((20, 30),)
