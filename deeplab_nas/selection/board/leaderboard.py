"""The networks of a selection and what was spent on them, as a value and as `leaderboard.json`."""

import collections
import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic, untrusted_json
from deeplab_nas.files.json_field import MAX_INTEGER, Field, shown
from deeplab_nas.selection.board import judgement
from deeplab_nas.selection.board.judgement import Judgement
from deeplab_nas.selection.evidence.trained_table import Training

FORMAT = "deeplab_nas.leaderboard"
VERSION = 1
FILE = "leaderboard.json"

# A thousand networks, each trained three times, on a set of 150 classes.
_MAX_BYTES = 2**25
_ADVICE = "give a leaderboard.json as select writes it"


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A network that was looked at.

    Attributes:
        name: Such as `random_7`; no other candidate has it.
        arm: Name of the arm that brought it.
        architecture: Its path and cell.
        multiply_adds: Multiply-adds of its convolutions for one image.
        parameters: Trainable parameters.
        activation_bytes: What training keeps of one image for the backward pass.
        scores: Scores of the untrained network by their names; may be empty.
        trainings: May be empty.
    """

    name: str
    arm: str
    architecture: Architecture
    multiply_adds: int
    parameters: int
    activation_bytes: int
    scores: Mapping[str, float] = dataclasses.field(default_factory=dict)
    trainings: tuple[Training, ...] = ()


@dataclasses.dataclass(frozen=True)
class Arm:
    """A way of finding networks, and what was spent on it.

    Attributes:
        name: Such as `random`; no other arm has it.
        networks: How many networks it looked at.
        steps: Training steps that it took, a search's own among them.
        multiply_adds: Multiply-adds of those steps.
        seconds: Time that it took.
        best: Name of the candidate that it ends with; None as long as it has none.
    """

    name: str
    networks: int
    steps: int
    multiply_adds: int
    seconds: float
    best: str | None = None


@dataclasses.dataclass(frozen=True)
class Leaderboard:
    """Everything that a selection leaves to be looked at.

    Attributes:
        about: Facts by name, such as data set, split, seed and command.
        rungs: Steps of the short trainings, rising.
        candidates: The networks, in any order.
        arms: How they were found.
        judgements: What the arms' picks are worth, where arms were compared.

    Raises:
        ValueError: What one part says is not what another does; the message names the field.
    """

    about: Mapping[str, str]
    rungs: tuple[int, ...]
    candidates: tuple[Candidate, ...]
    arms: tuple[Arm, ...]
    judgements: tuple[Judgement, ...] = ()

    def __post_init__(self) -> None:
        if not self.rungs or list(self.rungs) != sorted(set(self.rungs)):
            raise ValueError(f"rungs: expected rising steps, found {shown(list(self.rungs))}.")
        _check_distinct("candidates", (candidate.name for candidate in self.candidates))
        _check_distinct("arms", (arm.name for arm in self.arms))
        arms = {arm.name for arm in self.arms}
        names = {candidate.name for candidate in self.candidates}
        for number, arm in enumerate(self.arms):
            if arm.best is not None and arm.best not in names:
                raise ValueError(f"arms[{number}].best: {shown(arm.best)} is not a candidate.")
        for number, judged in enumerate(self.judgements):
            where = f"judgements[{number}]"
            if judged.arm not in arms:
                raise ValueError(f"{where}.arm: {shown(judged.arm)} is not one of the arms.")
            if not judged.picks or len(judged.mious) != len(judged.picks):
                raise ValueError(f"{where}.mious: expected one for each pick, and one at least.")
            if not set(judged.picks) <= names:
                raise ValueError(f"{where}.picks: one of them is not a candidate.")
        for number, candidate in enumerate(self.candidates):
            where = f"candidates[{number}]"
            if candidate.arm not in arms:
                raise ValueError(f"{where}.arm: {shown(candidate.arm)} is not one of the arms.")
            trained = [(training.seed, training.steps) for training in candidate.trainings]
            if len(set(trained)) < len(trained):
                raise ValueError(f"{where}.trainings: two have the same seed and steps.")
            if not {steps for _, steps in trained} <= set(self.rungs):
                raise ValueError(f"{where}.trainings: steps are not one of the rungs.")

    def candidate(self, name: str) -> Candidate:
        """Returns the candidate of a name that is there."""
        return next(each for each in self.candidates if each.name == name)

    def to_json(self) -> str:
        """Returns the leaderboard as JSON text, a line for each candidate and each arm."""
        document = {
            "format": json.dumps(FORMAT),
            "version": json.dumps(VERSION),
            "about": json.dumps(dict(self.about), indent=1).replace("\n", "\n "),
            "rungs": json.dumps(self.rungs),
            "candidates": _lines(map(_candidate_document, self.candidates)),
            "arms": _lines(map(dataclasses.asdict, self.arms)),
        }
        if self.judgements:
            document["judgements"] = _lines(map(judgement.document, self.judgements))
        members = ",\n".join(f' "{key}": {text}' for key, text in document.items())
        return f"{{\n{members}\n}}\n"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the JSON under `path`, whole or not at all.

        Raises:
            UserError: It cannot be written.
            ValueError: A number is infinite or not a number.
        """
        atomic.write_text(path, self.to_json())


