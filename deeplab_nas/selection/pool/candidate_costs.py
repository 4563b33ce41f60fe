"""What candidates cost, and their scores before they are trained: measured once each, and kept.

Networks are built and traced in processes of their own, which end after a few: TensorFlow forgets
no graph that it has traced.
"""

import concurrent.futures
import contextlib
import dataclasses
import gc
import hashlib
import itertools
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import filelock
import numpy as np

from deeplab_nas import settings
from deeplab_nas.core.cost import network_cost
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.engine.devices import strategies
from deeplab_nas.selection.pool import cost_cache, latency, untrained_scores

# A candidate leaves 40 MB of graphs behind; a process takes 2.5 s of a core to begin.
_NETWORKS_A_PROCESS = 24
_MOST_PROCESSES = 8
# Fields of `Costs`, by what is measured at once.
_COUNTS = ("multiply_adds", "parameters", "activation_bytes")
_SCORES = ("naswot", "jacob_cov")
_LATENCY = ("latency",)


@dataclasses.dataclass(frozen=True)
class Costs:
    """What is known of a candidate before it is trained.

    Attributes:
        multiply_adds: Of the convolutions for one image, as `network_cost.Cost` has them.
        parameters: Number of trainable values.
        activation_bytes: Of one image, in float32, as `network_cost.Cost` has them.
        naswot: As `untrained_scores.Scores` has it; None where there were no images.
        jacob_cov: The same.
        latency: Seconds of an inference; None where it was not asked for.
    """

    multiply_adds: int
    parameters: int
    activation_bytes: int
    naswot: float | None = None
    jacob_cov: float | None = None
    latency: float | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Asked:
    """What is to be measured of each candidate.

    Attributes:
        network: The network but for its architecture, which the candidate is.
        num_classes: Number of classes.
        size: Height and width in pixels of the image that costs and latency are those of.
        images: What the scores are computed on, float `[images, height, width, 3]` in 0..255, all
            different; None for no scores.
        seeds: Of the weights, over which the scores are means.
        latency: Whether to measure the latency.
        precision: Of the inference whose latency it is, one of `precision.PRECISIONS`.
    """

    network: NetworkConfig
    num_classes: int
    size: tuple[int, int]
    images: np.ndarray | None = None
    seeds: tuple[int, ...] = (0,)
    latency: bool = False
    precision: str = "float32"


def measure(
    candidates: Sequence[Architecture],
    asked: Asked,
    cache: str | os.PathLike[str],
    processes: int = 0,
    done: Callable[[int, int], None] = lambda measured, all_of_them: None,
) -> list[Costs]:
    """Measures candidates, or finds in the cache what was measured before.

    Costs and scores are functions of a candidate and of what is asked, so that several processes
    share the candidates. Latencies are those of this machine, and measured one after another with
    nothing else from here beside them.

    Args:
        candidates: Any number; the same one twice is measured once.
        asked: What to measure.
        cache: A JSON file on a local or mounted disk, which grows by each candidate. Of several
            programs that ask at once one measures, and the others read what it found.
        processes: How many at a time; 0 for one a core.
        done: Called with the number of measurements that were taken, of how many.

    Returns:
        The costs, in the order of the candidates.

    Raises:
        UserError: The cache cannot be read or written.
        concurrent.futures.process.BrokenProcessPool: A process has died, such as for want of
            memory; what was measured is in the cache.
    """
    with filelock.FileLock(f"{os.fspath(cache)}.lock"):
        return _measure_missing(candidates, asked, cache, processes, done)


