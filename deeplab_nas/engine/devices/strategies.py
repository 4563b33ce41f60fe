"""Where a run computes: a name becomes a `tf.distribute.Strategy`."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf

from deeplab_nas.engine.devices import blocking_calls, cluster, rendezvous
from deeplab_nas.errors import UserError

STRATEGIES = ("cpu", "gpu", "mirrored", "multi_worker", "tpu")


def build(
    name: str, num_gpus: int = 0, tpu: str = "", logical_cpus: int = 0
) -> tf.distribute.Strategy:
    """Makes the strategy called `name`; call it before anything else touches a device.

    Args:
        name: One of `STRATEGIES`.
        num_gpus: GPUs that `mirrored` uses; 0 uses all of them.
        tpu: TPU name, `local` or a grpc address, for `tpu`.
        logical_cpus: Replicas that `mirrored` makes on the CPU instead; 0 makes none.

    Returns:
        The strategy.

    Raises:
        UserError: The name is unknown, or this machine lacks the devices.
    """
    if logical_cpus and (num_gpus or name != "mirrored"):
        raise UserError(
            f"Expected --logical_cpus={logical_cpus} with --strategy=mirrored and without "
            f"--num_gpus, found --strategy={name} --num_gpus={num_gpus}: leave one of them out."
        )
    if name == "cpu":
        return tf.distribute.OneDeviceStrategy("/cpu:0")
    if name == "gpu":
        _require_gpus(1, name)
        return tf.distribute.OneDeviceStrategy("/gpu:0")
    if name == "mirrored":
        return tf.distribute.MirroredStrategy(
            _make_logical_cpus(logical_cpus)
            if logical_cpus
            else _require_gpus(num_gpus or len(_gpus()), name)
        )
    if name == "multi_worker":
        return _multi_worker()
    if name == "tpu":
        return _tpu(tpu)
    raise UserError(f"Expected --strategy to be one of {', '.join(STRATEGIES)}, found '{name}'.")


def of(config) -> tf.distribute.Strategy:
    """Makes the strategy that a configuration of a search, a training or an evaluation asks for."""
    return build(config.strategy, config.num_gpus, config.tpu, config.logical_cpus)


def set_threads(count: int = 0, *, side_by_side: bool) -> None:
    """Sets how operations share the cores of a CPU; call it before `build`.

    Once TensorFlow computes they can no longer be set: they stay as they are, and a line on stderr
    says so where a count was asked for.

    Training is thousands of small operations, many of them independent: run side by side, each on
    one thread, they use the cores better. Inference is a chain of large ones, each of which is
    best given all of them.

    Args:
        count: Operations at a time; 0 takes as many as there are cores.
        side_by_side: Whether each operation keeps to one thread; otherwise each may take `count`.
    """
    threads = count or os.cpu_count()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(1 if side_by_side else threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        if count:
            print(f"TensorFlow computes already: --threads={count} has no effect.", file=sys.stderr)


def describe(strategy: tf.distribute.Strategy) -> str:
    """One line on what a strategy found, such as `MirroredStrategy, 2 replicas on GPU:0, GPU:1`."""
    devices = strategy.extended.worker_devices
    names = ", ".join(device.split("device:")[-1] for device in devices)
    replicas = strategy.num_replicas_in_sync
    plural = "" if replicas == 1 else "s"
    line = f"{type(strategy).__name__}, {replicas} replica{plural} on {names}"
    workers = num_workers(strategy)
    if workers == 1:
        return line
    resolver = strategy.cluster_resolver
    return f"{line} of each of {workers} workers; this is {resolver.task_type} {resolver.task_id}"


def num_workers(strategy: tf.distribute.Strategy) -> int:
    """Processes that run the same program together and have to do everything alike."""
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return 1
    spec = strategy.cluster_resolver.cluster_spec()
    return sum(spec.num_tasks(job) for job in spec.jobs if job in cluster.JOBS)


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes the run directory."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    has_chief = "chief" in resolver.cluster_spec().jobs
    return resolver.task_type == "chief" or (
        not has_chief and resolver.task_type == "worker" and resolver.task_id == 0
    )


def distributed(
    strategy: tf.distribute.Strategy,
    dataset: Callable[[tf.distribute.InputContext], tf.data.Dataset],
) -> Iterable[Any]:
    """Shares the batches of a dataset among the replicas of a strategy.

    Args:
        strategy: The strategy.
        dataset: Makes the dataset of an input pipeline.

    Returns:
        The distributed batches. On one CPU they are the dataset itself: what fetches to a device
        has a tuner of its own, which may sleep up to a minute before it lets a run end.
    """
    if isinstance(strategy, tf.distribute.OneDeviceStrategy) and _is_on_cpu(strategy):
        return dataset(tf.distribute.InputContext())
    return strategy.distribute_datasets_from_function(dataset)


def _is_on_cpu(strategy):
    (device,) = strategy.extended.worker_devices
    return tf.DeviceSpec.from_string(device).device_type.upper() == "CPU"


def _gpus() -> list:
    return tf.config.list_physical_devices("GPU")


def _require_gpus(count: int, name: str) -> list[str]:
    """The names of the first `count` GPUs, which then allocate memory only as it is needed."""
    count = max(count, 1)
    if len(_gpus()) < count:
        advice = "install it with pip install -e '.[gpu]' and a driver, or take --strategy=cpu"
        if _gpus():
            advice = f"take --num_gpus={len(_gpus())}"
        raise UserError(
            f"--strategy={name} needs {count} GPU{'s' if count > 1 else ''}, but TensorFlow finds "
            f"{len(_gpus())}: {advice}."
        )
    _let_memory_grow()
    return [f"/gpu:{index}" for index in range(count)]


def _let_memory_grow() -> None:
    for gpu in _gpus():
        tf.config.experimental.set_memory_growth(gpu, True)


def _make_logical_cpus(count: int) -> list[str]:
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * count
    tf.config.set_logical_device_configuration(cpu, devices)
    return [f"/cpu:{index}" for index in range(count)]


def _multi_worker() -> tf.distribute.Strategy:
    tasks, own = cluster.check(os.environ.get("TF_CONFIG", ""))
    print(f"Waiting until all {len(tasks)} workers of TF_CONFIG run.", file=sys.stderr, flush=True)
    rendezvous.wait(tasks, own)
    _let_memory_grow()
    try:
        with blocking_calls.signals_end_the_process():
            return tf.distribute.MultiWorkerMirroredStrategy()
    except tf.errors.OpError as error:
        raise UserError(
            f"Expected {len(tasks)} workers that TensorFlow can connect, found that it cannot "
            f"({_reason(error)}): see what the others wrote, and start all of them again with the "
            "same command."
        ) from error


def _tpu(tpu: str) -> tf.distribute.Strategy:
    try:
        resolver = cluster.tpu_resolver(tpu)
        print(f"Connecting to the TPU at '{tpu}'.", file=sys.stderr, flush=True)
        with blocking_calls.signals_end_the_process():
            tf.config.experimental_connect_to_cluster(resolver)
            tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, OSError, ImportError, tf.errors.OpError) as error:
        raise UserError(
            "--strategy=tpu expects a TPU at --tpu (a name, local or a grpc address), found none "
            f"at '{tpu}' ({_reason(error)}): check the name, or take another --strategy."
        ) from error
    return tf.distribute.TPUStrategy(resolver)


def _reason(error: Exception) -> str:
    """The first sentence of an error, without its full stop."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].split(". ")[0].rstrip(".")
