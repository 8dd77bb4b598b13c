"""A look of the monitor that its ledger cuts off: the next one does what is left, and the morning has its digest."""

from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.test_status import incident

from tipoff.app.watching import doubted
from tipoff.core.clock import on_clock
from tipoff.core.errors import LedgerError
from tipoff.core.home import Profile
from tipoff.core.incident import Incident
from tipoff.core.proof import Proof, UnitProof
from tipoff.core.records import ObligationRecord
from tipoff.core.severity import Severity
from tipoff.engine.ledger_rows import tick_row
from tipoff.engine.starting import Identity
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Batch, Ledger, schema, watching
from tipoff.ledger.alerts import CLAIM, AlertChanges, AlertStore
from tipoff.ledger.rows import finding
from tipoff.watch.digest import digest, without_rows
from tipoff.watch.messages import event_of
from tipoff.watch.monitor import Monitor, SentinelView
from tipoff.watch.notices import Channel

FIRST, DAY = date(2024, 1, 10), timedelta(days=1)
MOST = 250  # calls of a ledger in a look, one of which breaks each day


class Breaks:
    """Refuses the call of a ledger with this number, once."""

    def __init__(self) -> None:
        self.left = 0

    def watch(self, patch: pytest.MonkeyPatch, of: type, name: str) -> None:
        honest: Callable[..., Any] = getattr(of, name)

        def call(*given: Any, **more: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                msg = "the server is gone"
                raise LedgerError(msg)
            return honest(*given, **more)

        patch.setattr(of, name, call)


def monitor_of(ledger: Ledger, store: AlertStore, **more: Any) -> Monitor:
    """Return a monitor from the first day on, which sends nothing."""
    return Monitor(
        league=NBA,
        days=(FIRST, date.max),
        ledger=lambda: ledger,
        store=store,
        channels=[],
        send=lambda _channel, _message: None,
        build="b",
        **more,
    )


@pytest.mark.parametrize("stopped", [False, True], ids=["never", "before a stop"])
def test_a_digest_waits_for_the_first_decision_since_it_began_and_ten_minutes_at_most(
    tmp_path: Path, *, stopped: bool
) -> None:
    path, noon, minute = tmp_path / "ledger.db", on_clock(FIRST, timedelta(hours=12)), timedelta(minutes=1)
    with closing(Ledger(path)) as ledger, AlertStore(path) as store:
        if stopped:
            batch, mine = Batch(), Identity(build="b", settings_hash="s", worker="w", holder="h")
            counts = {"n_judged": 1, "n_run": 0, "n_quiet": 0}
            batch.add("ticks", tick_row("nba", mine, [], counts, now=noon - 3 * DAY))
            ledger.commit(batch)
        monitor = monitor_of(ledger, store, since=noon)
        monitor.look(noon)
        monitor.look(noon + 9 * minute)
        early = ledger.of("nba").obligation("digest", FIRST)
        monitor.look(noon + 10 * minute)

        assert early is None
        assert ledger.of("nba").obligation("digest", FIRST) is not None


@pytest.mark.parametrize("off", [False, True], ids=["slept", "was off"])
@pytest.mark.parametrize(("fell_silent_min", "told_after_min"), [(0, 10), (-12, 0)])
def test_a_sentinel_that_was_away_with_the_machine_has_its_time_to_come_back(
    tmp_path: Path, fell_silent_min: int, told_after_min: int, *, off: bool
) -> None:
    minute, began = timedelta(minutes=1), on_clock(FIRST, timedelta(hours=9))
    beat = {"sentinel": {"at": began + fell_silent_min * minute}}
    with closing(Ledger(tmp_path / "ledger.db")) as ledger, AlertStore(tmp_path / "ledger.db") as store:

        def monitor() -> Monitor:
            return monitor_of(
                ledger, store, sentinel=SentinelView(read=lambda _now: ((), beat), silent_after=10 * minute)
            )

        one = monitor()
        one.look(began)
        back = began + timedelta(hours=8)
        one = monitor() if off else one
        told = []
        for n in (0, 5, 9, 10):
            one.look(back + n * minute)
            told += [n for incident in store.incidents("nba", now=back) if incident.cause == "sentinel"][:1]

    assert told[:1] == [told_after_min]


def test_since_when_all_that_an_incident_touched_is_in_order_again_is_written_down_while_it_is_open(
    tmp_path: Path,
) -> None:
    minute, began = timedelta(minutes=1), on_clock(FIRST, timedelta(hours=9))
    beat = {"sentinel": {"at": began - 20 * minute}}
    with closing(Ledger(tmp_path / "ledger.db")) as ledger, AlertStore(tmp_path / "ledger.db") as store:
        monitor = monitor_of(
            ledger, store, sentinel=SentinelView(read=lambda _now: ((), beat), silent_after=10 * minute)
        )
        monitor.look(began)
        beat["sentinel"]["at"] = began + minute
        for n in (1, 2):
            monitor.forget()  # as a live one before each look
            monitor.look(began + n * minute)
        [incident] = store.incidents("nba", now=began + 2 * minute)

    assert (incident.cause, incident.is_open) == ("sentinel", True)
    assert list(incident.effects.values()) == [began + minute]


def owed_row(output: str, state: str, due_at: datetime, *, day: date = FIRST) -> dict[str, Any]:
    row = {"league": "nba", "output": output, "day": day, "season": "", "state": state, "since": due_at}
    row |= {"opens_at": due_at, "due_at": due_at, "not_before": None, "failures": 0, "polls": 0, "n_units": 1}
    row |= {"n_proven": 0, "n_excused": 0, "missing": "[]", "excused": "{}", "attempted": "{}"}
    return row | {"verb": "SKIP", "reason": "a reason"}


def test_a_digest_names_what_is_lost_and_the_worst_incident_first(tmp_path: Path) -> None:
    due_at = on_clock(FIRST, timedelta(hours=18))
    incidents = incident("source:a"), incident("source:b", severity=Severity.CRITICAL)
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        batch = Batch()
        for output in ("a", "b", "c", "d", "e", "f", "published"):
            batch.add("obligations", owed_row(output, "lost" if output == "published" else "late", due_at))
        ledger.commit(batch)

        lines = digest(ledger, NBA, FIRST + DAY, on_clock(FIRST + DAY, timedelta(hours=11)), incidents).lines

    told = [line.split()[:2] for line in lines if line.startswith(("  L", "  C", "  E"))]
    assert told[0] == ["LOST", "published:"]
    assert told[-2:] == [["CRITICAL", "b"], ["ERROR", "a"]]


def test_a_digest_names_what_was_lost_on_days_of_which_none_told(tmp_path: Path) -> None:
    now = on_clock(FIRST + 4 * DAY, timedelta(hours=11))
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        batch = Batch()
        for day, since in ((FIRST, now - 2 * DAY), (FIRST + DAY, now - DAY / 2), (FIRST + 2 * DAY, now - DAY / 2)):
            batch.add("obligations", owed_row("first", "lost", since, day=day))
        ledger.commit(batch)

        lines = digest(ledger, NBA, FIRST + 4 * DAY, now, ()).lines

    found = "LOST before, and found since: 1 output of 2024-01-11, 1 output of 2024-01-12; tipoff grid nba"
    assert [line for line in lines if line.startswith("LOST")] == [found]


def test_a_digest_tells_runs_that_a_stop_cut_off_from_those_that_failed(tmp_path: Path) -> None:
    now = on_clock(FIRST + DAY, timedelta(hours=11))
    run = {
        "league": "nba",
        "output": "first",
        "day": FIRST,
        "units": "[]",
        "attempt": 1,
        "worker": "w",
        "as_of": now - DAY / 2,
    }
    run |= {"started_at": now - DAY / 2, "lease_until": now - DAY / 4}
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        batch = Batch()
        for number, state, ended_at in (
            (1, "finished", now - DAY / 3),
            (2, "expired", now - DAY / 3),
            (3, "expired", now - DAY / 4),
        ):
            batch.add("runs", run | {"id": number, "state": state, "ended_at": ended_at})
        counts, mine = (
            {"n_judged": 1, "n_run": 0, "n_quiet": 0},
            Identity(build="b", settings_hash="s", worker="w", holder="h"),
        )
        batch.add("ticks", tick_row("nba", mine, [], counts, now=now))
        ledger.commit(batch)

        [alive, *_] = digest(ledger, NBA, FIRST + DAY, now, ()).lines

    assert alive.endswith("; 3 runs in 24 h, 1 failed, 1 cut off by a stop")


@pytest.mark.parametrize(
    ("due_after", "answer", "line"),
    [
        (46, "complete so far", "  WAITING second: not yet open, due Thu 22:00 New York"),
        (34, "NOT complete", "  WAITING second: not yet open"),
    ],
)
def test_a_digest_calls_a_day_not_complete_only_for_what_is_due(
    tmp_path: Path, due_after: int, answer: str, line: str
) -> None:
    hour = timedelta(hours=1)
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        batch = Batch()
        for output, state, n_proven, due_at in (
            ("first", "proven", 1, on_clock(FIRST, 20 * hour)),
            ("second", "waiting", 0, on_clock(FIRST, due_after * hour)),
        ):
            batch.add("obligations", owed_row(output, state, due_at) | {"n_proven": n_proven, "reason": "not yet open"})
        ledger.commit(batch)

        message = digest(ledger, NBA, FIRST + DAY, on_clock(FIRST + DAY, 11 * hour), ())

    assert message.title == f"[nba] Thu 11 Jan: yesterday {answer}"
    assert line in message.lines


def test_a_publication_without_a_row_is_told_with_the_reasons_that_stand_in_its_proof_alone() -> None:
    output, at = "published_predictions", on_clock(FIRST, timedelta(hours=10))
    owed = ObligationRecord(
        output=output,
        day=FIRST,
        state="excused",
        since=at,
        due_at=at,
        not_before=None,
        failures=0,
        n_units=2,
        n_proven=0,
        n_excused=2,
        missing=(),
        excused={"a": "postponed"},
        verb="WAIT",
        reason="nothing is owed",
    )
    unit = UnitProof(unit="b", n_rows=0, content_hash="", excuse="nobody is predicted yet")
    proof = Proof(league="nba", output=output, day=FIRST, fence=1, made_at=at, step_version="v", units={"b": unit})

    [line] = without_rows(NBA, [owed], lambda _output, _day: proof)

    assert line.endswith("has no row, 2 units excused: nobody is predicted yet; postponed")


def test_wherever_a_ledger_breaks_in_the_mornings_look_the_digest_is_sent_by_a_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, day, breaks = tmp_path / "ledger.db", FIRST, Breaks()
    with closing(Ledger(path, profile=Profile.REPLAY)) as ledger, AlertStore(path, profile=Profile.REPLAY) as store:
        monitor = Monitor(
            league=NBA,
            days=(FIRST, date.max),
            ledger=lambda: ledger,
            store=store,
            channels=[Channel(name="ops", url="")],
            send=lambda _channel, _message: None,
            build="b",
        )
        for of, name in ((Ledger, "rows"), (Ledger, "commit"), (AlertStore, "write"), (AlertStore, "_change")):
            breaks.watch(monkeypatch, of, name)
        for breaks.left in range(1, MOST):
            now = on_clock(day, timedelta(hours=11, minutes=1))
            try:
                monitor.look(now)
            except LedgerError:
                monitor.look(now)
                monitor.look(now + 2 * CLAIM)
            else:
                break
            day += DAY
        breaks.left = 0
        sent = store.rows(select(watching.notices.c.key).where(watching.notices.c.state == "sent"))
        proven = ledger.rows(select(schema.obligations.c.day).where(schema.obligations.c.state == "proven"))

    days = [FIRST + n * DAY for n in range((day - FIRST).days + 1)]
    assert 20 < len(days) < MOST
    assert [row["key"] for row in sent] == [f"ops|nba|digest|{of}" for of in days]
    assert [row["day"] for row in proven] == days


def test_a_digest_that_a_clock_ahead_called_lost_is_owed_again_once_the_clock_is_right(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / "ledger.db")) as ledger, AlertStore(tmp_path / "ledger.db") as store:
        monitor = monitor_of(ledger, store)
        states = []
        for at in (on_clock(FIRST, timedelta(hours=12)), on_clock(FIRST + 900 * DAY, timedelta(hours=12))):
            monitor.look(at)
            states += [owed.state for owed in [ledger.of("nba").obligation("digest", FIRST + DAY)] if owed]

        monitor.look(on_clock(FIRST, timedelta(hours=12, minutes=1)))

        owed = ledger.of("nba").obligation("digest", FIRST + DAY)
        assert (states, owed.state if owed else "") == (["waiting", "lost"], "waiting")


