"""From a checkpoint to a version directory."""

import dataclasses
import os
import sys

import numpy as np
import tensorflow as tf

from deeplab_nas.core import folding
from deeplab_nas.data import augment
from deeplab_nas.engine.networks import model_card, trained_network
from deeplab_nas.engine.prediction import signatures
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic
from deeplab_nas.serving import litert, service, version_directory, warm_up


def run(config):
    """Exports a network.

    Args:
        config: `ExportConfig`.

    Returns:
        The path of the version directory.

    Raises:
        UserError: The checkpoint or a file beside it does not fit, or nothing can be written.
    """
    trained = trained_network.load(config.checkpoint, config.mixed_precision)
    seen = config.inference.of_training(trained.resize)
    config = dataclasses.replace(config, inference=_inside(config, seen))
    model = folding.fold(trained.model) if config.fold_batch_norm else trained.model
    size = config.image_size or tuple(trained.settings["train_crop_size"])
    card = model_card.make(trained, _options(config, seen), size)
    with version_directory.new(config.export_dir, config.export_version) as version:
        _FORMATS[config.format](version.folder, card, trained, model, config, size)
    return version.path


def _inside(config, seen):
    """What of the way that images are seen the export holds; says on stderr what it cannot."""
    if config.format != "keras" or not seen.min_resize_value:
        return seen
    resize = dataclasses.asdict(seen.resize)
    print(
        "model.keras sees images as they come, and the training resized them first: resize them by "
        + " ".join(f"--{name}={value}" for name, value in resize.items() if value is not None)
        + ", as model_card.json says.",
        file=sys.stderr,
    )
    return seen.without_resize


def _write_saved_model(folder, card, trained, model, config, size):
    _refuse_small_limit(config, size)
    with version_directory.writing(config.export_dir):
        # The assets are copied from where they are first written.
        sources = os.path.join(folder, "sources")
        tf.io.gfile.makedirs(sources)
        assets = model_card.write(sources, card)
        image_range = trained.descriptor.image_range
        module = service.Service(model, config.inference, config.max_pixels, assets, image_range)
        tf.saved_model.save(module, folder, signatures=module.served)
        tf.io.gfile.rmtree(sources)
        warm_up.write(folder, module.served, _warm_up_feeds(size))


def _refuse_small_limit(config, size):
    resized = augment.resized_size(size, config.inference)
    pixels = max(size[0] * size[1], resized[0] * resized[1])
    if pixels > config.max_pixels:
        raise UserError(
            f"Expected --max_pixels to be {pixels} or more, the pixels of the first "
            f"request that warms the server up ({size[0]}x{size[1]}), found {config.max_pixels}."
        )


def _warm_up_feeds(size):
    """A grey image for every signature."""
    image = np.full([*size, 3], 127, np.uint8)
    encoded = tf.io.encode_jpeg(image).numpy()
    return {
        signatures.SERVING_DEFAULT: image[None],
        signatures.PROBABILITIES: image[None],
        signatures.FROM_BYTES: np.array([encoded]),
        signatures.FROM_EXAMPLES: np.array([service.example(encoded)]),
    }


def _write_litert(folder, card, trained, model, config, size):
    images = litert.calibration_images(trained, config, size) if config.quantize != "none" else None
    converted = litert.convert(model, size, config.inference.resize, images)
    model_card.write(folder, card)
    atomic.write_bytes(os.path.join(folder, "model.tflite"), converted)


def _write_keras(folder, card, trained, model, config, size):
    model_card.write(folder, card)
    with version_directory.writing(config.export_dir):
        model.save(os.path.join(folder, "model.keras"))


def _options(config, seen):
    # How images have to be seen, whether the export does it or leaves it to its caller.
    resize_is_inside = config.inference.min_resize_value == seen.min_resize_value
    options = {**dataclasses.asdict(config), "inference": dataclasses.asdict(seen)}
    options["resize_is_inside"] = resize_is_inside
    # Where it came from and went to says nothing about the network.
    for place in ("checkpoint", "export_dir", "export_version", "dataset_dir"):
        del options[place]
    return options


_FORMATS = {"saved_model": _write_saved_model, "litert": _write_litert, "keras": _write_keras}
FORMATS = tuple(_FORMATS)
