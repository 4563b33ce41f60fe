"""A whole search of a network that is a formula is the one that is computed by hand."""

import dataclasses
import pathlib
import types

import keras
import numpy as np
import pytest

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.operations import SEARCH_OPERATIONS
from deeplab_nas.drawing import heat_map, segmentation, trellis
from deeplab_nas.engine import search_loop
from deeplab_nas.engine.configs.search import SearchConfig, SearchOptimization
from deeplab_nas.supernet.decoding import by_logits
from deeplab_nas.supernet.search_cell import SearchCell
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests import trained_runs
from tests.wiring import by_hand, kills, left_files, numbered_data
from tests.wiring.pixel_networks import Call, PixelSupernet, supernet_logits

_OPTIMIZATION = SearchOptimization(
    base_learning_rate=0.2,
    end_learning_rate=0.05,
    momentum=0.7,
    weight_decay=0.03,
    clip_gradient_norm=0.4,
    architecture_learning_rate=0.1,
    architecture_weight_decay=0.3,
)


def made_config(data, run, **settings):
    """Three epochs of two steps, of which two move the architecture; nothing is a default."""
    operations = tuple(reversed(SEARCH_OPERATIONS))
    sizes = {"num_layers": 2, "num_blocks": 1, "batch_norm_decay": 0.6, "operations": operations}
    defaults = {
        **{"seed": 6, "epochs": 3, "architecture_start_epoch": 1, "log_steps": 1},
        **{"keep_checkpoints": 2, "data": data.config, "optimization": _OPTIMIZATION},
        "decoding": trained_runs.NOTHING_RATED,
    }
    return SearchConfig(
        train_logdir=str(run), supernet=SupernetConfig(**sizes), **{**defaults, **settings}
    )


@pytest.fixture
def made(monkeypatch):
    """The networks of the searches, which are formulas; the newest last."""
    networks = []

    def make(*args, **kwargs):
        networks.append(PixelSupernet(*args, **kwargs))
        return networks[-1]

    monkeypatch.setattr(search_loop, "Supernet", make)
    return networks


def halves(config):
    """The records of trainA and trainB."""
    drawn = np.random.RandomState(config.seed).permutation(11)
    return drawn[:6], drawn[6:]


def expected_first(config):
    """The values that a search of a seed begins with."""
    keras.utils.set_random_seed(config.seed)
    network = PixelSupernet(numbered_data.NUM_CLASSES, config.supernet, name="supernet")
    network.build()
    return network.first


def check(config, data, network):
    """Holds what a search has left to what is computed by hand.

    Returns:
        The history lines that are not of epochs, the steps by hand, and the architectures.
    """
    steps = by_hand.search(config, expected_first(config), data, halves(config))
    for name, value in network.values().items():
        np.testing.assert_allclose(value, steps[-1]["values"][name], rtol=1e-3, atol=1e-4)
    run = pathlib.Path(config.train_logdir)
    lines = left_files.history(config)
    epochs = lines["epoch"]
    numbers = range(1, config.epochs + 1)
    assert [(line["epoch"], line["step"]) for line in epochs] == [(n, 2 * n) for n in numbers]
    decoded = []
    for number, line in enumerate(epochs, 1):
        values = steps[2 * number - 1]["values"]
        matrix = by_hand.confusion(supernet_logits, values, data, "val")
        assert line["miou"] == pytest.approx(by_hand.mean_iou(matrix), abs=2e-3)
        assert line["pixel_accuracy"] == pytest.approx(np.trace(matrix) / matrix.sum(), abs=2e-3)
        found = by_logits.decode(values["alpha"], values["beta"], config.supernet.operations)
        assert nas_genotypes.load(str(run / f"architectures/epoch_{number:03}.json")) == found
        assert tuple(line["path"]) == found.path
        assert line["skips"] == by_logits.num_skips(found.cell)
        assert line["alpha_entropy"] == pytest.approx(
            by_logits.alpha_entropy(values["alpha"]), 1e-3
        )
        assert line["beta_entropy"] == pytest.approx(by_logits.beta_entropy(values["beta"]), 1e-3)
        decoded.append(found)
    assert nas_genotypes.load(str(run / "architecture.json")) == decoded[-1]
    last = 2 * config.epochs
    assert left_files.steps(config, "checkpoints") == [last - 2, last]
    return lines["interval"], steps, decoded


