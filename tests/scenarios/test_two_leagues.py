"""Two leagues in one home, on one clock: each is as it would be by itself, killed or not."""

import dataclasses
import json
import os
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from benchmarks.content_hashes import Hashes, differences, hashes_of
from sqlalchemy import select
from tests.both_leagues import both
from tests.live import wait_until
from tests.samples import Samples
from tests.second_league import BATS, BatsWorld, bats_season
from tests.support import called, ledger_rows, published, tipoff

from tipoff.app.instance import ReplaySpec
from tipoff.app.live import LiveSpec, run_controllers, sample_live
from tipoff.app.replay import run_together
from tipoff.app.seasons import learned
from tipoff.config import Settings
from tipoff.core.clock import RealClock, Stop, pause, stopwatch
from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.severity import Severity
from tipoff.core.slate import Game, Season
from tipoff.drills.faults.hooks import POINTS
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Ledger, schema, watching
from tipoff.watch.sentinel import LIVE, judge_silence, read_facts

DAYS, LONG, KILLS = 2, 60, 20
NUMBERS = {"id", "run_id", "fence", "incident_id"}
MEASURED = {"cpu_ms", "took_ms", "worker", "settings_hash"}  # real time, processes, and the folder that the home is
APART = {"heartbeats", "leases", "facts", "numbers", "quota_use", "quota_levels"}


def replayed(home: Path, *specs: ReplaySpec, watched: bool = False) -> Path:
    run_together(Settings(home=home), specs, progress=lambda _: None, watched=watched)
    return home


@dataclass(frozen=True)
class Homes:
    together: Path
    alone: Mapping[str, Path]


def homes_in(folder: Path, days: int, *, watched: bool) -> Homes:
    alone = {spec.league.name: replayed(folder / spec.league.name, spec, watched=watched) for spec in both(days)}
    return Homes(replayed(folder / "together", *both(days), watched=watched), alone)


@pytest.fixture(scope="module")
def homes(samples: Samples) -> Homes:
    [_, bats] = both(DAYS)
    alone = {
        NBA.name: samples.made(DAYS, watched=True),
        BATS.name: samples.once(f"{DAYS}-bats", lambda home: replayed(home, bats, watched=True)),
    }
    return Homes(samples.once(f"{DAYS}-both", lambda home: replayed(home, *both(DAYS), watched=True)), alone)


def of_league(hashes: Hashes, league: str) -> Hashes:
    return {table: days for table, days in hashes.items() if table.startswith(f"{league}.")}


def rows_of(home: Path, league: str) -> dict[str, list[str]]:
    """Return every row of a league in every table that has one, without numbers and real time."""
    ledger = Ledger(home / "ledger.db", read_only=True)
    found = {}
    for name, table in schema.metadata.tables.items():
        if "league" in table.c and name not in APART:
            rows = ledger.rows(select(table).where(table.c.league == league))
            found[name] = sorted(json.dumps(plain(row), default=str, sort_keys=True) for row in rows)
    ledger.close()
    return found


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in NUMBERS | MEASURED}
    if "units" in kept and "digest" in kept:  # a proof names the run of each unit
        kept["units"] = [[*unit[:5], *unit[6:]] for unit in json.loads(kept["units"])]
    return kept


def test_each_leagues_content_is_that_of_a_home_of_its_own(homes: Homes) -> None:
    together = hashes_of(str(homes.together))

    for league, home in homes.alone.items():
        alone = hashes_of(str(home))
        assert len(alone) >= 4
        assert differences(alone, of_league(together, league)) == []
    assert published(homes.together) == published(homes.alone["nba"])


@pytest.mark.parametrize("league", ["nba", "bats"])
def test_no_column_but_numbers_differs_from_a_home_of_its_own(homes: Homes, league: str) -> None:
    together, alone = rows_of(homes.together, league), rows_of(homes.alone[league], league)

    assert together.keys() == alone.keys()
    assert {name: len(rows) for name, rows in together.items()} == {name: len(rows) for name, rows in alone.items()}
    assert [name for name in alone if together[name] != alone[name]] == []
    assert len(alone["runs"]) > 50


def test_nothing_is_wrong_with_either_and_each_has_its_digests(homes: Homes) -> None:
    ledger = Ledger(homes.together / "ledger.db", read_only=True)
    loud = ledger.rows(select(schema.findings).where(schema.findings.c.severity >= int(Severity.ERROR)))
    lost = ledger.rows(select(schema.obligations).where(schema.obligations.c.state.in_(["late", "lost"])))
    digests = ledger.rows(select(watching.notices.c.league).where(watching.notices.c.kind == "digest"))
    ledger.close()

    assert (loud, lost) == ([], [])
    assert {row["league"] for row in digests} == {"nba", "bats"}


def test_why_and_status_tell_of_one_league_alone(homes: Homes) -> None:
    day = bats_season(DAYS).first_day
    for command in (("status", "nba"), ("why", "nba", "schedule", str(day)), ("check", "workflow", "nba")):
        said, alone = (tipoff(*command, home=home).stdout for home in (homes.together, homes.alone["nba"]))
        assert "bats" not in said
        assert [line.split("run ")[0] for line in said.splitlines()][:3] == [
            line.split("run ")[0] for line in alone.splitlines()
        ][:3]


