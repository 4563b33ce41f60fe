"""Kills of a run at a step, in the process of its test."""

import contextlib

import pytest

from deeplab_nas.engine.runs.loop import Loop


class _KilledError(Exception):
    """Stands for a kill at any moment."""


@contextlib.contextmanager
def after_step(last, monkeypatch):
    """Kills the run in this context when a step is done and told, and before it is saved."""
    original = Loop._after_step

    def after(loop, done):
        original(loop, done)
        if done == last:
            raise _KilledError

    with monkeypatch.context() as patch, pytest.raises(_KilledError):
        patch.setattr(Loop, "_after_step", after)
        yield
