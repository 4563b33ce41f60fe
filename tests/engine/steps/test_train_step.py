"""A training step against the formula, and in parts."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import nas_genotypes
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.steps.train_step import TrainStep
from deeplab_nas.errors import UserError
from tests.core import made_networks

IGNORE = 255
CONFIG = OptimizationConfig(training_number_of_steps=10, weight_decay=0.01)
ARCHITECTURE = nas_genotypes.Architecture(
    cell=(((0, "separable_3x3_2"), (1, "atrous_3x3")),), path=(0, 1)
)


def made_step(config=CONFIG, steps_per_loop=1, **options):
    keras.utils.set_random_seed(3)
    model = made_networks.build(ARCHITECTURE, 4, 4, **{"dropout_keep_prob": 1.0, **options})
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    return TrainStep(strategy, model, config, IGNORE, steps_per_loop=steps_per_loop), model


def made_batch(seed=0, batch=4):
    rng = np.random.default_rng(seed)
    images = rng.uniform(0, 255, [batch, 17, 18, 3]).astype(np.float32)
    labels = rng.integers(0, 4, [batch, 17, 18]).astype(np.int32)
    labels[:, :3] = IGNORE
    # The halves of the batch have different numbers of pixels that count.
    labels[: batch // 2, 5:] = IGNORE
    return tf.constant(images), tf.constant(labels)


def values(model):
    return [variable.numpy().copy() for variable in model.trainable_variables]


def is_kernel(variable):
    return variable.name.endswith("weights")


def gradients_by_hand(model, images, labels, class_weights):
    """Of the mean cross entropy over the labelled pixels, picked out one by one."""
    variables = [v.value for v in model.trainable_variables]
    with tf.GradientTape() as tape:
        logits = model(images, training=True)
        valid = labels != IGNORE
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels[valid], logits[valid])
        loss = tf.reduce_mean(losses * tf.gather(class_weights, labels[valid]))
    return loss, [gradient.numpy() for gradient in tape.gradient(loss, variables)]


def test_is_momentum_with_l2_and_multipliers_along_poly():
    config = dataclasses.replace(
        CONFIG, last_layer_gradient_multiplier=3.0, label_weights=(1.0, 2.0, 0.5, 0.0)
    )
    step, model = made_step(config)
    head = ("aspp", "decoder", "logits")
    momenta = [0.0] * len(model.trainable_variables)
    for number in range(2):
        before = values(model)
        images, labels = made_batch(number)
        loss, gradients = gradients_by_hand(model, images, labels, config.label_weights)
        told = step.update(images, labels)
        np.testing.assert_allclose(told["cross_entropy"], loss, rtol=1e-4)
        pairs = zip(model.trainable_variables, before, strict=True)
        decay = sum(np.sum(old**2) for variable, old in pairs if is_kernel(variable))
        np.testing.assert_allclose(told["regularization_loss"], 0.005 * decay, rtol=1e-4)
        rate = 0.05 * (1 - number / 10) ** 0.9
        for i, variable in enumerate(model.trainable_variables):
            gradient = gradients[i] + (0.01 * before[i] if is_kernel(variable) else 0.0)
            in_head = variable.path.split("/")[1] in head
            gradient *= (3.0 if in_head else 1.0) * (2.0 if variable.name == "biases" else 1.0)
            momenta[i] = 0.9 * momenta[i] - rate * gradient
            np.testing.assert_allclose(
                variable.numpy(), before[i] + momenta[i], rtol=1e-3, atol=2e-5
            )


@pytest.mark.slow
def test_a_batch_in_parts_is_the_batch():
    outcomes = []
    for parts in (1, 2, 4):
        config = dataclasses.replace(CONFIG, gradient_accumulation_steps=parts)
        step, model = made_step(config, fine_tune_batch_norm=False)
        told = [step.update(*made_batch(number)) for number in range(2)]
        outcomes.append([*values(model), *[float(v) for one in told for v in one.values()]])
    for whole, *in_parts in zip(*outcomes, strict=True):
        for found in in_parts:
            np.testing.assert_allclose(found, whole, rtol=1e-4, atol=1e-6)


def test_parts_that_do_not_fit_the_batch_are_told():
    step, _ = made_step(dataclasses.replace(CONFIG, gradient_accumulation_steps=3))
    with pytest.raises(UserError, match="gradient_accumulation_steps=3 divides, found 4"):
        step.update(*made_batch())


def test_a_batch_without_labels_moves_by_weight_decay_alone():
    step, model = made_step()
    before = values(model)
    images, labels = made_batch()
    told = step.update(images, tf.fill(labels.shape, IGNORE))
    assert float(told["cross_entropy"]) == 0.0
    for old, variable in zip(before, model.trainable_variables, strict=True):
        expected = old * (1.0 - 0.05 * 0.01) if is_kernel(variable) else old
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-6)


def test_mining_raises_the_loss_as_its_ramp_goes_on():
    config = dataclasses.replace(
        CONFIG, top_k_percent_pixels=0.05, hard_example_mining_step=2, base_learning_rate=1e-9
    )
    step, _ = made_step(config)
    plain, _ = made_step()
    images, labels = made_batch()
    # Ignored pixels are of the share as well; without them every change of it shows.
    labels = tf.where(labels == IGNORE, 0, labels)
    mined = [float(step.update(images, labels)["cross_entropy"]) for _ in range(3)]
    np.testing.assert_allclose(mined[0], plain.update(images, labels)["cross_entropy"], rtol=1e-5)
    assert mined[0] < mined[1] < mined[2]


def test_a_fixed_batch_is_learned():
    step, _ = made_step(dataclasses.replace(CONFIG, training_number_of_steps=60))
    images, _ = made_batch()
    labels = tf.cast(images[..., 0] > 128.0, tf.int32)[:, :1, :1] * tf.ones([4, 17, 18], tf.int32)
    labels += 2 * tf.cast(tf.range(18) > 8, tf.int32)
    losses = [float(step.update(images, labels)["cross_entropy"]) for _ in range(40)]
    assert losses[-1] < 0.5 * losses[0]


def whole_gradient(step, model, batch):
    """The loss of a batch, and the gradient as the first step without momentum shows it."""
    before = values(model)
    told = step.update(*batch)
    moved = [(old - new).ravel() / 0.05 for old, new in zip(before, values(model), strict=True)]
    return float(told["cross_entropy"]), np.concatenate(moved)


# The distance between neighbouring numbers, relative to them.
@pytest.mark.parametrize(
    ("precision", "spacing"),
    [("mixed_bfloat16", 2.0**-7), pytest.param("mixed_float16", 2.0**-10, marks=pytest.mark.slow)],
)
def test_half_precision_learns_as_single_does(precision, spacing, monkeypatch):
    # Rounding carries values over the kink of a ReLU, whose gradient then jumps: with kinks, the
    # difference is of the order of the root of the spacing.
    monkeypatch.setattr(tf.nn, "relu", tf.nn.elu)
    config = dataclasses.replace(CONFIG, weight_decay=0.0)
    single, exact = whole_gradient(*made_step(config), made_batch())
    step, model = made_step(config, dtype=precision)
    half, found = whole_gradient(step, model, made_batch())
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    assert int(step.optimizer.iterations.numpy()) == 1
    labelled = np.sum(made_batch()[1] != IGNORE)
    assert half == pytest.approx(single, rel=spacing / np.sqrt(labelled))
    assert np.linalg.norm(found - exact) < 8 * spacing * np.linalg.norm(exact)


def test_a_step_that_overflows_is_skipped_and_the_scale_lowered():
    step, model = made_step(dtype="mixed_float16")
    step.optimizer.dynamic_scale.assign(1e30)
    before = values(model)
    told = step.update(*made_batch())
    assert np.isfinite(float(told["cross_entropy"]))
    assert float(told["gradient_norm"]) == 0.0
    assert float(step.optimizer.dynamic_scale.numpy()) == pytest.approx(0.5e30)
    for old, variable in zip(before, model.trainable_variables, strict=True):
        np.testing.assert_array_equal(old, variable.numpy())


def test_several_steps_in_one_call_are_the_steps():
    one, model = made_step()
    several, other = made_step(steps_per_loop=3)
    batch = made_batch()
    told = [one.update(*batch) for _ in range(3)]
    batches = iter(tf.data.Dataset.from_tensors(batch).repeat())
    means = several.run(batches, steps=tf.constant(3))
    for name, mean in means.items():
        expected = np.mean([float(values[name]) for values in told])
        np.testing.assert_allclose(float(mean), expected, rtol=1e-4)
    for first, second in zip(values(model), values(other), strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-5)
