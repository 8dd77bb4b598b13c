"""Controls: each mechanism, and how it is switched off, so that a drill can be shown to fail without it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

from tipoff.app.child import Child
from tipoff.core import errors, obligation
from tipoff.core.errors import ErrorKind
from tipoff.core.retry import POLICIES, Breaker, RetryPolicy
from tipoff.drills.faults.stores import FaultyLedger
from tipoff.drills.faults.work import FaultyRunner
from tipoff.drills.stand_ins import (
    A_MONTH,
    AT_ONCE,
    always_open,
    any_input,
    any_start,
    as_long_as_asked,
    as_said,
    by_utc_date,
    called_past_all,
    commit_or_not,
    create_only,
    due_at_once,
    every_season,
    everybodys_lease,
    first,
    for_half_a_day,
    free_almost_always,
    in_any_order,
    known_markets,
    load_without_runs,
    muted,
    no_books,
    no_key,
    no_rows_where_unshaped,
    no_text,
    no_words,
    none,
    none_where_unreadable,
    nothing,
    nothing_is_missing,
    of_any_date,
    on_its_day,
    only_what_is_said,
    spoiled,
    twofold,
    utc_day,
    with_its_process,
)
from tipoff.engine import book, budget, controller, gates, judge, live_runs, results, run, starting
from tipoff.leagues import oddsapi
from tipoff.leagues.entries import Tally
from tipoff.leagues.nba import publication
from tipoff.leagues.nba import rows as nba_rows
from tipoff.leagues.nba.sources import balldontlie, reading, schedule, statsnba
from tipoff.leagues.nba.systems import quantile_regression
from tipoff.ledger import Ledger
from tipoff.sources import host, refusals
from tipoff.sources.exchange import Exchange
from tipoff.store import dialect, duck, published, rows, staging
from tipoff.watch import sentinel

Patch = tuple[Any, str, Any]

# ruff: noqa: ANN401 -- whatever stands in for something is given what that is given


def _once(*kinds: ErrorKind) -> Patch:
    once = RetryPolicy(attempts=1, first_wait=timedelta(0), max_wait=timedelta(0))
    return results, "POLICIES", POLICIES | dict.fromkeys(kinds, once)


CONTROLS: Mapping[str, tuple[Patch, ...]] = {
    "nobody looks from outside": ((sentinel, "judge_silence", none),),
    "silence is not told": ((starting, "silence_finding", muted),),
    "the past is not told": ((starting, "findings_on_the_past", none),),
    "runs never expire": ((results.Results, "expire", nothing),),
    "runs are left running": ((Ledger, "load", load_without_runs),),
    "a failing ledger is ignored": ((FaultyLedger, "commit", commit_or_not),),
    "what changed is not looked at again": ((book.Book, "readers", none),),
    "lateness is silent": ((controller, "unmet_finding", muted),),
    "days are told from UTC dates": ((obligation.Moment, "at", by_utc_date),),
    "days are the machine's": ((oddsapi, "league_day", utc_day),),
    "no second attempt": (
        _once(ErrorKind.TRANSIENT),
        (results.Results, "_ask_again", nothing),
        (results, "closes_later", lambda *_given: False),
    ),
    "what fails once is given up": (_once(ErrorKind.PERMANENT),),
    "quota is final": (_once(ErrorKind.QUOTA),),
    "a conflict is final": (_once(ErrorKind.CONFLICT),),
    "each failure counts twice": ((RetryPolicy, "wait_after", twofold),),
    "gates are always open": ((gates, "decide", always_open),),
    "units have no floor": ((staging, "too_few", no_words),),
    "ranges are not kept": ((rows, "_out_of_range", none),),
    "hopes are not compared": ((staging, "doubts_of", no_words),),
    "poorer is accepted": ((staging, "_poorer", no_words),),
    "nothing is read back": ((duck.DuckWarehouse, "_read_back", nothing),),
    "a failed write stays open": ((duck.DuckWarehouse, "_rollback", nothing),),
    "every write adds": (
        (staging, "_differs", lambda *_given: True),
        (duck.DuckWarehouse, "_delete", nothing),
        (duck.DuckWarehouse, "_read_back", nothing),
    ),
    "repeats stay": ((rows, "_without_repeats", lambda _table, found, _checked: found),),
    "everything is due at once": ((book, "plan_step", due_at_once),),
    "an end is believed without a write": ((live_runs, "has_ended", lambda outcome: outcome is not None),),
    "nothing is excused": ((judge, "excuses", no_words),),
    "one bad row spoils its answer": ((Tally, "reject", spoiled),),
    "everybody holds the lease": ((Ledger, "take_lease", everybodys_lease), (Ledger, "_renew", nothing)),
    "ids stay as they come": (
        (statsnba, "counted_game", str),
        (schedule, "counted_game", str),
        (schedule, "game_id", str),
    ),
    "nobody looks at the clock before writing": ((run, "in_time", first), (run, "must_begin", nothing)),
    "the dead may write": (
        (run, "in_time", first),
        (run, "must_begin", nothing),
        (duck, "must_be_newest", nothing),
        (published, "must_be_newest", nothing),
    ),
    "nothing closes at tip-off": (
        (obligation.UnitTimes, "is_closed", lambda *_given: False),
        (oddsapi, "_begins", nothing),
    ),
    "strange rows are dropped": ((run, "_of_the_slate", lambda _claim, found: (found, ())),),
    "the bench plays": ((statsnba, "_must_have_played", nothing),),
    "dates and games of rows are not compared": (
        (statsnba, "_common", of_any_date),
        (run, "_of_the_slate", lambda _claim, found: (found, ())),
    ),
    "a missing key is empty": ((Exchange, "_key", no_key),),
    "errors must be tellable": ((errors, "_text_of", str),),
    "what it was made from is not compared": ((judge, "made_from", lambda _parts: "the same"),),
    "what is not named is not expected": (
        (results, "grown", only_what_is_said),
        (schedule, "_kept", lambda *_given: ([], ())),
    ),
    "what a source names is looked up once": ((results.Results, "_look_for_lacking", nothing),),
    "what a check doubts stays as it is": ((controller.Controller, "look_again", nothing),),
    "final is final": ((schedule, "_status", as_said),),
    "traps are not looked for": (
        (dialect, "refuse_mixed_types", nothing),
        (dialect, "refuse_unlisted", nothing),
    ),
    "windows are not looked for": ((dialect, "_input", any_input),),
    "columns are not compared": (
        (dialect, "_refuse_other_columns", nothing),
        (dialect, "refuse_mixed_types", nothing),
        (duck.DuckWarehouse, "_declare", create_only),
    ),
    "statements are not bound": (
        (dialect, "refuse_mixed_types", nothing),
        (duck.DuckWarehouse, "_bind", nothing),
    ),
    "what stands is believed": (
        (duck.DuckWarehouse, "gone", none),
        (duck.DuckWarehouse, "losses", none),
        (duck.DuckWarehouse, "recount", no_words),
        (published.Published, "losses", none),
        (controller, "lost_by_stores", none),
        (results.Results, "lose", nothing),
    ),
    "who leaves ends the process": ((FaultyRunner, "_called", called_past_all),),
    "who ends his process ends the controller's": ((Child, "call", with_its_process),),
    "nothing ends what hangs": ((FaultyRunner, "_end", for_half_a_day),),
    "what made no row is done": ((duck, "stage", nothing_is_missing),),
    "a game's sides have no order": ((balldontlie, "games_by_sides", in_any_order),),
    "rows of any day are the slate's": ((staging, "check", on_its_day),),
    "quotes that cannot be read are none": (
        (oddsapi, "read_json", none_where_unreadable),
        (oddsapi, "part", no_books),
        (oddsapi, "_begins", nothing),
        (oddsapi.Market, "_event_id", no_text),
    ),
    "the future is believed": (
        (sentinel, "is_ahead", lambda *_given: False),
        (sentinel.Sentinel, "_as_seen", lambda _sentinel, facts, _now: facts),
    ),
    "files are replaced without a look at the clock": ((published.Published, "_must_be_open", nothing),),
    "the door is open": (
        (reading, "number", first),
        (reading, "count", first),
        (statsnba, "number", first),
        (statsnba, "count", first),
        (statsnba, "text", first),
        (rows, "_out_of_range", none),
    ),
    "an answer that cannot be read is empty": (
        (statsnba, "read_json", none_where_unreadable),
        (statsnba, "result_set", no_rows_where_unshaped),
    ),
    "any start is believed": ((schedule, "start_on", any_start),),
    "who asks to be left alone is": (
        (refusals, "retry_after", as_long_as_asked),
        (results, "LONGEST_ASKED", A_MONTH),
        (host, "LONGEST_ASKED", A_MONTH),
    ),
    "an unknown market offers nothing": ((oddsapi, "_markets", known_markets),),
    "a season that cannot be read is empty": ((schedule, "_by_day", every_season),),
    "no system stands in for another": ((gates, "ways_to", lambda _book, _entry, reading: [reading]),),
    "whatever was trained serves": (
        (nba_rows, "misfit", no_text),
        (quantile_regression, "doubt_of", no_text),
    ),
    "one side is as good as two": ((publication, "one_sided", no_text),),
    "nothing bounds runs": (
        (results, "POLICIES", dict.fromkeys(POLICIES, AT_ONCE)),
        (Breaker, "rest", lambda *_given: timedelta(0)),
        (budget.RunBudget, "free_at", free_almost_always),
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