def check_intervals(lines, steps):
    assert [line["step"] for line in lines] == list(range(1, 7))
    assert [line["epoch"] for line in lines] == [1, 1, 2, 2, 3, 3]
    for line, step in zip(lines, steps, strict=True):
        assert line["learning_rate"] == pytest.approx(step["rate"], rel=1e-5)
        for name, expected in (
            ("weight_loss", step["loss"]),
            ("weight_gradient_norm", step["norm"]),
            ("architecture_loss", step["architecture_loss"]),
            ("architecture_gradient_norm", step["architecture_norm"]),
            ("alpha_entropy", by_logits.alpha_entropy(step["values"]["alpha"])),
            ("beta_entropy", by_logits.beta_entropy(step["values"]["beta"])),
        ):
            # There is none where the architecture rested.
            assert line[name] == (expected and pytest.approx(expected, rel=1e-3)), name
        assert line["images_a_second"] * line["seconds_a_step"] == pytest.approx(2)


def check_pictures(drawn, data, steps):
    """Holds what was drawn after each epoch to three images of the validation split."""
    pairs = data.in_order("val")[:3]
    assert len(drawn) == 3
    for number, (images, labels, predictions, colormap, ignore_label) in enumerate(drawn, 1):
        assert (colormap, ignore_label) == (data.descriptor.colormap, data.descriptor.ignore_label)
        for place, (image, label) in enumerate(pairs):
            height, width = label.shape
            np.testing.assert_array_equal(images[place, :height, :width], image)
            np.testing.assert_array_equal(labels[place, :height, :width], label)
            found = by_hand.predicted(supernet_logits, steps[2 * number - 1]["values"], image)
            assert np.mean(predictions[place, :height, :width] == found) > 0.99


def check_drawn_architectures(drawn_alpha, drawn_beta, steps, decoded, operations):
    """Holds the pictures of alpha and beta to what they were after each epoch."""
    # An architecture is drawn on a trellis without probabilities.
    drawn_beta = [given for given in drawn_beta if given[0] is not None]
    assert len(drawn_alpha) == len(drawn_beta) == len(decoded)
    for epoch, (weights, num_blocks, names) in enumerate(drawn_alpha):
        alpha, beta = (steps[2 * epoch + 1]["values"][name] for name in ("alpha", "beta"))
        expected = np.exp(alpha) / np.exp(alpha).sum(1, keepdims=True)
        np.testing.assert_allclose(weights, expected, rtol=1e-3)
        assert (num_blocks, names) == (1, operations)
        probabilities, path = drawn_beta[epoch]
        expected = by_logits.transition_probabilities(beta)
        np.testing.assert_allclose(probabilities, expected, rtol=1e-3)
        assert path == decoded[epoch].path


def record(monkeypatch, module, name):
    """The arguments of every call of a function of a module, which does what it does."""
    calls, function = [], getattr(module, name)
    monkeypatch.setattr(module, name, lambda *given: calls.append(given) or function(*given))
    return calls


def test_a_search_is_what_it_is_by_hand(data, tmp_path, made, monkeypatch):
    drawn = record(monkeypatch, segmentation, "draw_predictions")
    drawn_alpha = record(monkeypatch, heat_map, "draw_alpha")
    drawn_beta = record(monkeypatch, trellis, "draw_trellis")
    config = made_config(data, tmp_path / "run")
    search_loop.run(config)
    (network,) = made
    lines, steps, decoded = check(config, data, network)
    check_intervals(lines, steps)
    check_pictures(drawn, data, steps)
    operations = config.supernet.operations
    check_drawn_architectures(drawn_alpha, drawn_beta, steps, decoded, operations)
    left_files.assert_curves(config, {"interval": "search", "epoch": "epoch"})
    # The numbers would tell what they are meant to tell.
    clip = _OPTIMIZATION.clip_gradient_norm
    assert min(step["norm"] for step in steps) < clip < max(step["norm"] for step in steps)
    assert max(step["architecture_norm"] or 0 for step in steps) > 1.5 * clip
    assert len(set(decoded)) > 1
    first, second = (
        [
            numbered_data.numbers(images)
            for images, _ in by_hand.batches(data.config, half, 6 + i, 6)
        ]
        for i, half in enumerate(halves(config))
    )
    evaluation = [Call(False, "()", numbers) for numbers in numbered_data.evaluated("val")]
    expected = []
    for step in range(6):
        expected.append(Call(True, str(SearchCell.ARCHITECTURE), first[step]))
        if step >= 2:
            expected.append(Call(True, str(SearchCell.WEIGHTS), second[step]))
        expected += evaluation if step % 2 else []
    assert list(network.calls) == expected


