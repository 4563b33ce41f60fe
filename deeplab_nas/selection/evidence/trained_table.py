"""A table of trained architectures: what every claim about choosing among them is checked on.

The document is JSON, a few lines an architecture, so that it can lie in a repository and be read.
"""

import collections
import dataclasses
import functools
import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic, untrusted_json
from deeplab_nas.files.json_field import Field

FORMAT = "deeplab_nas.table"
VERSION = 1

# Thousands of architectures.
_MAX_BYTES = 2**26
_ADVICE = "give a table of trained architectures as benchmarks.table writes it"


@dataclasses.dataclass(frozen=True)
class Training:
    """One training of an architecture.

    Attributes:
        seed: Of the training.
        steps: Optimizer steps, a whole schedule of them.
        miou: Mean IoU at its end, in 0..1.
        class_iou: IoU by the name of the class, in 0..1; absent classes are left out.
        seconds: Time that it took.
    """

    seed: int
    steps: int
    miou: float
    class_iou: Mapping[str, float]
    seconds: float


@dataclasses.dataclass(frozen=True)
class TrainedArchitecture:
    """A row of the table.

    Attributes:
        name: Of the architecture, once in a table.
        architecture: The `Architecture`.
        multiply_adds: Of an inference of one image.
        parameters: Trained numbers.
        activation_bytes: Memory of the activations of one image.
        scores: Of the untrained network by name, higher is better; may be empty.
        trainings: One or more, each of another seed or number of steps.

    Raises:
        ValueError: There is no training, or one twice.
    """

    name: str
    architecture: Architecture
    multiply_adds: int
    parameters: int
    activation_bytes: int
    scores: Mapping[str, float]
    trainings: tuple[Training, ...]

    def __post_init__(self) -> None:
        if not self.trainings:
            raise ValueError(f"{self.name}: expected a training, found none.")
        _refuse_repeated(
            [f"seed {one.seed} with {one.steps} steps" for one in self.trainings], self.name
        )

    def by_seed(self, steps: int) -> dict[int, float]:
        """Returns the mean IoU of its trainings of so many steps, by seed in ascending order."""
        found = {one.seed: one.miou for one in self.trainings if one.steps == steps}
        return dict(sorted(found.items()))


