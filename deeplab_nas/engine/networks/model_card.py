"""What an exported network is, for people and programs that only have the export."""

import os

import tensorflow as tf

from deeplab_nas.core.cost import network_cost
from deeplab_nas.data import datasets
from deeplab_nas.engine.runs import run_directory
from deeplab_nas.files import atomic, untrusted_json

FORMAT_VERSION = 1
FILE = "model_card.json"
LABELS_FILE = "labels.txt"
# A confusion matrix of 256 classes is more than a megabyte.
_MAX_BYTES = 2**22


def make(trained, options, size):
    """Says what an exported network is.

    Args:
        trained: `TrainedNetwork`, with batch normalisation.
        options: How it is exported; whatever JSON takes.
        size: `(height, width)` that the multiply-adds are counted at.

    Returns:
        The contents of `model_card.json`.

    Raises:
        UserError: The `metrics.json` of the training is damaged.
    """
    measured = network_cost.measure(trained.model, *size)
    return {
        "format_version": FORMAT_VERSION,
        "architecture": trained.model.architecture.to_document(),
        "dataset": trained.descriptor.to_document(),
        "checkpoint_step": trained.step,
        "metrics": read_metrics(trained.run.metrics_path, trained.step),
        "parameters": measured.trainable_parameters,
        "multiply_adds": measured.multiply_adds,
        "multiply_adds_input_size": list(size),
        "export": options,
        "versions": run_directory.versions(),
    }


def write(folder, card):
    """Writes what `make` returns, and `labels.txt`, one class name a line; returns both paths."""
    card_path, labels_path = (os.path.join(folder, name) for name in (FILE, LABELS_FILE))
    atomic.write_json(card_path, card, indent=2)
    names = card["dataset"]["class_names"]
    atomic.write_text(labels_path, "".join(f"{name}\n" for name in names))
    return card_path, labels_path


def read_dataset(path):
    """Reads the `DatasetDescriptor` of a network from the card at `path`, or raises `UserError`."""
    advice = f"give the {FILE} in the assets folder of an export's version directory"
    card = untrusted_json.load(path, _MAX_BYTES, advice)
    return datasets.from_document(card.member("dataset"))


def read_metrics(path, step):
    """Reads what `evaluate` found for a checkpoint.

    Args:
        path: Of `metrics.json`.
        step: Of the checkpoint.

    Returns:
        The contents; empty where it did not run, or for another checkpoint.

    Raises:
        UserError: The file is damaged.
    """
    if not tf.io.gfile.exists(path):
        return {}
    metrics = untrusted_json.load(path, _MAX_BYTES, "delete it, or evaluate again")
    if metrics.member("step").integer() != step:
        return {}
    fields = metrics.members()
    for name in ("miou", "pixel_accuracy"):
        if name in fields and not 0 <= fields[name].number() <= 1:
            raise fields[name].refusal("a share from 0 to 1")
    return metrics.value
