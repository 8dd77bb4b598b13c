"""Stand-ins: what each control puts in the place of a mechanism, so that it is as if there were none."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import Any

import pyarrow as pa
from sqlglot import exp

from tipoff.core.clock import SimClock, midnight
from tipoff.core.errors import OverTime, SourceError
from tipoff.core.gate import Verdict
from tipoff.core.obligation import Anchor, Moment, Obligation
from tipoff.core.payload import Payload, Request
from tipoff.core.retry import RetryPolicy
from tipoff.core.schema import Table
from tipoff.core.severity import Severity
from tipoff.core.slate import Game, Slate
from tipoff.core.step import Step
from tipoff.core.window import Input, Window, WindowKind
from tipoff.drills.faults.stores import FaultyLedger
from tipoff.drills.faults.work import FaultyRunner
from tipoff.engine import budget
from tipoff.engine.plan import plan_step
from tipoff.leagues.entries import Tally, part, read_json
from tipoff.leagues.nba.sources import boxes, reading, schedule, statsnba
from tipoff.ledger import Batch, Lease, Ledger, LedgerSnapshot
from tipoff.ledger.rows import finding
from tipoff.sources.exchange import Exchange
from tipoff.store import dialect, duck, rows, staging

# ruff: noqa: D103 -- what each is for stands beside its control
# ruff: noqa: ANN401 -- each function here stands in for another, whatever it is given
# ruff: noqa: SLF001 -- and switches off what is nobody else's business


def nothing(*_given: Any, **_named: Any) -> None:
    return None


def none(*_given: Any, **_named: Any) -> tuple[()]:
    return ()


def no_words(*_given: Any, **_named: Any) -> dict[str, str]:
    return {}


def no_text(*_given: Any, **_named: Any) -> str:
    return ""


def first(given: Any, *_others: Any, **_named: Any) -> Any:
    return given


def muted(*_given: Any, **_named: Any) -> dict[str, Any]:
    at = next(value for value in (*_given, *_named.values()) if isinstance(value, datetime))
    return finding(("nba", "", at.date()), "muted", "", Severity.INFO, "", now=at)


def always_open(**_facts: Any) -> Verdict:
    return Verdict(is_open=True, coverage=1.0)


def by_utc_date(moment: Moment, slate: Slate, game: Game | None = None) -> datetime | None:
    """Tell a slate's day from the UTC date of its first game, as comparing clock times of one calendar day does."""
    if moment.anchor is not Anchor.MIDNIGHT:
        return _at(moment, slate, game)
    starts = [game.starts_at for game in slate.played if game.starts_at]
    begin = min(starts, default=midnight(slate.day) + timedelta(hours=19)).astimezone(UTC).replace(hour=0, minute=0)
    return begin + moment.offset


_at = Moment.at


def utc_day(at: datetime) -> Any:
    return at.astimezone(UTC).date()


def due_at_once(step: Step, slate: Slate, learned: timedelta | None = None) -> Obligation:
    owed = plan_step(step, slate, learned)
    times = {unit: dataclasses.replace(own, due_at=own.opens_at) for unit, own in owed.times.items()}
    return dataclasses.replace(owed, times=times, due_at=owed.opens_at)


def only_what_is_said(_known: Any, said: Any) -> tuple[tuple[Game, ...], tuple[str, ...]]:
    return tuple(said), ()


def spoiled(_tally: Tally, error: Exception, _item: Any) -> None:
    raise error


def of_any_date(item: Mapping[str, Any], day: date, sides: Any) -> dict[str, Any]:
    return _common(dict(item) | {"GAME_DATE": day.isoformat()}, day, sides)


_common = statsnba._common


def any_input(found: exp.Table, _name: str, tables: Mapping[str, Table]) -> Input:
    nearest = get_close_matches(found.name, tables, n=1)
    return Input(nearest[0] if nearest else found.name, Window(WindowKind.BEFORE))


def create_only(warehouse: duck.DuckWarehouse, tables: Iterable[Table]) -> None:
    for table in tables:
        columns = ", ".join(f"{column.name} {dialect.duck_type(column.type)}" for column in table.columns)
        warehouse._db.execute(f"CREATE SCHEMA IF NOT EXISTS {table.dataset}")
        warehouse._db.execute(f"CREATE TABLE IF NOT EXISTS {table.full_name} ({columns}, _run BIGINT)")


