"""What a fault is in the tables of faults in the wiring."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Fault:
    """A line that is wrong.

    Attributes:
        name: What is wrong, in a few words.
        path: The file, from the top of the checkout.
        text: What stands there, once.
        becomes: What stands there instead.
        tests: The nearest tests, the first to see it first.
    """

    name: str
    path: str
    text: str
    becomes: str
    tests: tuple[str, ...]


def of(path: str, tests: tuple[str, ...], *lines: tuple[str, str, str]) -> list[Fault]:
    """Faults of one file, each its name, its text and what it becomes."""
    return [Fault(name, path, text, becomes, tests) for name, text, becomes in lines]
