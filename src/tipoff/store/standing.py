"""How many rows each slate was proven with, and which slates do not have them any more: others write to stores too."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from tipoff.core.proof import Loss, Proof
from tipoff.core.schema import Phase, Table
from tipoff.core.slate import Season
from tipoff.core.window import Input

Totals = Callable[[Sequence[Table]], Sequence[int]]  # how many rows stand in each table; -1 where that is not known
ByDay = Callable[[Table], Mapping[date, int]]  # how many stand in a table, day by day


class Standing:
    """The rows that are proven, by table and day."""

    def __init__(self, totals: Totals, by_day: ByDay) -> None:
        self._count, self._by_day = totals, by_day
        self._tables: dict[tuple[str, str], Table] = {}
        self._n_rows: dict[tuple[str, str], dict[date, int]] = {}
        self._totals: Counter[tuple[str, str]] = Counter()

    def note(self, tables: Mapping[str, Mapping[str, Table]], proofs: Iterable[Proof]) -> None:
        """Take up what is proven of tables, by league and name; what is published is counted elsewhere."""
        for proof in proofs:
            table, key = tables.get(proof.league, {}).get(proof.output), (proof.league, proof.output)
            if table is not None and table.phase is not Phase.PUBLISHED:
                self._tables[key] = table
                days = self._n_rows.setdefault(key, {})
                self._totals[key] += proof.n_rows - days.get(proof.day, 0)
                days[proof.day] = proof.n_rows

    def losses(self, league: str) -> list[Loss]:
        """Return the slates of a league that have other numbers of rows than are proven."""
        keys = [key for key in self._n_rows if key[0] == league]
        return [loss for key in keys for loss in self._compare(key, date.min, date.max)]

    def gone(self, league: str, inputs: Iterable[Input], day: date, season: Season) -> list[Loss]:
        """Return those in the windows of `inputs`. Whole tables are counted; one that differs is looked at by day."""
        windows = [((league, read.table), *read.window.bounds(day, season)) for read in inputs]
        tables = list(dict.fromkeys(key for key, first, last in windows if key in self._n_rows and first <= last))
        if not tables:
            return []
        found = self._count([self._tables[key] for key in tables])
        other = {key for key, n_rows in zip(tables, found, strict=True) if n_rows != self._totals[key]}
        return [loss for key, first, last in windows if key in other for loss in self._compare(key, first, last)]

    def _compare(self, key: tuple[str, str], first: date, last: date) -> list[Loss]:
        stands = self._by_day(self._tables[key])
        return [
            Loss(output=key[1], day=day, how=f"{stands.get(day, 0)} rows stand where {n} are proven")
            for day, n in sorted(self._n_rows[key].items())
            if first <= day <= last and stands.get(day, 0) != n
        ]


def on_duck(ask: Callable[[str], Sequence[tuple[Any, ...]]]) -> Standing:
    """Return what counts on DuckDB; `ask` runs a SELECT."""

    def totals(tables: Sequence[Table]) -> Sequence[int]:
        counts = (f"SELECT {n}, count(*) FROM {table.full_name}" for n, table in enumerate(tables))  # noqa: S608 -- declared names
        return [n_rows for _, n_rows in sorted(ask(" UNION ALL ".join(counts)))]  # two thirds of what subqueries take

    def by_day(table: Table) -> dict[date, int]:
        return dict(ask(f"SELECT day, count(*) FROM {table.full_name} GROUP BY day"))  # noqa: S608 -- as above

    return Standing(totals, by_day)
