"""The peak of a process's memory, in GiB on every system."""

import types

import numpy as np
import pytest

from deeplab_nas.engine.devices import host_memory


@pytest.mark.slow
def test_the_peak_holds_what_was_used():
    before = host_memory.peak_memory_gib()
    assert 0.01 < before < 1000
    used = np.ones(2**27 + int(before * 2**30), np.uint8)
    assert used.nbytes / 2**30 < host_memory.peak_memory_gib() < before + used.nbytes / 2**30 + 1


def test_macos_counts_in_bytes(monkeypatch):
    usage = types.SimpleNamespace(ru_maxrss=3 * 2**20)
    fake = types.SimpleNamespace(RUSAGE_SELF=0, getrusage=lambda _: usage)
    monkeypatch.setattr(host_memory, "resource", fake)
    monkeypatch.setattr(host_memory.sys, "platform", "linux")
    assert host_memory.peak_memory_gib() == 3.0
    monkeypatch.setattr(host_memory.sys, "platform", "darwin")
    assert host_memory.peak_memory_gib() == 3 / 2**10


def test_nothing_is_told_where_the_system_does_not(monkeypatch):
    monkeypatch.setattr(host_memory, "resource", None)
    assert host_memory.peak_memory_gib() is None
