"""What is used of the warehouse's daily limits, counted in the ledger, so that history stops before work must."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, delete, func, select

from tipoff.core.quota import WINDOW, Kind, Level, LimitUse, uses
from tipoff.ledger.history import quota_levels, quota_use
from tipoff.ledger.ledger import Ledger
from tipoff.ledger.reader import Ask
from tipoff.ledger.statements import insert_into, upsert

KEPT = timedelta(days=400)  # how long the counts are kept: a season can be looked back at


def add(connection: Connection, now: datetime, counts: Iterable[tuple[str, str, int]]) -> None:
    """Count (kind, table, n) within a transaction of the ledger: with what it belongs to, or not at all."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    rows = [{"hour": hour, "table": table, "kind": str(kind), "n": n} for kind, table, n in counts]
    connection.execute(_addition(connection.dialect.name), rows)


@cache
def _addition(dialect: str) -> Any:  # noqa: ANN401 -- an INSERT of either dialect
    made = insert_into(quota_use, dialect)
    keys = ["hour", "table", "kind"]
    return made.on_conflict_do_update(index_elements=keys, set_={"n": quota_use.c.n + made.excluded.n})


def forget(connection: Connection, now: datetime) -> None:
    """Drop counts that nobody looks back at any more."""
    connection.execute(delete(quota_use).where(quota_use.c.hour < now - KEPT))


def read_used(ask: Ask, now: datetime, *, length: timedelta = WINDOW) -> dict[tuple[str, str], int]:
    """Return what was used in the time before `now`, by kind and table; the hour in which it begins counts whole."""
    table = quota_use
    since = (now - length).replace(minute=0, second=0, microsecond=0)
    query = (
        select(table.c.kind, table.c.table, func.sum(table.c.n).label("n"))
        .where(table.c.hour >= since, table.c.hour <= now)
        .group_by(table.c.kind, table.c.table)
    )
    return {(row["kind"], row["table"]): int(row["n"]) for row in ask(query)}


class QuotaGuard:
    """Counts what is used of the warehouse's daily limits, and says which have reached a higher level."""

    def __init__(self, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._ledger, self._now = ledger, now
        self._changed: list[tuple[str, str, Level]] = []

    def record(self, kind: Kind, table: str, n: int = 1) -> None:
        """Count `n` more; to be called before they are sent, so that a crash never leaves one uncounted."""
        with self._ledger.writing() as connection:
            add(connection, self._now(), [(kind, table, n)])

    def used(self) -> dict[tuple[str, str], int]:
        """Return what was used in the last 24 hours."""
        return read_used(self._ledger.rows, self._now())

    def news(self) -> list[LimitUse]:
        """Return the limits that have reached a higher level since they were last told; once they are told, call `noted`."""
        told = {(row["table"], row["kind"]): row for row in self._ledger.rows(select(quota_levels))}
        found: list[LimitUse] = []
        self._changed = []
        current = {(use.table, str(use.limit.kind)): use for use in uses(self.used())}
        for key in {*told, *current}:
            before = Level(told[key]["level"]) if key in told else Level.FREE
            use = current.get(key)
            level = use.level if use else Level.FREE
            if level != before:
                self._changed.append((*key, level))
            if use is not None and level > before:
                found.append(use)
        return sorted(found, key=lambda use: -use.ratio)

    def noted(self) -> None:
        """Write down what `news` has found, once it is told: a crash in between tells it twice rather than never.

        What has fallen again is written down too, so that it is told when it rises anew.
        """
        told_at, changed, self._changed = self._now(), self._changed, []
        rows = [{"table": name, "kind": kind, "level": int(level), "told_at": told_at} for name, kind, level in changed]
        if rows:
            with self._ledger.writing() as connection:
                connection.execute(upsert(quota_levels, connection.dialect.name), rows)
