"""Runs the project's programs inside the process of a test: starting Python takes seconds.

A process of its own is for tests of what only a process has: kills, limits, the environment that is
read at import, logical devices.
"""

import contextlib
import io
import runpy
import subprocess
import sys
import warnings
from collections.abc import Iterable, Iterator
from unittest import mock

import tensorflow as tf
from absl import flags
from absl.testing import flagsaver

# Whose flags a new process has too, and which are defined once a process.
_FOREIGN = ("absl", "tensorflow")


def run(module: str, *arguments: object) -> subprocess.CompletedProcess:
    """Runs `python -m module arguments` here; what is no exit is raised.

    Threads stay as they are: TensorFlow takes their number once, when it starts.

    Args:
        module: Dotted name of the program.
        arguments: Of the command line.

    Returns:
        The exit code and what was written to stdout and stderr through Python.
    """
    argv = [module, *map(str, arguments)]
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        own_flags(),
        mock.patch.object(sys, "argv", argv),
        mock.patch.object(tf.config.threading, "set_intra_op_parallelism_threads"),
        mock.patch.object(tf.config.threading, "set_inter_op_parallelism_threads"),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        # A test may have imported the module by its own name.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="runpy")
        code = 0
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code or 0
    assert isinstance(code, int), code
    return subprocess.CompletedProcess(argv, code, stdout.getvalue(), stderr.getvalue())


def with_others(flags_given: Iterable[str], *others: str) -> list[str]:
    """A command line in which other flags stand in the place of those of the same name."""
    names = {other.partition("=")[0] for other in others}
    return [*(given for given in flags_given if given.partition("=")[0] not in names), *others]


@contextlib.contextmanager
def own_flags() -> Iterator[None]:
    """absl's registry as a new process has it; afterwards it is as it was before."""
    registry = flags.FLAGS
    modules = (registry.flags_by_module_dict(), registry.flags_by_module_id_dict())
    modules += (registry.key_flags_by_module_dict(),)
    before = [{name: list(listed) for name, listed in one.items()} for one in modules]
    ours = {name: registry[name] for name in registry if not _is_foreign(name)}
    was_parsed = registry.is_parsed()
    for name in ours:
        delattr(registry, name)
    try:
        with flagsaver.flagsaver():
            yield
    finally:
        for name in [name for name in registry if not _is_foreign(name)]:
            delattr(registry, name)
        for name, flag in ours.items():
            registry[name] = flag
        for now, then in zip(modules, before, strict=True):
            now.clear()
            now.update(then)
        if not was_parsed:
            registry.unparse_flags()


def _is_foreign(name: str) -> bool:
    defined_by = flags.FLAGS.find_module_defining_flag(name) or ""
    return defined_by.partition(".")[0] in _FOREIGN
