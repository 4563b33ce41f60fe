"""The whole network: counts, sizes, options, saving."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import aspp, nas_genotypes
from deeplab_nas.engine.steps import weight_decay
from tests.core import made_architectures, made_networks

CLASSES = 5


def made(architecture=made_architectures.MIXED, multiplier=2, classes=CLASSES, **options):
    """A segmenter whose every variable matters: nothing is left at zero or one."""
    keras.utils.set_random_seed(0)
    model = made_networks.build(architecture, multiplier, classes, **options)
    for i, variable in enumerate(model.variables):
        if variable.name in ("gamma", "beta", "moving_mean", "moving_variance", "biases"):
            noise = tf.random.stateless_uniform(variable.shape, [1, i], -0.2, 0.2)
            variable.assign(variable + noise)
    return model


def images(height=33, width=65, batch=2):
    return tf.random.stateless_uniform([batch, height, width, 3], [2, 3], 0.0, 255.0)


@pytest.fixture(scope="module")
def model():
    return made()


def count(variables):
    return sum(math.prod(variable.shape) for variable in variables)


@pytest.mark.parametrize(
    ("multiplier", "parameters"),
    [
        (8, 3_495_251),
        (20, 10_147_427),
        pytest.param(32, 21_622_451, marks=pytest.mark.slow),
        pytest.param(48, 44_424_691, marks=pytest.mark.slow),
    ],
)
def test_parameters_of_the_paper(multiplier, parameters):
    model = made_networks.build(nas_genotypes.auto_deeplab(), multiplier, 19)
    assert count(model.trainable_variables) == parameters
    assert len(model.trainable_variables) == 890
    assert len(weight_decay.regularized_variables(model)) == 409


def test_separable_heads():
    options = {"aspp_with_separable_conv": True, "decoder_use_separable_conv": True}
    model = made_networks.build(nas_genotypes.auto_deeplab(), 20, 19, **options)
    assert count(model.trainable_variables) == 7_784_507
    names = {variable.path.partition("/")[2] for variable in model.trainable_variables}
    assert "aspp/aspp3_depthwise/depthwise_weights" in names
    assert "decoder/decoder_conv1_pointwise/BatchNorm/gamma" in names
    # Three rates and two convolutions of the decoder have a depthwise kernel without decay.
    assert len(weight_decay.regularized_variables(model)) == 409


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (2, 3), (20, 31), (33, 65), (64, 48)])
def test_any_size(model, size):
    inputs = images(*size)
    logits = model(inputs)
    assert logits.shape == (2, *size, CLASSES)
    assert logits.dtype == tf.float32
    assert np.all(np.isfinite(logits))


def test_dynamic_sizes_are_the_same(model):
    function = tf.function(model, input_signature=[tf.TensorSpec([None, None, None, 3])])
    assert function.get_concrete_function().structured_outputs.shape[-1] == CLASSES
    for size in ((33, 65), (20, 31), (1, 1)):
        inputs = images(*size)
        expected = model(inputs)
        np.testing.assert_allclose(function(inputs), expected, rtol=1e-3, atol=1e-4)


def test_other_channels():
    model = made(input_channels=13)
    assert model(tf.zeros([1, 17, 17, 13])).shape == (1, 17, 17, CLASSES)


def test_images_are_mapped_to_unit_range(model):
    inputs = images()
    found = model.endpoints(inputs)["Stem"]
    expected = model.backbone(inputs / 127.5 - 1.0)["Stem"]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


OPTIONS = [
    {},
    {"dtype": "mixed_bfloat16"},
    {"aspp_with_separable_conv": True, "decoder_use_separable_conv": True},
    {"image_pooling_crop_size": (17, 33), "atrous_rates": (1, 2)},
    {"add_image_level_feature": False, "use_decoder": False, "nas_remove_os32_stride": True},
    {"drop_path_keep_prob": 0.5, "training_number_of_steps": 7, "synchronized": True},
    {"aspp_convs_filters": 24, "decoder_filters": 40},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_saved_and_loaded_is_the_same_bit_for_bit(tmp_path, options):
    model = made(**options)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    assert [v.path for v in loaded.variables] == [v.path for v in model.variables]
    np.testing.assert_array_equal(loaded(images()), model(images()))


@pytest.mark.parametrize("options", OPTIONS)
def test_every_trainable_variable_has_a_finite_gradient(options):
    model = made(**options)

    @tf.function
    def gradients(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(inputs, training=True) ** 2)
        return tape.gradient(loss, model.trainable_variables)

    found = gradients(images(33, 32))
    for gradient, variable in zip(found, model.trainable_variables, strict=True):
        assert gradient is not None and np.all(np.isfinite(gradient)), variable.path


def test_mixed_precision_is_close(model):
    low = made(dtype="mixed_bfloat16")
    assert {variable.dtype for variable in low.trainable_variables} == {"float32"}
    logits, expected = low(images()), model(images())
    assert logits.dtype == tf.float32
    np.testing.assert_allclose(logits, expected, atol=0.05 * np.max(np.abs(expected)))


def test_without_fine_tuning_batch_norm_training_leaves_the_statistics():
    model = made(fine_tune_batch_norm=False, dropout_keep_prob=1.0)
    before = [variable.numpy() for variable in model.non_trainable_variables]
    np.testing.assert_allclose(model(images(), training=True), model(images()), rtol=1e-5)
    for old, variable in zip(before, model.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(variable, old)


def test_dropout_acts_in_training_only():
    model = made(fine_tune_batch_norm=False, dropout_keep_prob=0.5)
    np.testing.assert_array_equal(model(images()), model(images()))
    first, second = (model(images(), training=True).numpy() for _ in range(2))
    assert not np.allclose(first, second)


@pytest.mark.parametrize(
    ("output_stride", "rates"), [(4, (24, 48, 72)), (8, (12, 24, 36)), (16, (6, 12, 18))]
)
def test_rates_scale_with_the_output_stride(output_stride, rates):
    assert aspp.default_rates(output_stride) == rates
    assert aspp.Aspp(output_stride).atrous_rates == list(rates)


def test_image_pooling_averages_windows_of_the_crop():
    # A crop of 17x9 pixels is 3x2 positions at output stride 8.
    layer = aspp.Aspp(8, image_pooling_crop_size=(17, 9))
    features = tf.random.stateless_normal([2, 5, 4, 3], [0, 0])
    layer.build(features.shape)
    pooling, seen = layer.image_pooling, []

    def seen_by_pooling(means, training):
        seen.append(means)
        return pooling(means, training=training)

    layer.image_pooling = seen_by_pooling
    small = features[:, :2, :1]
    layer(features)
    layer(small)
    for means, expected in zip(
        seen,
        (
            tf.nn.avg_pool2d(features, [3, 2], 1, "VALID"),
            tf.reduce_mean(small, [1, 2], keepdims=True),
        ),
        strict=True,
    ):
        np.testing.assert_allclose(means, expected, rtol=1e-5, atol=1e-6)


def test_model_fit_is_a_step_down_the_gradient():
    model = made(dropout_keep_prob=1.0)
    labels = tf.random.stateless_uniform([2, 17, 17], [4, 5], 0, CLASSES, tf.int32)
    before = [variable.numpy() for variable in model.trainable_variables]
    with tf.GradientTape() as tape:
        logits = model(images(17, 17), training=True)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_mean(losses)
    gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
    model.compile(
        keras.optimizers.SGD(1.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    history = model.fit(images(17, 17), labels, epochs=1, verbose=0)
    np.testing.assert_allclose(history.history["loss"], [loss], rtol=1e-5)
    norm = tf.linalg.global_norm(gradients).numpy()
    for old, gradient, variable in zip(before, gradients, model.trainable_variables, strict=True):
        step = old - variable.numpy()
        np.testing.assert_allclose(step, gradient, atol=1e-4 * norm, err_msg=variable.path)
