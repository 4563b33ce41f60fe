"""The second-order gradient against closed forms, and against tapes through a step."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.engine.steps.search import unrolled_gradient
from deeplab_nas.engine.steps.search.unrolled_gradient import UnrolledGradient
from tests.engine.devices.replicated_runs import smooth_kinks
from tests.engine.steps.search import test_search_step
from tests.engine.steps.search.test_search_step import made_batch, made_step, values

SECOND = dataclasses.replace(test_search_step.CONFIG, architecture_gradient="second")
# So small that it is lost in any weight.
NO_RATE = {"base_learning_rate": 1e-30, "end_learning_rate": 1e-30}


class Quadratic:
    """L_A = |w - M a|^2 / 2 and L_B = |w - c|^2 / 2 + b a, whose gradients are known."""

    def __init__(self, weights, architecture, matrix, target, slope):
        self.weights, self.architecture = weights, architecture
        self.matrix, self.target, self.slope = matrix, target, slope
        self.seen = []

    def _gradients(self, by_weights, by_architecture, variables, loss_scale):
        by_id = {id(self.weights): by_weights, id(self.architecture): by_architecture}
        return [loss_scale * by_id[id(variable)] for variable in variables]

    def of_weights(self, step, variables, frozen, loss_scale, track_statistics):
        left = self.weights.value - tf.linalg.matvec(self.matrix, self.architecture.value)
        self.seen.append(self.weights.numpy())
        assert not track_statistics
        by_architecture = -tf.linalg.matvec(self.matrix, left, transpose_a=True)
        return None, self._gradients(left, by_architecture, variables, loss_scale)

    def of_architecture(self, step, variables, frozen, loss_scale, parts):
        left = self.weights.value - self.target
        found = self._gradients(left, self.slope, variables, loss_scale)
        return tf.reduce_sum(left**2) / 2, found


@pytest.fixture
def eager():
    """Traced functions run operation by operation, so that what they compute can be looked at."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("loss_scale", [1.0, 1024.0])
def test_a_quadratic_whose_gradient_is_known(eager, loss_scale):
    random = np.random.default_rng(1)
    weights, target = random.normal(size=[2, 5]).astype(np.float32)
    architecture, slope = random.normal(size=[2, 3]).astype(np.float32)
    matrix = random.normal(size=[5, 3]).astype(np.float32)
    rate = 0.3
    w, a = (keras.Variable(value) for value in (weights, architecture))
    problem = Quadratic(w, a, matrix, target, slope)

    def step_weights(gradients):
        return [w.value - rate * gradients[0]], rate

    gradient = UnrolledGradient(problem, [w], [a], 1, step_weights)
    loss, (found,) = gradient((), (), 0, loss_scale)
    stepped = weights - rate * (weights - matrix @ architecture)
    # w'(a) = (1 - eta) w + eta M a.
    expected = slope + rate * matrix.T @ (stepped - target)
    np.testing.assert_allclose(found, loss_scale * expected, rtol=1e-3, atol=1e-3 * loss_scale)
    assert float(loss) == pytest.approx(np.sum((stepped - target) ** 2) / 2, rel=1e-5)
    np.testing.assert_array_equal(w.numpy(), weights)
    first, ahead, behind = problem.seen
    np.testing.assert_array_equal(first, weights)
    assert np.linalg.norm(ahead - behind) == pytest.approx(0.02, rel=1e-3)
    np.testing.assert_allclose(ahead + behind, 2 * weights, atol=1e-6)


def flat(gradients):
    return np.concatenate([np.ravel(gradient) for gradient in gradients])


def through_a_step(supernet, step, of_weights, of_architecture):
    """By tapes through a step of SGD with L2 and clip: the loss after it, the gradient of alpha
    and beta, and that without the part that comes through the step."""
    config = step._config
    weights, architecture = supernet.network_variables, supernet.architecture_variables
    sources = [variable.value for variable in architecture]

    def loss_of(images, labels):
        logits = supernet(images, training=True, track_statistics=False)
        valid = labels != test_search_step.IGNORE
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels[valid], logits[valid])
        )

    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            loss = loss_of(*of_weights)
        gradients = inner.gradient(
            loss, [variable.value for variable in weights], unconnected_gradients="zero"
        )
        norm = tf.stop_gradient(tf.linalg.global_norm(gradients))
        factor = tf.minimum(1.0, config.clip_gradient_norm / norm)
        stepped = [
            variable.value
            - config.base_learning_rate
            * (factor * gradient + config.weight_decay * variable.value * (variable.ndim > 1))
            for variable, gradient in zip(weights, gradients, strict=True)
        ]
        with keras.StatelessScope(state_mapping=list(zip(weights, stepped, strict=True))):
            validation = loss_of(*of_architecture)
        with keras.StatelessScope(
            state_mapping=list(zip(weights, map(tf.stop_gradient, stepped), strict=True))
        ):
            direct = loss_of(*of_architecture)
    return validation, *(flat(outer.gradient(one, sources)) for one in (validation, direct))


@pytest.fixture
def smooth(monkeypatch):
    monkeypatch.setattr(tf.nn, "relu", tf.nn.relu)
    monkeypatch.setattr(tf.nn, "max_pool2d", tf.nn.max_pool2d)
    smooth_kinks()


