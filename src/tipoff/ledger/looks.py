"""The SELECTs that are asked at each look, put together once: that was more than half of what one of them cost."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, bindparam, func, or_, select

from tipoff.core.records import BeatRecord, FindingRecord, HaltRecord, ObligationRecord, WaiverRecord
from tipoff.core.slate import OFF
from tipoff.ledger import schema, watching
from tipoff.ledger.asking import CompiledSelect

Where = ColumnElement[bool]
Days = tuple[date, date] | None


def columns_of(kind: type, table: Table) -> tuple[Column[Any], ...]:
    """Return the columns that a kind of record is read from."""
    return tuple(table.c[field.name] for field in fields(kind))


def one_of(column: Column[Any], values: Sequence[str]) -> Where:
    """Return that a column holds one of some values: a list in brackets is written out anew each time that it is asked."""
    return or_(*(column == value for value in values))


BEATS = CompiledSelect(select(*columns_of(BeatRecord, watching.heartbeats)).order_by(watching.heartbeats.c.name))
CUT_OFF = CompiledSelect(select(func.count().label("n")).where(one_of(schema.runs.c.state, ["running", "expired"])))


def of_league(table: Table, league: str, days: Days, *where: Where, **equal: object) -> list[Where]:
    """Return the conditions of a league's rows; a name with an empty value or None is no condition."""
    picked = [table.c[name] == value for name, value in equal.items() if value is not None and value != ""]
    among = [table.c.day.between(*days)] if days and "day" in table.c else []
    return [table.c.league == league, *picked, *among, *where]


@cache
def first_and_last_tick(league: str, *, is_bound: bool) -> CompiledSelect:
    """Return the SELECT of the first tick and the one written last; the newest until an instant, where it is bound."""
    at, mine = schema.ticks.c.at, schema.ticks.c.league == league
    first = select(func.min(at)).where(mine).scalar_subquery()  # each alone is one look into the index
    last = select(at).where(mine).order_by(schema.ticks.c.id.desc()).limit(1)
    if is_bound:
        last = select(func.max(at)).where(mine, at <= bindparam("until", type_=at.type))
    return CompiledSelect(select(first.label("first"), last.scalar_subquery().label("last")))


@lru_cache
def unended(league: str, days: Days) -> CompiledSelect:
    """Return the SELECT of the runs begun since the last that ended, but for those cut off within their lease."""
    runs = schema.runs
    has_ended = one_of(runs.c.state, ["finished", "failed"])
    ended = select(func.max(runs.c.id)).where(*of_league(runs, league, days, has_ended))
    is_later = runs.c.id > func.coalesce(ended.scalar_subquery(), 0)
    is_begun = (runs.c.state != "expired") | (runs.c.ended_at >= runs.c.lease_until)
    counted = select(func.count().label("n"), func.min(runs.c.started_at).label("since"))
    return CompiledSelect(counted.where(*of_league(runs, league, days, is_later, is_begun)))


@lru_cache
def owed(  # noqa: PLR0913 -- what may be picked
    league: str,
    within: Days,
    output: str,
    day: date | None,
    days: tuple[date, ...],
    states: tuple[str, ...],
    *,
    first: bool = False,
) -> CompiledSelect | Select[Any]:
    """Return the SELECT of what is owed; of the first that is due alone. One of some days is asked once, and not kept."""
    table = schema.obligations
    where: list[Where] = [table.c.day.in_(days)] if days else []
    where += [one_of(table.c.state, states)] if states else []
    query = select(*columns_of(ObligationRecord, table))
    query = query.where(*of_league(table, league, within, *where, output=output, day=day))
    query = query.order_by(table.c.due_at, table.c.output)
    query = query.limit(1) if first else query
    return query if day or days else CompiledSelect(query)


@lru_cache
def first_start(league: str, days: Days) -> CompiledSelect:
    """Return the SELECT of when the first game of a day begins, which is bound, without those that are off."""
    table = schema.games
    query = select(func.min(table.c.starts_at).label("at"))
    is_on = (table.c.status != status for status in OFF)
    return CompiledSelect(query.where(*of_league(table, league, days, *is_on), table.c.day == bindparam("day")))


@cache
def findings_after(league: str, days: Days) -> CompiledSelect:
    """Return the SELECT of what was found behind one whose number is bound."""
    table = schema.findings
    query = select(*columns_of(FindingRecord, table)).where(*of_league(table, league, days))
    return CompiledSelect(query.where(table.c.id > bindparam("after")).order_by(table.c.id))


@cache
def lease(name: str) -> CompiledSelect:
    """Return the SELECT of a lease."""
    return CompiledSelect(select(schema.leases).where(schema.leases.c.name == name))


@cache
def facts(league: str) -> CompiledSelect:
    """Return the SELECT of what is known of a league."""
    return CompiledSelect(select(schema.facts).where(schema.facts.c.league == league))


@cache
def live_waivers(league: str) -> CompiledSelect:
    """Return the SELECT of the waivers of a league that hold at an instant, which is bound."""
    table = schema.waivers
    holds = (table.c.until > bindparam("now", type_=table.c.until.type), table.c.revoked_at.is_(None))
    mine = select(*columns_of(WaiverRecord, table)).where(table.c.league == league, *holds)
    return CompiledSelect(mine.order_by(table.c.id))


@cache
def halts(league: str) -> CompiledSelect:
    """Return the SELECT of every halt of a league there was."""
    table = schema.halts
    return CompiledSelect(select(*columns_of(HaltRecord, table)).where(table.c.league == league).order_by(table.c.id))


@cache
def ruling_mark(league: str) -> CompiledSelect:
    """Return the SELECT of how many rulings of a league there are, and how many have ended."""
    table = schema.rulings
    counted = select(func.count().label("n"), func.count(table.c.revoked_at).label("n_ended"))
    return CompiledSelect(counted.where(table.c.league == league))
