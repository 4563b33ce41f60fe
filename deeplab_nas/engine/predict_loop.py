"""From image files to label maps and overlays."""

import functools
import os
import time
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from deeplab_nas.core import folding
from deeplab_nas.data.brightness import ranges
from deeplab_nas.engine.devices import strategies
from deeplab_nas.engine.networks import inference, model_card, trained_network
from deeplab_nas.engine.prediction import batching, input_files, pictures, rest_client
from deeplab_nas.engine.prediction.batching import InputImage
from deeplab_nas.engine.prediction.label_writer import LabelWriter
from deeplab_nas.engine.prediction.read_ahead import ReadAhead
from deeplab_nas.engine.reporting.progress import Progress
from deeplab_nas.errors import ImageError

# Reading and writing; more threads wait for the network, or take its cores.
_MOST_THREADS = 4
# Of the images that wait for the network, in bytes.
_AHEAD_BYTES = 2**26


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
    inputs = input_files.find(config.input, config.output_dir)
    predict, descriptor, seen = _server(config) if config.server else _network(config)
    image_range = ranges.parse(config.image_range) or (descriptor and descriptor.image_range)
    threads = min(_MOST_THREADS, config.threads or os.cpu_count() or 1)
    read = functools.partial(_read_or_refuse, image_range)
    report = _Report(len(inputs))
    reading = ReadAhead(read, inputs, _num_bytes, _AHEAD_BYTES, threads)
    with report, LabelWriter(config.output_dir, descriptor, threads) as writer, reading as images:
        for batch in batching.in_batches(images, seen):
            if isinstance(batch, ImageError):
                report.refuse(batch)
                continue
            try:
                found = predict(batch)
            except ImageError as error:
                report.refuse(error)
                continue
            report.warn(batch)
            for image, label_map in zip(batch, found, strict=True):
                writer.write(image.name, image.pixels, label_map)
            if not writer.written:
                # What is wrong with the folder shows before the next image is predicted.
                writer.finish()
            report.count(writer.written)
        writer.finish()
        report.count(writer.written)
    return report.predicted()


def _network(config):
    """The function that labels images of one size by a network here, its data set, and how.

    How it sees them is an `InferenceConfig`.
    """
    trained = trained_network.load(config.checkpoint, config.mixed_precision)
    model = folding.fold(trained.model)
    seen = config.inference.of_training(trained.resize)
    probabilities = inference.predictor(model, seen)

    def label(images):
        return tf.argmax(probabilities(images), axis=-1, output_type=tf.int32)

    # One graph for all sizes.
    any_size = tf.TensorSpec([None, None, None, 3], tf.uint8)
    graph = tf.function(label, input_signature=[any_size], autograph=False)

    def predict(images):
        return graph(tf.constant(np.stack([image.pixels for image in images]))).numpy()

    return predict, trained.descriptor, seen


def _server(config):
    """The function that has a server label one image, the data set if it is known, and None."""
    descriptor = model_card.read_dataset(config.model_card) if config.model_card else None
    server = rest_client.Server(config.server, descriptor.num_classes if descriptor else None)

    def predict(images):
        return [server.label_map(each.raw, each.pixels, each.path) for each in images]

    return predict, descriptor, None


def _read_or_refuse(image_range, found):
    """The image at `(path, name)`, or why it cannot be read."""
    path, name = found
    try:
        raw, picture = pictures.read(path, image_range)
        pixels = np.array(picture.pixels)
    except ImageError as error:
        return error
    return InputImage(path, name, raw, pixels, pictures.warning(path, picture))


def _num_bytes(image):
    return 0 if isinstance(image, ImageError) else len(image.raw) + image.pixels.nbytes


class _Report:
    """Counts what is done, and shows how long the rest will take."""

    def __init__(self, num_images):
        self._progress = Progress({"image": num_images})
        self._refused = []
        self._written = 0
        self._last = time.monotonic()
        self._first_written = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._progress.close()

    def refuse(self, error):
        """Tells an image that is left out."""
        self._refused.append(str(error))
        self._progress.write(str(error))
        self._advance(1)

    def warn(self, images):
        """Tells what is odd about images that are predicted all the same."""
        for image in images:
            if image.warning:
                self._progress.write(image.warning)

    def count(self, written):
        """Takes the number of images whose files are written by now."""
        more, self._written = written - self._written, written
        if more:
            self._advance(more)
            self._first_written = self._first_written or self._last

    def predicted(self):
        """`Predicted`, when all is done."""
        more = self._written - 1
        pace = more / (self._last - self._first_written) if more > 0 else None
        return Predicted(self._written, tuple(self._refused), pace)

    def _advance(self, n):
        now = time.monotonic()
        # Reading, predicting and writing overlap; what counts is the time from result to result.
        self._progress.update("image", n, now - self._last, {})
        self._last = now
