"""A season's report: what it says of errors, of what a system adds, of leaks and of chances; and the page that shows it."""

import dataclasses
import subprocess
import sys
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from tipoff.app.season_report import _shipped
from tipoff.core.report import Section, Shape
from tipoff.core.slate import Season
from tipoff.leagues.mlb import season_report
from tipoff.leagues.nba import season_report as nba_report
from tipoff.leagues.nba.content import NBA_CONTENT
from tipoff.leagues.nba.systems.catalog import SERVING
from tipoff.leagues.predict import sections
from tipoff.views.report_page import render, render_text

LINE_UPS = ("projected", "confirmed")

N_DAYS, N_PLAYERS = 40, 12


def graded(**systems: float) -> sections.Graded:
    """Return a season in which each player has his own level; a system's number is how much of each outcome it has seen."""
    dice = np.random.Generator(np.random.PCG64(1))
    level = dice.uniform(5, 25, N_PLAYERS)
    day, who = (part.ravel() for part in np.meshgrid(np.arange(N_DAYS), np.arange(N_PLAYERS), indexing="ij"))
    happened = level[who] + dice.normal(0, 5, len(who))
    game = np.array([f"{d}-{w % 3}" for d, w in zip(day, who, strict=True)])
    parts = [
        (np.full(len(who), name), day, game, who, level[who] * (1 - seen) + happened * seen, happened)
        for name, seen in systems.items()
    ]
    return sections.Graded(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def test_who_has_seen_the_outcome_is_far_better_on_his_own_game_than_on_the_next() -> None:
    rows = {row["predicted by"]: row for row in sections.signs_of_a_leak(graded(honest=0.0, leaking=0.7)).rows}

    assert float(str(rows["honest"]["own ÷ next"])) == pytest.approx(1.0, abs=0.05)
    assert float(str(rows["leaking"]["own ÷ next"])) < 0.5
    assert float(str(rows["honest"]["dealt out"])) > 1.3 * float(str(rows["honest"]["own game"]))


def test_what_a_system_adds_is_measured_on_the_same_rows_with_an_interval() -> None:
    rows = {row["predicted by"]: row for row in sections.what_each_adds(graded(base=0.0, better=0.2), "base").rows}

    assert (rows["base"]["less than base"], rows["base"]["from"], rows["base"]["to"]) == (0.0, 0.0, 0.0)
    assert (
        0
        < float(str(rows["better"]["from"]))
        < float(str(rows["better"]["less than base"]))
        < float(str(rows["better"]["to"]))
    )


def test_every_week_has_each_systems_mean_error_and_of_how_many() -> None:
    found = graded(one=0.0)

    rows = sections.by_week(found, "points").rows

    assert [row["x"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert sum(int(str(row["n"])) for row in rows) == N_DAYS * N_PLAYERS
    assert rows[0]["y"] == pytest.approx(found.error[found.day < 7].mean())


def test_chances_that_mean_what_they_say_lie_on_the_diagonal() -> None:
    dice = np.random.Generator(np.random.PCG64(2))
    chance = dice.uniform(0, 1, 50_000)
    happened = (dice.uniform(size=len(chance)) < chance).astype(np.float64)

    points, numbers = sections.calibration({"fair": (chance, happened)}, title="Chances", about="")

    assert all(abs(float(str(row["x"])) - float(str(row["y"]))) < 0.02 for row in points.rows)
    assert float(str(numbers.rows[0]["calibration error"])) < 0.01


def test_the_page_needs_nothing_else_and_shows_every_section() -> None:
    drawn = {"series": "a <b>", "x": 1, "y": 0.5, "n": 3}
    shown = [
        Section(
            title="Rows",
            about="As <they> are.",
            shape=Shape.TABLE,
            rows=[{"name": "x & y", "value": 1234, "share": 0.5}],
        ),
        Section(title="Weeks", about="", shape=Shape.LINES, rows=[drawn, drawn | {"x": 2, "y": 0.7}]),
        Section(title="Groups", about="", shape=Shape.BARS, rows=[drawn | {"x": "young"}, drawn | {"x": "old"}]),
        Section(title="Chances", about="", shape=Shape.DIAGONAL, rows=[drawn | {"x": 0.5}]),
        Section(title="Nothing", about="", shape=Shape.TABLE, rows=[]),
    ]

    page = render("a season", "about", shown)

    assert all(one.title in page for one in shown[:-1])
    assert "Nothing" not in page
    assert "x &amp; y" in page and "1,234" in page and "0.5000" in page and "a &lt;b&gt;" in page  # noqa: PT018 -- one page
    assert (page.count("<svg"), page.count("<rect"), page.count("<polyline")) == (3, 2, 2)
    assert not any(word in page for word in ("http:", "https:", "<script", "<link", "src="))
    assert render_text(shown) == ["Rows", "name   value  share", "x & y  1,234  0.5000", ""]


def test_mlbs_report_reads_its_grades_and_leaves_out_what_was_made_afterwards() -> None:
    starts = [(day, system, line_up) for day in range(1, 15) for system in ("rolling", "blend") for line_up in LINE_UPS]
    grades = pa.table(
        {
            "day": [date(2023, 4, day) for day, _, _ in starts],
            "game_id": [f"g{day}" for day, _, _ in starts],
            "pitcher_id": [day for day, _, _ in starts],
            "system": [system for _, system, _ in starts],
            "line_up": [line_up for _, _, line_up in starts],
            "predicted_strikeouts": [5.0 if system == "rolling" else 6.0 for _, system, _ in starts],
            "mean_strikeouts": [5.5] * len(starts),
            "variance": [4.0] * len(starts),
            "actual_strikeouts": [6] * len(starts),
            "actual_batters": [22] * len(starts),
            "career_starts": [day * 5 for day, _, _ in starts],
            "abs_error": [1.0 if system == "rolling" else 0.0 for _, system, _ in starts],
            "crps": [1.2] * len(starts),
            "is_retrospective": [day == 14 for day, _, _ in starts],
            "own_over_chance": [0.5] * len(starts),
            "is_over": [day % 2 for day, _, _ in starts],
        }
    )

    accuracy = next(section for section in season_report.make({"grades": grades}) if section.title == "Each system")

    told = {(row["line-up"], row["system"]): (row["rows"], row["error"]) for row in accuracy.rows}
    assert told == {
        (line_up, name): (13, error) for line_up in LINE_UPS for name, error in (("rolling", 1.0), ("blend", 0.0))
    }


def of_two_players() -> dict[str, pa.Table]:
    day, names = date(2024, 1, 10), ("day", "game_id", "player_id", "system", "predicted_points", "actual_points")
    grades = [dict(zip(names, (day, "g", who, "a", 9.0, 11.0), strict=True)) for who in (1, 2)]
    tables = {name: pa.table({column: [] for column in columns}) for name, columns in nba_report.REPORT.reads.items()}
    tables |= {
        "grades": pa.Table.from_pylist([row | {"abs_error": 2.0, "is_retrospective": False} for row in grades]),
        "player_games": pa.Table.from_pylist(
            [{"game_id": "g", "player_id": n, "minutes": 9.0, "points": 11} for n in (1, 2)]
        ),
        "player_form": pa.Table.from_pylist([{"game_id": "g", "player_id": 1, "minutes_h5": 12.0}]),
    }
    drawn = {
        "market": pa.array([], pa.string()),
        "made_at": pa.array([], pa.date32()),
        "tipoff_at": pa.array([], pa.date32()),
    }
    return tables | {system.name: pa.table(drawn) for system in SERVING}


def test_a_role_that_is_not_known_is_no_bench() -> None:
    [section] = [found for found in nba_report.make(of_two_players()) if found.title == "By role"]

    assert [(row["x"], row["n"]) for row in section.rows] == [("bench: under 15", 1), ("unknown", 1)]


def test_a_report_begins_no_thread_for_where_none_may_begin_a_join_would_wait_for_ever() -> None:
    code = """
import os
from tests.unit.test_report import nba_report, of_two_players
tables = of_two_players()
before = len(os.listdir("/proc/self/task"))
nba_report.make(tables)
print(len(os.listdir("/proc/self/task")) - before)
"""

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert ran.stdout == "0\n"


def test_a_shipped_model_that_saw_a_part_of_the_season_serves_after_it() -> None:
    season = Season("2023-24", date(2023, 10, 24), date(2024, 6, 17))
    trained = (date(2024, 6, 17), date(2024, 4, 14), date(2023, 4, 9), date(2018, 4, 11))
    content = dataclasses.replace(NBA_CONTENT, shipped=lambda: [{"day": day} for day in trained])

    states = [row["state"] for row in _shipped(content, season)]

    assert states[0].startswith("does not serve: ")
    assert states[1:] == ["serves after 2024-04-14", "serves until 2024-04-14", "replaced"]
