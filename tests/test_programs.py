"""What runs programs inside the process of a test leaves nothing of them behind."""

import sys
import threading

import pytest
from absl import flags

from tests import programs

_PROGRAM = """
import sys
from absl import app, flags
flags.DEFINE_string("dataset_dir", None, "A flag that programs of the project have too.")
flags.mark_flag_as_required("dataset_dir")

def main(argv):
    print("told", flags.FLAGS.dataset_dir, len(argv))
    print("complaint", file=sys.stderr)
    sys.exit({end!r})

if __name__ == "__main__":
    app.run(main)
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Writes a module that ends with what it is called with; returns its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(end):
        name = f"program_{threading.get_native_id()}_{type(end).__name__}_{end}"
        (tmp_path / f"{name}.py").write_text(_PROGRAM.format(end=end))
        return name

    return write


def listed():
    names = [list(flags.FLAGS), sys.argv, sys.modules["__main__"]]
    modules = flags.FLAGS.flags_by_module_dict()
    return [*names, {module: [flag.name for flag in found] for module, found in modules.items()}]


@pytest.mark.parametrize(("end", "code"), [(None, 0), (0, 0), (3, 3)])
def test_exit_code_and_both_streams(program, end, code):
    programs.run(program(end), "--dataset_dir=first")
    before = listed()
    ended = programs.run(program(end), "--dataset_dir=here")
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "told here 1\n", "complaint\n")
    assert listed() == before
