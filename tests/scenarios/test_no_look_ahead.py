"""Changing the future changes nothing that was predicted; and the test bites: three planted leaks make it fail."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from tests.samples import Samples
from tests.support import proofs, replayed, sample_spec, with_step

from tipoff.core.clock import midnight
from tipoff.core.league import League
from tipoff.core.slate import Season
from tipoff.core.step import Edge, SqlWork, Step
from tipoff.core.window import Window, WindowKind
from tipoff.leagues import oddsapi
from tipoff.leagues.nba.league import NBA, SAMPLE
from tipoff.leagues.nba.systems.catalog import SYSTEMS
from tipoff.leagues.nba.world.data import Alter, Row

DAYS = 4
SLATE = SAMPLE.first_day + timedelta(days=2)
SEEN = {"candidates", "player_features", "player_form", "main_lines", "calibration"}
SEEN |= {"published_predictions", "published_markets", *(system.name for system in SYSTEMS)}


def other_future(cut: datetime) -> Alter:
    """Change every row of a game at or after `cut`, and every line quoted after its game began."""

    def alter(kind: str, at: datetime, row: Row) -> Row:
        if kind == "line":
            return row | {"line": row["line"] + 5} if at >= row["tipoff_at"] else row
        if at < cut:
            return row
        points = "pts" if kind == "second" else "PTS"
        return row | {points: row[points] + 7}

    return alter


def hashes(home: Path, slate: date = SLATE) -> dict[tuple[str, str], tuple[int, str]]:
    return {
        (output, unit): found for (output, day, unit), found in proofs(home).items() if day == slate and output in SEEN
    }


def look(tmp_path: Path, league: League = NBA) -> tuple[object, object]:
    """Return what was predicted for the second day, in two futures of it."""
    slate = SAMPLE.first_day + timedelta(days=1)
    replayed(tmp_path / "one", sample_spec(2, league=league))
    replayed(tmp_path / "other", sample_spec(2, league=league, alter=other_future(midnight(slate))))
    return hashes(tmp_path / "one", slate), hashes(tmp_path / "other", slate)


def test_another_future_changes_not_a_bit_of_what_was_predicted(samples: Samples, tmp_path: Path) -> None:
    replayed(tmp_path, sample_spec(DAYS, alter=other_future(midnight(SLATE))))
    one, other = hashes(samples.made(DAYS, watched=True)), hashes(tmp_path)

    assert one
    assert one == other


def test_a_planted_same_day_row_is_caught(tmp_path: Path) -> None:
    def leak(step: Step) -> Step:
        assert isinstance(step.work, SqlWork)
        sql = step.work.sql.replace("FROM before.player_games AS p", "FROM slate.player_games AS p")
        edges = (Edge(table="player_games", optional=True, aligned=False),)
        return dataclasses.replace(step, work=SqlWork(sql=sql), edges=edges, rows_as=())  # which would refuse it

    one, other = look(tmp_path, with_step("player_features", leak))

    assert one != other


def test_a_planted_at_or_before_for_before_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with up_to_and_including(monkeypatch):
        one, other = look(tmp_path)

    assert one != other


@contextmanager
def up_to_and_including(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    honest = Window.bounds

    def bounds(window: Window, day: date, season: Season) -> tuple[date, date]:
        first, last = honest(window, day, season)
        return first, day if window.kind is WindowKind.BEFORE else last

    with monkeypatch.context() as patch:
        patch.setattr(Window, "bounds", bounds)
        yield


def test_a_planted_line_after_tipoff_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oddsapi, "_begins", lambda _payload, _document: None)  # or its reader would leave the quote out

    def stays_open(step: Step) -> Step:
        timing = dataclasses.replace(step.timing, closes=None, settles=None, refresh=timedelta(hours=2))
        return dataclasses.replace(step, timing=dataclasses.replace(timing, settles=timing.due))

    def open_market(step: Step) -> Step:
        late = dataclasses.replace(step.timing.due, offset=timedelta(hours=4))
        timing = dataclasses.replace(step.timing, closes=None, settles=late)
        return dataclasses.replace(step, timing=timing)

    leaking = NBA
    for name, change in (("odds_events", stays_open), ("player_lines", open_market), ("main_lines", stays_open)):
        leaking = with_step(name, change, league=leaking)
    one, other = look(tmp_path, leaking)

    assert one != other
