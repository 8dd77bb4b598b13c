"""What is remembered of the outside, for all processes of a home: last answers, credits, how proxies do, and their turns."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Float, Index, Insert, Integer, Table, Text, delete, func, insert, select

from tipoff.core.home import Profile
from tipoff.core.outside import Answer, Credits, ProxyChange, ProxyHealth
from tipoff.core.records import ArrivalRecord
from tipoff.ledger.connect import Held, doing, engine_of
from tipoff.ledger.looks import columns_of
from tipoff.ledger.schema import Instant, arrivals, fetches, number_key, table
from tipoff.ledger.statements import upsert

answers = table(
    "answers",
    Column("key", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("etag", Text, nullable=False),
    Column("last_modified", Text, nullable=False),
)
credits_left = table(
    "credits_left",
    Column("provider", Text, primary_key=True),
    Column("used", Integer, nullable=False),
    Column("remaining", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)
proxy_health = table(
    "proxy_health",
    Column("proxy", Text, primary_key=True),
    Column("host", Text, primary_key=True),
    Column("score", Float, nullable=False),
    Column("n_asked", Integer, nullable=False),
    Column("n_failed", Integer, nullable=False),
    Column("n_late", Integer, nullable=False),
    Column("n_slow", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("successes", Integer, nullable=False),
    Column("cooldowns", Integer, nullable=False),
    Column("rests_until", Instant),
    Column("at", Instant),
)
proxy_changes = table(
    "proxy_changes",
    number_key(),
    Column("proxy", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("was", Text, nullable=False),
    Column("now", Text, nullable=False),
    Column("score", Float, nullable=False),
    Index("proxy_changes_at", "at"),
)
OUTSIDE = (answers, credits_left, proxy_health, proxy_changes)
_TURNS = 20  # of the proxies, that are shown
MOST_ANSWERS = 2000  # the newest are kept: an older one is asked for anew


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCount:
    """How many requests to a source ended in one way, and the last of them."""

    source: str
    outcome: str
    n_requests: int
    last_at: datetime
    note: str


class OutsideStore(Held):
    """The ledger's memory of the outside, over a connection of its own. Every method may be called by several threads."""

    def __init__(self, target: Path | str, *, profile: Profile = Profile.LIVE, read_only: bool = False) -> None:
        self._engine = engine_of(target, profile=profile, read_only=read_only)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the store."""
        self._engine.dispose()

    def answer(self, key: str) -> Answer | None:
        """Return the last answer to a request."""
        found = self._rows(select(answers).where(answers.c.key == key))
        return Answer(**found[0]) if found else None

    def keep_answer(self, answer: Answer) -> None:
        """Remember an answer, and forget the oldest beyond what is kept."""
        with self._writing() as connection:
            connection.execute(self._upsert(answers, answer))
            n_answers = connection.execute(select(func.count()).select_from(answers)).scalar_one()
            if n_answers > MOST_ANSWERS:
                oldest = select(answers.c.key).order_by(answers.c.at).limit(n_answers - MOST_ANSWERS)
                connection.execute(delete(answers).where(answers.c.key.in_(oldest)))

    def credits(self, provider: str) -> Credits | None:
        """Return what a provider last said of its credits, to whichever process."""
        found = self._rows(select(credits_left).where(credits_left.c.provider == provider))
        return Credits(**found[0]) if found else None

    def keep_credits(self, found: Credits) -> None:
        """Remember what a provider said of its credits."""
        with self._writing() as connection:
            connection.execute(self._upsert(credits_left, found))

    def proxies(self, host: str) -> dict[str, ProxyHealth]:
        """Return how each proxy does for a host."""
        found = self._rows(select(proxy_health).where(proxy_health.c.host == host))
        return {row["proxy"]: ProxyHealth(**row) for row in found}

    def keep_proxy(self, health: ProxyHealth, change: ProxyChange | None) -> None:
        """Remember how a proxy does, and a turn in it."""
        with self._writing() as connection:
            connection.execute(self._upsert(proxy_health, health))
            if change is not None:
                connection.execute(insert(proxy_changes).values(**_row(change)))

    # --- for who looks

    def all_credits(self) -> list[Credits]:
        """Return what every provider last said of its credits."""
        return [Credits(**row) for row in self._rows(select(credits_left).order_by(credits_left.c.provider))]

    def all_proxies(self) -> list[ProxyHealth]:
        """Return how each proxy does for each host."""
        return [ProxyHealth(**row) for row in self._rows(select(proxy_health).order_by(proxy_health.c.proxy))]

    def changes(self) -> list[ProxyChange]:
        """Return the newest turns of the proxies, the newest first."""
        found = self._rows(select(proxy_changes).order_by(proxy_changes.c.id.desc()).limit(_TURNS))
        return [ProxyChange(**{name: value for name, value in row.items() if name != "id"}) for row in found]

    def requests(self, league: str, since: datetime) -> list[RequestCount]:
        """Return for each source and outcome since an instant how many requests there were, and what the last one said."""
        columns, mine = (fetches.c.source, fetches.c.outcome), (fetches.c.league == league) & (fetches.c.at >= since)
        counted = select(func.max(fetches.c.id).label("last"), func.count().label("n_requests"))
        last = counted.where(mine).group_by(*columns).subquery()
        told = select(*columns, last.c.n_requests, fetches.c.at.label("last_at"), fetches.c.note)
        query = told.join(last, last.c.last == fetches.c.id).order_by(*columns)
        return [RequestCount(**row) for row in self._rows(query)]

    def arrivals(self, league: str, since: datetime) -> list[ArrivalRecord]:
        """Return when each unit of each output first arrived, since an instant."""
        mine = (arrivals.c.league == league) & (arrivals.c.first_at >= since)
        query = select(*columns_of(ArrivalRecord, arrivals)).where(mine).order_by(arrivals.c.first_at)
        return [ArrivalRecord(**row) for row in self._rows(query)]

    def _upsert(self, table: Table, value: object) -> Insert:
        return upsert(table, self._engine.dialect.name).values(**_row(value))

    def _rows(self, statement: Any) -> list[dict[str, Any]]:  # noqa: ANN401 -- any SQLAlchemy select
        hint = "does another process hold the ledger?"
        with doing("what is remembered of the outside cannot be read", hint), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(statement).mappings()]

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        what = "what was learned of the outside could not be written"
        with doing(what, "is the disk full?"), self._lock, self._engine.begin() as connection:
            yield connection


def _row(value: Any) -> dict[str, Any]:  # noqa: ANN401 -- one of the frozen values
    return {name: getattr(value, name) for name in value.__slots__}
