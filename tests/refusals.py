"""What every refusal is: one sentence, on one line, that has the words it is about."""

import contextlib
import subprocess
from collections.abc import Iterator

import pytest

from deeplab_nas.errors import UserError


@contextlib.contextmanager
def refused(*words: str) -> Iterator[pytest.ExceptionInfo]:
    """What stands inside has to raise a `UserError` that has these words; yields it."""
    with pytest.raises(UserError) as error:
        yield error
    assert_sentence(str(error.value), *words)


def assert_program_refused(ended: subprocess.CompletedProcess, *words: str) -> None:
    """A program ended with exit code 1 and with a sentence that has these words."""
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr, ended.stderr
    assert_sentence(ended.stderr.splitlines()[-1], *words)


def assert_sentence(text: str, *words: str) -> None:
    """A text is one line, ends with a full stop and has these words."""
    assert "\n" not in text, text
    assert text.endswith("."), text
    for word in words:
        assert word in text, text
