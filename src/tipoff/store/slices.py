"""Slices of one slate that were read, kept for the steps that read them again."""

from collections import OrderedDict
from datetime import date

import pyarrow as pa

_KEPT = 64


class Slices:
    """The slices read last, by table, day and columns; whoever writes a slate makes its slices be forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, date, tuple[str, ...]], pa.Table] = OrderedDict()

    def get(self, table: str, day: date, columns: tuple[str, ...]) -> pa.Table | None:
        """Return a slice, if it is kept."""
        key = table, day, columns
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, table: str, day: date, columns: tuple[str, ...], rows: pa.Table) -> None:
        """Keep a slice; the one that was not asked for the longest goes."""
        self._kept[table, day, columns] = rows
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def forget(self, table: str, day: date) -> None:
        """Forget what was read of a slate that is written now."""
        for key in [key for key in self._kept if key[:2] == (table, day)]:
            del self._kept[key]

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