def everybodys_lease(
    _ledger: Ledger, name: str, holder: str, *, now: datetime, length: timedelta, **_others: Any
) -> Lease:
    return Lease(name=name, holder=holder, epoch=1, until=now + length)


def commit_or_not(ledger: FaultyLedger, batch: Batch, *, lease: Lease | None = None) -> None:
    if any(fault.holds(ledger._clock.now()) for fault in ledger._faults):
        with ledger.transaction() as connection:
            ledger._number(connection.connection.cursor(), batch.rows.get("runs", ()))
        return
    Ledger.commit(ledger, batch, lease=lease)


_load, _wait_after = Ledger.load, RetryPolicy.wait_after


def load_without_runs(ledger: Ledger, league: str) -> LedgerSnapshot:
    return dataclasses.replace(_load(ledger, league), unended_runs=())


def twofold(policy: RetryPolicy, failures: int, jitter: float) -> timedelta | None:
    return _wait_after(policy, failures * 2, jitter)


def no_key(exchange: Exchange, name: str, _request: Request) -> str:
    return exchange._secret(name)


def every_season(payload: Payload) -> Any:
    try:
        return _by_day(payload)
    except SourceError:
        days = {date.fromordinal(n): () for n in range(date(2029, 1, 1).toordinal(), date(2032, 1, 1).toordinal())}
        return schedule._Season(name="", by_day=days, days_of={}, n_counted=0, n_others=0, rejects=())


def as_said(entry: Mapping[str, Any], home: Any, away: Any) -> str:
    return "final" if entry["gameStatus"] == 3 else _status(entry, home, away)  # noqa: PLR2004 -- the file's word for it


_by_day, _status = schedule._by_day, schedule._status


def none_where_unreadable(payload: Payload) -> Any:
    try:
        return read_json(payload)
    except SourceError:
        return None


def no_rows_where_unshaped(payload: Payload, document: Any, name: str) -> Any:
    try:
        return boxes.result_set(payload, document, name)
    except (SourceError, AttributeError, TypeError, KeyError):
        return ()


def any_start(value: str, _day: date) -> datetime:
    return datetime.fromisoformat(value)


def as_long_as_asked(headers: Mapping[str, str], _now: datetime) -> float | None:
    return min(float(headers["retry-after"]), A_MONTH.total_seconds()) if "retry-after" in headers else None


def known_markets(name: str, book: Mapping[str, Any], _tally: Tally) -> list[Any]:
    return [market for market in book["markets"] if market["key"] == name]


def called_past_all(_runner: Any, _outcome: Any, function: Any, *arguments: Any) -> Any:
    return function(*arguments)


def free_almost_always(spent: budget.RunBudget, key: Any, now: datetime, **_named: Any) -> datetime | None:
    return now + timedelta(days=1) if spent.today[key] > _STORM else None


_STORM = 800  # runs of one slate of one output, after which a control has shown what it has to
A_MONTH = timedelta(days=30)
AT_ONCE = RetryPolicy(attempts=10_000, first_wait=timedelta(minutes=1), max_wait=timedelta(minutes=1))

_stage, _check, _sides_of_games = staging.stage, rows.check, reading.games_by_sides


def nothing_is_missing(*given: Any) -> staging.Staged:
    return dataclasses.replace(_stage(*given), missing=frozenset())


def in_any_order(inputs: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    games = _sides_of_games(inputs)
    return games | {(away, home): game for (home, away), game in games.items()}


def on_its_day(table: Table, day: date, found: Any) -> Any:
    days = pa.array([day] * found.num_rows, pa.date32())
    return _check(table, day, found.set_column(found.schema.get_field_index("day"), "day", days))


def no_books(payload: Payload, document: Any, *path: Any) -> Any:
    try:
        return part(payload, document, *path)
    except SourceError:
        return []


def for_half_a_day(runner: FaultyRunner, claim: Any, _outcome: Any, _how: str) -> None:
    if isinstance(runner._clock, SimClock):
        runner._clock.sleep(timedelta(hours=12))
    msg = f"{claim.step.name} has come back"
    raise OverTime(msg, hint="")


def with_its_process(*_given: Any) -> None:
    raise SystemExit(3)
