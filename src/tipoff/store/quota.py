"""The quota guard: what is used of the warehouse's daily limits is counted in the ledger, and history stops before work must.

The limits are data with their sources. What is used is judged over the last 24 hours, not from a midnight on: what load jobs
use up refills over a rolling 24 hours, and other daily quotas refill through the day.

Source:
    https://docs.cloud.google.com/bigquery/docs/optimize-load-jobs (the refill), https://cloud.google.com/bigquery/quotas
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from functools import cache
from typing import Any, Protocol

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tipoff.ledger import Ledger
from tipoff.ledger.history import quota_levels, quota_use

WINDOW = timedelta(hours=24)
KEPT = timedelta(days=400)  # how long the counts are kept: a season can be looked back at
STOPS = 0.95  # share of a limit beyond which nothing goes that can wait
PROJECT = ""  # all tables together; what is recorded under this name counts for the project alone

Used = Mapping[tuple[str, str], int]  # (kind, table) -> how many in the window


class Kind(StrEnum):
    """What is counted."""

    LOAD = "load"  # a load job, failed ones too
    CHANGE = "change"  # a change of a table that has no partitions, by load, copy or a query's destination
    PARTITION = "partition"  # a partition changed by one job
    DML = "dml"  # a DML statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many of a kind Google allows in a day, of one table or of a whole project."""

    kind: Kind
    per_day: int
    note: str
    source: str
    of_project: bool = False


_QUOTAS = "https://cloud.google.com/bigquery/quotas"
LIMITS: Sequence[Limit] = (
    Limit(
        kind=Kind.LOAD,
        per_day=1_500,
        note="load jobs into one table; failed ones count; cannot be raised",
        source=f"{_QUOTAS}#load_jobs",
    ),
    Limit(
        kind=Kind.LOAD,
        per_day=100_000,
        note="load jobs of one project; refills over 24 hours",
        source=f"{_QUOTAS}#load_jobs",
        of_project=True,
    ),
    Limit(
        kind=Kind.CHANGE,
        per_day=1_500,
        note="changes of a table without partitions, by load, copy or a query's destination; DML is not counted",
        source=f"{_QUOTAS}#standard_tables",
    ),
    Limit(
        kind=Kind.PARTITION,
        per_day=30_000,
        note="partitions changed in a table partitioned by a column; replaces the limit of tables without partitions",
        source=f"{_QUOTAS}#partitioned_tables",
    ),
)


class Level(IntEnum):
    """How much of a limit is used, in percent: what is told when it is reached."""

    FREE = 0
    HALF = 50
    HIGH = 80
    FULL = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What is used of one limit."""

    limit: Limit
    table: str
    n: int

    @property
    def ratio(self) -> float:
        """The share of the limit, in [0, 1] unless it was broken."""
        return self.n / self.limit.per_day

    @property
    def level(self) -> Level:
        """The highest level that is reached."""
        return max(level for level in Level if self.ratio * 100 >= level)

    def __str__(self) -> str:
        """Return it as a person reads it."""
        where = self.table or "the project"
        return (
            f"{self.ratio:.0%} of the {self.limit.kind} limit of {where} ({self.n:,} of {self.limit.per_day:,} a day)"
        )


def uses(used: Used) -> list[Use]:
    """Return what is used of each limit, fullest first; a project's limit counts all tables together."""
    found = []
    for limit in LIMITS:
        if limit.of_project:
            total = sum(n for (kind, _), n in used.items() if kind == limit.kind)
            found.append(Use(limit=limit, table=PROJECT, n=total))
        else:
            found += [
                Use(limit=limit, table=t, n=n) for (kind, t), n in used.items() if kind == limit.kind and t != PROJECT
            ]
    return sorted((use for use in found if use.n), key=lambda use: -use.ratio)


def fullest(used: Used) -> str:
    """Return the limit that is used most, as a person reads it; empty where nothing is used."""
    return next((str(use) for use in uses(used)), "")


def may(used: Used, kind: Kind, table: str, n: int = 1, *, essential: bool) -> bool:
    """Whether `n` more may go: what is essential always, anything else only while 95 % of every limit is not exceeded."""
    if essential:
        return True
    for limit in LIMITS:
        if limit.kind != kind or (table == PROJECT and not limit.of_project):
            continue
        so_far = sum(m for (k, t), m in used.items() if k == kind and (limit.of_project or t == table))
        if so_far + n > STOPS * limit.per_day:
            return False
    return True


