"""A measurement in a process of its own, so that its memory and its threads are its own."""

import json
import pathlib
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

_ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(module: str, settings: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Runs a module that prints one JSON line, and returns what it says.

    Args:
        module: Its name in `benchmarks`, such as `measured.network_step`.
        settings: Its settings by name; several values are a list or a tuple.
        what: What is measured, for the message if it fails, which ends this program.
    """
    command = [sys.executable, "-m", f"benchmarks.{module}"]
    for name, value in settings.items():
        text = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else value
        command.append(f"--{name}={text}")
    process = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode:
        sys.exit(f"Measuring {what} ended with exit code {process.returncode}.")
    return json.loads(process.stdout)
