"""A whole training of a network that is a formula is the one that is computed by hand."""

import contextlib
import dataclasses
import types

import keras
import numpy as np
import pytest

from deeplab_nas.core.network_config import NetworkConfig, TrainingOptions
from deeplab_nas.data import pipeline
from deeplab_nas.engine import train_loop
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.networks import networks
from deeplab_nas.engine.scoring.split_evaluator import SplitEvaluator
from tests import trained_runs
from tests.wiring import by_hand, kills, left_files, numbered_data
from tests.wiring.pixel_networks import Call, PixelSegmenter, segmenter_logits

# Nothing is a default.
_POLY = OptimizationConfig(
    training_number_of_steps=6,
    base_learning_rate=0.2,
    end_learning_rate=0.02,
    learning_power=0.7,
    slow_start_step=2,
    slow_start_learning_rate=0.04,
    slow_start_linear=True,
    momentum=0.6,
    weight_decay=0.05,
    last_layer_gradient_multiplier=3.0,
    last_layers_contain_logits_only=True,
    bias_gradient_multiplier=1.5,
    label_weights="median_frequency",
)
_MINED = OptimizationConfig(
    training_number_of_steps=4,
    learning_policy="cosine",
    base_learning_rate=0.3,
    end_learning_rate=0.1,
    decay_steps=3,
    weight_decay=0.02,
    last_layer_gradient_multiplier=2.0,
    label_weights=(0.5, 2.0, 1.0, 3.0, 1.5),
    top_k_percent_pixels=0.3,
    hard_example_mining_step=3,
    gradient_accumulation_steps=2,
)


def made_config(data, run, **settings):
    """A training with an average of its weights, evaluated after steps 2, 4 and the last."""
    defaults = {
        **{"data": data.config, "optimization": _POLY, "seed": 13, "batch_norm_decay": 0.4},
        **{"moving_average_decay": 0.22, "eval_interval_steps": 2, "log_steps": 1},
    }
    return trained_runs.make_config(data.folder, run, **{**defaults, **settings})


@pytest.fixture
def made():
    """The networks of the trainings, which are formulas; the newest last."""
    with made_networks() as found:
        yield found


@contextlib.contextmanager
def made_networks():
    """Has trainings in this context make formulas."""
    found = []

    def build(*args):
        found.append(PixelSegmenter(*args))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "build", build)
        yield found


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """A training: its configuration and its network."""
    config = made_config(data, tmp_path_factory.mktemp("finished") / "run")
    with made_networks() as found:
        train_loop.run(config)
    return config, found[0]


def expected_first(config):
    """The values that a training of a seed begins with."""
    keras.utils.set_random_seed(config.seed)
    return PixelSegmenter(None, None, numbered_data.NUM_CLASSES, "float32", None).first


def assert_close(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-3, atol=1e-4, err_msg=name)


def check(config, data, network, label_weights):
    """Holds what a training has left to what is computed by hand."""
    steps = by_hand.train(config, network.first, data, label_weights)
    assert_close(network.values(), steps[-1]["values"])
    assert_close(left_files.values(config, "checkpoints", 6), steps[-1]["values"])
    trained = {name: v for name, v in steps[-1]["averages"].items() if "moving_" not in name}
    assert_close(left_files.values(config, "checkpoints", 6, "averages"), trained)
    lines = left_files.history(config)
    assert [line["step"] for line in lines["interval"]] == [1, 2, 3, 4, 5, 6]
    assert [line["epoch"] for line in lines["interval"]] == [1, 1, 1, 1, 1, 2]
    for line, step in zip(lines["interval"], steps, strict=True):
        told = [line[n] for n in ("learning_rate", "cross_entropy", "regularization_loss")]
        told += [line["gradient_norm"], line["weight_norm"]]
        weights = {name: v for name, v in step["values"].items() if "moving_" not in name}
        expected = [step["rate"], step["loss"], step["l2"], step["norm"], by_hand.norm(weights)]
        np.testing.assert_allclose(told, expected, rtol=1e-3)
        assert line["images_a_second"] * line["seconds_a_step"] == pytest.approx(2)
    _check_evaluations(lines["evaluation"], config, data, steps)