def _measure_missing(candidates, asked, cache, processes, done):
    parts = list(_parts(asked))
    kept = cost_cache.CostCache(cache)
    missing = [(part, dict(part.missing(candidates, kept))) for part in parts]
    count = sum(len(waiting) for _, waiting in missing)
    measured = 0
    cores = os.cpu_count() or 1
    for part, waiting in missing:
        some = min(processes or cores, _MOST_PROCESSES) if part.side_by_side else 1
        results = _in_processes(part, waiting, asked, some, max(cores // some, 1))
        with contextlib.closing(results):
            for key, found in results:
                kept.add(key, found)
                measured += 1
                done(measured, count)
    return [
        Costs(
            **{
                name: value
                for part in parts
                for name, value in kept.numbers(part.key(candidate), part.names).items()
            }
        )
        for candidate in candidates
    ]


@dataclasses.dataclass(frozen=True)
class _Part:
    """What is measured of a candidate at once.

    Attributes:
        measure: Function of a candidate, for a process that `_begin` began.
        names: Of what it returns.
        about: All that its numbers depend on besides the candidate, as JSON takes it.
        side_by_side: Whether several candidates may be measured at a time.
    """

    measure: Callable[[Architecture], dict[str, Any]]
    names: tuple[str, ...]
    about: dict[str, Any]
    side_by_side: bool

    def key(self, candidate):
        document = json.dumps([candidate.to_document(), self.names, self.about], sort_keys=True)
        return hashlib.sha256(document.encode()).hexdigest()

    def missing(self, candidates, kept):
        keys = ((self.key(candidate), candidate) for candidate in candidates)
        return ((key, candidate) for key, candidate in keys if key not in kept)


def _parts(asked):
    network = settings.record(asked.network)
    del network["architecture"]
    about = {"network": network, "num_classes": asked.num_classes, "size": asked.size}
    if asked.images is None:
        yield _Part(_counts, _COUNTS, about, side_by_side=True)
    else:
        images = np.ascontiguousarray(asked.images, np.float32)
        digest = hashlib.sha256(images.tobytes()).hexdigest()
        seen = {"images": [images.shape, digest], "seeds": asked.seeds}
        yield _Part(_counts_and_scores, _COUNTS + _SCORES, about | seen, side_by_side=True)
    if asked.latency:
        about = about | {"precision": asked.precision}
        yield _Part(_latency, _LATENCY, about, side_by_side=False)


def _in_processes(part, waiting, asked, processes, threads) -> Iterator[tuple[str, dict[str, Any]]]:
    """Measures candidates by their keys; yields each key with what was found, as it comes."""
    left = iter(waiting.items())
    while some := list(itertools.islice(left, processes * _NETWORKS_A_PROCESS)):
        pool = concurrent.futures.ProcessPoolExecutor(
            min(processes, len(some)),
            multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(asked, threads, part.side_by_side),
        )
        try:
            futures = {pool.submit(_measure, part, candidate): key for key, candidate in some}
            for future in concurrent.futures.as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)


# What a process is asked, once for all of its candidates.
_asked: Asked | None = None


def _begin(asked, threads, side_by_side):
    global _asked
    _asked = asked
    # Ctrl-C goes to all processes of a terminal; the one that waits ends these.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    strategies.set_threads(threads, side_by_side=side_by_side)


def _end_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)


def _measure(part, candidate):
    found = part.measure(candidate)
    # What is left of it stays, and takes a sixth of the next one's time to look through.
    gc.freeze()
    return found


def _counts(candidate):
    return _counts_of(next(_networks(candidate)))


def _counts_and_scores(candidate):
    networks = _networks(candidate)
    first = next(networks)
    counts = _counts_of(first)
    scores = untrained_scores.of_networks(itertools.chain([first], networks), _asked.images)
    return counts | dataclasses.asdict(scores)


def _counts_of(model):
    cost = network_cost.measure(model, *_asked.size)
    counts = (cost.multiply_adds, cost.trainable_parameters, cost.activation_bytes)
    return dict(zip(_COUNTS, counts, strict=True))


def _latency(candidate):
    found = (candidate, _asked.network, _asked.num_classes, _asked.size, _asked.precision)
    return {_LATENCY[0]: latency.measure(*found)}


def _networks(candidate):
    """The untrained networks of a candidate, by seed."""
    for seed in _asked.seeds:
        yield untrained_scores.untrained(candidate, _asked.network, _asked.num_classes, seed)
