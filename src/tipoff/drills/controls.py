"""Controls: each mechanism, and how it is switched off, so that a drill can be shown to fail without it."""

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlglot import exp

from tipoff.core import errors, obligation
from tipoff.core.clock import midnight
from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.finding import Severity
from tipoff.core.gate import Verdict
from tipoff.core.obligation import Anchor, Moment, Obligation
from tipoff.core.parsing import Tally, read_json
from tipoff.core.payload import Payload, Request
from tipoff.core.retry import POLICIES, Breaker, RetryPolicy
from tipoff.core.schema import Table
from tipoff.core.slate import Game, Slate
from tipoff.core.step import Step
from tipoff.core.window import Input, Window, WindowKind
from tipoff.drills.faults.stores import FaultyLedger
from tipoff.drills.faults.work import FaultyRunner
from tipoff.engine import book, budget, controller, gates, judge, live_runs, past, records, results, run
from tipoff.engine.findings import finding
from tipoff.engine.plan import plan_step
from tipoff.leagues import oddsapi
from tipoff.leagues.nba import publication
from tipoff.leagues.nba import rows as nba_rows
from tipoff.leagues.nba.sources import boxes, reading, schedule, statsnba
from tipoff.leagues.nba.systems import quantile_regression
from tipoff.ledger import Batch, Lease, Ledger, LedgerSnapshot
from tipoff.sources import ask, refusals
from tipoff.sources.exchange import Exchange
from tipoff.store import dialect, duck, published, rows, staging
from tipoff.watch import sentinel

Patch = tuple[Any, str, Any]

# ruff: noqa: ANN401 -- each function here stands in for another, whatever it is given
# ruff: noqa: SLF001 -- and switches off what is nobody else's business


def _nothing(*_given: Any, **_named: Any) -> None:
    return None


def _none(*_given: Any, **_named: Any) -> tuple[()]:
    return ()


def _no_words(*_given: Any, **_named: Any) -> dict[str, str]:
    return {}


def _no_text(*_given: Any, **_named: Any) -> str:
    return ""


def _first(given: Any, *_others: Any, **_named: Any) -> Any:
    return given


def _muted(*_given: Any, **_named: Any) -> dict[str, Any]:
    at = next(value for value in (*_given, *_named.values()) if isinstance(value, datetime))
    return finding(("nba", "", at.date()), "muted", "", Severity.INFO, "", now=at)


def _always_open(**_facts: Any) -> Verdict:
    return Verdict(is_open=True, coverage=1.0)


def _once(*kinds: ErrorKind) -> Patch:
    once = RetryPolicy(attempts=1, first_wait=timedelta(0), max_wait=timedelta(0))
    return results, "POLICIES", POLICIES | dict.fromkeys(kinds, once)


def _by_utc_date(moment: Moment, slate: Slate, game: Game | None = None) -> datetime | None:
    """Tell a slate's day from the UTC date of its first game, as comparing clock times of one calendar day does."""
    if moment.anchor is not Anchor.MIDNIGHT:
        return _at(moment, slate, game)
    starts = [game.starts_at for game in slate.played if game.starts_at]
    begin = min(starts, default=midnight(slate.day) + timedelta(hours=19)).astimezone(UTC).replace(hour=0, minute=0)
    return begin + moment.offset


_at = Moment.at


def _utc_day(at: datetime) -> Any:
    return at.astimezone(UTC).date()


def _due_at_once(step: Step, slate: Slate) -> Obligation:
    owed = plan_step(step, slate)
    times = {unit: dataclasses.replace(own, due_at=own.opens_at) for unit, own in owed.times.items()}
    return dataclasses.replace(owed, times=times, due_at=owed.opens_at)


def _only_what_is_said(_known: Any, said: Any) -> tuple[tuple[Game, ...], tuple[str, ...]]:
    return tuple(said), ()


