"""Where a run computes: a name becomes a `tf.distribute.Strategy`."""

import json
import os

import tensorflow as tf

from deeplab_nas.errors import UserError


def build(name: str, num_gpus: int = 0, tpu: str = "") -> tf.distribute.Strategy:
    """Makes the strategy called `name`; call it before anything else touches a device.

    Args:
        name: One of `cpu`, `gpu`, `mirrored`, `multi_worker` and `tpu`.
        num_gpus: GPUs that `mirrored` uses; 0 uses all of them.
        tpu: TPU name, `local` or a grpc address, for `tpu`.

    Returns:
        The strategy.

    Raises:
        UserError: The name is unknown, or this machine lacks the devices.
    """
    if name == "cpu":
        return tf.distribute.OneDeviceStrategy("/cpu:0")
    if name == "gpu":
        _require_gpus(1, name)
        return tf.distribute.OneDeviceStrategy("/gpu:0")
    if name == "mirrored":
        return tf.distribute.MirroredStrategy(_mirrored_devices(num_gpus))
    if name == "multi_worker":
        return _multi_worker()
    if name == "tpu":
        return _tpu(tpu)
    raise UserError(
        f"Expected --strategy to be cpu, gpu, mirrored, multi_worker or tpu, found '{name}'."
    )


def set_threads(count: int = 0, *, side_by_side: bool) -> None:
    """Sets how operations share the cores of a CPU; call it before `build`.

    Training is thousands of small operations, many of them independent: run side by side, each on
    one thread, they use the cores better. Inference is a chain of large ones, each of which is
    best given all of them.

    Args:
        count: Operations at a time; 0 takes as many as there are cores.
        side_by_side: Whether each operation keeps to one thread; otherwise each may take `count`.
    """
    count = count or os.cpu_count()
    tf.config.threading.set_intra_op_parallelism_threads(1 if side_by_side else count)
    tf.config.threading.set_inter_op_parallelism_threads(count)


def describe(strategy: tf.distribute.Strategy) -> str:
    """One line on what a strategy found, such as `MirroredStrategy, 2 replicas on GPU:0, GPU:1`."""
    devices = strategy.extended.worker_devices
    names = ", ".join(device.split("device:")[-1] for device in devices)
    replicas = strategy.num_replicas_in_sync
    plural = "" if replicas == 1 else "s"
    return f"{type(strategy).__name__}, {replicas} replica{plural} on {names}"


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes the run directory."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    has_chief = "chief" in resolver.cluster_spec().jobs
    return resolver.task_type == "chief" or (
        not has_chief and resolver.task_type == "worker" and resolver.task_id == 0
    )


def _require_gpus(count: int, name: str) -> list[str]:
    """The names of the first `count` GPUs, which then allocate memory only as it is needed."""
    gpus = tf.config.list_physical_devices("GPU")
    if len(gpus) < count:
        raise UserError(
            f"--strategy={name} needs {count} GPU{'s' if count > 1 else ''}, but TensorFlow finds "
            f"{len(gpus)}: install it with pip install -e '.[gpu]' and a driver, or take "
            "--strategy=cpu."
        )
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    return [f"/gpu:{index}" for index in range(count)]


def _mirrored_devices(num_gpus: int) -> list[str]:
    gpus = len(tf.config.list_physical_devices("GPU"))
    cpus = len(tf.config.list_logical_devices("CPU")) if not gpus and not num_gpus else 0
    # Several logical CPUs exist only where somebody made them, to try replicas without a GPU.
    if cpus > 1:
        return [f"/cpu:{index}" for index in range(cpus)]
    return _require_gpus(num_gpus or max(gpus, 1), "mirrored")


def _multi_worker() -> tf.distribute.Strategy:
    cluster = os.environ.get("TF_CONFIG", "")
    try:
        json.loads(cluster)
    except ValueError as error:
        raise UserError(
            "--strategy=multi_worker expects the cluster and this process's task as JSON in the "
            f"environment variable TF_CONFIG, found '{cluster}': set it on every worker."
        ) from error
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    return tf.distribute.MultiWorkerMirroredStrategy()


def _tpu(tpu: str) -> tf.distribute.Strategy:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=tpu)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, tf.errors.NotFoundError) as error:
        raise UserError(
            f"--strategy=tpu expects a TPU at --tpu (a name, local or a grpc address), found none "
            f"at '{tpu}': check the name, or take another --strategy."
        ) from error
    return tf.distribute.TPUStrategy(resolver)
