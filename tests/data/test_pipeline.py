import collections

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.data import datasets, input_errors, pipeline
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.data.split import Split
from deeplab_nas.errors import UserError
from tests.data import made_shards

SHAPES = datasets.describe("shapes", "")
COUNT = 13


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    pairs = [made_shards.numbered_example(number) for number in range(COUNT)]
    folder = made_shards.write(tmp_path_factory.mktemp("made"), "train", pairs)
    return Split.load(SHAPES, folder, "train")


def plain(batch=4, crop=(20, 30)):
    """No augmentation: the image number can be read from the red channel."""
    return DataConfig(
        train_crop_size=crop,
        train_batch_size=batch,
        eval_batch_size=batch,
        min_scale_factor=1.0,
        max_scale_factor=1.0,
        random_flip=False,
    )


def train(config, split, indices=None, seed=5, **options):
    indices = np.arange(split.index.num_examples) if indices is None else indices
    return pipeline.train_dataset(config, split, indices, seed, **options)


def drawn(dataset, batches):
    """The image numbers of each batch."""
    return [images[:, 0, 0, 0].numpy().astype(int).tolist() for images, _ in dataset.take(batches)]


def assert_same_batches(first, second):
    for (images, labels), (other_images, other_labels) in zip(first, second, strict=True):
        np.testing.assert_array_equal(images, other_images)
        np.testing.assert_array_equal(labels, other_labels)


def test_batches_are_what_they_promise(split):
    dataset = train(DataConfig(train_crop_size=(16, 24), train_batch_size=4), split)
    images, labels = dataset.element_spec
    assert (images.shape, images.dtype) == ((4, 16, 24, 3), tf.float32)
    assert (labels.shape, labels.dtype) == ((4, 16, 24), tf.int32)
    for images, labels in dataset.take(3):
        assert images.numpy().min() >= 0
        assert images.numpy().max() <= 255
        assert set(np.unique(labels)) <= {0, 1, 2, 3, 255}


def test_no_tuner_keeps_a_dataset_alive(split):
    made = [
        train(plain(), split),
        pipeline.eval_dataset(plain(), split),
        pipeline.whole_image_dataset(4, split),
    ]
    for dataset in made:
        options = dataset.options()
        assert options.autotune.enabled is False
        assert options.deterministic is True


def test_batch_n_is_the_same_after_a_restart(split):
    config = DataConfig(train_crop_size=(16, 24), train_batch_size=4)
    whole = list(train(config, split).take(7))
    restarted = list(train(config, split, first_step=4).take(3))
    assert_same_batches(whole[4:], restarted)
    other_seed = list(train(config, split, seed=6).take(1))
    assert not np.array_equal(whole[0][0], other_seed[0][0])


@pytest.mark.parametrize("batch", [1, 3, 4, 12])
def test_an_epoch_visits_an_example_at_most_once(split, batch):
    indices, _ = split.halves(seed=2) if batch <= 6 else (np.arange(12), None)
    steps = pipeline.steps_per_epoch(len(indices), batch)
    batches = drawn(train(plain(batch), split, indices), 3 * steps)
    on_disk = [*range(0, COUNT, 2), *range(1, COUNT, 2)]
    allowed = {on_disk[number] for number in indices}
    orders = []
    for epoch in range(3):
        seen = sum(batches[epoch * steps : (epoch + 1) * steps], [])
        assert len(set(seen)) == len(seen) == steps * batch
        assert set(seen) <= allowed
        if len(indices) % batch == 0:
            assert set(seen) == allowed
        orders.append(tuple(seen))
    assert len(set(orders)) > 1


def test_every_example_comes_in_time_although_a_remainder_is_dropped(split):
    batches = drawn(train(plain(5), split), 2 * 12)
    counts = collections.Counter(sum(batches, []))
    assert set(counts) == set(range(COUNT))