def add(connection: Connection, now: datetime, counts: Iterable[tuple[str, str, int]]) -> None:
    """Count (kind, table, n) within a transaction of the ledger: with what it belongs to, or not at all."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    rows = [{"hour": hour, "table": table, "kind": str(kind), "n": n} for kind, table, n in counts]
    connection.execute(_addition(connection.dialect.name), rows)


@cache
def _addition(dialect: str) -> Any:  # noqa: ANN401 -- an INSERT of either dialect
    into: Any = sqlite_insert if dialect == "sqlite" else postgres_insert
    made = into(quota_use)
    keys = ["hour", "table", "kind"]
    return made.on_conflict_do_update(index_elements=keys, set_={"n": quota_use.c.n + made.excluded.n})


def forget(connection: Connection, now: datetime) -> None:
    """Drop counts that nobody looks back at any more."""
    connection.execute(delete(quota_use).where(quota_use.c.hour < now - KEPT))


class Reads(Protocol):
    """Something that SELECTs can be run on."""

    def rows(self, statement: Any) -> list[dict[str, Any]]:  # noqa: ANN401 -- any SQLAlchemy select
        """Run a SELECT and return its rows as dictionaries."""
        ...


def read_used(ledger: Reads, now: datetime, *, length: timedelta = WINDOW) -> dict[tuple[str, str], int]:
    """Return what was used in the time before `now`, by kind and table; the hour in which it begins counts whole."""
    table = quota_use
    since = (now - length).replace(minute=0, second=0, microsecond=0)
    query = (
        select(table.c.kind, table.c.table, func.sum(table.c.n).label("n"))
        .where(table.c.hour >= since, table.c.hour <= now)
        .group_by(table.c.kind, table.c.table)
    )
    return {(row["kind"], row["table"]): int(row["n"]) for row in ledger.rows(query)}


class Guard:
    """Counts what is used, and says whether more may go."""

    def __init__(self, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._ledger, self._now = ledger, now

    def may(self, kind: Kind, table: str, n: int = 1, *, essential: bool) -> bool:
        """Whether `n` more of a kind may go into a table; `essential` is what the day's work needs."""
        return essential or may(self.used(), kind, table, n, essential=False)

    def record(self, kind: Kind, table: str, n: int = 1) -> None:
        """Count `n` more; to be called before they are sent, so that a crash never leaves one uncounted.

        Raises:
            LedgerError: The ledger cannot be written.
        """
        with self._ledger.writing() as connection:
            add(connection, self._now(), [(kind, table, n)])

    def used(self) -> dict[tuple[str, str], int]:
        """Return what was used in the last 24 hours."""
        return read_used(self._ledger, self._now())

    def news(self) -> list[tuple[Use, Level]]:
        """Return the limits that have reached a higher level since they were last told, each with the level before.

        What has fallen again is written down, so that it is told when it rises anew.

        Raises:
            LedgerError: The ledger cannot be written.
        """
        now, told = self._now(), {(row["table"], row["kind"]): row for row in self._ledger.rows(select(quota_levels))}
        found: list[tuple[Use, Level]] = []
        changed: list[tuple[str, str, Level]] = []
        current = {(use.table, str(use.limit.kind)): use for use in uses(self.used())}
        for key in {*told, *current}:
            before = Level(told[key]["level"]) if key in told else Level.FREE
            use = current.get(key)
            level = use.level if use else Level.FREE
            if level != before:
                changed.append((*key, level))
            if use is not None and level > before:
                found.append((use, before))
        if changed:
            self._note(changed, now)
        return sorted(found, key=lambda pair: -pair[0].ratio)

    def _note(self, changed: Sequence[tuple[str, str, Level]], now: datetime) -> None:
        table = quota_levels
        with self._ledger.writing() as connection:
            for name, kind, level in changed:
                mine = (table.c.table == name) & (table.c.kind == kind)
                values = {"level": int(level), "told_at": now}
                if not connection.execute(update(table).where(mine).values(**values)).rowcount:
                    connection.execute(insert(table).values(table=name, kind=kind, **values))
