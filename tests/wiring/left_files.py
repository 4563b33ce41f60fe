"""Reads what a run has left in its directory."""

import json
import pathlib

import pytest
import tensorflow as tf

_END = "/.ATTRIBUTES/VARIABLE_VALUE"


def history(config):
    """The lines of `history.jsonl` by kind, oldest first."""
    found = {}
    for line in pathlib.Path(config.train_logdir, "history.jsonl").read_text().splitlines():
        record = json.loads(line)
        found.setdefault(record["kind"], []).append(record)
    return found


def values(config, folder, step, group="variables"):
    """The values of a group of a checkpoint, by name."""
    reader = tf.train.load_checkpoint(f"{config.train_logdir}/{folder}/ckpt-{step}")
    names = [name for name in reader.get_variable_to_shape_map() if name.startswith(f"{group}/")]
    return {
        name.removeprefix(f"{group}/").removesuffix(_END).replace(".S", "/"): reader.get_tensor(
            name
        )
        for name in names
    }


def steps(config, folder):
    """The steps of the checkpoints in a folder, oldest first."""
    paths = pathlib.Path(config.train_logdir, folder).glob("*.index")
    return sorted(int(path.stem.split("-")[1]) for path in paths)


def curves(config):
    """The curves of the event files: numbers by tag and step."""
    found = {}
    for path in pathlib.Path(config.train_logdir, "events").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                number = tf.make_ndarray(value.tensor)
                if number.ndim == 0:
                    found.setdefault(value.tag, {})[event.step] = float(number)
    return found


def assert_curves(config, prefixes):
    """Holds curves to the history.

    Args:
        config: Of the run.
        prefixes: What the tags of curves begin with, by the kind of the lines that they show.
    """
    shown, lines = curves(config), history(config)
    for kind, prefix in prefixes.items():
        tags = [tag for tag in shown if tag.startswith(f"{prefix}/")]
        assert tags
        for tag in tags:
            name = tag.removeprefix(f"{prefix}/")
            told = {line["step"]: line[name] for line in lines[kind] if line[name] is not None}
            assert shown[tag] == pytest.approx(told, rel=1e-5), tag
