"""Days of `tipoff up` and `tipoff sentinel` as processes over real sockets, whatever becomes of providers, games and them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from benchmarks.live_run import OF_KEY, Process, both_leagues, is_as_planned, live_run, mid_season, two_days
from sqlalchemy import select
from tests.support import begun

from tipoff.core.clock import on_clock
from tipoff.core.slate import Season
from tipoff.leagues.mlb.world.sample import SampleMlb
from tipoff.ledger import Ledger, schema


def forked(
    arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path, *, instead: str = "tipoff"
) -> Process:
    """Begin `python -m tipoff …`, or what is told `instead`, from what has imported it."""
    return begun(instead, *arguments[2:], environment=environment, cwd=cwd, log=log)


@pytest.mark.prove  # ten days: the claim `live_days`
def test_two_days_of_killed_processes_and_bad_providers_are_proven_published_in_time_and_told(tmp_path: Path) -> None:
    found = live_run(two_days(), tmp_path, begin=forked)

    assert is_as_planned(found), found
    assert found["starts"] == {"up": 3, "sentinel": 3}
    assert found["states"]["nba_earlier_games proven"] == 1
    assert found["games"] > 10
    assert found["answers"]["down"] > 0
    assert found["answers"]["credits spent"] > 0
    assert found["for want of credits"] == []
    assert found["excused for want of a key"] == {
        "agreed_lines": 1,
        "bdl_injuries": 1,
    }  # their games began before the keys came


def test_a_day_of_both_leagues_on_which_games_go_otherwise_than_planned_is_whole_and_nobody_is_told(
    tmp_path: Path,
) -> None:
    plan = both_leagues()
    day = plan.first + timedelta(days=1)
    played = SampleMlb(Season("2029-30", plan.first, plan.first + timedelta(days=plan.days - 1))).played
    games = {str(game.pk): game for game in played if game.day == day}
    [put_off] = [str(game.pk) for game in played if game.stands[0].day == day != game.day]
    twice = {name for name, game in games.items() if game.double == "Y"}
    late = {name for name, game in games.items() if game.starts_at - game.home.line_up_at == timedelta(minutes=40)}
    scratched = {name for name, game in games.items() if game.home.probable != game.home.pitchers[0][0]}

    found = live_run(plan, tmp_path, begin=forked)

    assert (found["unmet"], found["not published before their start"]) == ([], [])
    assert [incident for incident in found["incidents"] if incident["league"] == "mlb"] == []
    assert (len(twice), len(late), len(scratched) > 0) == (2, 1, True)
    ledger = Ledger(tmp_path / "home" / "ledger.db", read_only=True)
    excused = {
        row["output"]: json.loads(row["excused"])
        for row in ledger.rows(select(schema.obligations))
        if row["league"] == "mlb" and row["day"] == day
    }
    came = {
        (row["output"], row["unit"]): row["first_at"]
        for row in ledger.rows(select(schema.arrivals))
        if row["league"] == "mlb" and row["day"] == day
    }
    ledger.close()
    assert "postponed" in excused["published_predictions"][put_off]
    for name, game in games.items():
        assert came["predictions", name] < game.starts_at
    for name in late:
        assert came["line_ups", name] >= games[name].home.line_up_at
    published = json.loads((tmp_path / f"home/published/mlb/published_predictions/{day}.json").read_text())["rows"]
    starters = {(row["game_id"], row["is_home"]): row["pitcher_id"] for row in published}
    for name in scratched | twice:
        assert starters[name, True] == games[name].home.pitchers[0][0]


def test_a_first_start_in_mid_season_makes_the_days_before_says_how_far_it_is_and_publishes_the_evening(
    tmp_path: Path,
) -> None:
    begin = on_clock(mid_season().first + timedelta(days=8), timedelta(hours=12))
    end = begin + timedelta(hours=11.5)
    keys = ((begin, "key odds_api_key"), (end, "key balldontlie_key"), (end, "key bettingpros_key"))

    plan = replace(mid_season(), days=11, begin=begin, end=end, events=keys)
    found = live_run(plan, tmp_path, begin=partial(forked, instead="tests.soon_told"))

    said = (tmp_path / "up.log").read_text()
    assert "outputs of earlier days are to be made" in said
    assert "the earlier days are made" in said
    assert "what players did in earlier seasons: 2027-28 and 2028-29 are loaded" in said
    assert found["games"] >= 4
    assert (found["not published before their start"], found["unmet"]) == ([], [])
    errors = [incident for incident in found["incidents"] if incident["severity"] in {"ERROR", "CRITICAL"}]
    assert errors == []
    [evening] = (tmp_path / "home" / "published").glob("*/published_predictions/*.json")
    document = json.loads(evening.read_text())
    assert (evening.stem, document["off"]) == (
        "2030-01-15",
        [
            "the second box scores, the list of the injured: off, TIPOFF_BALLDONTLIE_KEY is not set",
            "the lines on which the books agree: off, TIPOFF_BETTINGPROS_KEY is not set",
        ],
    )


def test_where_earlier_seasons_are_refused_the_evening_is_published_and_says_which_are_off(tmp_path: Path) -> None:
    begin = on_clock(mid_season().first + timedelta(days=2), timedelta(hours=12))
    events = ((begin, "down/stats.nba.com"), *((begin, f"key {name}") for name in OF_KEY))
    plan = replace(mid_season(), days=4, begin=begin, end=begin + timedelta(hours=11.5), events=events)

    found = live_run(plan, tmp_path, begin=forked)

    assert found["games"] >= 4
    assert found["not published before their start"] == []
    [evening] = (tmp_path / "home" / "published").glob("*/published_predictions/*.json")
    [line] = json.loads(evening.read_text())["off"]
    assert line.startswith("what players did in earlier seasons: off, stats.nba.com has not given 2027-28 and 2028-29")
    assert {row.split()[0] for row in found["unmet"]} <= {"nba_earlier_games", "players"}
