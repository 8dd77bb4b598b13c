"""The warehouse's daily limits, and how much of each is used: data with their sources, and rules without a store.

What is used is judged over the last 24 hours, not from a midnight on: what load jobs use up refills over a rolling 24 hours, and
other daily quotas refill through the day.

Source:
    https://docs.cloud.google.com/bigquery/docs/optimize-load-jobs (the refill), https://cloud.google.com/bigquery/quotas
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum

WINDOW = timedelta(hours=24)
STOPS = 0.95  # share of a limit beyond which nothing goes that can wait
PROJECT = ""  # all tables together; what is recorded under this name counts for the project alone

Used = Mapping[tuple[str, str], int]  # (kind, table) -> how many in the window


class Kind(StrEnum):
    """What is counted."""

    LOAD = "load"  # a load job, failed ones too
    CHANGE = "change"  # a change of a table that has no partitions, by load, copy or a query's destination, not by DML
    PARTITION = "partition"  # a partition, of a table partitioned by a column, changed by one job
    DML = "dml"  # a DML statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many of a kind Google allows in a day, of one table or of a whole project."""

    kind: Kind
    per_day: int
    source: str
    of_project: bool = False


_QUOTAS = "https://cloud.google.com/bigquery/quotas"
LIMITS: Sequence[Limit] = (
    Limit(kind=Kind.LOAD, per_day=1_500, source=f"{_QUOTAS}#load_jobs"),  # cannot be raised
    Limit(kind=Kind.LOAD, per_day=100_000, source=f"{_QUOTAS}#load_jobs", of_project=True),
    Limit(kind=Kind.CHANGE, per_day=1_500, source=f"{_QUOTAS}#standard_tables"),
    Limit(kind=Kind.PARTITION, per_day=30_000, source=f"{_QUOTAS}#partitioned_tables"),  # in place of CHANGE
)


class Level(IntEnum):
    """How much of a limit is used, in percent: what is told when it is reached."""

    FREE = 0
    HALF = 50
    HIGH = 80
    FULL = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitUse:
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


def uses(used: Used) -> list[LimitUse]:
    """Return what is used of each limit, fullest first; a project's limit counts all tables together."""
    found = []
    for limit in LIMITS:
        if limit.of_project:
            total = sum(n for (kind, _), n in used.items() if kind == limit.kind)
            found.append(LimitUse(limit=limit, table=PROJECT, n=total))
        else:
            found += [
                LimitUse(limit=limit, table=t, n=n)
                for (kind, t), n in used.items()
                if kind == limit.kind and t != PROJECT
            ]
    return sorted((use for use in found if use.n), key=lambda use: -use.ratio)


def fullest(used: Used) -> str:
    """Return the limit that is used most, as a person reads it; empty while less than half of each is used."""
    return next((str(use) for use in uses(used) if use.level > Level.FREE), "")


def may(used: Used, kind: Kind, table: str, n: int = 1) -> bool:
    """Whether `n` more may go that can wait: only while 95 % of every limit is not exceeded. The day's work asks nobody."""
    for limit in LIMITS:
        if limit.kind != kind or (table == PROJECT and not limit.of_project):
            continue
        so_far = sum(m for (k, t), m in used.items() if k == kind and (limit.of_project or t == table))
        if so_far + n > STOPS * limit.per_day:
            return False
    return True
