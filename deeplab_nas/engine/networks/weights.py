"""Weights of a network in a checkpoint of a run: how they are saved, found and loaded."""

import contextlib
import hashlib
import math
import posixpath
import re

import numpy as np
import tensorflow as tf

from deeplab_nas.errors import UserError
from deeplab_nas.files import git_lfs, untrusted_json

# Names of the two groups in a checkpoint.
VARIABLES = "variables"
AVERAGES = "averages"

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_STEP = re.compile(r"ckpt-([0-9]{1,18})")
_NEWEST = re.compile(rf"{_STEP.pattern}\.index")
_SHOWN = 3
_MAX_INDEX_BYTES = 2**28


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
    found = _found(checkpoint)
    if found is None:
        raise UserError(
            f"Expected a run directory of train or a checkpoint in it, found none at "
            f"'{checkpoint}': give the --train_logdir of a training or a path such as "
            "runs/a/checkpoints/ckpt-100."
        )
    return found


def exists(checkpoint):
    """Whether `find` finds a checkpoint."""
    return _found(checkpoint) is not None


def _found(checkpoint):
    prefix = checkpoint.removesuffix(".index")
    if tf.io.gfile.exists(f"{prefix}.index"):
        return prefix
    folders = [posixpath.join(checkpoint, name) for name in ("best", "checkpoints")]
    for folder in (*folders, checkpoint):
        names = tf.io.gfile.listdir(folder) if tf.io.gfile.isdir(folder) else []
        steps = [int(match.group(1)) for match in map(_NEWEST.fullmatch, names) if match]
        if steps:
            return posixpath.join(folder, f"ckpt-{max(steps)}")
    return None


def step(prefix):
    """The optimizer steps after which a checkpoint of a run was saved; `UserError` for others."""
    match = _STEP.fullmatch(posixpath.basename(prefix))
    if not match:
        raise UserError(
            f"Expected a checkpoint that a run has saved, ckpt-STEP, found {prefix}: give it the "
            "name that it had, or name another one."
        )
    return int(match.group(1))


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
        UserError: The checkpoint cannot be read, is of another network, or numbers in it are not
            finite; nothing was loaded then.
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
    with _told(prefix):
        reader = _reader(prefix)
        values = {path: reader.get_tensor(name) for path, name in names.items()}
    for path, value in values.items():
        if not np.issubdtype(value.dtype, np.floating) or not np.all(np.isfinite(value)):
            raise UserError(
                f"Expected finite numbers in {prefix}, found others in {path}: name another "
                "checkpoint."
            )
    for variable in wanted:
        variable.assign(values[variable.path])


def not_finite(prefix):
    """Finds a variable of a checkpoint, of whatever, that holds a number which is not finite.

    Returns:
        Its name; None where all numbers are finite.

    Raises:
        tf.errors.OpError: The checkpoint is damaged.
    """
    reader = _reader(prefix)
    for name, dtype in reader.get_variable_to_dtype_map().items():
        if dtype.is_floating and not np.all(np.isfinite(reader.get_tensor(name))):
            return name.removesuffix(_VALUE).replace(".S", "/")
    return None


def check_size(prefix):
    """Checks that a checkpoint, of whatever, has the numbers that its index names.

    Where it has not, TensorFlow would make room for them before it sees that.

    Raises:
        tf.errors.OpError: It has not, or it is damaged.
    """
    reader = _reader(prefix)
    types = reader.get_variable_to_dtype_map()
    shapes = reader.get_variable_to_shape_map()
    # A string takes a byte at least.
    named = sum(math.prod(shape) * (types[name].size or 1) for name, shape in shapes.items())
    held = _num_bytes(prefix)
    if named > held:
        raise tf.errors.DataLossError(None, None, f"{named} bytes are named, {held} are there")


def digest(prefix):
    """SHA-256, in hexadecimal digits, of what a checkpoint holds: its index has checksums of all.

    Raises:
        UserError: The checkpoint cannot be read.
    """
    index = untrusted_json.read(f"{prefix}.index", _MAX_INDEX_BYTES, "name another checkpoint")
    return hashlib.sha256(index).hexdigest()


@contextlib.contextmanager
def no_larger_than(prefix):
    """Where a network is made for a checkpoint, ends that as soon as it is larger than it.

    What settings and architecture name may be too large for any memory.

    Args:
        prefix: Of the checkpoint.

    Raises:
        UserError: The variables that are made take more room than the checkpoint.
    """
    with _told(prefix):
        left = _num_bytes(prefix)

    def counted(make, **options):
        nonlocal left
        variable = make(**options)
        left -= variable.shape.num_elements() * variable.dtype.size
        if left < 0:
            raise UserError(
                f"Expected the weights of this network in {prefix}, found fewer than the settings "
                "and the architecture beside it ask for: restore those of its training, or name "
                "another checkpoint."
            )
        return variable

    with tf.variable_creator_scope(counted):
        yield


def _num_bytes(prefix):
    folder, name = posixpath.split(prefix)
    files = [
        file for file in tf.io.gfile.listdir(folder or ".") if file.startswith(f"{name}.data-")
    ]
    return sum(tf.io.gfile.stat(posixpath.join(folder, file)).length for file in files)


def _reader(prefix):
    # Not `tf.train.load_checkpoint`, which takes a folder of the same name for it.
    return tf.compat.v1.train.NewCheckpointReader(prefix)


def _shapes(prefix):
    with _told(prefix):
        reader = _reader(prefix)
        return {name: list(s) for name, s in reader.get_variable_to_shape_map().items()}


@contextlib.contextmanager
def _told(prefix):
    """Tells in one sentence that a checkpoint cannot be read."""
    try:
        yield
    except (tf.errors.OpError, IndexError, ValueError, RuntimeError) as error:
        git_lfs.refuse_pointers_in_place_of(prefix)
        lines = str(error).strip().splitlines()
        raise UserError(
            f"Expected a whole TensorFlow checkpoint at {prefix}, found none that can be read "
            f"({lines[0] if lines else type(error).__name__}): name another one."
        ) from error


def _name(path, shapes):
    """Name in the checkpoint of the variable at `path`, that of its average if there is one."""
    escaped = path.replace("/", ".S")
    average = f"{AVERAGES}/{escaped}{_VALUE}"
    return average if average in shapes else f"{VARIABLES}/{escaped}{_VALUE}"


def _shown(shape):
    return "missing" if shape is None else list(shape)
