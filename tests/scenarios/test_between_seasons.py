"""Between seasons: known by the schedule's evidence, quiet, and over in the running process once the next one is published."""

import dataclasses
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.live import SECOND, since_days, wait_until
from tests.support import ledger_rows, recorded_spec

from tipoff.app.chores import AtOnce
from tipoff.app.live import LiveSpec, run_controllers
from tipoff.app.replay import run_together
from tipoff.app.seasons import BLIND_AFTER, LOOK_EVERY, NextSeason
from tipoff.config import Settings
from tipoff.core.clock import Clock, RealClock, Stop, league_day, midnight
from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.fault import Fault
from tipoff.core.severity import Severity
from tipoff.core.slate import Season
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.world.recorded import RecordedNba
from tipoff.leagues.nba.world.sample import SampleNba
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.facts import between_seasons, season_row
from tipoff.ledger.outside import OutsideStore
from tipoff.views.sources import read_outside, render_text
from tipoff.views.status import read_home, status_lines, status_of
from tipoff.views.why import why
from tipoff.watch.digest import digest, keep_score
from tipoff.watch.sentinel import LIVE

DAY = timedelta(days=1)
LAST = Season("2023-24", date(2023, 10, 24), date(2024, 4, 14))
NEXT = Season("2024-25", date(2024, 10, 22), date(2025, 4, 13))
JULY = datetime(2024, 7, 1, 16, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    made = Ledger(tmp_path / "ledger.db")
    batch = Batch()
    for key, value in {"live since": "2023-10-01", "world": "live", "since": "2023-10-01T00:00:00+00:00"}.items():
        batch.fact(key, value, league="nba")
    made.commit(batch)
    yield made
    made.close()


def known(ledger: Ledger, *seasons: Season) -> None:
    batch = Batch()
    for season in seasons:
        batch.add("seasons", season_row("nba", season, now=JULY - 3 * timedelta(hours=1), evidence="the schedule"))
    ledger.commit(batch)


def looking(shown: Callable[[], Season]) -> NextSeason:
    return NextSeason(league=NBA, season=LAST, shown=shown, chores=AtOnce())


def looks(next_season: NextSeason, ledger: Ledger, since: datetime, until: datetime) -> Season | None:
    """Look each hour, as a controller that ticks would; returns the first season that is found."""
    while since < until:
        found = next_season.look(ledger, since)
        if found is not None:
            return found
        since += timedelta(hours=1)
    return None


def test_during_a_season_nothing_is_asked_and_after_it_four_times_a_day(ledger: Ledger) -> None:
    asked: list[Season] = []

    def shown() -> Season:
        asked.append(LAST)
        return LAST

    assert looks(looking(shown), ledger, midnight(LAST.first_day), midnight(LAST.last_day)) is None
    assert asked == []
    begin = midnight(LAST.last_day + DAY)
    assert looks(looking(shown), ledger, begin, begin + 10 * DAY) is None
    assert len(asked) == 10 * DAY / LOOK_EVERY


def test_a_published_season_is_gone_on_with_and_knows_those_before_it(ledger: Ledger) -> None:
    known(ledger, LAST)

    found = looks(looking(lambda: NEXT), ledger, JULY, JULY + DAY)

    assert found == dataclasses.replace(NEXT, earlier=(LAST.first_day,))


def test_days_drawn_late_belong_to_the_season_that_is_worked_on(ledger: Ledger) -> None:
    with_play_offs = dataclasses.replace(LAST, last_day=date(2024, 6, 17))
    known(ledger, LAST)

    assert looks(looking(lambda: with_play_offs), ledger, midnight(LAST.last_day), midnight(LAST.last_day + DAY)) == (
        with_play_offs
    )
    shorter = dataclasses.replace(LAST, last_day=date(2024, 4, 1))
    assert looks(looking(lambda: shorter), ledger, JULY, JULY + DAY) is None


def test_a_schedule_that_cannot_be_seen_for_days_is_told_for_then_nobody_knows_that_nothing_is_owed(
    ledger: Ledger,
) -> None:
    def shown() -> Season:
        raise SourceError("cdn.nba.com answers 503", hint="wait", kind=ErrorKind.TRANSIENT)

    next_season = looking(shown)
    assert looks(next_season, ledger, JULY, JULY + BLIND_AFTER - timedelta(hours=1)) is None
    assert ledger.of("nba").findings() == []

    assert looks(next_season, ledger, JULY + BLIND_AFTER, JULY + BLIND_AFTER + DAY) is None

    told = ledger.of("nba").findings()
    assert {(one.check, one.cause, one.ok) for one in told} == {("season_is_known", "source:nba schedule", False)}
    assert "has not been seen since 2024-07-01 16:00 UTC: cdn.nba.com answers 503" in told[0].note


def test_the_digest_between_seasons_is_one_line_that_names_the_evidence(ledger: Ledger) -> None:
    known(ledger, LAST)

    message = digest(ledger, NBA, date(2024, 7, 1), JULY, ())

    assert message.title == "[nba] Mon 01 Jul: between seasons"
    [line] = message.lines
    assert line.startswith(
        "between seasons: 2023-24 ended on Sun 14 Apr 2024; no next one is published (the schedule, "
    )
    assert line.endswith("seen Mon 01 Jul 09:00 New York)")
    known(ledger, NEXT)
    [line] = digest(ledger, NBA, date(2024, 8, 20), JULY, ()).lines
    assert "2023-24 ended on Sun 14 Apr 2024; 2024-25 begins on Tue 22 Oct 2024" in line


def test_where_the_schedule_never_answered_it_is_said_so_and_not_that_nothing_was_owed(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        ledger.keep_facts({"no season": f"{JULY.isoformat()} cdn.nba.com cannot be reached"}, league="nba")
        line = (
            "which season it is cannot be learned since 2024-07-01 16:00 UTC, so nothing is planned: "
            "cdn.nba.com cannot be reached"
        )

        message = digest(ledger, NBA, date(2024, 7, 2), JULY, ())
        reason = why(ledger, NBA, "schedule", date(2024, 7, 2))
        with OutsideStore(tmp_path / "ledger.db") as store:
            outside = list(render_text(read_outside(store, ledger, NBA, JULY, begun=None), JULY))

    assert message.title == "[nba] Tue 02 Jul: which season it is cannot be learned"
    assert (message.lines[0], message.severity) == (line, Severity.ERROR)
    assert list(reason.sentences) == [f"schedule of 2024-07-02 is not planned: {line}"]
    assert outside[1:] == [f"  {line}"]


def test_the_last_day_of_a_season_is_told_in_full_on_the_morning_after(ledger: Ledger) -> None:
    known(ledger, LAST)
    morning = LAST.last_day + DAY

    message = digest(ledger, NBA, morning, midnight(morning) + timedelta(hours=11), ())

    assert message.title.startswith("[nba] Mon 15 Apr: yesterday ")
    assert any(line.startswith("between seasons: ") for line in message.lines)
    assert len(message.lines) > 5


def test_no_day_between_seasons_is_counted_clean(ledger: Ledger) -> None:
    known(ledger, LAST, NEXT)
    days = (LAST.first_day, date.max)

    keep_score(ledger, NBA, days, JULY)
    assert ledger.of("nba").scorecards() == []
    keep_score(ledger, NBA, days, midnight(LAST.last_day + 2 * DAY))

    assert [row["day"] for row in ledger.of("nba").scorecards()] == [LAST.last_day - DAY, LAST.last_day]


def test_status_says_that_it_is_between_seasons(ledger: Ledger) -> None:
    known(ledger, LAST)

    lines = status_lines(status_of(read_home(ledger, "nba", JULY), LIVE))

    assert any("between seasons: 2023-24 ended on Sun 14 Apr 2024; no next one is published" in line for line in lines)
    assert between_seasons(ledger, "nba", LAST.last_day) is None


# --- in a running process


class InTurn:
    """Two seasons of the sample league: the second one's schedule takes the first one's place once it is published."""

    name, fingerprint = "sample", "two seasons"
    faults: Sequence[Fault] = ()

    def __init__(self, first: SampleNba, second: SampleNba) -> None:
        self.seasons, self.is_published = (first, second), False

    @property
    def shown(self) -> SampleNba:
        return self.seasons[self.is_published]

    def describe(self) -> dict[str, str]:
        return self.shown.describe()

    def game_days(self, first: date, last: date) -> int:
        return sum(season.game_days(first, last) for season in self.seasons)

    def transport(self, clock: Clock) -> httpx.BaseTransport:
        transports = [season.transport(clock) for season in self.seasons]

        def answer(request: httpx.Request) -> httpx.Response:
            return transports[self.is_published].handle_request(request)

        return httpx.MockTransport(answer)


def test_the_next_season_begins_in_the_running_process(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = since_days(home, 4)
    today = league_day(RealClock().now())
    one = SampleNba(first_day=first, days=3, season="one")
    two = SampleNba(first_day=today, days=10, season="two", seed=8)
    world = InTurn(one, two)
    spec = LiveSpec(
        settings=Settings(home=home, tick_every_s=0.3, look_every_s=0.3),
        league=NBA,
        season=one.season,
        world=lambda: world,
        shown=lambda: world.shown.season,
        look_every=SECOND,
    )
    said: list[str] = []
    stop = Stop()
    running = threading.Thread(
        target=run_controllers, args=([spec], stop), kwargs={"monitored": True, "said": said.append}
    )

    def seasons() -> dict[str, date]:
        return {row["name"]: row["last_day"] for row in ledger_rows(home, "seasons")}

    def proven(output: str) -> set[date]:
        return {row["day"] for row in ledger_rows(home, "proofs") if row["output"] == output}

    running.start()
    try:
        wait_until(lambda: "one" in seasons() and one.season.last_day in proven("schedule"), 90 * SECOND)
        assert "two" not in seasons()
        world.is_published = True
        wait_until(lambda: today in proven("schedule"), 90 * SECOND)
    finally:
        stop.set()
        running.join(timeout=60)

    assert not running.is_alive()
    of_seasons = [
        line for line in said if "in earlier seasons" not in line
    ]  # of what no model knows there are lines too
    assert of_seasons == [f"nba: the season two, {two.season.first_day} to {two.season.last_day}"]
    assert seasons() == {"one": one.season.last_day, "two": two.season.last_day}
    owed = {(row["day"], row["season"]) for row in ledger_rows(home, "obligations") if row["output"] == "schedule"}
    assert (today, "two") in owed
    assert {season for day, season in owed if day <= one.season.last_day} == {"one"}
    gap = today - DAY
    assert gap not in {day for day, _ in owed}
    assert [
        row for row in ledger_rows(home, "findings") if row["day"] == gap and row["severity"] >= Severity.ERROR
    ] == []


# --- days without games in a season


@pytest.mark.data
@pytest.mark.parametrize(
    ("span", "free"),
    [
        ((date(2020, 2, 13), date(2020, 2, 20)), 6),  # the all-star break
        ((date(2020, 3, 11), date(2020, 3, 14)), 3),  # a season that is stopped
        pytest.param((date(2020, 3, 11), date(2020, 7, 30)), 140, marks=pytest.mark.prove),  # until it went on
    ],
)
def test_days_without_games_in_a_season_are_excused_by_the_schedule(
    data: Path, tmp_path: Path, span: tuple[date, date], free: int
) -> None:
    spec = recorded_spec(RecordedNba(data, "2019-20"), span)
    run_together(Settings(home=tmp_path / "home"), [spec], progress=lambda _: None, watched=True)

    owed = ledger_rows(tmp_path / "home", "obligations")
    empty = {row["day"]: row for row in owed if row["output"] == "schedule" and row["state"] == "excused"}
    assert len(empty) == free
    ledger = Ledger(tmp_path / "home" / "ledger.db", read_only=True)
    said = {proof.day: proof.units["slate"] for proof in ledger.load("nba").proofs if proof.output == "schedule"}
    ledger.close()
    assert {said[day].excuse for day in empty} == {"no games scheduled"}
    assert [row for row in owed if row["state"] in {"late", "lost"}] == []
    found = ledger_rows(tmp_path / "home", "findings")
    assert [row for row in found if row["severity"] >= Severity.ERROR and not row["ok"]] == []
