"""Batches from shards: training batches by number, evaluation batches in order.

Batches are images, float32 `[batch, height, width, 3]` in 0..255, and labels, int32
`[batch, height, width]`. A `tf.distribute.InputContext` says where they are shared out over workers
and replicas: all pipelines together then yield, replica after replica, the batches that one alone
yields. `UserError` is raised where the batch does not fit the data or the replicas cannot share it.
"""

import math

import numpy as np
import tensorflow as tf

from deeplab_nas.data import augment, datasets, examples
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.data.parallel_map import parallel_map
from deeplab_nas.data.split import Split
from deeplab_nas.errors import UserError


def splits(config: DataConfig) -> tuple[Split, Split]:
    """Finds the splits that a run trains on and validates on.

    Returns:
        The training split and the validation split.

    Raises:
        UserError: The data set is unknown, shards are missing, or a crop does not fit the images.
    """
    descriptor = datasets.describe(config.dataset, config.dataset_dir)
    train, val = (
        Split.load(descriptor, config.dataset_dir, name)
        for name in (config.train_split, config.val_split)
    )
    check_crop(config, train)
    return train, val


def steps_per_epoch(num_examples: int, batch_size: int, of: str = "the training split") -> int:
    """Returns the whole batches in a pass over a half; what remains of it waits for another pass.

    Args:
        num_examples: Examples in the half, 1 or more.
        batch_size: Examples a step over all replicas.
        of: What the examples are of, for the error.
    """
    if not 1 <= batch_size <= num_examples:
        raise UserError(
            f"Expected --train_batch_size between 1 and {num_examples}, the number of examples in "
            f"{of}, found {batch_size}."
        )
    return num_examples // batch_size


def check_shares(config: DataConfig, num_replicas: int) -> None:
    """Refuses batches that the replicas cannot share evenly."""
    for flag in ("train_batch_size", "eval_batch_size"):
        _check_share(flag, getattr(config, flag), num_replicas)


