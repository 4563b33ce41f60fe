"""What surrounds every search and every training: the devices, and how errors are told."""

import contextlib
import re
import sys

import tensorflow as tf

from deeplab_nas.data import input_errors
from deeplab_nas.engine.devices import strategies, workers
from deeplab_nas.errors import UserError

_NOT_FINITE = re.compile(r"!!! Detected (.+?) in output \d+ of (?:eager|graph) op \"(.+?)\"")
_NODE = re.compile(r"Detected at node (\S+?)/CheckNumerics")
_LINE = re.compile(r"File \"[^\"]*?(deeplab_nas/[^\"]+)\", line (\d+)")


@contextlib.contextmanager
def without_grappler():
    """Keeps TensorFlow from rewriting the graphs that run in this context.

    Rewriting the graph of a supernet takes far longer than it saves.
    """
    off = "disable_meta_optimizer"
    before = tf.config.optimizer.get_experimental_options()[off]
    tf.config.optimizer.set_experimental_options({off: True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({off: before})


@contextlib.contextmanager
def of(config):
    """Sets the process up for a run and finds its devices.

    Args:
        config: A `SearchConfig` or `TrainConfig`.

    Yields:
        The `tf.distribute.Strategy`.

    Raises:
        UserError: The devices are not there, the data is not what it should be, another worker is
            lost, or, with `debug_numerics`, an operation has come to a number that is not finite.
    """
    # With it TensorFlow compiles no gradient of max pooling, and a TPU compiles everything.
    if config.deterministic and config.strategy != "tpu":
        tf.config.experimental.enable_op_determinism()
    if config.debug_numerics:
        tf.debugging.enable_check_numerics()
    strategies.set_threads(config.threads, side_by_side=True)
    strategy = strategies.of(config)
    print(strategies.describe(strategy), file=sys.stderr)
    if config.skip_bad_records and strategies.num_workers(strategy) > 1:
        raise UserError(
            "Expected --skip_bad_records=0 with several workers, of which each sees other records, "
            f"found {config.skip_bad_records}: find and remove the bad ones with python -m "
            "tfrecords_tools.verify."
        )
    try:
        with (
            input_errors.as_user_errors(),
            _numerics_as_user_errors(),
            workers.lost_as_user_errors(strategy),
        ):
            yield strategy
    finally:
        if config.debug_numerics:
            tf.debugging.disable_check_numerics()


@contextlib.contextmanager
def _numerics_as_user_errors():
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        found = _NOT_FINITE.search(error.message)
        if not found:
            raise
        node, lines = _NODE.search(error.message), _LINE.findall(error.message)
        named = f" ({node.group(1)})" if node else ""
        where = f" at {lines[-1][0]}, line {lines[-1][1]}" if lines else ""
        raise UserError(
            f"Expected finite numbers, found {found.group(1)} first in what the operation "
            f"{found.group(2)}{named}{where} gives: nothing was saved after that."
        ) from error
