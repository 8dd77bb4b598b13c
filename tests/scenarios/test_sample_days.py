"""Whole days of the sample league: every phase, proof by unit, and the same again after any death."""

import dataclasses
import json
from datetime import timedelta
from pathlib import Path

import pytest
from tests.samples import Samples
from tests.support import ledger_rows, proofs, published, replayed, sample_spec, tipoff

from tipoff.core.clock import midnight
from tipoff.core.proof import read_units
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.world.sample import SampleNba
from tipoff.ledger import Ledger
from tipoff.views.report import render_text
from tipoff.views.why import why
from tipoff.watch.digest import digest

DAYS = 3


@pytest.fixture(scope="module")
def quiet(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.copy(DAYS, tmp_path_factory.mktemp("quiet"))


def test_three_days_of_the_sample_league_leave_nothing_owed(quiet: Path) -> None:
    states = {row["state"] for row in ledger_rows(quiet, "obligations")}

    assert states == {"proven", "excused"}


def test_a_replay_again_makes_no_run_and_changes_nothing(quiet: Path) -> None:
    before, files, n_runs = proofs(quiet), published(quiet), len(ledger_rows(quiet, "runs"))

    report = replayed(quiet, sample_spec(DAYS))

    assert report["this_time"]["finished"] == 0
    assert (proofs(quiet), published(quiet), len(ledger_rows(quiet, "runs"))) == (before, files, n_runs)


def test_a_replay_of_later_days_alone_says_that_it_knows_nothing_of_those_before(tmp_path: Path, quiet: Path) -> None:
    spec = sample_spec(DAYS)
    [_, second, third] = spec.season.days()[:DAYS]

    late, whole = replayed(tmp_path, dataclasses.replace(spec, days=(second, third))), replayed(quiet, spec)

    assert [line for line in render_text(late) if "mid-season" in line] == [
        f"begun in mid-season: of the season's days before {second}, with which it would predict better, it knows nothing"
    ]
    assert (whole["not_known"], [line for line in render_text(whole) if "mid-season" in line]) == ("", [])


def test_every_prediction_was_made_before_its_game_began(quiet: Path) -> None:
    report = replayed(quiet, sample_spec(DAYS))

    assert report["predictions"]["made"] > 0
    assert report["predictions"]["made_after_tipoff"] == 0


def test_the_first_slate_is_excused_for_want_of_history_and_says_so(quiet: Path) -> None:
    first = min(row["day"] for row in ledger_rows(quiet, "obligations"))
    [row] = [
        row
        for row in ledger_rows(quiet, "obligations")
        if row["output"] == "quantile_regression" and row["day"] == first
    ]

    assert row["state"] == "excused"
    assert set(json.loads(row["excused"]).values()) == {"no history"}


def test_a_first_slate_without_predictions_is_told_with_its_reason_in_why_report_and_digest(quiet: Path) -> None:
    spec = sample_spec(DAYS)
    first = spec.days[0]
    with Ledger(quiet / "ledger.db", read_only=True) as ledger:
        n_games = len(ledger.of("nba").games(first))
        told = f"published_predictions of {first} has no row, {n_games} units excused: no history"

        said = why(ledger, NBA, "candidates", first).sentences
        message = digest(ledger, NBA, first + timedelta(days=1), midnight(first) + timedelta(hours=33), ())

    assert f"  excused in it: {n_games} units: no history" in said
    assert f"  {told}" in message.lines
    report = replayed(quiet, spec)
    assert [line for line in render_text(report) if "has no row" in line] == [
        told.replace("predictions", "markets"),
        told,
    ]


def test_what_a_data_folder_does_not_hold_of_a_season_is_told_after_its_replay(data: Path, tmp_path: Path) -> None:
    held = tmp_path / "data"
    held.mkdir()
    for part in data.iterdir():
        if part.name != "odds":
            (held / part.name).symlink_to(part)

    done = tipoff("replay", "nba", "2023-10-24", home=tmp_path / "home", TIPOFF_DATA=str(held))

    assert "not recorded in this data for the season, and not replayed: lines\n" in done.stdout


def test_a_source_that_does_not_cover_the_league_is_excused_by_the_same_answer_a_day_later(tmp_path: Path) -> None:
    spec = sample_spec(DAYS)
    world = SampleNba(first_day=spec.days[0], days=DAYS, has_second=False)

    report = replayed(tmp_path, dataclasses.replace(spec, world=world))

    rows = [row for row in ledger_rows(tmp_path, "obligations") if row["output"] == "bdl_player_boxscores"]
    assert {row["state"] for row in rows} == {"excused"}
    assert {
        reason
        for row in ledger_rows(tmp_path, "proofs")
        if row["output"] == "bdl_player_boxscores"
        for reason in (unit.excuse for unit in read_units(row["units"]).values())
    } == {"not covered"}
    assert not report["games"]["missing"]


@pytest.mark.parametrize("point", ["before commit", "before rename", "before ledger"])  # all of them: the claim `kills`
def test_killed_at_a_named_point_and_started_again_it_ends_the_same(
    samples: Samples, tmp_path: Path, point: str
) -> None:
    command, quiet = ("replay", "nba", "sample:2", "--world", "sample", "--json"), samples.made(2)

    killed = tipoff(*command, "--crash-at", f"{point}:9" if "rename" not in point else f"{point}:2", home=tmp_path)
    again = tipoff(*command, home=tmp_path)

    assert killed.returncode == -9, killed.stderr
    assert again.returncode == 0, again.stderr
    assert proofs(tmp_path) == proofs(quiet)
    assert published(tmp_path) == published(quiet)
    assert {row["state"] for row in ledger_rows(tmp_path, "runs")} <= {"finished", "expired"}


def test_a_process_that_holds_the_home_keeps_a_second_one_out(quiet: Path) -> None:
    from tipoff.app.holder import lock  # noqa: PLC0415 -- only this test
    from tipoff.core.home import Home  # noqa: PLC0415 -- only this test

    with lock(Home(quiet)):
        second = tipoff("replay", "nba", f"sample:{DAYS}", "--world", "sample", home=quiet)

    assert second.returncode == 2
    assert "another process works in the home" in second.stderr


def test_a_home_refuses_another_world(quiet: Path) -> None:
    other = tipoff("replay", "nba", f"sample:{DAYS}", "--world", "sample", "--seed", "8", home=quiet)
    longer = tipoff("replay", "nba", f"sample:{DAYS + 1}", "--world", "sample", home=quiet)

    was = f"belongs to another world: its season sample was made with sample:{DAYS}, seed 7, no faults, not with"
    assert (other.returncode, longer.returncode) == (2, 2)
    assert f"{was} sample:{DAYS}, seed 8, no faults" in other.stderr
    assert f"{was} sample:{DAYS + 1}, seed 7, no faults" in longer.stderr