def _spoiled(_tally: Tally, error: Exception, _item: Any) -> None:
    raise error


def _of_any_date(item: Mapping[str, Any], day: date, sides: Any) -> dict[str, Any]:
    return _common(dict(item) | {"GAME_DATE": day.isoformat()}, day, sides)


_common = statsnba._common


def _any_input(found: exp.Table, _name: str, tables: Mapping[str, Table]) -> Input:
    return Input(found.name if found.name in tables else "team_games", Window(WindowKind.BEFORE))


def _create_only(warehouse: duck.DuckWarehouse, table: Table) -> None:
    columns = ", ".join(f"{column.name} {dialect.duck_type(column.type)}" for column in table.columns)
    warehouse._db.execute(f"CREATE SCHEMA IF NOT EXISTS {table.dataset}")
    warehouse._db.execute(f"CREATE TABLE IF NOT EXISTS {table.full_name} ({columns}, _run BIGINT)")


def _everybodys_lease(
    _ledger: Ledger, name: str, holder: str, *, now: datetime, length: timedelta, **_others: Any
) -> Lease:
    return Lease(name=name, holder=holder, epoch=1, until=now + length)


def _commit_or_not(ledger: FaultyLedger, batch: Batch, *, lease: Lease | None = None) -> None:
    if any(fault.holds(ledger._clock.now()) for fault in ledger._faults):
        with ledger.transaction() as connection:
            ledger._number(connection.connection.cursor(), batch.rows.get("runs", ()))
        return
    Ledger.commit(ledger, batch, lease=lease)


_load, _wait_after = Ledger.load, RetryPolicy.wait_after


def _load_without_runs(ledger: Ledger, league: str) -> LedgerSnapshot:
    return dataclasses.replace(_load(ledger, league), unended_runs=())


def _hundredfold(policy: RetryPolicy, failures: int, jitter: float) -> timedelta | None:
    return _wait_after(policy, failures * 100, jitter)


def _no_key(exchange: Exchange, name: str, _request: Request) -> str:
    return exchange._secret(name)


def _every_season(payload: Payload) -> Any:
    try:
        return _by_day(payload)
    except SourceError:
        return schedule._Season(name="", by_day={}, days_of={}, n_counted=0, n_others=0, rejects=())


def _as_said(entry: Mapping[str, Any], home: Any, away: Any) -> str:
    return "final" if entry["gameStatus"] == 3 else _status(entry, home, away)  # noqa: PLR2004 -- the file's word for it


_by_day, _status = schedule._by_day, schedule._status


def _none_where_unreadable(payload: Payload) -> Any:
    try:
        return read_json(payload)
    except SourceError:
        return None


def _no_rows_where_unshaped(payload: Payload, document: Any, name: str) -> Any:
    try:
        return boxes.result_set(payload, document, name)
    except (SourceError, AttributeError, TypeError, KeyError):
        return ()


def _any_start(value: str, _day: date) -> datetime:
    return datetime.fromisoformat(value)


def _as_long_as_asked(headers: Mapping[str, str], _now: datetime) -> float | None:
    return min(float(headers["retry-after"]), _A_MONTH.total_seconds()) if "retry-after" in headers else None


def _known_markets(name: str, book: Mapping[str, Any], _tally: Tally) -> list[Any]:
    return [market for market in book["markets"] if market["key"] == name]


def _called_past_all(_runner: Any, _outcome: Any, function: Any, *arguments: Any) -> Any:
    return function(*arguments)


def _free_almost_always(spent: budget.RunBudget, key: Any, now: datetime, **_named: Any) -> datetime | None:
    return now + timedelta(days=1) if spent.today[key] > _STORM else None


_STORM = 800  # runs of one slate of one output, after which a control has shown what it has to
_A_MONTH = timedelta(days=30)
_AT_ONCE = RetryPolicy(attempts=10_000, first_wait=timedelta(minutes=1), max_wait=timedelta(minutes=1))

