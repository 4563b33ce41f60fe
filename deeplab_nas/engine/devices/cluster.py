"""The processes that compute together: what `TF_CONFIG` has to say, and where a TPU answers."""

import socket

import tensorflow as tf

from deeplab_nas.files import untrusted_json

# The tasks that train; an `evaluator` or a `ps` belongs to other ways to share work out.
JOBS = ("chief", "worker")

_SECONDS_TO_ANSWER = 10.0
_MAX_BYTES = 2**22
_PLACE = "the environment variable TF_CONFIG"
_ADVICE = (
    "set it on every worker of --strategy=multi_worker to the cluster and the worker's own task, "
    'such as {"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
    '"task": {"type": "worker", "index": 0}}'
)


def check(text: str) -> int:
    """Checks the environment variable `TF_CONFIG` before TensorFlow waits for what it names.

    Args:
        text: Its value.

    Returns:
        How many workers it names.

    Raises:
        UserError: It does not name the workers and this process's place among them.
    """
    config = untrusted_json.parse(text, _PLACE, _MAX_BYTES, _ADVICE)
    cluster, task = config.member("cluster"), config.member("task")
    counts = {
        job: len([address.line() for address in addresses.items()])
        for job, addresses in cluster.members().items()
    }
    job, index = task.member("type"), task.member("index")
    if job.text() not in JOBS:
        raise job.refusal(" or ".join(map(repr, JOBS)))
    if not counts.get(job.value):
        raise cluster.refusal(f"an object with addresses of {job.value!r}")
    index.integer(0, counts[job.value] - 1)
    return sum(counts.get(job, 0) for job in JOBS)


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