def train_dataset(
    config: DataConfig,
    split: Split,
    indices: np.ndarray,
    seed: int,
    first_step: int = 0,
    context: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Makes the endless training batches, of which the n-th is a pure function of (seed, n).

    There is no shuffle buffer to fill or to save: the order of an epoch is a keyed permutation that
    is computed number by number, and every random draw of an example is keyed by its number.

    Args:
        config: Crop, batch size and augmentation.
        split: What is read.
        indices: Numbers of the examples to draw from, such as one half, int64 `[examples]`.
        seed: Seed of the order and of the augmentation.
        first_step: Number of the first batch; the ones before it cost nothing.
        context: How the batches are shared out, or None.
    """
    check_crop(config, split)
    draw = _drawer(config, indices, seed)
    read = split.reader()

    def load(number):
        image, label, _ = read(draw(number))
        example_seed = tf.stack([tf.constant(seed, tf.int64), number])
        image, label = augment.train_example(
            image, label, example_seed, config, split.descriptor.ignore_label
        )
        return image, _squeezed(label)

    return _batches(load, "train_batch_size", config.train_batch_size, first_step, None, context)


def drawn_examples(
    config: DataConfig, indices: np.ndarray, seed: int, first_step: int, last_step: int
) -> np.ndarray:
    """Tells what `train_dataset` draws.

    Args:
        config: Batch size.
        indices: Numbers of the examples to draw from, int64 `[examples]`.
        seed: Seed of the order.
        first_step: Number of the first batch that is asked for.
        last_step: Number of the batch after the last one.

    Returns:
        The numbers of the examples of those batches, of all workers together, int64
        `[batches * batch]`.
    """
    draw = _drawer(config, indices, seed)
    counts = tf.range(
        first_step * config.train_batch_size, last_step * config.train_batch_size, dtype=tf.int64
    )
    return tf.map_fn(draw, counts).numpy()


def eval_dataset(
    config: DataConfig, split: Split, context: tf.distribute.InputContext | None = None
) -> tf.data.Dataset:
    """Makes batches of a split, once, in the order on disk, at one static size.

    Images are padded to the largest of the split; the last batch is filled up with examples whose
    label is ignored everywhere.

    Raises:
        UserError: That size has more than `MAX_PIXELS`, or, when run, an image does not fit it.
    """
    height, width = _padded_size(config, split)
    count, ignore_label = split.index.num_examples, split.descriptor.ignore_label
    read = split.reader()

    def load(number):
        image, label, name = read(tf.minimum(number, count - 1))
        size = augment.resized_size(tf.shape(image)[:2], config)
        fits = _refuse_size_unless(size <= [height, width], size, f"at most {height}x{width}", name)
        with tf.control_dependencies([fits]):
            image, label = tf.identity(image), tf.identity(label)
        image, label = augment.eval_example(image, label, height, width, config, ignore_label)
        return image, tf.where(number < count, _squeezed(label), ignore_label)

    steps = math.ceil(count / config.eval_batch_size)
    return _batches(load, "eval_batch_size", config.eval_batch_size, 0, steps, context)


def whole_image_dataset(
    eval_batch_size: int, split: Split, context: tf.distribute.InputContext | None = None
) -> tf.data.Dataset:
    """Makes batches of a split, once, in the order on disk, of images at their own size.

    Where the split has images of several sizes, a batch is one image a replica. The last batch is
    filled up with examples whose label is ignored everywhere and whose name is empty. Third in a
    batch are the names, string `[batch]`.
    """
    count, sizes = split.index.num_examples, split.index.image_sizes
    read = split.reader()

    def load(number):
        image, label, name = read(tf.minimum(number, count - 1))
        real = number < count
        label = tf.where(real, _squeezed(label), split.descriptor.ignore_label)
        if len(sizes) == 1:
            size, (height, width) = tf.shape(image)[:2], sizes[0]
            same = _refuse_size_unless(size == sizes[0], size, f"{height}x{width}", name)
            with tf.control_dependencies([same]):
                image = tf.ensure_shape(tf.identity(image), [height, width, 3])
        return image, label, tf.where(real, name, "")

    if len(sizes) > 1:
        eval_batch_size = context.num_replicas_in_sync if context else 1
    steps = math.ceil(count / eval_batch_size)
    return _batches(load, "eval_batch_size", eval_batch_size, 0, steps, context)


def check_crop(config: DataConfig, split: Split) -> None:
    """Refuses a crop size that no image of the split can fill.

    Args:
        config: The crop size, the resize and the scales.
        split: Its images have the sizes.

    Raises:
        UserError: If a side of the crop is not positive, or larger than the largest image at the
            largest scale.
    """
    largest = [math.ceil(side * config.max_scale_factor) for side in _largest_size(config, split)]
    crop = config.train_crop_size
    if not all(1 <= side <= most for side, most in zip(crop, largest, strict=True)):
        raise UserError(
            f"Expected --train_crop_size between 1,1 and {largest[0]},{largest[1]}, height and "
            f"width of the largest image of {split.index.split!r} at --max_scale_factor="
            f"{config.max_scale_factor}, found {crop[0]},{crop[1]}."
        )


def _drawer(config: DataConfig, indices: np.ndarray, seed: int):
    """The function from the number of an example in a run to the number of its record."""
    steps = steps_per_epoch(len(indices), config.train_batch_size)
    drawn = tf.constant(indices, tf.int64)

    def draw(number):
        step = number // config.train_batch_size
        place = step % steps * config.train_batch_size + number % config.train_batch_size
        position = tf.random_index_shuffle(
            place, tf.stack([seed, step // steps, 0]), tf.constant(len(indices) - 1, tf.int64)
        )
        return drawn[position]

    return draw


def _largest_size(config: DataConfig, split: Split) -> tuple[int, int]:
    sizes = [augment.resized_size(size, config) for size in split.index.image_sizes]
    return max(height for height, _ in sizes), max(width for _, width in sizes)


def _padded_size(config: DataConfig, split: Split) -> tuple[int, int]:
    height, width = _largest_size(config, split)
    if height * width > examples.MAX_PIXELS:
        index = split.index
        highest, widest = (max(index.image_sizes, key=lambda size: size[side]) for side in (0, 1))
        raise UserError(
            f"Expected images of {index.split!r} that fit in one of at most {examples.MAX_PIXELS} "
            f"pixels, to which the evaluation pads them, found {highest[0]}x{highest[1]} and "
            f"{widest[0]}x{widest[1]} (height x width) in {index.filenames[0]} and its siblings: "
            "leave out images of extreme sizes or set --min_resize_value and --max_resize_value."
        )
    return height, width


def _refuse_size_unless(right: tf.Tensor, size: tf.Tensor, wanted: str, name: tf.Tensor):
    """Stops at an image that has another size than the records or the manifest say, in a graph."""
    found = tf.strings.reduce_join(tf.strings.as_string(size), separator="x")
    message = [f"Expected images of {wanted} pixels, as the shards tell their sizes, found "]
    after = [found, " in ", name, ": build the shards again"]
    return examples.refuse_unless(tf.reduce_all(right), message + after)


def _squeezed(label: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.squeeze(label, -1), tf.int32)


def _check_share(flag: str, batch_size: int, num_replicas: int) -> None:
    if batch_size % num_replicas:
        larger = math.ceil(batch_size / num_replicas) * num_replicas
        raise UserError(
            f"Expected --{flag} to be a number that {num_replicas} replicas can share evenly, "
            f"found {batch_size}: take {larger}, another multiple of {num_replicas}, or fewer "
            "replicas."
        )


def _batches(
    load, flag: str, batch_size: int, first_step: int, steps: int | None, context
) -> tf.data.Dataset:
    """Batches `load(number)` over this pipeline's share of the example numbers.

    Step n consists of the numbers n * batch_size up to (n + 1) * batch_size - 1, of which each
    pipeline takes a run and each replica a run within that.
    """
    context = context or tf.distribute.InputContext()
    _check_share(flag, batch_size, context.num_replicas_in_sync)
    share = batch_size // context.num_input_pipelines
    start = share * context.input_pipeline_id

    def load_share(count):
        return load(count // share * batch_size + start + count % share)

    counts = tf.data.Dataset.counter(first_step * share)
    if steps is not None:
        counts = counts.take(steps * share)
    dataset = parallel_map(counts, load_share)
    dataset = dataset.batch(batch_size // context.num_replicas_in_sync, drop_remainder=True)
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.prefetch(tf.data.AUTOTUNE).with_options(options)
