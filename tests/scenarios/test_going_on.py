"""Seasons that no shipped model knows: a replay loads them where they are recorded, and says where they are not."""

import json
from datetime import date
from pathlib import Path

import pytest
from tests.made_seasons import season_like
from tests.support import tipoff

from tipoff.app.replay import replay_spec
from tipoff.config import Settings
from tipoff.leagues.nba.live_tables import EARLIER_GAMES
from tipoff.ledger import Ledger
from tipoff.ledger.facts import league_facts

FIRST = date(2023, 1, 10)


@pytest.mark.data
@pytest.mark.parametrize(("span", "goes_on"), [("2022-10-18", True), ("2023-10-24", False), ("2018-10-16", False)])
def test_a_replay_goes_on_from_recorded_seasons_where_no_model_knows_them(data: Path, span: str, goes_on: bool) -> None:  # noqa: FBT001 -- a case
    spec = replay_spec(Settings(data=data), "nba", span, world="recorded", seed=7)

    assert (EARLIER_GAMES.name in {step.name for step in spec.league.steps}) is spec.goes_on is goes_on
    assert spec.off == ()


@pytest.mark.data
def test_a_replay_from_mid_season_on_has_the_careers_of_the_seasons_before(data: Path, tmp_path: Path) -> None:
    done = tipoff("replay", "nba", f"{FIRST}..2023-01-11", "--watch", "--json", home=tmp_path, TIPOFF_DATA=str(data))

    assert done.returncode == 0, done.stderr
    why = tipoff("why", "nba", EARLIER_GAMES.name, str(FIRST), home=tmp_path)
    assert "2 of 2 units proven" in why.stdout
    check = tipoff("check", "health", "nba", "--date", "2023-01-11", "--every", home=tmp_path)
    [line] = [line for line in check.stdout.splitlines() if "goes_on_from_earlier_seasons" in line]
    assert line.startswith("ok"), line


@pytest.mark.data
def test_what_is_off_for_want_of_seasons_that_are_not_recorded_is_said(data: Path, tmp_path: Path) -> None:
    folder = season_like(data, "2022-23", "2098-99", tmp_path / "data", until="2022-10-19")

    done = tipoff("replay", "nba", "2098-99", "--json", home=tmp_path / "home", TIPOFF_DATA=str(folder))

    why = "what players did in earlier seasons: off, 2020-21 and 2021-22 are not in this home, and nothing loads them"
    assert json.loads(done.stdout)["off"] == [why]
    with Ledger(tmp_path / "home" / "ledger.db", read_only=True) as ledger:
        assert league_facts(ledger, "nba").off == (why,)