def test_schedules_that_lacked_games_which_others_named_are_asked_again_each_morning_for_a_fortnight(
    tmp_path: Path,
) -> None:
    with closing(Ledger(tmp_path / "ledger.db", profile=Profile.REPLAY)) as ledger:
        batch = Batch()
        for of in (FIRST, FIRST + 3 * DAY, FIRST + 20 * DAY):
            where, now = (NBA.name, "espn_games", of), on_clock(of, timedelta(hours=12))
            batch.add("findings", finding(where, "games_are_expected", "source:espn", Severity.ERROR, "", now=now))
        ledger.commit(batch)

        asked = [doubted(NBA, ledger, FIRST + back * DAY) for back in (-1, 3, 15, 18)]

    first, later = (NBA.schedule, FIRST), (NBA.schedule, FIRST + 3 * DAY)
    assert asked == [[], [first, later], [later], []]


@pytest.mark.parametrize(
    ("check", "asked"),
    [("nba_player_boxscores.zero_is_signed", True), ("player_boxscores.is_what_its_inputs_give", False)],
)
def test_a_source_is_asked_again_for_what_it_said_and_not_for_what_was_made_of_it(
    tmp_path: Path, check: str, *, asked: bool
) -> None:
    [looks] = [one for one in NBA.checks if one.name == check]
    at = on_clock(FIRST, timedelta(hours=12))
    measured = {"league": NBA.name, "day": FIRST, "check": check, "status": "failed", "severity": int(Severity.ERROR)}
    measured |= {
        "measure": looks.measure,
        "failing": "[]",
        "note": "",
        "took_ms": 0.0,
        "cause": f"data:{looks.about}",
        "at": at,
    }
    with closing(Ledger(tmp_path / "ledger.db", profile=Profile.REPLAY)) as ledger:
        batch = Batch()
        batch.add("measured", measured)
        ledger.commit(batch)

        found = doubted(NBA, ledger, FIRST)

    assert "nba_player_boxscores" in looks.tables
    assert (("nba_player_boxscores", FIRST) in found) is asked