def _check_evaluations(lines, config, data, steps):
    assert [(line["step"], line["epoch"]) for line in lines] == [(2, 1), (4, 1), (6, 2)]
    best, shown = 0.0, left_files.curves(config)
    for line in lines:
        values = steps[line["step"] - 1]["averages"]
        matrix = by_hand.confusion(segmenter_logits, values, data, "val")
        assert line["miou"] == pytest.approx(by_hand.mean_iou(matrix), abs=2e-3)
        assert line["pixel_accuracy"] == pytest.approx(np.trace(matrix) / matrix.sum(), abs=2e-3)
        for name, iou in zip(data.descriptor.class_names, by_hand.class_iou(matrix), strict=True):
            curve = shown.get(f"iou/{name}", {})
            assert curve.get(line["step"], np.nan) == pytest.approx(iou, abs=2e-3, nan_ok=True)
        best = max(best, line["miou"])
        assert line["best_miou"] == best
    step = next(line["step"] for line in lines if line["miou"] == best)
    assert_close(left_files.values(config, "best", step), steps[step - 1]["averages"])


def test_a_training_is_what_it_is_by_hand(data, finished):
    config, network = finished
    assert_close(network.first, expected_first(config))
    check(config, data, network, by_hand.frequencies(data))
    left_files.assert_curves(config, {"interval": "train", "evaluation": "eval"})
    expected = []
    for step, (images, _) in enumerate(by_hand.batches(data.config, range(11), 13, 6), 1):
        expected.append(Call(True, "()", numbered_data.numbers(images)))
        if step % 2 == 0:
            expected += [Call(False, "()", batch) for batch in numbered_data.evaluated("val")]
    assert list(network.calls) == expected


def test_a_killed_training_is_what_it_is_by_hand(data, tmp_path, made, monkeypatch):
    # A loss that is scaled, as for float16, is the loss.
    config = made_config(data, tmp_path / "run", mixed_precision="float16")
    with kills.after_step(3, monkeypatch):
        train_loop.run(config)
    train_loop.run(config)
    check(config, data, made[-1], by_hand.frequencies(data))


def test_a_training_that_goes_on_from_another_is_what_it_is_by_hand(data, finished, tmp_path, made):
    first, _ = finished
    begun = left_files.values(first, "best", *left_files.steps(first, "best"))
    settings = {"optimization": _MINED, "steps_per_loop": 2, "log_steps": 9}
    config = made_config(
        data,
        tmp_path / "second",
        **settings,
        initial_checkpoint=first.train_logdir,
        initialize_last_layer=False,
        fine_tune_batch_norm=False,
    )
    train_loop.run(config)
    fresh = expected_first(config)
    backbone = {name: value for name, value in begun.items() if name.startswith("backbone/")}
    steps = by_hand.train(config, {**fresh, **backbone}, data, _MINED.label_weights)
    assert_close(made[-1].values(), steps[-1]["values"])
    trained = {name: v for name, v in steps[-1]["averages"].items() if "moving_" not in name}
    assert_close(left_files.values(config, "checkpoints", 4, "averages"), trained)


def test_the_best_weights_are_those_of_the_highest_mean_iou(data, tmp_path, made, monkeypatch):
    # Pixels that are right of three classes, after each evaluation: the best mean IoU comes first,
    # and before a kill, the best pixel accuracy last.
    right = {2: (9, 9, 9), 4: (9, 9, 1), 6: (9, 99, 0)}
    weights = {}

    def padded(evaluator, config):
        def evaluate():
            step = 2 * len(weights) + 2
            weights[step] = made[-1].values()
            matrix = np.zeros([numbered_data.NUM_CLASSES] * 2, int)
            for label, pixels in enumerate(right[step]):
                matrix[label, label], matrix[label, 4] = pixels, 3
            return matrix, (np.zeros([1, 8, 8, 3]), *np.zeros([2, 1, 8, 8], int))

        return evaluate

    monkeypatch.setattr(SplitEvaluator, "padded", padded)
    config = made_config(data, tmp_path / "run")
    with kills.after_step(3, monkeypatch):
        train_loop.run(config)
    train_loop.run(config)
    assert left_files.steps(config, "best") == [2]
    assert_close(left_files.values(config, "best", 2), weights[2])


