"""A starter's features by two formulas that share nothing: alike for any form, and apart where one value is another's."""

import random
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest

from tipoff.core.check import Measured, View
from tipoff.core.rows import arrow_schema
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context
from tipoff.leagues.mlb import tables
from tipoff.leagues.mlb.formulas import formulas
from tipoff.leagues.mlb.models.history import SPOTS
from tipoff.leagues.mlb.second_features import second_features
from tipoff.leagues.mlb.steps import starts
from tipoff.leagues.mlb.steps.arrays import COUNTED

DAY = date(2030, 6, 14)
NOW = datetime(2030, 6, 14, 12, tzinfo=UTC)
SIDES = {"BOS": (101, range(1, 10), "L"), "NYY": (102, range(11, 20), "R")}
Rows = list[dict[str, Any]]
CLUBS = {
    "batter": (),
    "club": ("BOS", "NYY"),
    "staff": ("BOS", "NYY"),
    "league": ("all",),
    "venue": ("5",),
    "catcher": ("7",),
}


def line_ups() -> Rows:
    found = []
    for team, (starter, nine, throws) in SIDES.items():
        row = {"day": DAY, "game_id": "1", "team": team, "opponent": "NYY" if team == "BOS" else "BOS"}
        row |= {"is_home": team == "BOS", "starter_id": starter, "starter_name": "A", "starter_key": "a"}
        row |= {
            "starter_throws": throws,
            "starter_birth_date": date(2001, 2, 3),
            "has_designated_hitter": team == "NYY",
        }
        row |= {
            "venue_id": 5,
            "umpire_id": None,
            "catcher_id": 7,
            "is_night": True,
            "temperature": 71.0,
            "known_at": NOW,
        }
        found.append(row | dict(zip(SPOTS, nine, strict=True)))
    found[0]["batter_9_id"] = 101  # where nobody bats for him the starter does
    return found


def form(seed: int) -> Rows:
    dice = random.Random(seed)  # noqa: S311 -- a test's dice
    found = []
    for kind, names in (
        CLUBS | {"batter": tuple(map(str, (*range(1, 9), *range(11, 18)))), "pitcher": ("101", "102")}
    ).items():
        for name in names:
            row: dict[str, Any] = {"day": DAY, "kind": kind, "entity": name}
            row |= {column: round(dice.uniform(0.5, 90), 6) for column in tables.SUM_NAMES if dice.random() < 0.9}
            if kind == "pitcher":
                row |= {
                    column: float(dice.randint(0, 9))
                    for column in tables.PITCHER_NUMBERS
                    if column in COUNTED or dice.random() < 0.8
                }
            if kind == "batter" and dice.random() < 0.8:
                told = (dice.uniform(-1, 1), dice.uniform(-1, 1), dice.uniform(0.2, 0.4), dice.uniform(0, 900))
                row |= dict(
                    zip(tables.BATTER_NUMBERS, (*(round(one, 6) for one in told), dice.randint(0, 2)), strict=True)
                )
            found.append(row)
    return found


class Told:
    """A view of tables in memory."""

    day = DAY

    def __init__(self, **rows: pa.Table) -> None:
        self._rows = rows

    def rows(self, table: str) -> pa.Table:
        return self._rows[table]


def measured(seed: int, **changes: float) -> Measured:
    lines = pa.Table.from_pylist(line_ups(), schema=arrow_schema(tables.LINE_UP_TABLE))
    known = pa.Table.from_pylist(form(seed), schema=arrow_schema(tables.FORM))
    context = Context(slate=Slate("mlb", Season("2030", DAY, DAY), DAY), units=frozenset({"1"}), as_of=NOW)
    made = starts.make_features(context, {"line_ups": lines, "form": known}).rows.to_pylist()
    rows = [made[0] | changes, *made[1:]]
    features = pa.Table.from_pylist(rows, schema=arrow_schema(tables.PITCHER_FEATURES))
    [check] = [one for one in second_features() if one.name == "pitcher_features.are_the_form_of_the_morning"]
    assert check.look is not None
    return check.look(cast("View", Told(line_ups=lines, form=known, pitcher_features=features)))


@pytest.mark.parametrize("seed", range(12))
def test_both_formulas_give_the_same_of_any_form(seed: int) -> None:
    assert measured(seed) == Measured(value=1.0)


@pytest.mark.parametrize("column", ["k_60", "leash_60", "venue_200", "nine_of_late", "chance_4", "days_rest", "age"])
def test_a_feature_that_is_anothers_is_found(column: str) -> None:
    found = measured(1, **{column: 0.4321})

    assert (found.value, len(found.failing)) == (0.5, 1)


def test_a_median_in_the_open_last_class_is_not_read_off_it_and_every_other_is() -> None:
    """Fifteen strikeouts in an only start: by the mean of them half of the chances lie above what is kept apart."""
    high = dict.fromkeys(tables.CHANCES, 0.02) | {tables.CHANCES[-1]: 0.7}
    three = dict.fromkeys(tables.CHANCES, 0.0) | {tables.CHANCES[3]: 1.0}
    told = {"system": "rolling", "mean_strikeouts": 15.0, "raw_mean": 15.0, "pitcher_id": 1}
    rows = [
        told | high | {"game_id": "1", "predicted_strikeouts": 15.1, "own_line": 15.5, "own_over_chance": 0.46},
        told | three | {"game_id": "2", "predicted_strikeouts": 3.0, "own_line": 3.5, "own_over_chance": 0.0},
        told | three | {"game_id": "3", "predicted_strikeouts": 3.0, "own_line": 4.5, "own_over_chance": 0.0},
    ]
    look = next(check.look for check in formulas() if check.name == "predictions.are_read_off_the_chances")
    assert look is not None

    found = look(cast("View", SimpleNamespace(rows=lambda _name: pa.Table.from_pylist(rows))))

    assert found.failing == ("3|1|rolling",)
