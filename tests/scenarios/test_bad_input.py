"""Bad input from a user or a provider: a clear error, or a quarantined row with its reason, and the rest goes on."""

import dataclasses
import gzip
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from tests.samples import Samples
from tests.support import ledger_rows, proofs, replayed, sample_spec, tipoff

from tipoff.app.instance import ReplaySpec
from tipoff.app.replay import run_together
from tipoff.config import Settings
from tipoff.core.clock import Clock
from tipoff.core.payload import Parsed, Payload
from tipoff.core.slate import Season
from tipoff.core.step import Context, SourceWork
from tipoff.leagues.nba.world.data import Row
from tipoff.leagues.skeleton import source
from tipoff.leagues.skeleton.content import SKELETON
from tipoff.leagues.skeleton.world import SampleSeasons
from tipoff.ledger import Ledger
from tipoff.sources.world import World
from tipoff.views.why import why

FIRST_DAY = date(2030, 1, 7)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("replay", "nba", "2023-24"), "TIPOFF_DATA is not set"),
        (("replay", "nba", "1899-00"), "TIPOFF_DATA is not set"),
        (("replay", "curling", "2023-24"), "no league 'curling'"),
        (("replay", "nba", "2024-03-05..2024-03-01"), "ends before it begins"),
        (("replay", "nba", "2024-03-05..soon"), "neither a season nor FROM..TO"),
        (("replay", "nba", "2024-02-30..2024-03-01"), "day is out of range for month"),
        (("replay", "nba", "sample:0", "--world", "sample"), "no span of the sample world"),
        (("backfill", "nba", "2030-01-07..2030-01-09", "--world", "sample"), "write sample:14"),
        (("status", "nba"), "there is no ledger"),
        (("why", "nba", "predictions", "yesterday"), "write it as 2024-03-01"),
        (("digest", "nba", "--date", "0001-01-01"), "'0001-01-01' is no date of a league"),
        (("replay",), "Missing argument"),
    ],
)
def test_what_cannot_be_understood_is_said_in_one_sentence_with_exit_2(
    arguments: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    done = tipoff(*arguments, home=tmp_path)

    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_past_days_of_a_league_that_a_home_has_not_begun_are_no_days_of_its_other_league(tmp_path: Path) -> None:
    tipoff("replay", "mlb", "sample:1", "--world", "sample", home=tmp_path)

    done = tipoff("backfill", "nba", "2030-01-07", "--world", "sample", home=tmp_path)

    assert (done.returncode, "write sample:14" in done.stderr) == (2, True)


@pytest.mark.parametrize("span", ["", "here/there", "2023-24é"])
def test_what_is_no_season_is_not_recorded_and_no_folder_is_named_after_it(span: str, tmp_path: Path) -> None:
    done = tipoff("record", "nba", span, home=tmp_path / "home", TIPOFF_DATA=str(tmp_path / "data"))

    assert (done.returncode, [*tmp_path.iterdir()]) == (2, [])
    assert "is no season" in done.stderr


def test_leagues_of_which_one_is_none_leave_no_mark_of_the_others(tmp_path: Path) -> None:
    done = tipoff("up", "nba", "nbaa", home=tmp_path, TIPOFF_WORLD="")

    assert (done.returncode, "there is no league 'nbaa'" in done.stderr) == (2, True)
    assert not (tmp_path / "ledger.db").exists()


def test_an_unknown_setting_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    done = tipoff("status", "nba", home=tmp_path, TIPOFF_DATE="x")

    assert done.returncode == 2
    assert "did you mean TIPOFF_DATA?" in done.stderr


def test_a_data_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = tipoff("replay", "nba", "2023-24", home=tmp_path, TIPOFF_DATA=str(tmp_path / "nowhere"))

    assert done.returncode == 2
    assert "nowhere is not there" in done.stderr


def test_a_season_that_the_data_lacks_names_those_that_it_has(tmp_path: Path) -> None:
    (tmp_path / "nba").mkdir()
    (tmp_path / "nba" / "schedule_2015-16.csv").write_text("season\n")

    done = tipoff("replay", "nba", "2023-24", home=tmp_path / "home", TIPOFF_DATA=str(tmp_path))

    assert done.returncode == 2
    assert "it holds: 2015-16" in done.stderr


def test_a_file_that_was_cut_short_is_named(data: Path, tmp_path: Path) -> None:
    for kind in ("nba", "odds"):
        (tmp_path / kind).mkdir()
        for path in (data / kind).iterdir():
            (tmp_path / kind / path.name).symlink_to(path)
    name = "player_gamelogs_2015-16.csv.gz"
    (tmp_path / "nba" / name).unlink()
    (tmp_path / "nba" / name).write_bytes((data / "nba" / name).read_bytes()[:100_000])

    done = tipoff("replay", "nba", "2015-16", home=tmp_path / "home", TIPOFF_DATA=str(tmp_path))

    assert done.returncode == 2, done.stderr
    assert name in done.stderr
    assert "Traceback" not in done.stderr


class Spoiled:
    """A world in which some answers are spoiled."""

    def __init__(self, world: World, spoil: Any) -> None:
        self._world, self._spoil = world, spoil
        self.name, self.fingerprint = world.name, world.fingerprint
        self.describe, self.game_days, self.faults = world.describe, world.game_days, world.faults

    def transport(self, clock: Clock) -> httpx.BaseTransport:
        honest, spoil = self._world.transport(clock), self._spoil

        class Spoiling(httpx.BaseTransport):
            n = 0

            def handle_request(self, request: httpx.Request) -> httpx.Response:
                self.n += 1
                return spoil(request, honest.handle_request(request), self.n)  # type: ignore[no-any-return]

        return Spoiling()


def spoiled(spec: ReplaySpec, spoil: Any) -> ReplaySpec:
    return ReplaySpec(league=spec.league, season=spec.season, days=spec.days, world=Spoiled(spec.world, spoil))


def test_pages_that_are_no_json_and_refusals_are_outlived(samples: Samples, tmp_path: Path) -> None:
    def spoil(_request: httpx.Request, answer: httpx.Response, n: int) -> httpx.Response:
        if n % 5 == 1:
            return httpx.Response(200, content=b"<html>maintenance</html>")
        if n % 5 == 3:
            return httpx.Response((503, 429, 403)[n % 3], headers={"retry-after": "60"})
        return answer

    quiet = replayed(samples.copy(3, tmp_path / "quiet"), sample_spec(3))
    report = replayed(tmp_path / "spoiled", spoiled(sample_spec(3), spoil))

    assert report["runs"]["failed"] > 0
    assert report["games"] == quiet["games"]
    assert not report["obligations"].get("late")
    outcomes = {row["outcome"] for row in ledger_rows(tmp_path / "spoiled", "fetches")}
    assert "error" in outcomes
    settled = {"player_games", "team_games"}  # grades may rest on an earlier line than in the quiet world
    one, other = (
        {key: value for key, value in proofs(tmp_path / name).items() if key[0] in settled}
        for name in ("quiet", "spoiled")
    )
    assert one == other


def test_a_bad_row_is_quarantined_with_its_reason_and_the_games_others_go_on(tmp_path: Path) -> None:
    def spoil(kind: str, _at: object, row: Row) -> Row:
        if kind == "player" and row["PLAYER_ID"] == 900_003:
            return row | {"PTS": 900}
        if kind == "player" and row["PLAYER_ID"] == 900_002:
            return row | {"PLAYER_ID": None}
        return row

    replayed(tmp_path, sample_spec(4, alter=spoil))

    reasons = {row["reason"] for row in ledger_rows(tmp_path, "rejects")}
    assert {"points is above 100", "PLAYER_ID or PLAYER_NAME is missing"} <= reasons
    assert {
        json.loads(row["missing"])[0] for row in ledger_rows(tmp_path, "findings") if row["check"] == "rows_are_usable"
    }
    assert any(output == "player_games" for output, _, _ in proofs(tmp_path))


def test_an_answer_of_which_every_row_is_refused_is_told_with_the_reason(tmp_path: Path) -> None:
    def without_a_side(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
        read = source.parse(payload, context, inputs)
        return dataclasses.replace(read, rows=[row | {"home_team": None} for row in read.rows])

    [step] = SKELETON.steps
    assert isinstance(step.work, SourceWork)
    spoilt = dataclasses.replace(step, work=dataclasses.replace(step.work, parse=without_a_side))
    league = dataclasses.replace(SKELETON, steps=(spoilt,))
    season = Season("sample", FIRST_DAY, FIRST_DAY)
    world = SampleSeasons().world(season, seed=7, faults=())

    run_together(
        Settings(home=tmp_path),
        [ReplaySpec(league=league, season=season, days=(FIRST_DAY, FIRST_DAY), world=world)],
        progress=lambda _: None,
    )

    with Ledger(tmp_path / "ledger.db", read_only=True) as ledger:
        sentences = why(ledger, league, "schedule", FIRST_DAY).sentences
        records = ledger.of(league.name)
        notes = {f.note for f in records.findings(check="rows_are_usable")}
    assert "  quarantined: 2 rows: home_team is missing" in sentences
    assert notes == {"2 rows quarantined: home_team is missing"}


def test_every_payload_is_archived_as_it_came_and_accounted_for(samples: Samples) -> None:
    home = samples.made(3)

    rows = [row for row in ledger_rows(home, "fetches") if row["sha256"]]
    assert rows
    for row in rows:
        path = home / "archive" / row["sha256"][:2] / f"{row['sha256']}.json.gz"
        assert len(gzip.decompress(path.read_bytes())) == row["n_bytes"]
    assert {row["outcome"] for row in rows} <= {
        "rows",
        "unchanged",
        "recognised empty",
        "nothing for this slate",
        "error",
    }