CONTROLS: Mapping[str, tuple[Patch, ...]] = {
    "nobody looks from outside": ((sentinel, "judge", _none),),
    "silence is not told": ((past, "silence_finding", _muted),),
    "the past is not told": ((controller, "findings_on_the_past", _none),),
    "runs never expire": ((results.Results, "expire", _nothing),),
    "runs are left running": ((Ledger, "load", _load_without_runs),),
    "a failing ledger is ignored": ((FaultyLedger, "commit", _commit_or_not),),
    "what changed is not looked at again": ((book.Book, "readers", _none),),
    "failures are silent": ((records, "run_findings", _none),),
    "lateness is silent": ((controller, "unmet_finding", _muted),),
    "days are told from UTC dates": ((obligation.Moment, "at", _by_utc_date),),
    "days are the machine's": ((oddsapi, "league_day", _utc_day),),
    "no second attempt": (_once(ErrorKind.TRANSIENT), (results.Results, "_ask_again", _nothing)),
    "quota is final": (_once(ErrorKind.QUOTA),),
    "a conflict is final": (_once(ErrorKind.CONFLICT),),
    "each failure counts a hundred times": ((RetryPolicy, "wait_after", _hundredfold),),
    "gates are always open": ((gates, "decide", _always_open),),
    "units have no floor": ((staging, "too_few", _no_words),),
    "ranges are not kept": ((rows, "_out_of_range", _none),),
    "hopes are not compared": ((staging, "doubts_of", _no_words),),
    "poorer is accepted": ((staging, "_poorer", _no_words),),
    "nothing is read back": ((duck.DuckWarehouse, "_read_back", _nothing),),
    "a failed write stays open": ((duck.DuckWarehouse, "_rollback", _nothing),),
    "every write adds": (
        (staging, "_differs", lambda *_given: True),
        (duck.DuckWarehouse, "_delete", _nothing),
        (duck.DuckWarehouse, "_read_back", _nothing),
    ),
    "repeats stay": ((rows, "_without_repeats", lambda _table, found, _checked: found),),
    "everything is due at once": ((book, "plan_step", _due_at_once),),
    "an end is believed without a write": ((live_runs, "has_ended", lambda outcome: outcome is not None),),
    "nothing is excused": ((judge, "excuses", _no_words),),
    "one bad row spoils its answer": ((Tally, "reject", _spoiled),),
    "everybody holds the lease": ((Ledger, "take_lease", _everybodys_lease), (Ledger, "_renew", _nothing)),
    "ids stay as they come": (
        (statsnba, "counted_game", str),
        (schedule, "counted_game", str),
        (schedule, "game_id", str),
    ),
    "nobody looks at the clock before writing": ((run, "in_time", _first), (run, "must_begin", _nothing)),
    "the dead may write": (
        (run, "in_time", _first),
        (run, "must_begin", _nothing),
        (duck, "must_be_newest", _nothing),
        (published, "must_be_newest", _nothing),
    ),
    "nothing closes at tip-off": (
        (obligation.UnitTimes, "is_closed", lambda *_given: False),
        (oddsapi, "_begins", _nothing),
    ),
    "strange rows are dropped": ((run, "_of_the_slate", lambda _claim, found: (found, ())),),
    "the bench plays": ((statsnba, "_must_have_played", _nothing),),
    "dates and games of rows are not compared": (
        (statsnba, "_common", _of_any_date),
        (run, "_of_the_slate", lambda _claim, found: (found, ())),
    ),
    "a missing key is empty": ((Exchange, "_key", _no_key),),
    "errors must be tellable": ((errors, "_text_of", str),),
    "what it was made from is not compared": ((judge, "made_from", lambda _parts: "the same"),),
    "what is not named is not expected": (
        (results, "grown", _only_what_is_said),
        (schedule, "_kept", lambda *_given: ([], ())),
    ),
    "what a source names is looked up once": ((results.Results, "_look_for_lacking", _nothing),),
    "what a check doubts stays as it is": ((controller.Controller, "look_again", _nothing),),
    "final is final": ((schedule, "_status", _as_said),),
    "traps are not looked for": (
        (dialect, "refuse_traps", _nothing),
        (dialect, "refuse_mixed_types", _nothing),
        (dialect, "refuse_unlisted", _nothing),
    ),
    "windows are not looked for": ((dialect, "_input", _any_input),),
    "columns are not compared": (
        (dialect, "_refuse_other_columns", _nothing),
        (dialect, "refuse_mixed_types", _nothing),
        (duck.DuckWarehouse, "_declare", _create_only),
    ),
    "statements are not bound": (
        (dialect, "refuse_mixed_types", _nothing),
        (duck.DuckWarehouse, "_bind", _nothing),
    ),
    "what stands is believed": (
        (duck.DuckWarehouse, "gone", _none),
        (duck.DuckWarehouse, "losses", _none),
        (duck.DuckWarehouse, "recount", _no_words),
        (published.Published, "losses", _none),
        (controller, "lost_by_stores", _none),
        (results.Results, "lose", _nothing),
    ),
    "who leaves ends the process": ((FaultyRunner, "_called", _called_past_all),),
    "the future is believed": (
        (sentinel, "is_ahead", lambda *_given: False),
        (sentinel.Sentinel, "_as_seen", lambda _sentinel, facts, _now: facts),
    ),
    "files are replaced without a look at the clock": ((published.Published, "_must_be_open", _nothing),),
    "the door is open": (
        (reading, "number", _first),
        (reading, "count", _first),
        (statsnba, "number", _first),
        (statsnba, "count", _first),
        (statsnba, "text", _first),
        (rows, "_out_of_range", _none),
    ),
    "an answer that cannot be read is empty": (
        (statsnba, "read_json", _none_where_unreadable),
        (statsnba, "result_set", _no_rows_where_unshaped),
    ),
    "any start is believed": ((schedule, "start_on", _any_start),),
    "who asks to be left alone is": (
        (refusals, "retry_after", _as_long_as_asked),
        (results, "LONGEST_ASKED", _A_MONTH),
        (ask, "HOST_LONGEST", _A_MONTH),
    ),
    "an unknown market offers nothing": ((oddsapi, "_markets", _known_markets),),
    "a season that cannot be read is empty": ((schedule, "_by_day", _every_season),),
    "no system stands in for another": ((gates, "ways_to", lambda _book, _entry, reading: [reading]),),
    "whatever was trained serves": (
        (nba_rows, "misfit", _no_text),
        (quantile_regression, "doubt_of", _no_text),
    ),
    "one side is as good as two": ((publication, "one_sided", _no_text),),
    "nothing bounds runs": (
        (results, "POLICIES", dict.fromkeys(POLICIES, _AT_ONCE)),
        (Breaker, "rest", lambda *_given: timedelta(0)),
        (budget.RunBudget, "free_at", _free_almost_always),
    ),
}


@contextmanager
def switched_off(name: str) -> Iterator[None]:
    """Switch one mechanism off while the block runs; none for the empty name."""
    with ExitStack() as stack:
        for target, attribute, stand_in in CONTROLS[name] if name else ():
            stack.enter_context(_standing_in(target, attribute, stand_in))
        yield


@contextmanager
def _standing_in(target: Any, attribute: str, stand_in: Any) -> Iterator[None]:
    """Put `stand_in` in the place of a module's or class's attribute while the block runs."""
    own = vars(target).get(attribute, target)  # the target itself where it is inherited, so nothing is to be put back
    getattr(target, attribute)  # raises where there is no such attribute
    setattr(target, attribute, stand_in)
    try:
        yield
    finally:
        if own is target:
            delattr(target, attribute)
        else:
            setattr(target, attribute, own)
