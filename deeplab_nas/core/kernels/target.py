"""What a graph is traced for, as far as its convolutions need to know."""

import contextlib
import contextvars
import functools

import tensorflow as tf

_other_machines = contextvars.ContextVar("other_machines", default=False)


@contextlib.contextmanager
def other_machines():
    """Within it, graphs take nothing from the CPU that traces them.

    It is for those that are exported. They are not for training.
    """
    token = _other_machines.set(True)
    try:
        yield
    finally:
        _other_machines.reset(token)


def on_tpu():
    """Whether this is a replica on a TPU."""
    return isinstance(tf.distribute.get_strategy(), tf.distribute.TPUStrategy)


def on_this_cpu():
    """Whether the graph is for the CPU that traces it."""
    return not (_other_machines.get() or on_tpu()) and _device_type() == "CPU"


def _device_type():
    """CPU or GPU: where the strategy, else `tf.device`, else TensorFlow puts what comes next."""
    if tf.distribute.has_strategy():
        device = tf.distribute.get_strategy().extended.worker_devices[0]
    else:
        device = _placement()
        if not device:
            # A function runs on the device that it is called for.
            with tf.init_scope():
                device = _placement()
    by_default = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    return tf.DeviceSpec.from_string(device).device_type or by_default


def _placement():
    """Name of the device of an operation here; in a graph it is empty where none is asked for."""
    return tf.abs(0.0).device if tf.executing_eagerly() else tf.no_op().device


def has_convolutions(dtype):
    """Whether there are convolutions of `dtype` with all their gradients; the CPU is asked.

    On CPU, TensorFlow has those of atrous and grouped convolutions in oneDNN only: not on macOS,
    not where oneDNN is turned off, and in bfloat16 and float16 only with AVX-512.
    """
    return not on_this_cpu() or _has_cpu_convolutions(dtype)


def has_direct_convolutions():
    """Whether oneDNN convolves TensorFlow's layout of memory without unfolding the images.

    On CPU that takes AVX-512, which half precision takes as well.
    """
    return has_convolutions(tf.bfloat16)


@functools.cache
def _has_cpu_convolutions(dtype):
    with tf.init_scope(), tf.device("/cpu:0"):
        pixels = tf.ones([1, 5, 5, 2], dtype)
        try:
            for in_channels, rate in ((2, 2), (1, 1)):
                # The operation itself: nothing is recorded on a tape in this scope.
                tf.raw_ops.Conv2DBackpropFilter(
                    input=pixels,
                    filter_sizes=[3, 3, in_channels, 2],
                    out_backprop=pixels,
                    strides=[1, 1, 1, 1],
                    padding="SAME",
                    dilations=[1, rate, rate, 1],
                )
        except (
            tf.errors.InvalidArgumentError,
            tf.errors.UnimplementedError,
            # What oneDNN has been told not to use (`ONEDNN_MAX_CPU_ISA`).
            tf.errors.AbortedError,
        ):
            return False
    return True