@pytest.mark.parametrize(("silent_min", "told_by"), [(0, "sentinel"), (30, "monitor")])
def test_what_a_sentinel_told_before_it_stopped_keeps_nothing_from_being_told(
    tmp_path: Path, silent_min: int, told_by: str
) -> None:
    minute, now = timedelta(minutes=1), on_clock(FIRST, timedelta(hours=9))
    beat = {"sentinel": {"at": now - silent_min * minute}}
    open_there = Incident(
        league=NBA.name,
        cause="controller",
        check="controller_is_alive",
        what="it has decided nothing",
        severity=Severity.ERROR,
        told=int(Severity.ERROR),
        told_by="sentinel",
        opened_at=now - 2 * DAY,
        changed_at=now - 2 * DAY,
        effects={f"|{FIRST}|controller_is_alive": None},
    )
    with closing(Ledger(tmp_path / "ledger.db")) as ledger, AlertStore(tmp_path / "ledger.db") as store:
        view = SentinelView(read=lambda _now: ([open_there], beat), silent_after=10 * minute)
        monitor = monitor_of(ledger, store, sentinel=view)
        monitor.look(now - minute)
        where = (NBA.name, "", FIRST)
        ledger.add("findings", finding(where, "controller_ends_well", "controller", Severity.ERROR, "", now=now))
        monitor.look(now)
        told = {one.cause: one.told_by for one in store.incidents("nba", now=now)}

    assert told["controller"] == told_by


def test_what_was_accepted_before_an_incident_came_back_says_nothing_of_its_end(tmp_path: Path) -> None:
    now = on_clock(FIRST, timedelta(hours=9))
    wrong = Incident(
        league=NBA.name,
        cause="data:games",
        check="games.add_up",
        what="one game",
        severity=Severity.ERROR,
        opened_at=now,
        changed_at=now,
    )
    with closing(Ledger(tmp_path / "ledger.db")) as ledger, AlertStore(tmp_path / "ledger.db") as store:
        store.number([wrong])
        store.write(AlertChanges(incidents=[wrong]))
        monitor, left = monitor_of(ledger, store), []
        for kind, note in (("opened", "one game"), ("accepted", "it is so"), ("reopened", "another game")):
            store.act(wrong.id, event_of(kind, "ada", note, now))
            left.append(monitor._left(wrong))  # noqa: SLF001 -- what its last message says

    assert left == ["", "ada found right what is left of it: it is so", ""]