def from_json(text: str) -> Leaderboard:
    """Reads what `Leaderboard.to_json` wrote.

    Raises:
        UserError: The text is no leaderboard; the message names the field.
    """
    return _read(untrusted_json.parse(text, "the text", _MAX_BYTES, _ADVICE))


def load(path: str | os.PathLike[str]) -> Leaderboard:
    """Reads a leaderboard from a JSON file.

    Args:
        path: The file, on any file system that TensorFlow knows.

    Raises:
        UserError: The file cannot be read or holds no leaderboard; the message names the field.
    """
    return _read(untrusted_json.load(path, _MAX_BYTES, _ADVICE))


def _check_distinct(field: str, names: Iterable[str]) -> None:
    twice = [name for name, count in collections.Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{field}: the name {shown(twice[0])} stands there twice.")


def _lines(documents: Iterable[dict[str, Any]]) -> str:
    lines = ",\n".join(f"  {json.dumps(each, allow_nan=False)}" for each in documents)
    return f"[\n{lines}\n ]" if lines else "[]"


def _candidate_document(candidate: Candidate) -> dict[str, Any]:
    document = dataclasses.asdict(candidate)
    architecture = document.pop("architecture")
    names = {key: document.pop(key) for key in ("name", "arm")}
    return {**names, "path": architecture["path"], "cell": architecture["cell"], **document}


def _read(document: Field) -> Leaderboard:
    members = ("format", "version", "about", "rungs", "candidates", "arms")
    # Those of an earlier version, and of selections that compare no arms, have none.
    fields = document.record(members, ("judgements",))
    judgements = fields["judgements"].items() if "judgements" in fields else ()
    for key, expected in (("format", FORMAT), ("version", VERSION)):
        found = fields[key].value
        if type(found) is not type(expected) or found != expected:
            raise fields[key].refusal(repr(expected))
    try:
        return Leaderboard(
            about={key: value.text() for key, value in fields["about"].members().items()},
            rungs=tuple(rung.integer(1) for rung in fields["rungs"].items()),
            candidates=tuple(map(_read_candidate, fields["candidates"].items())),
            arms=tuple(map(_read_arm, fields["arms"].items())),
            judgements=tuple(map(judgement.read, judgements)),
        )
    except ValueError as error:
        raise UserError(f"The leaderboard in {document.place} is not valid: {error}") from None


def _read_candidate(document: Field) -> Candidate:
    counts = ("multiply_adds", "parameters", "activation_bytes")
    keys = ("name", "arm", "path", "cell", *counts, "scores", "trainings")
    fields = document.record(keys)
    architecture = {
        "format": nas_genotypes.FORMAT,
        "version": nas_genotypes.VERSION,
        "path": fields["path"].value,
        "cell": fields["cell"].value,
    }
    place = f"{document.name} of {document.place}"
    return Candidate(
        name=fields["name"].line(),
        arm=fields["arm"].line(),
        architecture=nas_genotypes.from_document(Field(architecture, place, document.advice)),
        **{key: fields[key].integer() for key in counts},
        scores={key: float(score.number()) for key, score in fields["scores"].members().items()},
        trainings=tuple(map(_read_training, fields["trainings"].items())),
    )


def _read_training(document: Field) -> Training:
    fields = document.record(("seed", "steps", "miou", "class_iou", "seconds"))
    return Training(
        seed=fields["seed"].integer(),
        steps=fields["steps"].integer(1),
        miou=_number(fields["miou"], 1),
        class_iou={key: _number(iou, 1) for key, iou in fields["class_iou"].members().items()},
        seconds=_number(fields["seconds"]),
    )


def _read_arm(document: Field) -> Arm:
    counts = ("networks", "steps", "multiply_adds")
    fields = document.record(("name", *counts, "seconds", "best"))
    best = fields["best"]
    return Arm(
        name=fields["name"].line(),
        **{key: fields[key].integer() for key in counts},
        seconds=_number(fields["seconds"]),
        best=None if best.value is None else best.line(),
    )


def _number(field: Field, most: float = MAX_INTEGER) -> float:
    if not 0 <= field.number() <= most:
        raise field.refusal("a share from 0 to 1" if most == 1 else "a number >= 0")
    return float(field.value)
