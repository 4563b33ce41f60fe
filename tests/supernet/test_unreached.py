"""A supernet that computes what its arrows lead to, against one that computes everything."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.supernet import memory_plan
from deeplab_nas.supernet.decoding import by_loss
from tests.supernet.held_to_oracle import make_batch, make_supernet, mean_loss, relative_difference

_PATH = (1, 1)
_REACHED = ("stem", "cell_1_1", "cell_2_1", "head_1")


def run(path, recompute, only_reached):
    """The supernet after one pass with statistics, its logits and gradients by variable."""
    supernet = make_supernet(num_layers=len(path), batch_norm_decay=0.5)
    images, labels = make_batch(33, 49)
    arrows = by_loss.cut(supernet.relaxed().arrows.numpy(), path)
    relaxed = dataclasses.replace(supernet.relaxed(), arrows=tf.constant(arrows))
    variables = supernet.network_variables

    @tf.function(autograph=False)
    def step():
        values = [variable.value for variable in variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            logits = supernet(
                images,
                training=True,
                recompute=recompute(supernet),
                relaxed=relaxed,
                only_reached=only_reached,
            )
            loss = mean_loss(labels, logits)
        return logits, tape.gradient(loss, values, unconnected_gradients="zero")

    logits, gradients = step()
    return supernet, logits, dict(zip(map(place, variables), gradients, strict=True))


def place(variable):
    """Its path without the name of the supernet, which is another one each time."""
    return variable.path.split("/", 1)[1]


def is_reached(path):
    return path.split("/")[0] in _REACHED


@pytest.mark.parametrize("recompute", [lambda _: frozenset(), memory_plan.all_nodes])
def test_logits_gradients_and_averages_of_a_path_are_the_same(unoptimized_graphs, recompute):
    whole, expected, expected_gradients = run(_PATH, recompute, only_reached=False)
    supernet, logits, gradients = run(_PATH, recompute, only_reached=True)
    assert relative_difference(logits, expected) < 1e-5
    norm = float(tf.linalg.global_norm(list(expected_gradients.values())))
    for path, gradient in gradients.items():
        if is_reached(path):
            difference = np.abs(gradient - expected_gradients[path]).max()
            assert difference < 1e-4 * norm, path
        else:
            assert not np.any(gradient), path
    others = {place(variable): variable.numpy() for variable in whole.non_trainable_variables}
    for variable in supernet.non_trainable_variables:
        path = place(variable)
        wanted = others[path] if is_reached(path) else float(path.endswith("variance"))
        np.testing.assert_allclose(variable, wanted, rtol=1e-4, atol=1e-5, err_msg=path)


def test_beginnings_of_paths_reach_all_their_continuations(unoptimized_graphs):
    supernet = make_supernet(num_layers=3)
    images, _ = make_batch(33, 33)
    for beginning in ((), (0,), (1, 2)):
        arrows = tf.constant(by_loss.cut(supernet.relaxed().arrows.numpy(), beginning))
        relaxed = dataclasses.replace(supernet.relaxed(), arrows=arrows)
        found, expected = (
            supernet(images, training=True, relaxed=relaxed, only_reached=only_reached)
            for only_reached in (True, False)
        )
        assert relative_difference(found, expected) < 1e-5
