"""Waivers, the boundary report and backfill: what a person does about days that are not whole."""

import dataclasses
import json
import shutil
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.samples import Samples
from tests.support import ledger_rows, proofs, sample_spec, tipoff

from tipoff.app.backfill import render_text
from tipoff.app.instance import Instance, clock_of
from tipoff.app.loop import Outage, replay
from tipoff.app.replay import run_together
from tipoff.config import Settings
from tipoff.core.clock import SimClock, midnight
from tipoff.core.fault import Fault
from tipoff.core.home import Home
from tipoff.core.obligation import NOT_KEPT_YET
from tipoff.drills.faults.parts import FaultyParts
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Ledger

SAMPLE = ("--world", "sample")


@pytest.fixture(scope="module")
def once_held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("held")
    faults = folder / "faults.toml"
    never = '[[faults]]\nkind = "http"\nhow = "empty"\n{}\nfrom = "day 2 00:00"\nto = "day 9 00:00"\n'
    faults.write_text(never.format('url = "DateTo=01%2F08%2F2030"') + never.format('host = "balldontlie"'))
    home = folder / "home"
    done = tipoff("replay", "nba", "sample:2", *SAMPLE, "--faults", str(faults), "--json", home=home)
    assert done.returncode == 1, done.stderr
    return home


@pytest.fixture
def held(once_held: Path, tmp_path: Path) -> Path:
    """A home in which no source ever gave the second day, so that its player_games is held."""
    return shutil.copytree(once_held, tmp_path / "home")


def test_what_a_gate_holds_and_why_is_shown_with_exit_3(held: Path) -> None:
    gates = tipoff("gate", "list", "nba", home=held)
    boundary = tipoff("boundary", "nba", "2030-01-08", "--json", home=held)

    assert gates.returncode == 3
    assert "HELD player_games 2030-01-08 by team_games" in gates.stdout
    assert boundary.returncode == 3
    [edge] = [
        edge
        for edge in json.loads(boundary.stdout)["edges"]
        if (edge["output"], edge["input"]) == ("player_games", "team_games")
    ]
    assert edge["gate"] == "held"
    assert edge["arrived"] == 0
    assert len(edge["missing"]) == edge["expected"] > 0


@pytest.mark.parametrize("asked", [("--from", "2031-01-01"), ("--from", "2030-01-08", "--to", "2030-01-07")])
def test_a_grid_of_days_that_the_home_does_not_know_is_refused(asked: tuple[str, ...], once_held: Path) -> None:
    grid = tipoff("grid", "nba", *asked, home=once_held)

    assert (grid.returncode, grid.stdout) == (2, "")
    assert "known are the days from 2030-01-07 to 2030-01-08" in grid.stderr


def test_a_gate_that_held_a_game_until_it_was_put_off_holds_nothing_any_more(held: Path) -> None:
    with sqlite3.connect(held / "ledger.db") as ledger:
        ledger.execute(
            "UPDATE obligations SET state = 'proven', missing = '[]' WHERE day = '2030-01-08' AND state NOT IN ('excused')"
        )
    ledger.close()

    gates = tipoff("gate", "list", "nba", home=held)
    boundary = tipoff("boundary", "nba", "2030-01-08", home=held)

    assert (gates.returncode, gates.stdout) == (0, "0 gates hold, 0 waivers were ever made\n")
    assert boundary.returncode == 0
    assert "held" not in boundary.stdout


def test_days_of_the_sample_league_are_named_as_any_others_and_its_world_need_not_be(
    samples: Samples, tmp_path: Path
) -> None:
    home = samples.copy(2, tmp_path / "home")

    done = tipoff("backfill", "nba", "2030-01-07", "--dry-run", home=home)
    beyond = tipoff("backfill", "nba", "2030-01-07..2030-01-20", "--dry-run", home=home)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "nba 2030-01-07 to 2030-01-07: nothing that could be made is missing or outdated\n"
    assert "goes beyond the season sample, which ends on 2030-01-08" in beyond.stderr


def test_what_days_owe_whose_schedule_is_not_known_is_not_said_to_take_no_time() -> None:
    asked = {"league": "nba", "from": "2030-01-07", "to": "2030-01-08", "runs": {"schedule": 2}, "waiting": {}}
    plan = {"days_without_schedule": 2, "requests": {"nba schedule": 2}, "estimate_s": 0.0, "dry_run": True}

    told = render_text(asked | plan)

    assert "  2 days whose schedule is not known yet: what they owe is seen then" in told
    assert "  requests: 2 to nba schedule; about 0.0 s of work, and what these days owe" in told


