"""Numbers, lengths of time, lists and tables as people read them."""

from collections.abc import Sequence
from datetime import timedelta


def counted(n: int, noun: str) -> str:
    """Return a number with its noun: no game, 1 game, 2 games."""
    return f"{n} {noun}" if n == 1 else f"{n or 'no'} {noun}s"


def length(age: timedelta) -> str:
    """Return how long something lasts, as people say it."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:  # noqa: PLR2004 -- two hours
        return f"{minutes} min"
    return f"{minutes / 60:.3g} h" if minutes < 72 * 60 else f"{minutes // 1440} days"


def some(names: Sequence[str], most: int) -> str:
    """Return the first names of a list, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def as_measured(value: float, required: float | None, measure: str) -> str:
    """Return what was measured beside what is asked: `98% of 100% (share of units)`, `150 of 120 (minutes)`."""
    scale, percent = (100, "%") if measure.startswith("share") else (1, "")
    asked = f" of {required * scale:.4g}{percent}" if required is not None else ""
    return f"{value * scale:.4g}{percent}{asked} ({measure})"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines, each column as wide as its longest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
