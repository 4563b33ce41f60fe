"""Values of flags that are more than one number: read, or refused in one sentence."""

from collections.abc import Sequence

from deeplab_nas.errors import UserError


def size(name: str, texts: Sequence[str]) -> tuple[int, int]:
    """Reads `(height, width)` from one or two positive integers, or raises `UserError`."""
    try:
        sides = [int(side) for side in texts]
    except ValueError:
        sides = []
    if len(sides) not in (1, 2) or min(sides) < 1:
        raise UserError(
            f"Expected --{name} to be one or two positive integers, such as 321 or 1025,2049, "
            f"found '{','.join(texts)}'."
        )
    return sides[0], sides[-1]


def integers(name: str, texts: Sequence[str]) -> tuple[int, ...]:
    """Reads integers, or raises `UserError`."""
    return _several(name, texts, int, "integers, such as 6,12,18")


def numbers(name: str, texts: Sequence[str], others: Sequence[str] = ()) -> tuple[float, ...]:
    """Reads numbers, or raises `UserError`; the flag also takes the texts `others`."""
    return _several(name, texts, float, " or ".join(["numbers, such as 1,0.5", *others]))


def _several(name, texts, read, wanted):
    try:
        values = tuple(map(read, texts))
    except ValueError:
        values = ()
    if not values:
        raise UserError(f"Expected --{name} to be {wanted}, found '{','.join(texts)}'.")
    return values