def test_a_day_whose_games_cannot_be_read_is_an_incident_that_names_the_line_and_the_other_days_go_on(
    tmp_path: Path,
) -> None:
    days = 3  # one before it, and one after
    broken = bats_season(days).first_day + timedelta(days=1)

    def read_games(rows: pa.Table) -> Sequence[Game]:
        return [] if broken in rows["day"].to_pylist() and rows["no such column"] else BATS.read_games(rows)

    [_, bats] = both(days)
    league = dataclasses.replace(bats.league, read_games=read_games)
    home = replayed(tmp_path / "home", dataclasses.replace(bats, league=league), watched=True)

    met = {"proven", "excused"}
    unmet = {row["day"] for row in ledger_rows(home, "obligations") if row["state"] not in met}
    failed = {(row["output"], row["day"]) for row in ledger_rows(home, "runs") if row["state"] == "failed"}
    told = [row["what"] for row in ledger_rows(home, "incidents")]
    assert (unmet, failed) == ({broken}, {("schedule", broken)})
    assert any("no such column" in what and "test_two_leagues.py:" in what for what in told), told


def killed_and_gone_on(home: Path, days: int, dice: random.Random, kills: int) -> int:
    """Replay both in processes that are killed at random points, and once more to the end; returns how often."""
    done = 0
    while done < kills:
        moment = f"{dice.choice((*POINTS, 'any', 'any'))}:{dice.randint(1, 60)}"
        ended = called(
            "tests.both_leagues", str(home), str(days), moment, environment=os.environ, cwd=Path(__file__).parents[2]
        )
        assert ended.returncode in {0, -9}, ended.stderr
        if ended.returncode == 0:
            break
        done += 1
    replayed(home, *both(days))
    return done


def test_killed_at_random_moments_both_hold_what_they_would_by_themselves(homes: Homes, tmp_path: Path) -> None:
    n_kills = killed_and_gone_on(tmp_path / "home", DAYS, random.Random(11), 4)  # noqa: S311 -- a test's dice

    assert n_kills >= 2
    together = hashes_of(str(tmp_path / "home"))
    for league, home in homes.alone.items():
        assert differences(hashes_of(str(home)), of_league(together, league)) == []


@pytest.mark.prove
def test_sixty_days_side_by_side_and_twenty_kills(tmp_path: Path) -> None:
    homes = homes_in(tmp_path, LONG, watched=False)
    n_kills = killed_and_gone_on(tmp_path / "killed", LONG, random.Random(7), KILLS)  # noqa: S311 -- a test's dice

    assert n_kills == KILLS
    for home in (homes.together, tmp_path / "killed"):
        found = hashes_of(str(home))
        for league, own in homes.alone.items():
            assert differences(hashes_of(str(own)), of_league(found, league)) == []
    ledger = Ledger(homes.together / "ledger.db", read_only=True)
    assert ledger.rows(select(schema.findings).where(schema.findings.c.severity >= int(Severity.ERROR))) == []
    assert ledger.rows(select(schema.obligations).where(schema.obligations.c.state.in_(["late", "lost"]))) == []
    ledger.close()


def test_live_both_tick_in_one_process_with_one_monitor_and_the_sentinel_is_silent(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, tick_every_s=0.3, look_every_s=0.3)
    clock, stop = RealClock(), Stop()
    nba = sample_live(settings, NBA, clock)
    assert nba.season is not None
    season = dataclasses.replace(nba.season, name="bats")
    world = partial(BatsWorld, DAYS, first=season.first_day)
    lives = [nba, LiveSpec(settings=settings, league=BATS, season=season, world=world)]
    said: list[str] = []
    running = threading.Thread(
        target=run_controllers, args=(lives, stop), kwargs={"monitored": True, "said": said.append}
    )
    running.start()
    began = stopwatch()
    ledger = Ledger(tmp_path / "ledger.db")
    try:
        while stopwatch() - began < 60:
            proven = {row["league"] for row in ledger.rows(select(schema.proofs.c.league).distinct())}
            beats = {row["name"] for row in ledger.rows(select(watching.heartbeats.c.name))}
            if proven == {"nba", "bats"} and len(beats) == 4:
                break
            pause(timedelta(milliseconds=200))
        silences = [
            judge_silence(read_facts(ledger, league, clock.now()), clock.now(), LIVE) for league in ("nba", "bats")
        ]
    finally:
        stop.set()
        running.join(timeout=60)
        ledger.close()

    assert not running.is_alive()
    assert beats == {"controller nba", "controller bats", "monitor nba", "monitor bats"}
    assert proven == {"nba", "bats"}
    assert silences == [[], []]
    assert said == []


def test_a_league_whose_season_nobody_tells_holds_no_other_up(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, tick_every_s=0.3, look_every_s=0.3)
    clock, stop = RealClock(), Stop()
    nba = sample_live(settings, NBA, clock)
    assert nba.season is not None
    world = partial(BatsWorld, DAYS, first=nba.season.first_day)
    bats = LiveSpec(settings=settings, league=BATS, season=dataclasses.replace(nba.season, name="bats"), world=world)

    def away() -> Season:
        msg = "its schedule cannot be reached"
        raise SourceError(msg, kind=ErrorKind.TRANSIENT, hint="")

    def learn(stop: Stop) -> Season | None:
        return learned(away, "nba", home=settings.place, mark="{}", clock=clock, stop=stop, said=said.append)

    def beats() -> set[str]:
        return {row["name"] for row in ledger_rows(tmp_path, "heartbeats")}

    lives = [dataclasses.replace(nba, season=None, learn=learn), bats]
    said: list[str] = []
    running = threading.Thread(
        target=run_controllers, args=(lives, stop), kwargs={"monitored": True, "said": said.append}
    )
    running.start()
    try:
        wait_until(lambda: "bats" in {row["league"] for row in ledger_rows(tmp_path, "proofs")}, timedelta(seconds=60))
        wait_until(lambda: len(beats()) == 4, timedelta(seconds=60))
    finally:
        stop.set()
        running.join(timeout=60)

    assert not running.is_alive()
    assert beats() == {"controller nba", "controller bats", "monitor nba", "monitor bats"}
    assert ["which season it is cannot be learned" in line for line in said] == [True]
