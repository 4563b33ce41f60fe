"""The `tf.Module` behind an exported SavedModel."""

import tensorflow as tf

from deeplab_nas.core.kernels import target
from deeplab_nas.data.examples import IMAGE_ENCODED
from deeplab_nas.engine.networks import inference
from deeplab_nas.engine.prediction import signatures
from deeplab_nas.serving.formats import image_decoder
from deeplab_nas.serving.formats.byte_string import checked


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
            max_pixels: Most pixels of an image; see `image_decoder.decode`.
            assets: Paths of files that travel with it.
            image_range: See `image_decoder.decode`.
        """
        super().__init__()
        # What a SavedModel keeps are the tracked variables; a Keras model would bring its own code.
        self._variables = [variable.value for variable in model.variables]
        self._assets = [tf.saved_model.Asset(path) for path in assets]
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
        indices = tf.range(tf.size(image_bytes))
        pngs = tf.map_fn(
            lambda element: self._png(*element),
            (indices, image_bytes),
            fn_output_signature=tf.TensorSpec([], tf.string),
            # One image at a time: memory is that of the largest.
            parallel_iterations=1,
        )
        return {signatures.PNG_BYTES: pngs}

    def predict_examples(self, examples):
        """As `predict_bytes`, of serialised tf.Examples with the image under its official key."""
        feature = {IMAGE_ENCODED: tf.io.FixedLenFeature([], tf.string)}
        return self.predict_bytes(tf.io.parse_example(examples, feature)[IMAGE_ENCODED])

    def _labels(self, images):
        return tf.argmax(self._probabilities(images), axis=-1, output_type=tf.int32)

    def _png(self, index, contents):
        place = tf.strings.join(["image ", tf.strings.as_string(index), " of the request"])
        image = image_decoder.decode(contents, place, self._max_pixels, self._image_range)
        labels = self._labels(image[None])
        return tf.io.encode_png(tf.cast(labels[0, ..., None], tf.uint8))

    def _checked(self, images):
        height, width = tf.unstack(tf.shape(images, tf.int64)[1:3])
        fits = (height > 0) & (width > 0) & (height * width <= self._max_pixels)
        expected = f"images: expected 1 to {self._max_pixels} pixels, found "
        return checked(images, fits, expected, width, "x", height)


def _graph(function, spec):
    traced = tf.function(function, input_signature=[spec], autograph=False)
    with target.other_machines():
        return traced.get_concrete_function()


def example(encoded):
    """Serialises an encoded image, `bytes`, as `from_examples` takes it."""
    value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded]))
    features = tf.train.Features(feature={IMAGE_ENCODED: value})
    return tf.train.Example(features=features).SerializeToString()
