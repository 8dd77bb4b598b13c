"""A clock that is ahead for an hour: the days come out as without it, in a running process and after a start."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from tipoff.app.instance import Instance, WorkSpec
from tipoff.app.parts import Parts
from tipoff.config import Settings
from tipoff.core.clock import Clock, SimClock, midnight, on_clock
from tipoff.core.home import Profile
from tipoff.core.slate import Season
from tipoff.leagues.catalog import league_named
from tipoff.leagues.nba.world.sample import SampleNba
from tipoff.ledger import Batch, Ledger, schema
from tipoff.sources.world import World

FIRST, DAYS = date(2030, 1, 7), 2
HOUR, DAY, NEVER = timedelta(hours=1), timedelta(days=1), timedelta(0)
SEASON = Season("sample", FIRST, FIRST + (DAYS + 4) * DAY)
MORNING = on_clock(FIRST + DAY, 8 * HOUR)


class Wrong:
    """A clock that differs from the true one by as much as a test says."""

    def __init__(self, true: SimClock) -> None:
        self.true, self.by = true, NEVER

    def now(self) -> datetime:
        return self.true.now() + self.by


@dataclass
class TrueWorld(Parts):
    """Providers answer in true time, whatever this side's clock says."""

    true: SimClock

    def transport(self, world: World, clock: Clock) -> httpx.BaseTransport:  # noqa: ARG002 -- see Parts
        return world.transport(self.true)


def days(home: Path, wrong: timedelta, since: datetime, until: datetime, *, killed_at: datetime | None) -> None:
    """Run two days in steps of half an hour, with the clock wrong by as much from one instant until another."""
    true = SimClock(midnight(FIRST) - 7 * HOUR)
    clock = Wrong(true)
    home.mkdir()
    with Ledger(home / "ledger.db") as ledger:
        batch = Batch()
        batch.fact("live since", str(FIRST), league="nba")
        batch.fact("world", "sample", league="nba")
        ledger.commit(batch)
    spec = WorkSpec(
        league=league_named("nba"),
        season=SEASON,
        days=(SEASON.first_day, SEASON.last_day),
        world=SampleNba(first_day=FIRST, days=len(SEASON.days()), season="sample"),
        profile=Profile.REPLAY,
    )
    instance = Instance(Settings(home=home), spec, clock, parts=TrueWorld(true))
    works = None
    while true.now() < midnight(FIRST) + DAYS * DAY + 16 * HOUR:
        clock.by = wrong if since <= true.now() < until else NEVER
        if works is None or true.now() == killed_at:
            instance.close()
            works = instance.open()
        works.tick(clock.now())
        true.sleep(HOUR / 2)
    instance.close()


def outcome(home: Path) -> tuple[set[tuple[str, str, str]], dict[str, object]]:
    """Return how each obligation stands, and which rows are published of each day."""
    with Ledger(home / "ledger.db", read_only=True) as ledger:
        rows = ledger.rows(select(schema.obligations).where(schema.obligations.c.day < FIRST + DAYS * DAY))
    files = (home / "published" / "nba" / "published_predictions").glob("*.json")
    return {(row["output"], str(row["day"]), row["state"]) for row in rows}, {
        file.stem: json.loads(file.read_text())["rows"] for file in files if file.stem < str(FIRST + DAYS * DAY)
    }


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[tuple[str, str, str]], dict[str, object]]:
    home = tmp_path_factory.mktemp("right") / "home"
    days(home, NEVER, MORNING, MORNING, killed_at=None)
    found = outcome(home)
    assert {state for *_, state in found[0]} == {"proven", "excused"}
    assert len(found[1]) == DAYS - 1  # of the first day's games nobody has a history
    return found


BEGIN = midnight(FIRST) - 8 * HOUR


@pytest.mark.parametrize(
    ("wrong", "since", "killed_at"),
    [
        (3 * DAY, MORNING, None),
        (3 * DAY, MORNING, MORNING + HOUR),
        (8 * HOUR, MORNING + 3 * HOUR, None),
        (3 * DAY, BEGIN, BEGIN + 2 * HOUR),
    ],
    ids=["ahead", "ahead, and killed before it is set", "ahead past tip-off", "ahead at the first start"],
)
def test_a_clock_that_was_wrong_costs_nothing_once_it_is_set(
    tmp_path: Path,
    right: tuple[set[tuple[str, str, str]], dict[str, object]],
    wrong: timedelta,
    since: datetime,
    killed_at: datetime | None,
) -> None:
    days(tmp_path / "home", wrong, since, since + (2 * HOUR if since == BEGIN else HOUR), killed_at=killed_at)

    assert outcome(tmp_path / "home") == right
