"""The `tf.Module` behind an exported SavedModel."""

import tensorflow as tf

from deeplab_nas.core.kernels import target
from deeplab_nas.data import augment, examples
from deeplab_nas.engine.networks import inference
from deeplab_nas.engine.prediction import signatures
from deeplab_nas.serving.formats import image_decoder
from deeplab_nas.serving.formats.attempt import attempt
from deeplab_nas.serving.formats.byte_string import checked

# The answer to a request is kept until its last image has been seen.
MOST_IMAGES = 256


class Service(tf.Module):
    """A trained network as TF Serving calls it, with decoding and preprocessing inside.

    Any request that cannot be answered ends with InvalidArgument and a reason.

    Attributes:
        served: Concrete function by signature name; SavedModels keep the word `signatures`.
    """

    def __init__(self, model, config, max_pixels, assets, image_range=None):
        """Creates the module.

        Args:
            model: `Segmenter`, best folded.
            config: `InferenceConfig`.
            max_pixels: Most pixels that are seen at once, also after a resize: of an image file, or
                of all the images of a batch of pixels.
            assets: Paths of files that travel with it.
            image_range: See `image_decoder.decode`.
        """
        super().__init__()
        # What a SavedModel keeps are the tracked variables; a Keras model would bring its own code.
        self._variables = [variable.value for variable in model.variables]
        self._assets = [tf.saved_model.Asset(path) for path in assets]
        self._config = config
        self._max_pixels = max_pixels
        self._image_range = image_range
        images = tf.TensorSpec([None, None, None, 3], tf.uint8, "images")
        # One graph, which the signatures share.
        self._probabilities = _graph(inference.predictor(model, config), images)
        encoded = tf.TensorSpec([None], tf.string, "image_bytes")
        serialized = tf.TensorSpec([None], tf.string, "examples")
        self.served = {
            signatures.SERVING_DEFAULT: _graph(self.predict, images),
            signatures.PROBABILITIES: _graph(self.predict_probabilities, images),
            signatures.FROM_BYTES: _graph(self.predict_bytes, encoded),
            signatures.FROM_EXAMPLES: _graph(self.predict_examples, serialized),
        }

    def predict(self, images):
        """Class ids, int32 `[batch, height, width]`, of uint8 images with three channels."""
        return {signatures.PREDICTIONS: self._labels(self._checked(images))}

    def predict_probabilities(self, images):
        """Class probabilities, float32 `[batch, height, width, num_classes]`."""
        return {signatures.PROBABILITIES: self._probabilities(self._checked(images))}

    def predict_bytes(self, image_bytes):
        """Class ids as grey PNG files, `[batch]`, each of the size of its image, turned upright."""
        return self._pngs(image_bytes, lambda contents, place: contents)

    def predict_examples(self, serialized):
        """As `predict_bytes`, of serialised tf.Examples with the image under its official key."""
        return self._pngs(serialized, _image_file)

    def _pngs(self, strings, image_file):
        """Answers strings one at a time, so that memory is that of the largest image."""
        count = tf.size(strings)
        fits = (count > 0) & (count <= MOST_IMAGES)
        strings = checked(strings, fits, f"expected 1 to {MOST_IMAGES} images, found ", count)

        def answer(element):
            index, string = element
            place = tf.strings.join(["image ", tf.strings.as_string(index), " of the request"])
            return self._png(image_file(string, place), place)

        pngs = tf.map_fn(
            answer,
            (tf.range(count), strings),
            fn_output_signature=tf.TensorSpec([], tf.string),
            parallel_iterations=1,
        )
        return {signatures.PNG_BYTES: pngs}

    def _labels(self, images):
        return tf.argmax(self._probabilities(images), axis=-1, output_type=tf.int32)

    def _png(self, contents, place):
        image = image_decoder.decode(contents, place, self._max_pixels, self._image_range)
        labels = self._labels(self._checked_resize(image[None], place))
        return tf.io.encode_png(tf.cast(labels[0, ..., None], tf.uint8))

    def _checked(self, images):
        batch, height, width = tf.unstack(tf.shape(images, tf.int64)[:3])
        pixels = batch * height * width
        fits = (pixels > 0) & (pixels <= self._max_pixels)
        expected = f"images: expected 1 to {self._max_pixels} pixels in all, found "
        images = checked(images, fits, expected, batch, " of ", width, "x", height)
        return self._checked_resize(images, "images")

    def _checked_resize(self, images, place):
        """An image of one row may be a million times as large once its shorter side has grown."""
        if not self._config.min_resize_value:
            return images
        shape = tf.shape(images, tf.int64)
        height, width = tf.unstack(augment.resized_size(shape[1:3], self._config))
        pixels = shape[0] * height * width
        fits = (pixels > 0) & (pixels <= self._max_pixels)
        expected = f": expected 1 to {self._max_pixels} pixels in all after the resize, found "
        return checked(images, fits, place, expected, shape[0], " of ", width, "x", height)


def _image_file(serialized, place):
    """The image file in a tf.Example, checked."""
    contents, count = attempt(examples.image_values, serialized, ("", -1))
    found = tf.where(count < 0, "no tf.Example", tf.strings.as_string(count))
    expected = f": expected a tf.Example with one file in {examples.IMAGE_ENCODED}, found "
    return checked(contents, count == 1, place, expected, found)


def _graph(function, spec):
    traced = tf.function(function, input_signature=[spec], autograph=False)
    with target.other_machines():
        return traced.get_concrete_function()


def example(encoded):
    """Serialises an encoded image, `bytes`, as `from_examples` takes it."""
    value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded]))
    features = tf.train.Features(feature={examples.IMAGE_ENCODED: value})
    return tf.train.Example(features=features).SerializeToString()