def test_a_replay_whose_ledger_cannot_be_written_says_so_once(tmp_path: Path) -> None:
    faults = tmp_path / "faults.toml"
    faults.write_text(
        '[[faults]]\nkind = "ledger"\nhow = "locked"\nsays = "disk full"\nfrom = "day 1 09:00"\nto = "day 1 10:00"\n'
    )

    done = tipoff("replay", "nba", "sample:1", "--world", "sample", "--faults", str(faults), home=tmp_path / "home")

    [line] = [line for line in done.stderr.splitlines() if "is started again" in line]
    assert "disk full" in line


def test_the_boundary_report_is_readable(held: Path) -> None:
    shown = tipoff("boundary", "nba", "2030-01-08", home=held).stdout

    assert "what each output expected of its inputs" in shown
    assert "missing: 00299" in shown


def test_a_waiver_is_signed_shown_everywhere_and_expires(held: Path) -> None:
    waive = ("gate", "waive", "nba", "player_games", "2030-01-08", "team_games")
    made = tipoff(
        *waive, "--reason", "the league has no such game", "--until", "2030-02-01T12:00", "--by", "ada", home=held
    )
    assert made.returncode == 0, made.stderr

    for command in (
        ("status", "nba"),
        ("grid", "nba"),
        ("why", "nba", "player_games", "2030-01-08"),
        ("gate", "list", "nba"),
    ):
        assert "by ada until 2030-02-01 17:00 UTC: the league has no such game" in tipoff(*command, home=held).stdout
    [row] = ledger_rows(held, "waivers")
    assert (row["by"], row["input"], row["revoked_at"]) == ("ada", "team_games", None)

    assert tipoff("gate", "revoke", "1", home=held).returncode == 0
    assert "WAIVED" not in tipoff("status", "nba", home=held).stdout
    assert tipoff("gate", "revoke", "1", home=held).returncode == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"--until": "2029-01-01T00:00"}, "is over"),
        ({"--reason": " "}, "needs a reason"),
        ({"--until": "tomorrow"}, "write it as 2024-03-01T18:00"),
    ],
)
def test_a_waiver_without_a_reason_or_an_end_ahead_is_refused(held: Path, changes: dict[str, str], why: str) -> None:
    options = {"--reason": "because", "--until": "2030-02-01T12:00"} | changes
    told = [part for option in options.items() for part in option]

    done = tipoff("gate", "waive", "nba", "player_games", "2030-01-08", "team_games", *told, home=held)

    assert done.returncode == 2
    assert why in done.stderr
    assert ledger_rows(held, "waivers") == []


def test_a_guard_has_no_waiver(held: Path) -> None:
    options = ("--reason", "because", "--until", "2030-02-01T12:00")

    done = tipoff("gate", "waive", "nba", "published_predictions", "2030-01-08", "clubs_play_once", *options, home=held)

    assert done.returncode == 2
    assert "a guard has no waiver" in done.stderr
    assert ledger_rows(held, "waivers") == []


def test_a_backfill_makes_what_is_missing_and_then_nothing_more(held: Path) -> None:
    before = proofs(held)
    plan = json.loads(tipoff("backfill", "nba", "sample:2", *SAMPLE, "--dry-run", "--json", home=held).stdout)
    assert proofs(held) == before
    assert plan["dry_run"]

    first = tipoff("backfill", "nba", "sample:2", *SAMPLE, "--json", home=held)
    again = json.loads(tipoff("backfill", "nba", "sample:2", *SAMPLE, "--json", home=held).stdout)

    made = proofs(held)
    assert any(output == "player_games" and str(day) == "2030-01-08" for output, day, _ in made)
    stood_in = {key for key in before if key[0] == "player_boxscores"}  # by the second source, until the first came
    assert {key: made[key] for key in before.keys() - stood_in} == {
        key: before[key] for key in before.keys() - stood_in
    }
    assert json.loads(first.stdout)["made"]["finished"] > 0
    assert again["made"].get("finished", 0) == 0
    assert again["not_made"] == []


