"""Which season it is, asked of a schedule that does not answer at first."""

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tipoff.app import chores, lanes
from tipoff.app.seasons import learned
from tipoff.core.clock import RealClock, SimClock, Stop, stopwatch
from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.home import Home
from tipoff.core.slate import Season
from tipoff.ledger import Ledger
from tipoff.watch.sentinel import Facts, read_facts

NOON = datetime(2024, 1, 10, 17, tzinfo=UTC)
SEASON = Season("2023-24", NOON.date(), NOON.date())


class Waited(SimClock):
    """A clock that is moved on by waiting."""

    speed = 1.0

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self.pauses: list[float] = []

    def timer(self, length: timedelta) -> Callable[[], float]:
        self.pauses.append(length.total_seconds())
        self.sleep(length)
        return lambda: 0.0


def test_a_schedule_is_asked_until_it_answers_and_meanwhile_watchers_know_since_when_it_does_not(
    tmp_path: Path,
) -> None:
    home, clock = Home(tmp_path), Waited(NOON)
    said: list[str] = []
    seen: list[Facts] = []

    def learn() -> Season:
        if clock.pauses:
            with closing(Ledger(home.ledger)) as ledger:
                seen.append(read_facts(ledger, "nba", clock.now()))
        if len(clock.pauses) < 6:
            msg = "boxes.example cannot be reached"
            raise SourceError(msg, kind=ErrorKind.TRANSIENT, hint="is there a network?")
        return SEASON

    found = learned(learn, "nba", home=home, mark="{}", clock=clock, stop=Stop(), said=said.append)

    assert found == SEASON
    assert clock.pauses == [5, 10, 20, 40, 60, 60]
    assert said == [
        "nba: which season it is cannot be learned: boxes.example cannot be reached; it is asked again, each minute at the least"
    ]
    assert {(one.no_season.since, one.no_season.why) for one in seen if one.no_season} == {
        (NOON, "boxes.example cannot be reached")
    }
    assert all(one.alive_at is not None for one in seen)
    with closing(Ledger(home.ledger)) as ledger:
        assert read_facts(ledger, "nba", clock.now()).no_season is None


@pytest.mark.parametrize("limit", [chores.LIMIT, -lanes.GRACE], ids=["in its time", "beyond it"])
def test_who_stops_does_not_wait_for_a_schedule_that_hangs(
    limit: timedelta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "LIMIT", limit)
    monkeypatch.setattr(lanes, "_ENDING", timedelta(seconds=0.1))
    stop, answers = Stop(), threading.Event()

    def hangs() -> Season:
        stop.set()
        answers.wait()
        return SEASON

    try:
        began = stopwatch()
        found = learned(
            hangs, "nba", home=Home(tmp_path), mark="{}", clock=RealClock(), stop=stop, said=lambda _line: None
        )
        assert (found, stopwatch() - began < 10) == (None, True)
    finally:
        answers.set()
