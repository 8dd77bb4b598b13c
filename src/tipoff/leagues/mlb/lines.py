"""Strikeout lines: their tables and checks, and what a starter's distribution says at his main line."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from tipoff.core.check import Cadence, Check
from tipoff.core.rows import arrow_schema
from tipoff.core.schema import Floor, Phase, flag, instant, integer, number, text
from tipoff.core.step import Context, Made
from tipoff.leagues.checks import kinds
from tipoff.leagues.checks.kinds import WARNING
from tipoff.leagues.mlb.columns import (
    CHANCES,
    GAME,
    MOST_STRIKEOUTS,
    OPPONENT,
    PITCHER,
    PITCHER_NAME,
    TEAM,
    may_empty,
    table,
)
from tipoff.leagues.mlb.models.strikeouts import SERVING
from tipoff.leagues.mlb.sources.teams import BY_NAME
from tipoff.leagues.oddsapi import EVENT_COLUMNS, LINE_KEY, Market, line_columns
from tipoff.leagues.predict import decisions
from tipoff.leagues.predict.counts import over

STRIKEOUTS = Market(
    sport="baseball_mlb", name="pitcher_strikeouts", clubs=BY_NAME, start="first_pitch_at", goes_on_from="resumed_from"
)
_MOST = 20.5
_LINE = number("line", 0.5, _MOST, measure="strikeouts", places=2, required=True)
_CHANCE = number("p_over", 0, 1, measure="ratio", places=4, required=True)
_SIDE = text("recommendation", required=True)

ODDS_EVENTS = table(
    Phase.RAW, "odds_events", ("game_id",), *EVENT_COLUMNS, about="the-odds-api: which event is which game."
)
PLAYER_LINES = table(
    Phase.RAW,
    "player_lines",
    LINE_KEY,
    *line_columns(_MOST, "strikeouts"),
    about="the-odds-api: every quote of a starter's strikeouts, by book and line; the first arrival of each is kept.",
)
MAIN_LINES = table(
    Phase.FEATURES,
    "main_lines",
    ("game_id", "player_key"),
    GAME,
    text("player_key", required=True),
    integer("pitcher_id", 1),
    text("player_name", required=True),
    _LINE,
    text("book", required=True),
    instant("quoted_at"),
    integer("over_price", -20000, 20000, measure="american odds"),
    integer("under_price", -20000, 20000, measure="american odds"),
    integer("n_books", 1, required=True),
    about="One line a starter and game: each book's newest and best balanced, then the books' lower median.",
    floor=Floor(hoped=(("pitcher_id", 0.25),)),
)
_TOLD = (GAME, PITCHER, PITCHER_NAME, TEAM, OPPONENT, instant("first_pitch_at"), text("line_up", required=True))
_AT_THE_LINE = (
    _LINE,
    integer("over_price", -20000, 20000, measure="american odds"),
    integer("under_price", -20000, 20000, measure="american odds"),
    integer("n_books", 1, required=True),
    _CHANCE,
    _SIDE,
    text("reason", required=True),
)
LINE_CHANCES = table(
    Phase.PREDICTIONS,
    "line_chances",
    ("game_id", "pitcher_id"),
    *_TOLD,
    *_AT_THE_LINE,
    about="The chance of more strikeouts than the main line, where one of the two happens, and the side that its prices leave.",
)
PUBLISHED_LINES = table(
    Phase.PUBLISHED,
    "published_lines",
    ("game_id", "pitcher_id"),
    *_TOLD,
    *_AT_THE_LINE,
    about="What readers read of a line: the chance of over, the side and why.",
)
LINE_GRADES = table(
    Phase.GRADES,
    "line_grades",
    ("game_id", "pitcher_id"),
    GAME,
    PITCHER,
    _LINE,
    _CHANCE,
    _SIDE,
    may_empty(integer("actual_strikeouts", 0, MOST_STRIKEOUTS, measure="strikeouts")),
    flag("is_void", required=True),
    may_empty(flag("is_over")),
    may_empty(flag("is_right")),
    about="Each chance at a line against what happened, void where he did not start; a line that was met exactly is neither over "
    "nor under. Of a game that was broken off it is graded when it ends, of one that was put off never.",
)
_NO_LINE = "no line of a starter who is predicted"


def tell_chances(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Tell the chance of over at each starter's main line, of the line-up as announced where there is one."""
    lines = {(row["game_id"], row["pitcher_id"]): row for row in inputs["main_lines"].to_pylist() if row["pitcher_id"]}
    served: dict[tuple[str, int], Mapping[str, Any]] = {}
    announced = set(inputs["predictions"]["game_id"].to_pylist())
    for line_up, name in (("confirmed", "predictions"), ("projected", "projected_predictions")):
        for row in inputs[name].to_pylist():
            if row["system"] not in SERVING or (line_up == "projected" and row["game_id"] in announced):
                continue
            who = row["game_id"], row["pitcher_id"]
            if who not in served or _rank(row) < _rank(served[who]):
                served[who] = row | {"line_up": line_up}
    rows = [_at_the_line(served[who], lines[who]) for who in served if who in lines]
    there = {row["game_id"] for row in rows}
    return Made(
        rows=pa.Table.from_pylist(rows, schema=arrow_schema(LINE_CHANCES)),
        excused={unit: _NO_LINE for unit in context.units if unit not in there},
    )


