"""Slices of one slate that were read, kept for the steps that read them again."""

import threading
from collections import Counter, OrderedDict
from datetime import date

import pyarrow as pa

_KEPT = 64


class Slices:
    """The slices read last, by table, day and columns; whoever writes a slate makes its slices be forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, date, tuple[str, ...]], pa.Table] = OrderedDict()
        self._writes: Counter[tuple[str, date]] = Counter()
        self._lock = threading.Lock()

    def get(self, table: str, day: date, columns: tuple[str, ...]) -> pa.Table | None:
        """Return a slice, if it is kept."""
        key = table, day, columns
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def turn(self, table: str, day: date) -> int:
        """Return how often the slate was written, to be asked before it is read; see `keep`."""
        return self._writes[table, day]

    def keep(self, table: str, day: date, columns: tuple[str, ...], rows: pa.Table, turn: int) -> None:
        """Keep a slice that was read in a `turn`, unless the slate was written since; the one not asked for the longest goes."""
        with self._lock:
            if self._writes[table, day] != turn:
                return
            self._kept[table, day, columns] = rows
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def forget(self, table: str, day: date) -> None:
        """Forget what was read of a slate: to be called once it is written, whether or not that went well."""
        with self._lock:
            self._writes[table, day] += 1
            for key in [key for key in self._kept if key[:2] == (table, day)]:
                del self._kept[key]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