@pytest.mark.slow
@pytest.mark.parametrize("clip", [0.05, 1e6])
def test_the_gradient_is_that_of_tapes_through_a_step(monkeypatch, smooth, clip):
    config = dataclasses.replace(
        SECOND, base_learning_rate=0.5, clip_gradient_norm=clip, weight_decay=0.1
    )
    batches = made_batch(0), made_batch(1)
    found = []
    for distance in (0.03, 0.01):
        monkeypatch.setattr(unrolled_gradient, "_DISTANCE", distance)
        step, supernet = made_step(config)
        for variable in supernet.architecture_variables:
            variable.assign(np.random.default_rng(0).normal(size=variable.shape))
        if not found:
            loss, expected, direct = through_a_step(supernet, step, *batches)
        told = step.update_architecture(*batches[0], *batches[1])
        assert float(told["architecture_loss"]) == pytest.approx(float(loss), rel=1e-4)
        found.append(flat(step.tally.sums))
    far, near = (np.linalg.norm(each - expected) for each in found)
    through_weights = np.linalg.norm(expected - direct)
    assert through_weights > 0.01 * np.linalg.norm(direct)
    assert near < 0.01 * through_weights
    # A central difference is off by the square of its distance.
    assert 4 < far / near < 25


@pytest.mark.slow
def test_without_a_rate_it_is_the_first_order_to_the_bit():
    steps = [
        made_step(dataclasses.replace(SECOND, architecture_gradient=order, **NO_RATE))
        for order in ("first", "second")
    ]
    told = [
        steps[0][0].update_architecture(*made_batch(1)),
        steps[1][0].update_architecture(*made_batch(0), *made_batch(1)),
    ]
    for name, value in told[0].items():
        assert float(told[1][name]) == float(value), name
    for first, second in zip(*(values(supernet.variables) for _, supernet in steps), strict=True):
        np.testing.assert_array_equal(second, first)


@pytest.mark.slow
def test_the_step_that_is_unrolled_is_the_one_that_is_taken():
    """With momentum, decay and clip; the weights, their momenta and averages are left alone."""
    config = dataclasses.replace(SECOND, weight_decay=0.1, clip_gradient_norm=0.05)
    step, supernet = made_step(config)
    step.update_weights(*made_batch(2))
    before = values(supernet.network_variables)
    momenta = values(step.weight_optimizer.variables)
    step.update_architecture(*made_batch(0), *made_batch(1))
    for old, new in zip(before, values(supernet.network_variables), strict=True):
        np.testing.assert_array_equal(old, new)
    for old, new in zip(momenta, values(step.weight_optimizer.variables), strict=True):
        np.testing.assert_array_equal(old, new)
    _, gradients = step.gradients.of_weights(
        *made_batch(0), step.weight_optimizer.iterations, supernet.network_variables, ()
    )
    stepped, _ = step._stepped_weights(gradients)
    step.update_weights(*made_batch(0))
    for expected, variable in zip(stepped, supernet.network_variables, strict=True):
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_batches_without_labels_give_no_gradient():
    step, _ = made_step(dataclasses.replace(SECOND, architecture_weight_decay=0.0))
    images, labels = made_batch()
    told = step.update_architecture(images, labels, images, tf.fill(labels.shape, 255))
    assert {name: float(value) for name, value in told.items()} == {
        "architecture_loss": 0.0,
        "architecture_gradient_norm": 0.0,
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "how", "tolerance"),
    [
        (0.5, {"recompute": "always"}, 1e-4),
        (0.5, {"xla": True}, 1e-3),
        # The rounding of a difference counts by the rate; this one is the paper's.
        (0.025, {"dtype": "mixed_bfloat16"}, 0.04),
        (0.025, {"dtype": "mixed_float16"}, 0.01),
    ],
)
def test_the_gradient_is_the_same_in_other_ways_to_compute_it(smooth, rate, how, tolerance):
    config = dataclasses.replace(SECOND, base_learning_rate=rate)
    found = []
    for each in ({}, how):
        step, _ = made_step(config, **each)
        step.update_architecture(*made_batch(0), *made_batch(1))
        found.append(flat(step.tally.sums))
    expected, other = found
    assert np.linalg.norm(other - expected) <= tolerance * np.linalg.norm(expected)


@pytest.mark.slow
def test_the_architecture_moves_before_the_weights_on_the_batch_that_was_unrolled():
    one, supernet = made_step(SECOND)
    by_hand, other = made_step(SECOND)
    several, looped = made_step(SECOND, steps_per_loop=2)
    datasets = [
        tf.data.Dataset.from_tensors(made_batch(seed)).concatenate(
            tf.data.Dataset.from_tensors(made_batch(seed + 2))
        )
        for seed in range(2)
    ]
    iterators = [iter(dataset) for dataset in datasets]
    for _ in range(2):
        one.run_alternating(*iterators, steps=tf.constant(1))
    for seed in (0, 2):
        by_hand.update_architecture(*made_batch(seed), *made_batch(seed + 1))
        by_hand.update_weights(*made_batch(seed))
    several.run_alternating(*map(iter, datasets), steps=tf.constant(2))
    for first, second, third in zip(
        supernet.variables, other.variables, looped.variables, strict=True
    ):
        np.testing.assert_array_equal(first.numpy(), second.numpy())
        np.testing.assert_allclose(third.numpy(), first.numpy(), rtol=1e-4, atol=1e-5)
