"""Spellings that nobody is certain about: they wait for a person, a ruling makes them again, and nothing else with them."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
from tests.samples import Samples
from tests.support import ledger_rows, replayed, sample_spec, tipoff

from tipoff.app.instance import ReplaySpec
from tipoff.leagues.nba.world.sample import SampleNba

DAYS = 2


def spelt(how: Callable[[str], str]) -> tuple[ReplaySpec, int]:
    """The sample league, of which the books write one player's name as `how` says, and his id."""
    spec = sample_spec(DAYS)
    world = SampleNba(first_day=spec.days[0], days=DAYS)
    [quotes, *_] = [quotes for game in world.data.games[-3:] for _, quotes in game.snapshots]
    chosen = quotes[0].player
    for game in world.data.games:
        game.snapshots = [
            (at, [dataclasses.replace(q, player=how(q.player) if q.player == chosen else q.player) for q in quotes])
            for at, quotes in game.snapshots
        ]
    [player_id] = [who for who, name, _ in world.data.roster if name == chosen]
    return dataclasses.replace(spec, world=world), player_id


def named(home: Path, table: str = "line_names", name: str = "spelling") -> list[tuple[str, int | None, str]]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        found = warehouse.execute(f"SELECT {name}, player_id, certainty FROM nba_analytics.{table}").fetchall()  # noqa: S608
    return [(name, player_id, certainty) for name, player_id, certainty in found]


def test_every_name_of_the_sample_league_is_resolved_and_nobody_is_asked(samples: Samples, tmp_path: Path) -> None:
    samples.copy(DAYS, tmp_path)

    assert {certainty for _, _, certainty in named(tmp_path)} == {"resolved"}
    assert {certainty for _, _, certainty in named(tmp_path, "box_names", "player_name")} == {"resolved"}
    assert ledger_rows(tmp_path, "questions") == []
    assert "0 spellings wait for a person" in tipoff("names", "nba", home=tmp_path).stdout


def test_an_unknown_spelling_waits_and_a_ruling_makes_what_waited_again_and_no_more(tmp_path: Path) -> None:
    spec, player_id = spelt(lambda _name: "Q. X. Zzyzx")
    replayed(tmp_path, spec)
    waits = json.loads(tipoff("names", "nba", "--json", home=tmp_path).stdout)["waiting"]
    [name] = waits
    status = tipoff("status", "nba", home=tmp_path).stdout
    n_runs = len(ledger_rows(tmp_path, "runs"))

    told = tipoff("names", "nba", "resolve", "Q. X. Zzyzx", str(player_id), home=tmp_path)
    replayed(tmp_path, spec)

    assert name["subject"] == "Q. X. Zzyzx"
    assert "waits for you: 1 name that nobody is certain about: tipoff names nba" in status
    assert told.returncode == 0, told.stderr
    rulings = [row for row in named(tmp_path) if row[0] == "Q. X. Zzyzx"]
    assert rulings
    assert {row[1:] for row in rulings} == {(player_id, "resolved")}
    assert {row["state"] for row in ledger_rows(tmp_path, "questions")} == {"answered"}
    made = [row for row in ledger_rows(tmp_path, "runs")[n_runs:] if row["n_changed"]]
    assert {row["output"] for row in made} <= {"line_names", "candidates", "player_features", "player_form"}
    assert {unit for row in made if row["output"] == "line_names" for unit in json.loads(row["units"])} == {
        *name["units"]
    }
    quiet = len(ledger_rows(tmp_path, "runs"))
    replayed(tmp_path, spec)
    assert len(ledger_rows(tmp_path, "runs")) == quiet


def test_a_ruling_is_taken_back_and_the_spelling_waits_again(tmp_path: Path) -> None:
    spec, _ = spelt(lambda _name: "Q. X. Zzyzx")
    replayed(tmp_path, spec)
    tipoff("names", "nba", "resolve", "Q. X. Zzyzx", "900001", home=tmp_path)

    back = tipoff("names", "nba", "revoke", "1", home=tmp_path)
    twice = tipoff("names", "nba", "revoke", "1", home=tmp_path)
    replayed(tmp_path, spec)

    assert (back.returncode, twice.returncode) == (0, 2)
    assert "1 spelling waits for a person; rulings that hold: 0" in tipoff("names", "nba", home=tmp_path).stdout


def test_who_was_never_asked_about_cannot_be_ruled_on(samples: Samples, tmp_path: Path) -> None:
    samples.copy(1, tmp_path)

    done = tipoff("names", "nba", "resolve", "Nobody At All", "1", home=tmp_path)

    assert (done.returncode, "nobody asked who" in done.stderr) == (2, True)
