"""What follows from a stop is the stop's incident: one cause, however much came late because of it.

Longer stops, and a week of runs that nobody makes, are the claim `stops`.
"""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, text
from tests.checked import proven

from tipoff.app.instance import Instance, ReplaySpec
from tipoff.app.loop import replay
from tipoff.app.watching import EARLIEST, PREGAME_AT, CheckTimes, first_tip
from tipoff.config import Settings
from tipoff.core.check import Cadence
from tipoff.core.clock import SimClock, midnight
from tipoff.core.home import Profile
from tipoff.core.severity import Severity
from tipoff.core.slate import Season
from tipoff.drills.faults.files import read_faults
from tipoff.drills.instance import drill_instance
from tipoff.engine.plan import opening_of
from tipoff.leagues.nba.league import NBA, sample_season
from tipoff.leagues.nba.world.sample import SampleNba
from tipoff.ledger import Batch, Ledger, schema, watching
from tipoff.ledger.alerts import AlertStore

DAYS = 4


def incidents_after(home: Path, fault: dict[str, object]) -> list[tuple[str, bool]]:
    """Replay some sample days with one fault under every check; return causes of error, and whether each is open."""
    season = sample_season(DAYS)
    faults = read_faults([fault], season.first_day)
    world = SampleNba(first_day=season.first_day, days=DAYS, season=season.name, faults=faults)
    clock = SimClock(opening_of(NBA, season, season.first_day))
    stage, outages, watch = drill_instance(home, NBA, season, world, clock, faults, checks=True)
    try:
        until = clock.now() + timedelta(days=DAYS + 3)
        replay(stage, clock, until=until, progress=lambda _: None, outages=outages, look=watch.look)
    finally:
        watch.close()
        stage.close()
    store = AlertStore(home / "ledger.db")
    rows = store.rows(select(watching.incidents).where(watching.incidents.c.severity >= int(Severity.ERROR)))
    store.close()
    return [(row["cause"], row["closed_at"] is None) for row in rows]


def test_a_stop_over_two_evenings_is_one_incident_that_ends(tmp_path: Path) -> None:
    fault: dict[str, object] = {"kind": "controller", "how": "stopped", "from": "day 1 23:00", "to": "day 3 20:00"}

    assert incidents_after(tmp_path, fault) == [("controller", False)]


def test_what_was_due_before_a_home_first_ran_wakes_nobody(tmp_path: Path) -> None:
    season = Season("sample", sample_season(1).first_day, sample_season(3).last_day)
    world = SampleNba(first_day=season.first_day, days=3, season=season.name)
    clock = SimClock(midnight(season.first_day) + timedelta(hours=45))
    stage, outages, watch = drill_instance(tmp_path, NBA, season, world, clock, ())
    try:
        replay(stage, clock, until=clock.now() + timedelta(hours=2), progress=lambda _: None, outages=outages)
        findings = stage.ledger.rows(select(schema.findings).where(schema.findings.c.check == "obligation_is_met"))
        owed = schema.obligations
        states = stage.ledger.rows(select(owed.c.state, owed.c.reason).where(owed.c.day == season.first_day))
    finally:
        watch.close()
        stage.close()

    assert findings == []
    assert {row["state"] for row in states} <= {"proven", "excused", "open", "held"}


def test_slates_whose_schedule_was_due_before_a_home_first_ran_are_not_examined() -> None:
    season = sample_season(3)
    since = midnight(season.first_day) + timedelta(hours=45)
    now = midnight(season.last_day) + timedelta(hours=36)

    due = CheckTimes(NBA, season, since=since).due(now, lambda _day: None)

    assert [day for day, _ in due] == [season.last_day]


def test_a_day_without_games_is_looked_at_before_any_could_begin(tmp_path: Path) -> None:
    season = sample_season(3)
    ledger, day = Ledger(tmp_path / "ledger.db"), season.last_day
    times, now = CheckTimes(NBA, season), midnight(day) + EARLIEST - PREGAME_AT

    unknown = times.due(now, partial(first_tip, ledger, NBA))
    batch = Batch()
    batch.add("proofs", proven("schedule", {"slate": 0}, excuse="no games scheduled") | {"day": day})
    ledger.commit(batch)
    early, found = (times.due(at, partial(first_tip, ledger, NBA)) for at in (now - timedelta(minutes=1), now))
    ledger.close()

    assert (day, Cadence.PREGAME) not in [*unknown, *early]
    assert (day, Cadence.PREGAME) in found


def test_a_slate_stays_due_until_it_has_been_examined() -> None:
    season = sample_season(3)
    times = CheckTimes(NBA, season)
    now = midnight(season.last_day) + timedelta(hours=12)

    cut_off, again = (times.due(now, lambda _day: now) for _ in range(2))
    for day, cadence in again:
        times.did(day, cadence, now)

    assert (season.last_day, Cadence.PREGAME) in cut_off
    assert (season.first_day, None) in cut_off
    assert again == cut_off
    assert times.due(now, lambda _day: now) == []


@pytest.mark.parametrize(("profile", "synchronous"), [(Profile.LIVE, 2), (Profile.REPLAY, 1)])
def test_what_runs_live_survives_a_loss_of_power_and_a_replay_need_not(
    tmp_path: Path, profile: Profile, synchronous: int
) -> None:
    season = sample_season(1)
    world = SampleNba(first_day=season.first_day, days=1, season=season.name)
    days = season.first_day, season.last_day
    spec = ReplaySpec(league=NBA, season=season, days=days, world=world, profile=profile)
    stage = Instance(Settings(home=tmp_path), spec, SimClock(midnight(season.first_day)))
    try:
        stage.open()
        [row] = stage.ledger.rows(text("PRAGMA synchronous"))
    finally:
        stage.close()

    assert row["synchronous"] == synchronous


def test_what_a_clock_that_was_ahead_took_for_examined_is_examined_when_its_day_comes() -> None:
    season = sample_season(3)
    times, now = CheckTimes(NBA, season), midnight(season.last_day) + timedelta(hours=12)
    for day, cadence in times.due(now, lambda _day: None):
        times.did(day, cadence, now)

    times.due(now - timedelta(days=1), lambda _day: None)

    assert (season.last_day - timedelta(days=1), None) in times.due(now, lambda _day: None)
