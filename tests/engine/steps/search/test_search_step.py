"""The two updates of the search against the formulas."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.engine.configs.search import SearchOptimization
from deeplab_nas.engine.steps.search import path_sampling
from deeplab_nas.engine.steps.search.search_step import SearchStep
from deeplab_nas.engine.steps.search.skip_restraint import SkipRestraint
from deeplab_nas.supernet.relaxation import Weights
from deeplab_nas.supernet.supernet import Supernet
from deeplab_nas.supernet.supernet_config import SupernetConfig
from deeplab_nas.supernet.unreached import SKIPPED

IGNORE = 255
CONFIG = SearchOptimization(base_learning_rate=0.1, end_learning_rate=0.01)


def made_step(config=CONFIG, total_steps=10, dtype="float32", **how):
    keras.utils.set_random_seed(3)
    settings = SupernetConfig(num_layers=1, num_blocks=1, filter_multiplier=2)
    supernet = Supernet(4, settings, dtype=dtype)
    supernet.build()
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    return SearchStep(strategy, supernet, config, IGNORE, total_steps, **how), supernet


def made_batch(seed=0):
    rng = np.random.default_rng(seed)
    images = rng.uniform(0, 255, [2, 17, 17, 3]).astype(np.float32)
    labels = rng.integers(0, 4, [2, 17, 17]).astype(np.int32)
    labels[:, :3] = IGNORE
    return tf.constant(images), tf.constant(labels)


def values(variables):
    return [variable.numpy().copy() for variable in variables]


def loss_and_gradients(supernet, variables, images, labels, **relaxed):
    """The mean cross entropy over the labelled pixels, picked out one by one."""
    with tf.GradientTape() as tape:
        logits = supernet(images, training=True, **relaxed)
        valid = labels != IGNORE
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels[valid], logits[valid])
        loss = tf.reduce_mean(losses)
    # Nodes that no path reaches have no gradient.
    sources = [variable.value for variable in variables]
    gradients = tape.gradient(loss, sources, unconnected_gradients="zero")
    return loss, [gradient.numpy() for gradient in gradients]


@pytest.mark.parametrize("clip", [0.0, 0.01])
def test_weight_step_is_sgd_with_clip_l2_and_momentum(clip):
    config = dataclasses.replace(CONFIG, clip_gradient_norm=clip, weight_decay=0.1)
    step, supernet = made_step(config)
    variables = supernet.network_variables
    momenta = [np.zeros(v.shape) for v in variables]
    for number, rate in enumerate([0.1, 0.01 + 0.09 * (1 + np.cos(np.pi / 10)) / 2]):
        before = values(variables)
        images, labels = made_batch(number)
        expected_loss, gradients = loss_and_gradients(supernet, variables, images, labels)
        norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
        scale = min(1.0, clip / norm) if clip else 1.0
        told = step.update_weights(images, labels)
        np.testing.assert_allclose(told["weight_loss"], expected_loss, rtol=1e-4)
        np.testing.assert_allclose(told["weight_gradient_norm"], norm, rtol=1e-3)
        assert step.learning_rate(number) == pytest.approx(rate)
        for i, variable in enumerate(variables):
            decay = 0.1 * before[i] if variable.ndim > 1 else 0.0
            momenta[i] = 0.9 * momenta[i] - rate * (gradients[i] * scale + decay)
            expected = before[i] + momenta[i]
            np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-3, atol=1e-4)


def test_a_part_is_trained_by_a_rate_of_its_own_and_moves_no_average():
    config = dataclasses.replace(CONFIG, clip_gradient_norm=0.0, weight_decay=0.1)
    step, supernet = made_step(config)
    update = step.update_of_part(0.02)
    variables, others = supernet.network_variables, supernet.non_trainable_variables
    operations = np.zeros(supernet.alpha.shape, np.float32)
    operations[0, 3] = operations[1, :2] = 1.0
    arrows = np.zeros(supernet.beta.shape, np.float32)
    arrows[0, 0, 2] = 1.0
    part = Weights(tf.constant(operations), tf.constant(arrows))
    momenta = [np.zeros(v.shape) for v in variables]
    averages = values(others)
    for number in range(2):
        before = values(variables)
        images, labels = made_batch(number)
        how = {"relaxed": part, "track_statistics": False, "unreached": SKIPPED}
        expected_loss, gradients = loss_and_gradients(supernet, variables, images, labels, **how)
        told = update(images, labels, part.operations, part.arrows)
        np.testing.assert_allclose(told["weight_loss"], expected_loss, rtol=1e-4)
        for i, variable in enumerate(variables):
            decay = 0.1 * before[i] if variable.ndim > 1 else 0.0
            momenta[i] = 0.9 * momenta[i] - 0.02 * (gradients[i] + decay)
            expected = before[i] + momenta[i]
            np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-3, atol=1e-4)
    for old, new in zip(averages, values(others), strict=True):
        np.testing.assert_array_equal(old, new)


def made_architecture_step(**settings):
    """A step and its supernet, whose alpha and beta are far from uniform."""
    step, supernet = made_step(dataclasses.replace(CONFIG, **settings))
    for variable in supernet.architecture_variables:
        variable.assign(np.random.default_rng(0).normal(size=variable.shape))
    return step, supernet


def test_architecture_step_is_adam_with_l2_on_alpha_and_beta_alone():
    step, supernet = made_architecture_step(architecture_weight_decay=0.1)
    variables = supernet.architecture_variables
    before, weights = values(variables), values(supernet.network_variables)
    images, labels = made_batch()
    _, gradients = loss_and_gradients(supernet, variables, images, labels)
    told = step.update_architecture(images, labels)
    norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
    np.testing.assert_allclose(told["architecture_gradient_norm"], norm, rtol=1e-3)
    for old, new, gradient in zip(before, values(variables), gradients, strict=True):
        # Adam's first step is the rate times the sign, whatever the size of the gradient.
        gradient = gradient + 0.1 * old
        clear = np.abs(gradient) > 1e-3
        assert clear.mean() > 0.5
        expected = old - 0.003 * np.sign(gradient)
        np.testing.assert_allclose(new[clear], expected[clear], atol=1e-5)
    for old, new in zip(weights, values(supernet.network_variables), strict=True):
        np.testing.assert_array_equal(old, new)
    # What is tallied is the gradient of the loss, without the decay.
    for i, gradient in enumerate(gradients):
        np.testing.assert_allclose(step.tally.sums[i], gradient, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(step.tally.squares[i], gradient**2, rtol=2e-3, atol=1e-9)
    step.update_weights(*made_batch(1))
    assert int(step.tally.steps.numpy()) == 1


def test_an_accumulated_architecture_step_takes_the_mean_over_all_its_pixels():
    step, supernet = made_architecture_step(architecture_accumulation_steps=2)
    variables = supernet.architecture_variables
    parts = [made_batch(seed) for seed in (0, 1)]
    # The second part has fewer pixels that count.
    parts[1] = (parts[1][0], tf.where(tf.range(17)[:, None] < 9, IGNORE, parts[1][1]))
    counts = [float(tf.reduce_sum(tf.cast(labels != IGNORE, tf.float32))) for _, labels in parts]
    found = [loss_and_gradients(supernet, variables, *part) for part in parts]
    share = np.array(counts) / sum(counts)
    # Every second example belongs to a part, on any number of replicas.
    images, labels = (
        tf.reshape(tf.stack(both, axis=1), [4, *both[0].shape[1:]])
        for both in zip(*parts, strict=True)
    )
    told = step.update_architecture(images, labels)
    expected_loss = sum(s * float(loss) for s, (loss, _) in zip(share, found, strict=True))
    np.testing.assert_allclose(told["architecture_loss"], expected_loss, rtol=1e-4)
    for i in range(len(variables)):
        gradient = sum(s * gradients[i] for s, (_, gradients) in zip(share, found, strict=True))
        np.testing.assert_allclose(step.tally.sums[i], gradient, rtol=1e-3, atol=1e-6)
    assert int(step.tally.steps.numpy()) == 1


def test_weight_step_leaves_alpha_and_beta_alone():
    step, supernet = made_step()
    before = values(supernet.architecture_variables)
    step.update_weights(*made_batch())
    for old, new in zip(before, values(supernet.architecture_variables), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_batch_without_labels_gives_no_loss_and_no_gradient():
    step, supernet = made_step(dataclasses.replace(CONFIG, weight_decay=0.0))
    before = values(supernet.network_variables)
    images, labels = made_batch()
    told = step.update_weights(images, tf.fill(labels.shape, IGNORE))
    assert {name: float(value) for name, value in told.items()} == {
        "weight_loss": 0.0,
        "weight_gradient_norm": 0.0,
    }
    for old, new in zip(before, values(supernet.network_variables), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.slow
def test_several_steps_in_one_call_are_the_steps():
    one, supernet = made_step()
    several, other = made_step(steps_per_loop=3)
    iterators = [iter(tf.data.Dataset.from_tensors(made_batch(seed)).repeat()) for seed in range(2)]
    told = [one.run_alternating(*iterators, steps=tf.constant(1)) for _ in range(3)]
    means = several.run_alternating(*iterators, steps=tf.constant(3))
    for name, mean in means.items():
        expected = np.mean([float(values[name]) for values in told])
        np.testing.assert_allclose(float(mean), expected, rtol=1e-4)
    for first, second in zip(supernet.variables, other.variables, strict=True):
        np.testing.assert_allclose(first.numpy(), second.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_float16_learns_as_float32_does_and_skips_a_step_that_overflows():
    single, _ = made_step()
    half, other = made_step(dtype="mixed_float16")
    iterators = [iter(tf.data.Dataset.from_tensors(made_batch(seed)).repeat()) for seed in range(2)]
    for step in range(3):
        expected = single.run_alternating(*iterators, steps=tf.constant(1))
        found = half.run_alternating(*iterators, steps=tf.constant(1))
        # Later gradients part: rounding carries values over the kinks of ReLU.
        names = expected if step == 0 else ("weight_loss", "architecture_loss")
        for name in names:
            np.testing.assert_allclose(found[name], expected[name], rtol=0.02, err_msg=name)
    assert {variable.dtype for variable in other.variables} == {"float32"}
    before = values(other.network_variables)
    half.weight_optimizer.dynamic_scale.assign(1e30)
    told = half.update_weights(*made_batch())
    assert float(told["weight_gradient_norm"]) == 0.0
    for old, new in zip(before, values(other.network_variables), strict=True):
        np.testing.assert_array_equal(old, new)
    assert float(half.weight_optimizer.dynamic_scale.numpy()) < 1e30


def test_restrained_skips_are_what_both_steps_and_the_evaluation_weigh():
    config = dataclasses.replace(CONFIG, skip_dropout=0.5, auxiliary_skip=1.0)
    step, supernet = made_step(config, seed=3)
    restraint = SkipRestraint(config, supernet.config.operations, 10, 3)
    images, labels = made_batch()
    valid = labels != IGNORE

    def expected_loss(relaxed):
        logits = supernet(images, training=True, relaxed=relaxed, track_statistics=False)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels[valid], logits[valid])
        return float(tf.reduce_mean(losses))

    of_weights = expected_loss(restraint.training(supernet.relaxed(), 0, 0))
    told = step.update_weights(images, labels)
    assert float(told["weight_loss"]) == pytest.approx(of_weights, rel=1e-4)
    of_architecture = expected_loss(restraint.training(supernet.relaxed(), 1, 1))
    told = step.update_architecture(images, labels)
    assert float(told["architecture_loss"]) == pytest.approx(of_architecture, rel=1e-4)
    evaluated = supernet(images, relaxed=restraint.evaluation(supernet.relaxed(), 1))
    np.testing.assert_allclose(step.scores(images), evaluated, rtol=1e-4, atol=1e-5)


SAMPLED = dataclasses.replace(
    CONFIG,
    end_learning_rate=0.1,
    momentum=0.0,
    weight_decay=0,
    clip_gradient_norm=0,
    sampled_paths=2,
)


def test_each_step_trains_other_paths_beside_the_whole():
    step, supernet = made_step(SAMPLED, seed=1)
    images, labels = made_batch()
    variables, whole = supernet.network_variables, supernet.relaxed()
    for number in range(3):
        draws = [path_sampling.draw(1, tf.constant([1, 2 * number + i])) for i in range(2)]
        parts = [{}] + [
            {"relaxed": dataclasses.replace(whole, arrows=arrows), "unreached": SKIPPED}
            for arrows in draws
        ]
        of_parts = [
            loss_and_gradients(supernet, variables, images, labels, track_statistics=False, **part)
            for part in parts
        ]
        expected = [
            old - 0.1 * sum(gradients) / 3
            for old, *gradients in zip(values(variables), *(g for _, g in of_parts), strict=True)
        ]
        told = step.update_weights(images, labels)
        assert float(told["weight_loss"]) == pytest.approx(float(of_parts[0][0]), rel=1e-4)
        for variable, value in zip(variables, expected, strict=True):
            np.testing.assert_allclose(variable.numpy(), value, rtol=1e-4, atol=1e-5)


def test_sampled_paths_leave_the_averages_to_the_whole():
    step, supernet = made_step(SAMPLED, seed=1)
    _, alone = made_step(SAMPLED)
    images, labels = made_batch()
    alone(images, training=True)
    step.update_weights(images, labels)
    averages = (model.non_trainable_variables for model in (supernet, alone))
    for one, other in zip(*averages, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-6)