def test_a_backfill_of_a_new_home_lists_what_can_no_longer_be_had_in_the_words_of_why(tmp_path: Path) -> None:
    done = tipoff("backfill", "nba", "sample:3", *SAMPLE, "--json", home=tmp_path)

    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["days_without_schedule"] == 3
    assert {row["output"] for row in report["not_made"]} >= {"published_predictions", "player_lines"}
    assert {(row["state"], row["why"]) for row in report["not_made"]} == {("excused", NOT_KEPT_YET)}
    assert "is excused since" in tipoff("why", "nba", "player_lines", "2030-01-08", home=tmp_path).stdout
    assert any(output == "grades" for output, _, _ in proofs(tmp_path))


def test_what_an_earlier_version_of_its_step_made_is_called_outdated_until_a_backfill(tmp_path: Path) -> None:
    shutil.unpack_archive(Path(__file__).parents[1] / "homes" / "schema_0004.tgz", tmp_path, "gztar", filter="data")
    home, asked = tmp_path / "home", ("why", "nba", "team_games", "2030-01-08")
    Ledger(home / "ledger.db").close()

    before = tipoff(*asked, home=home).stdout
    tipoff("backfill", "nba", "2030-01-08..2030-01-08", "--table", "team_games", home=home)
    after = tipoff(*asked, home=home).stdout

    assert (
        "outdated: 0029900006, 0029900007, 0029900008, 0029900009, 0029900010 and 3 more: made by an earlier" in before
    )
    assert "8 of 8 units proven" in after
    assert "outdated" not in after


def test_a_backfill_of_one_table_makes_that_table_alone(held: Path) -> None:
    before = {key for key in proofs(held) if key[0] == "team_games"}

    tipoff("backfill", "nba", "sample:2", *SAMPLE, "--table", "nba_team_boxscores", home=held)

    made = proofs(held)
    assert any(output == "nba_team_boxscores" and str(day) == "2030-01-08" for output, day, _ in made)
    assert {key for key in made if key[0] == "team_games"} == before


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("nba", "sample:2", "--table", "nothing"), "no output named"),
        (("nba", "2024-01-05..2024-01-02"), "ends before it begins"),
    ],
)
def test_a_backfill_that_cannot_be_meant_is_refused(tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    done = tipoff("backfill", *arguments, *SAMPLE[: 2 * ("sample" in arguments[1])], home=tmp_path)

    assert done.returncode == 2
    assert why in done.stderr


def test_many_slates_that_conflict_at_once_are_one_failure_of_their_table(tmp_path: Path) -> None:
    """Six files of one table are held for seven minutes: they are tried again after five and ten, not after forty."""
    told = sample_spec(6)
    start = midnight(told.days[1]) + timedelta(hours=60)
    held = Fault(
        kind="warehouse",
        how="conflict",
        begin=start,
        end=start + timedelta(minutes=7),
        where={"table": NBA.table("nba_player_boxscores").full_name},
    )
    scope = frozenset({NBA.schedule, "nba_player_boxscores"})
    spec = dataclasses.replace(told, scope=scope)
    settings = Settings(home=tmp_path)
    clock_of(Home(tmp_path), spec)
    clock = SimClock(start)
    stage = Instance(settings, spec, clock, parts=FaultyParts([held]))

    replay(stage, clock, until=start + timedelta(hours=6), progress=lambda _: None)
    stage.close()

    log = ledger_rows(tmp_path, "conflicts")
    assert len(log) == 6
    assert {row["resolution"] for row in log} == {"auto"}
    assert max(row["resolved_at"] for row in log) - start < timedelta(minutes=25)


def test_what_is_lost_stays_lost_when_later_days_of_the_season_are_replayed(tmp_path: Path) -> None:
    spec = sample_spec(6)
    first, second, _, _, _, last = spec.season.days()
    away = Outage(midnight(second) + timedelta(hours=8), midnight(second) + timedelta(hours=30))

    def lost(days: tuple[date, date], *outages: Outage) -> dict[tuple[str, date], int]:
        run_together(
            Settings(home=tmp_path), [dataclasses.replace(spec, days=days)], progress=lambda _: None, outages=outages
        )
        rows = ledger_rows(tmp_path, "obligations")
        return {(row["output"], row["day"]): row["n_units"] for row in rows if row["state"] == "lost"}

    before = lost((first, second), away)

    assert ("published_predictions", second) in before
    assert lost((last, last)) == before