def test_the_next_record_takes_the_place_of_a_bad_one(data, tmp_path, made):
    config = made_config(data, tmp_path / "run", skip_bad_records=1, eval_interval_steps=0)
    config = dataclasses.replace(
        config, optimization=dataclasses.replace(_POLY, training_number_of_steps=3)
    )
    everything = np.arange(11)
    # One that is drawn after the first step.
    bad = pipeline.drawn_examples(data.config, everything, config.seed, 1, 2)[0]
    broken = numbered_data.damaged(data, tmp_path / "broken", [bad])
    train_loop.run(dataclasses.replace(config, data=broken.config))
    replaced = np.where(everything == bad, (bad + 1) % 11, everything)
    expected = by_hand.batches(data.config, replaced, config.seed, 3)
    found = [call.numbers for call in made[0].calls if call.training]
    assert found == [numbered_data.numbers(images) for images, _ in expected]
    assert len(left_files.history(config)["bad_record"]) == 1


class _Made(Exception):  # noqa: N818
    """Ends a training that has made what is looked at."""


@pytest.mark.parametrize("parts", [1, 2])
def test_slow_statistics_are_told_by_their_updates(data, tmp_path, capsys, parts):
    optimization = dataclasses.replace(_POLY, gradient_accumulation_steps=parts)
    config = made_config(data, tmp_path / "run", optimization=optimization, batch_norm_decay=0.5)
    strategy = types.SimpleNamespace(num_replicas_in_sync=1, cluster_resolver=None)
    train_loop.Training(config, strategy)._warn_of_slow_statistics()
    # After 6 updates 1.6% of the first value are left, after 12 of them 0.02%.
    assert ("After 6 steps" in capsys.readouterr().err) == (parts == 1)


@pytest.mark.parametrize("replicas", [1, 2])
def test_the_network_is_the_one_of_the_settings(data, tmp_path, monkeypatch, replicas):
    config = made_config(
        data,
        tmp_path / "run",
        mixed_precision="bfloat16",
        drop_path_keep_prob=0.3,
        fine_tune_batch_norm=False,
        optimization=dataclasses.replace(_POLY, gradient_accumulation_steps=2),
    )
    network = NetworkConfig(config.network.architecture, filter_multiplier=3, atrous_rates=(2,))
    config = dataclasses.replace(config, network=network)

    def build(*found):
        options = TrainingOptions(
            drop_path_keep_prob=0.3,
            training_number_of_steps=12,
            batch_norm_decay=0.4,
            synchronized=replicas > 1,
            fine_tune_batch_norm=False,
            seed=13,
        )
        expected = (network, trained_runs.ARCHITECTURE, numbered_data.NUM_CLASSES, "bfloat16")
        assert found == (*expected, options)
        raise _Made

    monkeypatch.setattr(networks, "build", build)
    strategy = types.SimpleNamespace(
        num_replicas_in_sync=replicas, scope=contextlib.nullcontext, cluster_resolver=None
    )
    with pytest.raises(_Made):
        shared = dataclasses.replace(config.data, train_batch_size=4, eval_batch_size=4)
        train_loop.Training(dataclasses.replace(config, data=shared), strategy)._build()


def test_the_step_is_the_one_of_the_settings(data, tmp_path, made, monkeypatch):
    config = made_config(data, tmp_path / "run", xla=True, steps_per_loop=3)

    def make(strategy, model, optimization, ignore_label, **options):
        assert model is made[-1]
        assert ignore_label == numbered_data.IGNORE
        weights = pytest.approx(by_hand.frequencies(data))
        assert optimization == dataclasses.replace(_POLY, label_weights=optimization.label_weights)
        assert optimization.label_weights == weights
        average = options.pop("moving_average")
        assert average.averages.keys() == {v.path for v in model.trainable_variables}
        assert options == {"xla": True, "steps_per_loop": 3}
        raise _Made

    monkeypatch.setattr(train_loop, "TrainStep", make)
    with pytest.raises(_Made):
        train_loop.run(config)
