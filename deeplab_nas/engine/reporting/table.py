"""A table of two columns, for the end of a program."""

from collections.abc import Sequence


def render(rows: Sequence[tuple[str, str]]) -> str:
    """Aligns names and values, a row a line."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def memory(gib: float | None) -> tuple[str, str]:
    """The row of a process's peak memory; None where the system does not tell it."""
    return "peak memory", "not known on this system" if gib is None else f"{gib:.2f} GiB"
