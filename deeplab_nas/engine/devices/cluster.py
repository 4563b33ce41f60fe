"""The processes that compute together: what `TF_CONFIG` has to say, and where a TPU answers."""

import json
import socket

import tensorflow as tf

from deeplab_nas.errors import UserError

# The tasks that train; an `evaluator` or a `ps` belongs to other ways to share work out.
JOBS = ("chief", "worker")

_SECONDS_TO_ANSWER = 10.0


def check(text: str) -> int:
    """Checks the environment variable `TF_CONFIG` before TensorFlow waits for what it names.

    Args:
        text: Its value.

    Returns:
        How many workers it names.

    Raises:
        UserError: It does not name the workers and this process's place among them.
    """
    try:
        config = json.loads(text)
    except ValueError as error:
        raise _refusal(f"'{text}'") from error
    cluster = _member(config, "cluster", dict, text)
    task = _member(config, "task", dict, text)
    for job, addresses in cluster.items():
        if not isinstance(addresses, list) or not all(isinstance(one, str) for one in addresses):
            raise _refusal(f"no list of host:port under 'cluster', '{job}'")
    job, index = _member(task, "type", str, text), _member(task, "index", int, text)
    if job not in JOBS:
        raise _refusal(f"a task of type '{job}'")
    if not 0 <= index < len(cluster.get(job, [])):
        raise _refusal(f"task {index} of {len(cluster.get(job, []))} of type '{job}'")
    return sum(len(cluster.get(job, [])) for job in JOBS)


def tpu_resolver(tpu: str) -> tf.distribute.cluster_resolver.TPUClusterResolver:
    """Finds a TPU by its name, before TensorFlow waits for it without end.

    Args:
        tpu: Its name, `local` or a grpc address.

    Returns:
        What says where it is.

    Raises:
        ValueError: There is no such TPU, or none is named.
        OSError: It does not answer.
    """
    resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=tpu)
    address = resolver.master().removeprefix("grpc://")
    if address not in ("", "local"):
        host, _, port = address.rpartition(":")
        socket.create_connection((host, int(port)), _SECONDS_TO_ANSWER).close()
    return resolver


def _member(record, name, kind, text):
    found = record.get(name) if isinstance(record, dict) else None
    if not isinstance(found, kind) or isinstance(found, bool):
        raise _refusal(f"'{text}', without '{name}'")
    return found


def _refusal(found):
    return UserError(
        "--strategy=multi_worker expects the cluster and this process's task as JSON in the "
        'environment variable TF_CONFIG, such as {"cluster": {"worker": ["host1:2222", '
        f'"host2:2222"]}}, "task": {{"type": "worker", "index": 0}}}}, found {found}: set it on '
        "every worker."
    )
