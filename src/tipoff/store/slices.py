"""Slices of tables that were read, kept for the steps that read them again: of one slate, or of a window of days."""

import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from datetime import date, timedelta

import pyarrow as pa

_KEPT, _MOST_BYTES = 64, 48 * 2**20
_Key = tuple[str, date, date, tuple[str, ...]]


class Slices:
    """The slices read last, by table, days and columns; whoever writes a slate makes what it is part of be forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, tuple[pa.Table, int]] = OrderedDict()  # each with its bytes
        self._n_bytes = 0
        self._writes: defaultdict[str, Counter[date]] = defaultdict(Counter)
        self._lock = threading.Lock()

    def get(self, table: str, days: tuple[date, date], columns: tuple[str, ...]) -> pa.Table | None:
        """Return a slice, if it is kept."""
        key = table, *days, columns
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def once(
        self, table: str, days: tuple[date, date], columns: tuple[str, ...], ask: Callable[[], pa.Table]
    ) -> pa.Table:
        """Return a slice, asked for where it is not kept."""
        kept = self.get(table, days, columns)
        if kept is None:
            turn = self.turn(table)
            kept = ask()
            self.keep(table, days, columns, kept, turn)
        return kept

    def grown(
        self,
        table: str,
        days: tuple[date, date],
        columns: tuple[str, ...],
        ask: Callable[[tuple[date, date]], pa.Table],
    ) -> pa.Table:
        """Return a slice in the order of its days; only those behind what is kept from its first day on are asked for."""

        def added() -> pa.Table:
            first, last = days
            with self._lock:
                alike = [key for key in self._kept if (key[0], key[1], key[3]) == (table, first, columns)]
            end = max((key[2] for key in alike if key[2] < last), default=last)
            begun = self.get(table, (first, end), columns)
            if begun is None:
                return ask(days)
            return pa.concat_tables([begun, ask((end + timedelta(days=1), last))]).combine_chunks()

        return self.once(table, days, columns, added)

    def turn(self, table: str) -> int:
        """Return how often the table was written, to be asked before it is read; see `keep`."""
        with self._lock:
            return self._writes[table].total()

    def n_writes(self, table: str, days: tuple[date, date]) -> int:
        """Return how often slates of these days were written."""
        with self._lock:
            return sum(n for day, n in self._writes[table].items() if days[0] <= day <= days[1])

    def keep(self, table: str, days: tuple[date, date], columns: tuple[str, ...], rows: pa.Table, turn: int) -> None:
        """Keep a slice that was read in a `turn`, unless the table was written since; those not asked for the longest go."""
        with self._lock:
            n_bytes = rows.nbytes
            if self._writes[table].total() != turn or n_bytes > _MOST_BYTES:
                return
            self._drop((table, *days, columns))
            self._kept[table, *days, columns] = rows, n_bytes
            self._n_bytes += n_bytes
            while len(self._kept) > _KEPT or self._n_bytes > _MOST_BYTES:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: _Key) -> None:
        if key in self._kept:
            self._n_bytes -= self._kept.pop(key)[1]

    def forget(self, table: str, day: date) -> None:
        """Forget what was read of a slate: to be called once it is written, whether or not that went well."""
        with self._lock:
            self._writes[table][day] += 1
            for key in [key for key in self._kept if key[0] == table and key[1] <= day <= key[2]]:
                self._drop(key)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
            self._n_bytes = 0