@pytest.mark.parametrize("replicas", [2, 4])
def test_two_pipelines_together_yield_what_one_yields(split, replicas):
    config = DataConfig(train_crop_size=(16, 24), train_batch_size=4)
    alone = list(train(config, split, first_step=2).take(4))
    shares = []
    for pipeline_id in range(2):
        context = tf.distribute.InputContext(2, pipeline_id, replicas)
        shared = train(config, split, first_step=2, context=context)
        assert shared.element_spec[0].shape[0] == 4 // replicas
        shares.append(list(shared.unbatch().batch(2).take(4)))
    together = [
        tuple(np.concatenate(parts) for parts in zip(*workers, strict=True))
        for workers in zip(*shares, strict=True)
    ]
    assert_same_batches(alone, together)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_together_use_each_example_of_an_epoch_exactly_once(split, workers):
    indices, batch = np.arange(12), 6
    seen = collections.Counter()
    for worker in range(workers):
        context = tf.distribute.InputContext(workers, worker, workers)
        dataset = train(plain(batch), split, indices, context=context)
        seen.update(sum(drawn(dataset, 12 // batch), []))
    on_disk = [*range(0, COUNT, 2), *range(1, COUNT, 2)]
    assert seen == dict.fromkeys((on_disk[number] for number in indices), 1)


def test_replicas_that_cannot_share_a_batch_are_refused(split):
    context = tf.distribute.InputContext(1, 0, 3)
    evaluate = pipeline.eval_dataset
    for refused, flag in ((train, "train"), (evaluate, "eval")):
        sentence = (
            f"--{flag}_batch_size to be a number that 3 replicas can share evenly, found 4: take 6"
        )
        with pytest.raises(UserError, match=sentence):
            refused(plain(4), split, context=context)
        refused(plain(6), split, context=context)


def test_evaluation_visits_every_example_once_in_order(split):
    batches = list(pipeline.eval_dataset(plain(4), split))
    assert [images.shape for images, _ in batches] == [(4, 20, 30, 3)] * 4
    numbers = [int(image[0, 0, 0]) for images, _ in batches for image in images]
    assert numbers[:COUNT] == [*range(0, COUNT, 2), *range(1, COUNT, 2)]
    labels = np.concatenate([labels for _, labels in batches])
    expected = made_shards.numbered_example(0)[1]
    assert (labels[:COUNT] == expected).all()
    assert (labels[COUNT:] == 255).all()


def test_evaluation_is_shared_out_over_workers(split):
    alone = list(pipeline.eval_dataset(plain(4), split))
    shares = [
        list(pipeline.eval_dataset(plain(4), split, tf.distribute.InputContext(2, n, 2)))
        for n in range(2)
    ]
    together = [
        tuple(np.concatenate(parts) for parts in zip(*workers, strict=True))
        for workers in zip(*shares, strict=True)
    ]
    assert_same_batches(alone, together)


def test_evaluation_pads_to_the_largest_and_resizes_to_the_range(tmp_path):
    pairs = [made_shards.numbered_example(n, *size) for n, size in enumerate([(20, 30), (30, 24)])]
    split = Split.load(SHAPES, made_shards.write(tmp_path, "val", pairs), "val_fine")
    config = DataConfig(eval_batch_size=2)
    images, labels = next(iter(pipeline.eval_dataset(config, split)))
    assert images.shape == (2, 30, 30, 3)
    assert (images[0, 20:].numpy() == 127.5).all()
    assert (labels[1, :, 24:].numpy() == 255).all()
    config = DataConfig(eval_batch_size=2, min_resize_value=10, max_resize_value=14)
    images, _ = next(iter(pipeline.eval_dataset(config, split)))
    assert images.shape == (2, 12, 14, 3)


def test_batch_larger_than_the_half(split):
    with pytest.raises(UserError, match="--train_batch_size between 1 and 13, .*found 14"):
        train(plain(14), split)
    for name in ("train_batch_size", "eval_batch_size"):
        with pytest.raises(UserError, match=f"--{name} to be 1 or more, found 0"):
            DataConfig(**{name: 0})


@pytest.mark.parametrize("crop", [(0, 10), (10, -1)])
def test_a_crop_without_pixels_is_refused(crop):
    with pytest.raises(UserError, match=f"--train_crop_size to be 1 or more, found {min(crop)}"):
        DataConfig(train_crop_size=crop)


@pytest.mark.parametrize("crop", [(31, 10), (10, 46)])
def test_crop_that_cannot_be_filled(split, crop):
    config = DataConfig(train_crop_size=crop, train_batch_size=1, max_scale_factor=1.5)
    with pytest.raises(
        UserError, match=rf"--train_crop_size between 1,1 and 30,45.*found {crop[0]},"
    ):
        train(config, split)


def test_largest_crop_is_accepted(split):
    config = DataConfig(train_crop_size=(30, 45), train_batch_size=1, max_scale_factor=1.5)
    images, _ = next(iter(train(config, split)))
    assert images.shape == (1, 30, 45, 3)


def test_label_id_out_of_range_names_the_file_and_the_id(tmp_path):
    image, label = made_shards.numbered_example(0)
    label[3, 4] = 77
    split = Split.load(SHAPES, made_shards.write(tmp_path, "train", [(image, label)], 1), "train")
    with pytest.raises(UserError) as told, input_errors.as_user_errors():
        list(train(plain(1), split).take(1))
    sentence = str(told.value)
    assert "below 6 or the ignore label 255" in sentence
    assert "found 77 in the label of picture 0" in sentence
    assert "\n" not in sentence


def test_a_damaged_record_ends_in_one_sentence(tmp_path):
    pairs = [made_shards.numbered_example(0)]
    split = Split.load(SHAPES, made_shards.write(tmp_path, "train", pairs, 1), "train")
    path = tmp_path / "train-00000-of-00001.tfrecord"
    damaged = bytearray(path.read_bytes())
    damaged[100] ^= 1
    path.write_bytes(damaged)
    with (
        pytest.raises(UserError, match="intact TFRecord shards, found a corrupted record at"),
        input_errors.as_user_errors(),
    ):
        list(train(plain(1), split).take(1))
