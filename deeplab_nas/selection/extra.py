"""Packages that come with the extra `select` alone."""

import contextlib
from collections.abc import Iterator

from deeplab_nas.errors import UserError


@contextlib.contextmanager
def needed(program: str) -> Iterator[None]:
    """Says what to install where an import inside finds a package missing.

    Args:
        program: The module that stands on it.

    Raises:
        UserError: A package is not there.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise UserError(
            f"Expected {error.name} to be installed, on which python -m {program} stands, found it "
            "missing: pip install -e '.[select]'."
        ) from error
