"""What a run computes with besides its settings: the data, and the weights that it began with.

`flags.json` holds it under `data`, and a later start compares it, so that a run never goes on with
something else. Where the data lies is free.
"""

from collections.abc import Sequence
from typing import Any

from deeplab_nas.data.split import Split
from deeplab_nas.engine.networks import weights
from deeplab_nas.files.json_field import Field, shown

_SPLITS = {"train": "training", "val": "validation"}


def document(
    train: Split,
    val: Split,
    label_weights: Sequence[float] | None = None,
    initial_checkpoint: str | None = None,
) -> dict[str, Any]:
    """What `flags.json` holds of the data.

    Args:
        train: The split that is trained on.
        val: The split that is validated on.
        label_weights: The weight of each class that is used; None for 1.
        initial_checkpoint: Prefix of the checkpoint that the weights begin with; None for none.

    Raises:
        UserError: The checkpoint cannot be read.
    """
    found = {
        name: {
            "split": split.index.split,
            "examples": split.index.num_examples,
            "digest": split.index.digest,
        }
        for name, split in zip(_SPLITS, (train, val), strict=True)
    }
    if initial_checkpoint:
        found["initial_checkpoint"] = {
            "prefix": initial_checkpoint,
            "digest": weights.digest(initial_checkpoint),
        }
    return {
        **found,
        "class_names": list(train.descriptor.class_names),
        "ignore_label": train.descriptor.ignore_label,
        "label_weights": None if label_weights is None else list(label_weights),
    }


def differences(recorded: Field, here: dict[str, Any]) -> list[str]:
    """Says in what the data that a run was begun with differs from that of a later start.

    Args:
        recorded: What `flags.json` holds; what it lacks is not compared.
        here: As `document` returns it.

    Returns:
        A part of a sentence for each difference.

    Raises:
        UserError: `recorded` is damaged.
    """
    there = recorded.members()
    found = []
    for name, called in _SPLITS.items():
        if name in there and name in here:
            found += _split_differences(there[name], here[name], called)
    if "class_names" in there and "class_names" in here:
        names = [name.line() for name in there["class_names"].items()]
        found += _class_differences(names, here["class_names"])
    if "ignore_label" in there and "ignore_label" in here:
        label = there["ignore_label"].integer(0, 255)
        if label != here["ignore_label"]:
            found.append(f"the ignore label is {label} there and {here['ignore_label']} here")
    if "label_weights" in there and "label_weights" in here:
        found += _weight_differences(there["label_weights"], here["label_weights"])
    prefix, is_same = _initial_checkpoint(there, here)
    if prefix == here.get("initial_checkpoint", {}).get("prefix") and not is_same:
        found.append(f"the weights in {prefix} are others here")
    return found


def notices(recorded: Field, here: dict[str, Any]) -> list[str]:
    """Says what has changed and no longer matters to a run that has checkpoints.

    Args:
        recorded: What `flags.json` holds.
        here: As `document` returns it.

    Returns:
        A sentence each.
    """
    prefix, is_same = _initial_checkpoint(recorded.members(), here)
    if is_same:
        return []
    newer = here["initial_checkpoint"]["prefix"]
    return [
        f"The run began with the weights of {prefix} and keeps to them; those of {newer} that "
        "--initial_checkpoint now stands for are not used."
    ]


def _initial_checkpoint(there, here):
    """The prefix that a run began with, and whether what is found now is the same, or nothing."""
    if "initial_checkpoint" not in there:
        return None, True
    fields = there["initial_checkpoint"].record(("prefix", "digest"))
    found = here.get("initial_checkpoint")
    is_same = found is None or found["digest"] == fields["digest"].line()
    return fields["prefix"].line(), is_same


def _split_differences(recorded, here, called):
    fields = recorded.record(("split", "examples", "digest"))
    fields["split"].line()
    examples, digest = fields["examples"].integer(), fields["digest"].line()
    if examples != here["examples"]:
        return [f"the {called} split has {examples} examples there and {here['examples']} here"]
    if digest != here["digest"]:
        return [f"the {called} split has other contents here, or its examples in another order"]
    return []


def _class_differences(there, here):
    if len(there) != len(here):
        return [f"the data set has {len(there)} classes there and {len(here)} here"]
    for number, (old, new) in enumerate(zip(there, here, strict=True)):
        if old != new:
            return [f"class {number} is called {shown(old)} there and {shown(new)} here"]
    return []


def _weight_differences(recorded, here):
    if recorded.value is None or here is None:
        # A difference of the flag, which is compared by itself.
        return []
    there = [weight.number() for weight in recorded.items()]
    if there == here:
        return []
    return ["the classes have other weights in the loss, by other counts in the manifest"]
