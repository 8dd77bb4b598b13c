"""How many rows each slate was proven with, and which slates do not have them any more: others write to stores too."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from tipoff.core.proof import Loss, Proof
from tipoff.core.schema import Table
from tipoff.core.slate import Season
from tipoff.core.window import Input

Ask = Callable[[str, dict[str, object]], Sequence[tuple[Any, ...]]]  # runs a SELECT of DuckDB's


class Standing:
    """The rows that are proven, by table and day."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._tables: dict[tuple[str, str], Table] = {}
        self._n_rows: dict[tuple[str, str], dict[date, int]] = {}
        self._totals: Counter[tuple[str, str]] = Counter()

    def note(self, table: Table, proof: Proof) -> None:
        """Take up what a write has proven."""
        key = proof.league, proof.output
        self._tables[key] = table
        days = self._n_rows.setdefault(key, {})
        self._totals[key] += proof.n_rows - days.get(proof.day, 0)
        days[proof.day] = proof.n_rows

    def losses(self, league: str) -> list[Loss]:
        """Return the slates of a league that have other numbers of rows than are proven."""
        keys = [key for key in self._n_rows if key[0] == league]
        return [loss for key in keys for loss in self._compare(key, date.min, date.max)]

    def gone(self, league: str, inputs: Iterable[Input], day: date, season: Season) -> list[Loss]:
        """Return those in the windows of `inputs`. One statement counts whole tables; one that differs is looked at by day."""
        windows = [((league, read.table), *read.window.bounds(day, season)) for read in inputs]
        tables = list(dict.fromkeys(key for key, first, last in windows if key in self._n_rows and first <= last))
        if not tables:
            return []
        counts = (f"(SELECT count(*) FROM {self._tables[key].full_name})" for key in tables)  # noqa: S608 -- declared names
        [found] = self._ask(f"SELECT {', '.join(counts)}", {})
        other = {key for key, n_rows in zip(tables, found, strict=True) if n_rows != self._totals[key]}
        return [loss for key, first, last in windows if key in other for loss in self._compare(key, first, last)]

    def _compare(self, key: tuple[str, str], first: date, last: date) -> list[Loss]:
        sql = f"SELECT day, count(*) FROM {self._tables[key].full_name} GROUP BY day"  # noqa: S608 -- declared names
        stands: dict[date, int] = dict(self._ask(sql, {}))
        return [
            Loss(output=key[1], day=day, how=f"{stands.get(day, 0)} rows stand where {n} are proven")
            for day, n in sorted(self._n_rows[key].items())
            if first <= day <= last and stands.get(day, 0) != n
        ]
