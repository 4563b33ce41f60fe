"""Puts one fault after another into a copy of this checkout and says which no test sees.

    python -m tests.faults.wiring [--only PART_OF_A_NAME]

It takes the nearest tests of each fault, minutes for all of them; exit code 1 if one survived.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from tests import places
from tests.faults import inference_faults, search_faults, training_faults
from tests.faults.wiring_table import Fault

FAULTS = (*search_faults.FAULTS, *training_faults.FAULTS, *inference_faults.FAULTS)

_PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider")
_PASSED = 0
# A failed test, or a module that cannot even be imported.
_SEEN = (1, 2)


def faulty(fault: Fault, source: str) -> str:
    """The source of a file with a fault in it.

    Raises:
        ValueError: What the fault replaces does not stand there exactly once.
    """
    count = source.count(fault.text)
    if count != 1:
        raise ValueError(
            f"Expected {fault.text!r} once in {fault.path}, found it {count} times: mend the fault "
            f"'{fault.name}' in its table."
        )
    return source.replace(fault.text, fault.becomes)


@contextlib.contextmanager
def copied_checkout() -> Iterator[pathlib.Path]:
    """A temporary copy of everything here that git knows or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=places.ROOT, capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory() as folder:
        # Git lists what was deleted since, too.
        for name in filter(lambda name: (places.ROOT / name).is_file(), listed.stdout.split("\0")):
            copy = pathlib.Path(folder, name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(places.ROOT / name, copy)
        yield pathlib.Path(folder)


def is_seen(fault: Fault, checkout: pathlib.Path) -> bool:
    """Whether one of its tests fails with a fault, which is taken out again."""
    path = checkout / fault.path
    source = path.read_text(encoding="utf-8")
    path.write_text(faulty(fault, source), encoding="utf-8")
    try:
        return _fails(fault.tests, checkout)
    finally:
        path.write_text(source, encoding="utf-8")


def _fails(tests, checkout):
    # What Python has compiled of a file would hide a fault of the same length and second.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [*_PYTEST, *tests],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if result.returncode not in (_PASSED, *_SEEN):
        raise RuntimeError(f"pytest ended with {result.returncode}: {result.stdout}{result.stderr}")
    return result.returncode in _SEEN


def main() -> int:
    """Tries the faults; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", default="", help="Faults with this in their name.")
    part = parser.parse_args().only
    chosen = [fault for fault in FAULTS if part in fault.name]
    if not chosen:
        parser.error(f"expected a part of a fault's name, found --only={part}")
    survived = []
    with copied_checkout() as checkout:
        tests = list(dict.fromkeys(test for fault in chosen for test in fault.tests))
        if _fails(tests, checkout):
            raise SystemExit("Tests fail without any fault: mend them first.")
        for fault in chosen:
            seen = is_seen(fault, checkout)
            print(f"{'seen' if seen else 'SURVIVED':8}  {fault.name}", flush=True)
            survived += [] if seen else [fault.name]
    print(f"{len(survived)} of {len(chosen)} faults survived.")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
