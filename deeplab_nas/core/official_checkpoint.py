"""Weights from TensorFlow 1 checkpoints of the official code."""

import contextlib
import dataclasses
import re

import numpy as np
import tensorflow as tf

from deeplab_nas.core import nas_network
from deeplab_nas.errors import UserError

# State of training that a network does not have.
_NOT_WEIGHTS = re.compile(
    r"(.*/)?(global_step|beta[12]_power|Momentum|Adam(_1)?|ExponentialMovingAverage)"
)
_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Report:
    """What became of each variable; all but `loaded` and `ignored` are problems.

    Attributes:
        loaded: Official names of the variables that were placed.
        ignored: Names in the checkpoint that are state of training (the step, the slots of the
            optimiser, moving averages of the weights) or were asked to be left out.
        missing: Official names of variables of the model that the checkpoint lacks.
        unexpected: Names in the checkpoint that the model has no variable for.
        mismatched: Official names whose shapes differ, with both shapes.
    """

    loaded: tuple[str, ...]
    ignored: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every variable of both sides was placed."""
        return not (self.missing or self.unexpected or self.mismatched)

    def __str__(self) -> str:
        parts = [f"{len(self.loaded)} that fit"]
        for field in ("ignored", "missing", "unexpected", "mismatched"):
            names = getattr(self, field)
            if names:
                parts.append(f"{len(names)} {field} ({_some(names)})")
        return "; ".join(parts)


def load(model, path, partial=False, without=()):
    """Loads a checkpoint of the official code into a network.

    Args:
        model: `Segmenter` or `NasNetwork`, built.
        path: Prefix of the checkpoint, without `.index`.
        partial: Whether to load what fits where some variables cannot be placed; the others keep
            their values.
        without: Layers of the model that keep their values, whatever the checkpoint has for them.

    Returns:
        `Report`.

    Raises:
        UserError: The checkpoint cannot be read, numbers in it are not finite, or a variable of
            either side cannot be placed and `partial` is not set; nothing was loaded then.
    """
    path = str(path)
    with _told(path):
        reader = tf.train.load_checkpoint(path)
        shapes = reader.get_variable_to_shape_map()
    variables = official_variables(model, _scope(shapes))
    kept = {variable.path for layer in without for variable in layer.variables}
    kept = {name for name, variable in variables.items() if variable.path in kept}
    fitting, report = _match(variables, shapes, kept)
    if not (report.complete or partial):
        last_layers = "" if kept else "leave out its last layers (--initialize_last_layer=false), "
        raise UserError(
            f"Expected {path} to hold exactly the variables of the model, found {report}: name the "
            f"network that it is of, {last_layers}or, in Python, load what fits (partial=True)."
        )
    with _told(path):
        values = {name: reader.get_tensor(name) for name in fitting}
    for name, value in values.items():
        if not np.issubdtype(value.dtype, np.floating) or not np.all(np.isfinite(value)):
            raise UserError(
                f"Expected finite numbers in {path}, found others in {name}: name another "
                "checkpoint."
            )
    for name, value in values.items():
        variables[name].assign(value)
    return report


@contextlib.contextmanager
def _told(path):
    """Tells in one sentence that a checkpoint cannot be read."""
    try:
        yield
    except (tf.errors.OpError, IndexError, ValueError, RuntimeError) as error:
        lines = str(error).strip().splitlines()
        raise UserError(
            f"Expected a whole TensorFlow checkpoint at {path}, found none that can be read "
            f"({lines[0] if lines else type(error).__name__}): name another one."
        ) from error


def official_variables(model, scope="hnasnet"):
    """The variables of a network by their official names.

    Args:
        model: `Segmenter` or `NasNetwork`, built.
        scope: Official name of the backbone.

    Returns:
        A dictionary; counters of dropout and drop path, which the official code does not have, are
        not in it.
    """
    prefix = f"{scope}/" if isinstance(model, nas_network.NasNetwork) else ""
    return {
        _official_name(prefix + variable.path.removeprefix(f"{model.path}/"), scope): variable
        for variable in model.variables
        if variable.dtype.startswith("float")
    }


def _official_name(path, scope):
    path = re.sub(r"^backbone/", f"{scope}/", path)
    path = re.sub(r"^aspp/", "", path)
    path = re.sub(r"^logits/", "logits/semantic/", path)
    return re.sub(r"^decoder/(decoder_conv0)_(\d)/", r"decoder/\1/\1_\2/", path)


def _scope(shapes):
    """The scope of the backbone in a checkpoint: `hnasnet` or `pnasnet`."""
    for name in shapes:
        if name.endswith("/conv0/weights"):
            return name.removesuffix("/conv0/weights")
    return "hnasnet"


def _match(variables, shapes, kept):
    fitting, missing, mismatched = [], [], []
    for name, variable in variables.items():
        if name in kept:
            continue
        if name not in shapes:
            missing.append(name)
        elif list(shapes[name]) != list(variable.shape):
            mismatched.append(f"{name}: {list(shapes[name])}, expected {list(variable.shape)}")
        else:
            fitting.append(name)
    ignored = [name for name in shapes if name in kept or _NOT_WEIGHTS.fullmatch(name)]
    unexpected = set(shapes) - set(variables) - set(ignored)
    fields = (fitting, ignored, missing, unexpected, mismatched)
    return fitting, Report(*(tuple(sorted(names)) for names in fields))


def _some(names):
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
