"""LiteRT models: one image of a fixed size, for phones and small boards."""

import numpy as np
import tensorflow as tf

from deeplab_nas.core.kernels import resize, target
from deeplab_nas.data import augment, record_faults
from deeplab_nas.data.split import Split
from deeplab_nas.engine.prediction import signatures
from deeplab_nas.errors import UserError

QUANTIZATIONS = ("none", "int8")


def convert(model, size, resized, calibration_images=None):
    """Converts a network.

    Args:
        model: `Segmenter`, folded.
        size: `(height, width)` of the images in pixels.
        resized: `ResizeConfig` of what comes first, which becomes a part of the file.
        calibration_images: Float32 `[1, height, width, 3]` each, in 0..255, that int8 ranges are
            measured on; None for float32.

    Returns:
        The file: from `images` `[1, height, width, 3]`, float32 in 0..255 or, quantised, uint8, to
        `semantic_predictions`, int32 `[1, height, width]`.
    """
    spec = tf.TensorSpec([1, *size, 3], tf.float32, "images")

    def scores(images):
        if resized.min_resize_value is None:
            return model(images)
        images = resize.resize_by_kernel(images, augment.resized_size(size, resized))
        return resize.resize_by_kernel(tf.nn.softmax(model(images)), size)

    @tf.function(input_signature=[spec], autograph=False)
    def predict(images):
        return {signatures.PREDICTIONS: tf.argmax(scores(images), axis=-1, output_type=tf.int32)}

    with target.other_machines():
        concrete = predict.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], model)
    if calibration_images is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image] for image in calibration_images)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
    return converter.convert()


def calibration_images(trained, config, size):
    """Images of the training split, spread evenly over it.

    Args:
        trained: `TrainedNetwork`.
        config: `ExportConfig`.
        size: `(height, width)` in pixels that they are resized to.

    Returns:
        Float32 arrays `[1, height, width, 3]`, in 0..255.

    Raises:
        UserError: There are no such shards, or a record cannot be used.
    """
    folder = config.dataset_dir or trained.settings["dataset_dir"]
    split = Split.load(trained.descriptor, folder, trained.settings["train_split"])
    read = split.reader()
    num_examples = split.index.num_examples
    count = min(config.num_calibration_images, num_examples)
    numbers = np.linspace(0, num_examples - 1, count).astype(np.int64)
    images = (_image(read, split, number) for number in numbers)
    return [resize.resize_bilinear(image[None], size).numpy() for image in images]


def _image(read, split, number):
    found = record_faults.read_or_fault(read, split, number)
    if isinstance(found, str):
        raise UserError(found)
    return found[0]
