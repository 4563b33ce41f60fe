"""The shell around every program: parse the flags, call `main`, tell mistakes in one sentence."""

import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from flags import command_line, dataclass_flags, output

from absl import app, flags, logging

from deeplab_nas.errors import StoppedError, UserError
from deeplab_nas.settings import Settings

# absl files flags under the module that asks: with this, under the program and not under this file.
flags.disclaim_key_flags()

_RECIPES = pathlib.Path(__file__).parent / "recipes"
_INTERRUPTED = 130


def run(
    config_class: type[Settings], main: Callable[[Any], None], recipe: str | None = None
) -> NoReturn:
    """Runs a program on the command line of this process and ends the process.

    The exit code is 0 when `main` returns, 1 when a flag is wrong or `main` raises `UserError` (the
    sentence goes to stderr, without a traceback), 130 on Ctrl-C and 143 on SIGTERM, after a search
    or a training has saved, 141 when nobody reads what it prints any more. Other exceptions are
    programming errors and keep their traceback.

    Args:
        config_class: The configuration, each of whose settings becomes a flag.
        main: The program, called with the configuration that the command line describes.
        recipe: Name of the flagfile in `flags/recipes` that is read first when the command line
            names neither a flagfile nor a data set. Flags on the command line override it.
    """

    def guarded_main(_: Sequence[str]) -> None:
        # TensorFlow logs through absl what only its developers want to know.
        logging.set_verbosity(logging.WARNING)
        try:
            main(dataclass_flags.config(config_class))
        except UserError as error:
            _exit_with(str(error))
        except KeyboardInterrupt:
            print("Interrupted.", file=sys.stderr)
            sys.exit(_INTERRUPTED)
        except StoppedError as error:
            print("Saved: the same command resumes from here.", file=sys.stderr)
            sys.exit(128 + error.signal_number)

    dataclass_flags.define(config_class)
    with output.watched():
        app.run(guarded_main, flags_parser=lambda argv: _parse(argv, recipe))


def _parse(argv: Sequence[str], recipe: str | None) -> list[str]:
    """Parses `argv` into `flags.FLAGS`; a mistake ends the process with one sentence."""
    path = None if recipe is None else f"{_RECIPES / recipe}.flags"
    try:
        uses_recipe = command_line.parse(argv, flags.FLAGS, path)
    except UserError as error:
        _exit_with(str(error))
    if uses_recipe:
        print(
            f"No --flagfile or --dataset given: using flags/recipes/{recipe}.flags.",
            file=sys.stderr,
        )
    return [argv[0]]


def _exit_with(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(1)