def test_a_search_of_second_order_is_what_it_is_by_hand(data, tmp_path, made):
    optimization = dataclasses.replace(_OPTIMIZATION, architecture_gradient="second")
    config = made_config(data, tmp_path / "run", optimization=optimization)
    search_loop.run(config)
    (network,) = made
    lines, steps, _ = check(config, data, network)
    check_intervals(lines, steps)
    first_order = by_hand.search(
        made_config(data, tmp_path / "run"), network.first, data, halves(config)
    )
    # It is another search.
    found, other = (each[-1]["values"]["alpha"] for each in (steps, first_order))
    assert np.abs(found - other).max() > 0.05
    trained = [(call.frozen, call.numbers) for call in network.calls if call.training]
    first, second = (
        numbered_data.numbers(by_hand.batches(data.config, half, 6 + i, 6)[2][0])
        for i, half in enumerate(halves(config))
    )
    weights, architecture = str(SearchCell.WEIGHTS), str(SearchCell.ARCHITECTURE)
    # A step of the weights is unrolled, the gradient after it, two of the difference, and the step.
    assert trained[2:7] == [
        (architecture, first),
        ("()", second),
        (weights, first),
        (weights, first),
        (architecture, first),
    ]


def test_a_killed_search_goes_on_in_calls_of_several_steps(data, tmp_path, made, monkeypatch):
    # A loss that is scaled, as for float16, is the loss.
    config = made_config(data, tmp_path / "run", mixed_precision="float16")
    with kills.after_step(5, monkeypatch):
        search_loop.run(config)
    config = dataclasses.replace(config, steps_per_loop=2, log_steps=8)
    search_loop.run(config)
    lines, _, _ = check(config, data, made[-1])
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 6]


class _Made(Exception):  # noqa: N818
    """Ends a search that has made what is looked at."""


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_the_supernet_is_the_one_of_the_settings(data, tmp_path, monkeypatch, precision):
    config = made_config(data, tmp_path / "run", mixed_precision=precision)

    def make(num_classes, supernet, name, dtype):
        assert num_classes == numbered_data.NUM_CLASSES
        assert supernet == config.supernet
        assert dtype == f"mixed_{precision}"
        raise _Made

    monkeypatch.setattr(search_loop, "Supernet", make)
    with pytest.raises(_Made):
        search_loop.run(config)


@pytest.mark.parametrize("replicas", [1, 2])
def test_memory_is_planned_for_the_images_of_a_replica(data, tmp_path, replicas):
    strategy = types.SimpleNamespace(num_replicas_in_sync=replicas, cluster_resolver=None)
    config = made_config(data, tmp_path / "run")
    shared = dataclasses.replace(config.data, eval_batch_size=4)
    search = search_loop.Search(dataclasses.replace(config, data=shared), strategy)
    assert search._image_shape() == (2 // replicas, 17, 17)


def test_the_step_is_the_one_of_the_settings(data, tmp_path, made, monkeypatch):
    settings = {"recompute": "always", "activation_memory_gib": 0.25, "xla": True}
    config = made_config(data, tmp_path / "run", steps_per_loop=3, **settings)

    def make(strategy, supernet, optimization, ignore_label, total_steps, **options):
        assert supernet is made[-1]
        assert (optimization, ignore_label) == (_OPTIMIZATION, numbered_data.IGNORE)
        assert total_steps == 6
        assert options == {**settings, "steps_per_loop": 3, "seed": config.seed}
        raise _Made

    monkeypatch.setattr(search_loop, "SearchStep", make)
    with pytest.raises(_Made):
        search_loop.run(config)
