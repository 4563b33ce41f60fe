"""What a program does when nobody reads what it prints any more, or it cannot be written."""

import contextlib
import os
import sys
from collections.abc import Iterator

# As a shell tells of a process that SIGPIPE has ended.
_NOBODY_READS = 141


def open_what_is_closed() -> None:
    """Gives a process that was started without stdin, stdout or stderr a null device in its place.

    Otherwise the next file that it opens takes their number, and gets what is meant for them. Call
    it before anything opens files.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(null, "r" if name == "stdin" else "w"))


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Ends the process where stdout or stderr does not take what was written.

    Without a traceback and with exit code 141 where its reader has ended, as in `--help | head`;
    with one sentence and exit code 1 where it cannot be written for another reason.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        broken = next(filter(_is_broken, (sys.stdout, sys.stderr)), None)
        if broken is None:
            raise
        if isinstance(error, BrokenPipeError):
            sys.exit(_NOBODY_READS)
        with contextlib.suppress(OSError):
            print(
                f"Expected to write to stdout, found that it cannot be written ({error.strerror}): "
                "have it written elsewhere.",
                file=sys.stderr,
            )
        sys.exit(1)


def _is_broken(stream) -> bool:
    """Whether a stream takes nothing any more; Python then has nothing left to write at its end."""
    try:
        stream.write("\n")
        stream.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
        return True
    return False
