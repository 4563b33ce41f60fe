"""A table of two columns, for the end of a program."""

from collections.abc import Sequence


def render(rows: Sequence[tuple[str, str]]) -> str:
    """Aligns names and values, a row a line."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
