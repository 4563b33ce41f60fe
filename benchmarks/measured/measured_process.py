"""A measurement in a process of its own, so that its memory and its threads are its own."""

import json
import pathlib
import subprocess
import sys

_ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(module, arguments, what):
    """Runs a module that prints one JSON line, and returns what it says.

    Args:
        module: Its name in `benchmarks`.
        arguments: Its flags.
        what: What is measured, for the message if it fails, which ends this program.
    """
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    process = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode:
        sys.exit(f"Measuring {what} ended with exit code {process.returncode}.")
    return json.loads(process.stdout)