def _rank(row: Mapping[str, Any]) -> int:
    return SERVING.index(row["system"])


def _at_the_line(predicted: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of a starter; who is to be passed for reasons of his own is."""
    chance = float(over(np.array([[predicted[name] for name in CHANCES]]), line["line"])[0])
    said = decisions.decide(chance, over_price=line["over_price"], under_price=line["under_price"])
    if predicted["pass_reason"]:
        said = decisions.Decision("pass", predicted["pass_reason"])
    told = {column.name: predicted[column.name] for column in _TOLD}
    return told | {
        "day": predicted["day"],
        "line": line["line"],
        "over_price": line["over_price"],
        "under_price": line["under_price"],
        "n_books": line["n_books"],
        "p_over": round(chance, 4),
        "recommendation": said.side,
        "reason": said.reason,
    }


def publish_lines(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Publish what is told at each line."""
    rows = inputs["line_chances"].select(PUBLISHED_LINES.names)
    there = set(rows["game_id"].to_pylist())
    return Made(rows=rows, excused={unit: _NO_LINE for unit in context.units if unit not in there})


CHECKS: tuple[Check, ...] = (
    kinds.holds(
        MAIN_LINES,
        "players_are_known",
        "a line is of a starter whom a club has named or announced",
        "t.pitcher_id IS NOT NULL",
        severity=WARNING,
        required=0.8,  # of a starter who is scratched the books go on quoting
        cadence=Cadence.PREGAME,
    ),
    kinds.holds(
        LINE_CHANCES,
        "lines_are_believed",
        "a main line is one that the starter may be over and under: lines of another market are not",
        "t.p_over BETWEEN 0.02 AND 0.98",
        severity=WARNING,
        required=0.8,
        cadence=Cadence.PREGAME,
    ),
    kinds.asks(
        "line_grades.are_what_happened",
        "a line is graded by what he did: void where he did not start, neither over nor under where it was met exactly",
        "SELECT CONCAT(t.game_id, '|', CAST(t.pitcher_id AS STRING)) AS key, "
        "t.actual_strikeouts IS NOT DISTINCT FROM b.strikeouts AND t.is_void = (b.strikeouts IS NULL) "
        "AND t.is_over IS NOT DISTINCT FROM IF(b.strikeouts = t.line, NULL, b.strikeouts > t.line) "
        "AND (t.is_right IS NULL) = (t.is_over IS NULL OR t.recommendation = 'pass') "
        "AND COALESCE(t.is_right = (t.is_over = (t.recommendation = 'over')), TRUE) AS ok FROM slate.line_grades AS t LEFT JOIN "
        "(SELECT p.game_id, p.pitcher_id, p.strikeouts FROM slate.pitcher_boxscores AS p WHERE p.is_starter) AS b "
        "ON b.game_id = t.game_id AND b.pitcher_id = t.pitcher_id",
        ["pitcher_boxscores", "line_grades"],
    ),
)
