"""The processes that compute together: what `TF_CONFIG` has to say, and where a TPU answers."""

import re
import socket
from typing import NamedTuple

import tensorflow as tf

from deeplab_nas.engine.devices import blocking_calls
from deeplab_nas.engine.devices.rendezvous import Task
from deeplab_nas.files import json_field, untrusted_json

# The tasks that train; an `evaluator` or a `ps` belongs to other ways to share work out.
JOBS = ("chief", "worker")
_OTHER_JOBS = ("evaluator", "ps")

# A host's name or number, an IPv6 address in brackets.
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/@\[\],]+)):([0-9]{1,5})")
_MOST_PORTS = 65535
_SECONDS_TO_ANSWER = 10.0
_MAX_BYTES = 2**22
_PLACE = "the environment variable TF_CONFIG"
_ADVICE = (
    "set it on every worker of --strategy=multi_worker to the cluster and the worker's own task, "
    'such as {"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
    '"task": {"type": "worker", "index": 0}}'
)


class Cluster(NamedTuple):
    """The tasks that train together, the chief first, and which of them this process is."""

    tasks: tuple[Task, ...]
    own: int


def check(text: str) -> Cluster:
    """Checks the environment variable `TF_CONFIG` before anybody waits for what it names.

    Args:
        text: Its value.

    Returns:
        The workers that it names.

    Raises:
        UserError: It does not name the workers and this process's place among them.
    """
    config = untrusted_json.parse(text, _PLACE, _MAX_BYTES, _ADVICE)
    cluster, task = config.member("cluster"), config.member("task")
    jobs = {job: list(addresses.items()) for job, addresses in cluster.members().items()}
    for job in jobs:
        if job not in JOBS + _OTHER_JOBS:
            raise cluster.refusal(f"an object of {', '.join(map(repr, JOBS))} and no other key")
    tasks: dict[tuple[str, int], Task] = {}
    taken: set[tuple[str, int]] = set()
    for job in (*JOBS, *_OTHER_JOBS):
        for number, field in enumerate(jobs.get(job, ())):
            host, port = _address(field)
            if (host.lower(), port) in taken:
                raise field.refusal("an address that no other worker has")
            taken.add((host.lower(), port))
            if job in JOBS:
                tasks[job, number] = Task(f"{job} {number}", host, port)
    if len(jobs.get("chief", ())) > 1:
        raise cluster.member("chief").refusal("an array of one address")
    job, index = task.member("type"), task.member("index")
    if job.text() not in JOBS:
        raise job.refusal(" or ".join(map(repr, JOBS)))
    if not jobs.get(job.value):
        raise cluster.refusal(f"an object with addresses of {job.value!r}")
    index.integer(0, len(jobs[job.value]) - 1)
    if "rpc_layer" in config.value and config.member("rpc_layer").value != "grpc":
        raise config.member("rpc_layer").refusal("'grpc'")
    return Cluster(tuple(tasks.values()), list(tasks).index((job.value, index.value)))


def _address(field: json_field.Field) -> tuple[str, int]:
    """The host and the port of an address, such as `host1:2222` or `[::1]:2222`."""
    found = _ADDRESS.fullmatch(field.line())
    if not found or not 1 <= int(found[3]) <= _MOST_PORTS:
        raise field.refusal(f"HOST:PORT with a port in 1..{_MOST_PORTS}")
    return found[1] or found[2], int(found[3])


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
    resolver = blocking_calls.in_thread(
        lambda: tf.distribute.cluster_resolver.TPUClusterResolver(tpu=tpu)
    )
    address = resolver.master().removeprefix("grpc://")
    if address not in ("", "local"):
        found = _ADDRESS.fullmatch(address)
        if not found or not 1 <= int(found[3]) <= _MOST_PORTS:
            raise ValueError(f"{address} is no HOST:PORT with a port in 1..{_MOST_PORTS}")
        place = (found[1] or found[2], int(found[3]))
        blocking_calls.in_thread(
            lambda: socket.create_connection(place, _SECONDS_TO_ANSWER).close()
        )
    return resolver
