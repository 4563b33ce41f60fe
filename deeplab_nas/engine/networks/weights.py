"""Weights of a network in a checkpoint of a run: how they are saved, found and loaded."""

import posixpath
import re

import tensorflow as tf

from deeplab_nas.errors import UserError
from deeplab_nas.files import git_lfs

# Names of the two groups in a checkpoint.
VARIABLES = "variables"
AVERAGES = "averages"

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_NEWEST = re.compile(r"ckpt-(\d+)\.index")
_SHOWN = 3


def by_path(model):
    """The variables of a model for `tf.train.Checkpoint`, by path.

    TensorFlow does not follow lists of lists in a Keras layer and would leave out, in silence, what
    no optimizer holds.
    """
    return {variable.path: variable.value for variable in model.variables}


def find(checkpoint):
    """Finds the file prefix of a checkpoint.

    Args:
        checkpoint: A run directory (its best checkpoint, else its newest), a folder of
            checkpoints (its newest), or the prefix of one.

    Returns:
        The prefix, without `.index`.

    Raises:
        UserError: There is no checkpoint.
    """
    prefix = checkpoint.removesuffix(".index")
    if tf.io.gfile.exists(f"{prefix}.index"):
        return prefix
    folders = [posixpath.join(checkpoint, name) for name in ("best", "checkpoints")]
    for folder in (*folders, checkpoint):
        names = tf.io.gfile.listdir(folder) if tf.io.gfile.isdir(folder) else []
        steps = [int(match.group(1)) for match in map(_NEWEST.fullmatch, names) if match]
        if steps:
            return posixpath.join(folder, f"ckpt-{max(steps)}")
    raise UserError(
        f"Expected a run directory of train or a checkpoint in it, found none at '{checkpoint}': "
        "give the --train_logdir of a training or a path such as runs/a/checkpoints/ckpt-100."
    )


def is_ours(prefix):
    """Whether a checkpoint was written by this project, and not by the official code.

    Raises:
        UserError: It cannot be read.
    """
    return any(name.startswith(f"{VARIABLES}/") for name in _shapes(prefix))


def load(model, prefix, without=(), advice="restore the files of the run, or name another one"):
    """Loads the weights of a checkpoint, its moving averages where it has them.

    Args:
        model: `Segmenter`, built.
        prefix: Of a checkpoint that this project wrote.
        without: Layers that keep their values.
        advice: What to do where the checkpoint is of another network, without a full stop.

    Raises:
        UserError: The checkpoint cannot be read or is of another network; nothing was loaded then.
    """
    shapes = _shapes(prefix)
    kept = {variable.path for layer in without for variable in layer.variables}
    # Counters of dropout and drop path belong to the training that they counted.
    wanted = [
        variable
        for variable in model.variables
        if variable.path not in kept and variable.dtype.startswith("float")
    ]
    names = {variable.path: _name(variable.path, shapes) for variable in wanted}
    wrong = [
        f"{variable.path} {_shown(shapes.get(names[variable.path]))}, expected "
        f"{_shown(variable.shape)}"
        for variable in wanted
        if list(variable.shape) != shapes.get(names[variable.path])
    ]
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise UserError(
            f"Expected the weights of this network in {prefix}, found {'; '.join(wrong[:_SHOWN])}"
            f"{more}: {advice}."
        )
    try:
        reader = tf.train.load_checkpoint(prefix)
        values = {path: reader.get_tensor(name) for path, name in names.items()}
    except (tf.errors.OpError, IndexError, ValueError) as error:
        raise _unreadable(prefix, error) from error
    for variable in wanted:
        variable.assign(values[variable.path])


def _shapes(prefix):
    try:
        reader = tf.train.load_checkpoint(prefix)
        return {name: list(s) for name, s in reader.get_variable_to_shape_map().items()}
    except (tf.errors.OpError, IndexError, ValueError) as error:
        raise _unreadable(prefix, error) from error


def _unreadable(prefix, error):
    git_lfs.refuse_pointers_in_place_of(prefix)
    lines = str(error).strip().splitlines()
    return UserError(
        f"Expected a whole TensorFlow checkpoint at {prefix}, found none that can be read "
        f"({lines[0] if lines else type(error).__name__}): name another one."
    )


def _name(path, shapes):
    """Name in the checkpoint of the variable at `path`, that of its average if there is one."""
    escaped = path.replace("/", ".S")
    average = f"{AVERAGES}/{escaped}{_VALUE}"
    return average if average in shapes else f"{VARIABLES}/{escaped}{_VALUE}"


def _shown(shape):
    return "missing" if shape is None else list(shape)
