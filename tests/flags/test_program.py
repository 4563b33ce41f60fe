"""The shell around programs, seen from outside: exit codes, and what stderr says."""

import pathlib
import subprocess
import sys

import pytest

_ROOT = pathlib.Path(__file__).parents[2]
_PROGRAM = """
import dataclasses

from flags import program

from deeplab_nas.errors import StoppedError, UserError
from deeplab_nas.settings import Settings, setting

@dataclasses.dataclass(frozen=True)
class Config(Settings):
    train_logdir: str = setting("", "Run directory.")
    dataset: str = setting("none", "A data set.")
    seed: int = setting(1, "Seed.", least=0)

def main(config):
    outcome = config.train_logdir
    if outcome == "mistake":
        raise UserError("Expected this, found that.")
    if outcome == "bug":
        raise RuntimeError("programming error")
    if outcome == "stopped":
        raise StoppedError(15)
    if outcome == "interrupt":
        raise KeyboardInterrupt
    print("ran on", config.dataset, outcome, config.seed)

program.run(Config, main, recipe={recipe!r})
"""


def _run(*arguments: str, recipe: str | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(recipe=recipe), *arguments],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_flags_reach_main():
    result = _run("--train_logdir=here", "--seed", "7")
    assert (result.returncode, result.stdout) == (0, "ran on none here 7\n")


def test_user_error_is_one_sentence():
    result = _run("--train_logdir=mistake")
    assert (result.returncode, result.stderr) == (1, "Expected this, found that.\n")


def test_programming_error_keeps_its_traceback():
    result = _run("--train_logdir=bug")
    assert result.returncode == 1
    assert "Traceback" in result.stderr and "programming error" in result.stderr


def test_interrupt_ends_with_130():
    result = _run("--train_logdir=interrupt")
    assert (result.returncode, result.stderr) == (130, "Interrupted.\n")


def test_a_signal_ends_with_its_code_after_saving():
    result = _run("--train_logdir=stopped")
    assert result.returncode == 143
    assert result.stderr == "Saved: the same command resumes from here.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sed=1"], ["sed", "seed"]),
        (["--seed=one"], ["seed", "one"]),
        (["--seed=-1"], ["--seed", "0 or more", "-1"]),
        (["--flagfile=missing.flags"], ["missing.flags"]),
        (["stray"], ["stray", "--flag=value"]),
        (["--seed=1", "--seed=2"], ["--seed once", "--seed=1 and --seed=2"]),
        (["--verbosity=1", "-v=0"], ["--verbosity once", "--verbosity=1 and --verbosity=0"]),
    ],
)
def test_a_wrong_command_line_is_one_sentence(arguments, words):
    result = _run(*arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1, result.stderr
    assert all(word in result.stderr for word in words), result.stderr


def test_help_shows_the_flags_of_the_configuration():
    result = _run("--help")
    assert "--train_logdir" in result.stdout and "--dataset" in result.stdout
    assert result.stderr == ""


_UNWRITABLE = "Expected to write to stdout, found that it cannot be written"


@pytest.mark.parametrize(
    ("arguments", "redirection", "code", "words"),
    [
        ("", "> >(:)", 141, ""),
        ("", "> >(:) 2>&1", 141, ""),
        ("", ">/dev/full", 1, _UNWRITABLE),
        ("", ">/dev/full 2>&1", 1, ""),
        ("", ">&-", 0, ""),
        ("", "<&- >&- 2>&-", 0, ""),
        ("--seed=x", "> >(:) 2>&1", 141, ""),
        ("--help", "> >(:)", 141, ""),
        ("--help", ">/dev/full", 1, _UNWRITABLE),
        ("--help", ">&-", 1, ""),
        ("--helpfull", "> >(:)", 1, ""),
        ("--helpxml", "> >(:)", 141, ""),
        ("--helpxml", ">&-", 1, ""),
    ],
)
def test_what_cannot_be_printed_leaves_no_traceback(arguments, redirection, code, words):
    # The reader ends before anything is written: what is written then meets no reader for sure.
    program = "import time; time.sleep(0.2)\n" + _PROGRAM.format(recipe=None)
    result = subprocess.run(
        ["bash", "-c", f'"$0" -c "$1" {arguments} {redirection}', sys.executable, program],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (code, "")
    assert words in result.stderr
    assert len(result.stderr.split("\n")) <= 2, result.stderr


def test_recipe_is_read_when_nothing_is_named(tmp_path):
    recipe = _recipe(tmp_path)
    result = _run("--seed=3", recipe=recipe)
    assert result.stdout == "ran on shapes from-recipe 3\n"
    assert result.stderr == (
        f"No --flagfile or --dataset given: using flags/recipes/{recipe}.flags.\n"
    )


@pytest.mark.parametrize("spelling", [["--dataset=mine"], ["--dataset", "mine"], ["-dataset=mine"]])
def test_recipe_is_left_alone_when_a_data_set_is_named(tmp_path, spelling):
    result = _run(*spelling, recipe=_recipe(tmp_path))
    assert (result.stdout, result.stderr) == ("ran on mine  1\n", "")


def test_recipe_is_left_alone_when_a_flagfile_is_named(tmp_path):
    flagfile = tmp_path / "own.flags"
    flagfile.write_text("# A comment.\n--seed=9\n")
    result = _run(f"--flagfile={flagfile}", recipe=_recipe(tmp_path))
    assert (result.stdout, result.stderr) == ("ran on none  9\n", "")


def _recipe(folder) -> str:
    """A recipe outside `flags/recipes`, named by its path without the ending."""
    (folder / "some.flags").write_text("--dataset=shapes\n--train_logdir=from-recipe\n")
    return str(folder / "some")
