"""From image files to label maps and overlays."""

import functools
import os
import time
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from deeplab_nas.core import folding
from deeplab_nas.data import datasets, image_files
from deeplab_nas.drawing import label_maps
from deeplab_nas.engine.devices import strategies
from deeplab_nas.engine.networks import inference, model_card, trained_network
from deeplab_nas.engine.prediction import input_files, rest_client
from deeplab_nas.engine.reporting.progress import Progress
from deeplab_nas.errors import ImageError
from deeplab_nas.files import atomic


class Predicted(NamedTuple):
    """What a run of predictions did.

    Attributes:
        written: Number of images whose label map was written.
        refused: A sentence for each image that could not be read or that the server refused.
        images_a_second: Pace from reading a file to its written label map, the first image
            excepted, which builds the graph; None for a single image.
    """

    written: int
    refused: tuple[str, ...]
    images_a_second: float | None


def run(config):
    """Predicts; an image that cannot be read is told on stderr and left out.

    Args:
        config: A `PredictConfig`.

    Returns:
        `Predicted`.

    Raises:
        UserError: The checkpoint does not fit, there is no such server, no image was found, two
            would get one name, or nothing can be written.
    """
    strategies.set_threads(config.threads, side_by_side=False)
    inputs = input_files.find(config.input)
    predict, descriptor = _server(config) if config.server else _network(config)
    writer = _Writer(config.output_dir, descriptor)
    progress = Progress({"image": len(inputs)})
    refused, written, first_done = [], 0, None
    for path, name in inputs:
        started = time.monotonic()
        try:
            raw, pixels = _read(path)
            label_map = predict(raw, pixels, path)
        except ImageError as error:
            refused.append(str(error))
            progress.write(str(error))
        else:
            writer.write(name, pixels, label_map)
            written += 1
            first_done = first_done or time.monotonic()
        progress.update("image", 1, time.monotonic() - started, {})
    progress.close()
    pace = (written - 1) / (time.monotonic() - first_done) if written > 1 else None
    return Predicted(written, tuple(refused), pace)


def _network(config):
    """The function that labels an image by a network of this process, and its data set."""
    trained = trained_network.load(config.checkpoint, config.mixed_precision)
    model = folding.fold(trained.model)
    probabilities = inference.predictor(model, config.inference)

    def label(images):
        return tf.argmax(probabilities(images), axis=-1, output_type=tf.int32)

    # One graph for all sizes.
    any_size = tf.TensorSpec([1, None, None, 3], tf.uint8)
    graph = tf.function(label, input_signature=[any_size], autograph=False)

    def predict(raw, pixels, path):
        return graph(tf.constant(pixels[None])).numpy()[0]

    return predict, trained.descriptor


def _server(config):
    """The function that has a server label an image, and the data set if it is known."""
    descriptor = model_card.read_dataset(config.model_card) if config.model_card else None
    return functools.partial(rest_client.label_map, config.server.rstrip("/")), descriptor


def _read(path):
    """The contents of an image file, and its pixels."""
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            raw = file.read()
    except tf.errors.OpError as error:
        raise ImageError(
            f"Expected a readable file at {path}, found none ({error.message})."
        ) from error
    return raw, np.array(image_files.to_rgb(image_files.open_image(raw, path), path))


class _Writer:
    """Writes what is predicted, under the name of its image."""

    def __init__(self, output_dir, descriptor):
        self._output_dir = output_dir
        self._colormap = descriptor.colormap if descriptor else datasets.pascal_colormap(256)
        atomic.make_folder(output_dir, "--output_dir")
        if descriptor:
            legend = label_maps.draw_legend(descriptor.class_names, descriptor.colormap)
            atomic.write_png(os.path.join(output_dir, "legend.png"), legend)

    def write(self, name, image, label_map):
        self._write("labels", name, label_maps.with_palette(label_map, self._colormap))
        self._write("overlays", name, label_maps.overlay(image, label_map, self._colormap))

    def _write(self, kind, name, picture):
        path = os.path.join(self._output_dir, kind, name)
        with atomic.as_user_errors(path, atomic.ADVICE):
            tf.io.gfile.makedirs(os.path.dirname(path))
        atomic.write_png(path, picture)