@dataclasses.dataclass(frozen=True)
class TrainedTable:
    """Architectures and what their trainings came to.

    Attributes:
        about: Facts in free text by name, such as the recipe, the data set and the command.
        architectures: One or more.

    Raises:
        ValueError: There is no architecture, or a name twice.
    """

    about: Mapping[str, str]
    architectures: tuple[TrainedArchitecture, ...]

    def __post_init__(self) -> None:
        if not self.architectures:
            raise ValueError("architectures: expected at least one, found none.")
        _refuse_repeated([row.name for row in self.architectures], "architectures")

    @functools.cached_property
    def whole_steps(self) -> int:
        """Steps of the whole training: the most that there are."""
        return max(self._all_steps)

    @functools.cached_property
    def rungs(self) -> tuple[int, ...]:
        """Steps of the shorter trainings, fewest first."""
        return tuple(sorted(self._all_steps - {self.whole_steps}))

    @functools.cached_property
    def score_names(self) -> tuple[str, ...]:
        """The scores that any row has, in the order in which they come."""
        return tuple(dict.fromkeys(name for row in self.architectures for name in row.scores))

    def mious(self, steps: int | None = None, seed: int | None = None) -> dict[str, float]:
        """Returns the mean IoU of the architectures that have such a training, by their names.

        Args:
            steps: Of the trainings; None for the whole one.
            seed: Of the trainings; None for the mean over all seeds.
        """
        found = {}
        for row in self.architectures:
            values = row.by_seed(self.whole_steps if steps is None else steps)
            if seed is not None:
                values = {seed: values[seed]} if seed in values else {}
            if values:
                found[row.name] = float(np.mean(list(values.values())))
        return found

    def repeats(self) -> dict[str, dict[int, float]]:
        """Returns the mean IoU of the whole trainings by seed, where there are several."""
        found = {row.name: row.by_seed(self.whole_steps) for row in self.architectures}
        return {name: values for name, values in found.items() if len(values) > 1}

    def to_json(self) -> str:
        """Returns the document: a line for the facts of an architecture and one for a training."""
        head = {"format": FORMAT, "version": VERSION, "about": dict(self.about)}
        members = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
        rows = ",\n".join(map(_row_text, self.architectures))
        members.append(f'"architectures": [\n{rows}\n]')
        return "{" + ",\n".join(members) + "}\n"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the document under `path`, whole or not at all.

        Raises:
            UserError: It cannot be written.
        """
        atomic.write_text(path, self.to_json())

    @functools.cached_property
    def _all_steps(self):
        return {one.steps for row in self.architectures for one in row.trainings}


def load(path: str | os.PathLike[str]) -> TrainedTable:
    """Reads a table.

    Args:
        path: The file, on any file system that TensorFlow knows.

    Raises:
        UserError: The file cannot be read or is no such table; the message names the field.
    """
    document = untrusted_json.load(path, _MAX_BYTES, _ADVICE)
    fields = document.record(("format", "version", "about", "architectures"))
    for key, expected in (("format", FORMAT), ("version", VERSION)):
        found = fields[key].value
        if type(found) is not type(expected) or found != expected:
            raise fields[key].refusal(repr(expected))
    about = {name: field.text() for name, field in fields["about"].members().items()}
    rows = tuple(map(_row, fields["architectures"].items()))
    try:
        return TrainedTable(about, rows)
    except ValueError as error:
        raise _invalid(document, error) from None


def _row(field: Field) -> TrainedArchitecture:
    counts = ("multiply_adds", "parameters", "activation_bytes")
    fields = field.record(("name", "path", "cell", *counts, "scores", "trainings"))
    cell = tuple(
        tuple((pair[0].integer(), pair[1].text()) for pair in map(_pair, block.items(2)))
        for block in fields["cell"].items()
    )
    path = tuple(level.integer() for level in fields["path"].items())
    try:
        return TrainedArchitecture(
            name=fields["name"].line(),
            architecture=Architecture(cell=cell, path=path),
            **{name: fields[name].integer() for name in counts},
            scores={name: score.number() for name, score in fields["scores"].members().items()},
            trainings=tuple(map(_training, fields["trainings"].items())),
        )
    except ValueError as error:
        raise _invalid(field, error) from None


def _pair(field: Field) -> list[Field]:
    return list(field.items(2))


def _training(field: Field) -> Training:
    fields = field.record(("seed", "steps", "miou", "class_iou", "seconds"))
    return Training(
        seed=fields["seed"].integer(),
        steps=fields["steps"].integer(1),
        miou=_share(fields["miou"]),
        class_iou={name: _share(iou) for name, iou in fields["class_iou"].members().items()},
        seconds=fields["seconds"].number(),
    )


def _share(field: Field) -> float:
    value = field.number()
    if not 0 <= value <= 1:
        raise field.refusal("a number in 0..1")
    return value


def _row_text(row: TrainedArchitecture) -> str:
    facts: dict[str, Any] = {
        "name": row.name,
        "path": row.architecture.path,
        "cell": row.architecture.cell,
        "multiply_adds": row.multiply_adds,
        "parameters": row.parameters,
        "activation_bytes": row.activation_bytes,
        "scores": dict(row.scores),
    }
    trainings = [json.dumps(dataclasses.asdict(one), allow_nan=False) for one in row.trainings]
    lines = ",\n  ".join(trainings)
    return json.dumps(facts, allow_nan=False)[:-1] + f', "trainings": [\n  {lines}]}}'


def _refuse_repeated(names: list[str], where: str) -> None:
    most = collections.Counter(names).most_common(1)[0]
    if most[1] > 1:
        raise ValueError(f"{where}: expected each once, found {most[0]} {most[1]} times.")


def _invalid(field: Field, error: ValueError) -> UserError:
    where = f"{field.name} in {field.place}" if field.name else field.place
    return UserError(f"The table of trained architectures is not valid at {where}: {error}")
