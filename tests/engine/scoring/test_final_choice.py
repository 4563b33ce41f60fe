"""What a supernet chooses at the end of a search, against the supernet asked by hand."""

import dataclasses
import itertools
import os

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import nas_genotypes, random_architecture, trellis
from deeplab_nas.data import pipeline
from deeplab_nas.engine import search_loop
from deeplab_nas.engine.configs.decoding import EVALUATED, PERTURBATION, DecodingConfig
from deeplab_nas.engine.steps.search.part_training import PartTraining
from deeplab_nas.supernet.decoding import by_logits, by_loss
from deeplab_nas.supernet.relaxation import Weights
from deeplab_nas.supernet.supernet import Supernet
from deeplab_nas.supernet.unreached import SKIPPED
from tests.engine.test_search_loop import final_values, made_config


def test_the_supernet_chooses_path_and_cell_at_the_end(shards, tmp_path):
    rules = DecodingConfig(
        EVALUATED, operation_choice=PERTURBATION, decoding_batches=2, random_architectures=3
    )
    config = made_config(shards, tmp_path / "run", decoding=rules)
    config = dataclasses.replace(
        config, supernet=dataclasses.replace(config.supernet, num_layers=2)
    )
    first, last = search_loop.run(config)
    assert "best_paths" not in first
    supernet = Supernet(6, config.supernet, name="supernet")
    supernet.build()
    saved = final_values(config)
    for variable in supernet.variables:
        name = "variables/" + variable.path.replace("/", ".S") + "/.ATTRIBUTES/VARIABLE_VALUE"
        variable.assign(saved[name])
    train, _ = pipeline.splits(config.data)
    _, half = train.halves(config.seed)
    dataset = pipeline.train_dataset(config.data, train, half, config.seed + 1, last["step"])
    batches = list(itertools.islice(dataset, 4))

    def loss(operations, arrows, batches=batches[:2]):
        weights = Weights(tf.constant(operations, tf.float32), tf.constant(arrows, tf.float32))
        losses = []
        for images, labels in batches:
            how = {"track_statistics": False, "unreached": SKIPPED}
            logits = supernet(images, training=True, relaxed=weights, **how)
            one_hot = tf.one_hot(labels, 6)
            by_pixel = -tf.reduce_sum(one_hot * tf.nn.log_softmax(logits), -1)
            losses.append(float(tf.reduce_sum(by_pixel) / tf.reduce_sum(one_hot)))
        return np.mean(losses)

    operations = by_logits.operation_weights(supernet.alpha.numpy())
    arrows = by_logits.transition_probabilities(supernet.beta.numpy())
    by_path = {path: loss(operations, by_loss.cut(arrows, path)) for path in trellis.paths(2)}
    ranked = sorted(by_path, key=by_path.get)
    assert [tuple(path) for path in last["best_paths"]] == ranked[:5]
    losses = (last["path_loss"], last["next_path_loss"])
    assert losses == pytest.approx([by_path[path] for path in ranked[:2]], rel=1e-4)
    cell = by_loss.choose_cell(
        loss, operations, by_loss.cut(arrows, ranked[0]), config.supernet.operations
    )
    found = nas_genotypes.load(os.path.join(config.train_logdir, "architecture.json"))
    assert (found.path, found.cell) == (ranked[0], cell)

    def alone(architecture):
        chosen = np.zeros_like(operations)
        for row, (state, block) in enumerate(trellis.edges(1)):
            name = dict(architecture.cell[block]).get(state)
            chosen[row] = [candidate == name for candidate in config.supernet.operations]
        return loss(chosen, by_loss.cut(arrows, architecture.path), batches[2:])

    others = sorted(alone(random_architecture.draw(config.seed + i, 2, 1)) for i in range(3))
    assert last["found_loss"] == pytest.approx(alone(found), rel=1e-4)
    assert last["random_losses"] == pytest.approx(others, rel=1e-4)
    assert last["random_architectures"] == 3
    assert last["worse_random_architectures"] == sum(o > last["found_loss"] for o in others)


@pytest.mark.slow
def test_training_between_decisions_is_on_train_a_and_leaves_the_search_as_it_was(
    shards, tmp_path, monkeypatch
):
    saved, told, trained_on = [], [], []

    class Recorded(PartTraining):
        def __init__(self, update, variables, batches, count):
            trained_on.append(next(batches))
            super().__init__(update, variables, itertools.chain(trained_on, batches), count)

    monkeypatch.setattr(search_loop, "PartTraining", Recorded)
    for steps in (0, 3):
        rules = DecodingConfig(
            EVALUATED,
            operation_choice=PERTURBATION,
            decoding_batches=1,
            decoding_steps=steps,
            random_architectures=3,
        )
        config = made_config(shards, tmp_path / str(steps), decoding=rules, deterministic=True)
        told.append(search_loop.run(config)[-1])
        saved.append(final_values(config))
    for name, value in saved[0].items():
        np.testing.assert_array_equal(saved[1][name], value)
    assert told[0]["random_losses"] == told[1]["random_losses"]
    train, _ = pipeline.splits(config.data)
    half, _ = train.halves(config.seed)
    dataset = pipeline.train_dataset(config.data, train, half, config.seed, told[1]["step"])
    ((images, labels),) = trained_on
    expected = next(iter(dataset))
    np.testing.assert_array_equal(images, expected[0])
    np.testing.assert_array_equal(labels, expected[1])
