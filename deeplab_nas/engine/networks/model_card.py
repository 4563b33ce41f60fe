"""What an exported network is, for people and programs that only have the export."""

import json
import os

import tensorflow as tf

from deeplab_nas.core.cost import network_cost
from deeplab_nas.data import datasets
from deeplab_nas.engine.runs import run_directory
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic, untrusted_json

FORMAT_VERSION = 1
FILE = "model_card.json"
LABELS_FILE = "labels.txt"
_MAX_BYTES = 2**20


def write(folder, trained, options, size):
    """Writes `model_card.json` and `labels.txt`, one class name a line.

    Args:
        folder: Where to.
        trained: `TrainedNetwork`, with batch normalisation.
        options: How it was exported; whatever JSON takes.
        size: `(height, width)` that the multiply-adds are counted at.

    Returns:
        The paths of the two files.
    """
    card = {
        "format_version": FORMAT_VERSION,
        "architecture": json.loads(trained.model.architecture.to_json()),
        "dataset": json.loads(datasets.to_json(trained.descriptor)),
        "checkpoint_step": trained.step,
        "metrics": _metrics(trained),
        **_cost(trained.model, size),
        "export": options,
        "versions": run_directory.versions(),
    }
    card_path, labels_path = (os.path.join(folder, name) for name in (FILE, LABELS_FILE))
    atomic.write_json(card_path, card, indent=2)
    names = trained.descriptor.class_names
    atomic.write_text(labels_path, "".join(f"{name}\n" for name in names))
    return card_path, labels_path


def read_dataset(path):
    """Reads the data set of a network from its card.

    Args:
        path: Of `model_card.json`.

    Returns:
        `DatasetDescriptor`.

    Raises:
        UserError: The file is missing or something else.
    """
    try:
        card = untrusted_json.load(path, _MAX_BYTES, "export again")
        return datasets.from_json(json.dumps(card.member("dataset").value))
    except (ValueError, UserError) as error:
        raise UserError(
            f"Expected the {FILE} of an export at {path}, found nothing like it "
            f"({type(error).__name__}): it is in the assets folder of the version directory."
        ) from error


def _metrics(trained):
    """What `evaluate` found for the same checkpoint; empty where it did not run."""
    if not tf.io.gfile.exists(trained.run.metrics_path):
        return {}
    with tf.io.gfile.GFile(trained.run.metrics_path) as file:
        metrics = json.loads(file.read())
    return metrics if metrics["step"] == trained.step else {}


def _cost(model, size):
    measured = network_cost.measure(model, *size)
    return {
        "parameters": measured.trainable_parameters,
        "multiply_adds": measured.multiply_adds,
        "multiply_adds_input_size": list(size),
    }
