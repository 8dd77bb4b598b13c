"""A starter's features and form, worked out again: plain sums of one start at a time, by code that shares nothing with theirs."""

# ruff: noqa: PLR2004, S608 -- the numbers are the formula's own; every name in the statements is declared in the league's tables

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from math import exp, log
from statistics import fmean
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.check import Cadence, Check, View
from tipoff.core.schema import Table
from tipoff.leagues.checks import kinds
from tipoff.leagues.checks.second import Row, second_formula
from tipoff.leagues.mlb import tables

_HALVES = (15, 60, 200, 600)
_USUAL, _NEWCOMER = 0.22, 0.93  # strikeouts a batter faced of the league; a newcomer's relative to it
_SHRUNK = {15: 8.0, 60: 12.0, 200: 15.0, 600: 18.0}  # expected strikeouts that stand for who is not known
_AT = {"venue": 80.0, "umpire": 80.0, "catcher": 80.0, "club": 60.0}
_TURNS = (4.65, 4.55, 4.45, 4.34, 4.24, 4.13, 4.0, 3.9, 3.77)
_NINE = tuple(f"batter_{spot}_id" for spot in range(1, 10))
_CHANCES = tuple(f"chance_{spot}" for spot in range(1, 10))
_ABSENT = 999.0  # days of rest of who never pitched
_PLAIN = (  # a pitcher's form as it is, and what it is where he has none
    *((name, 0) for name in ("relief_of_5", "games_14", "season_starts", "season_bf", "season_k", "season_relief")),
    *((name, _ABSENT) for name in ("days_rest", "start_rest", "rest_before")),
    *((f"bf_{back}_ago", None) for back in range(1, 6)),
    *((name, None) for name in ("last_was_relief", "last_game_bf", "k_of_3", "k_of_5", "k_of_10", "k_spread_10")),
    *((name, None) for name in ("bf_of_10", "outs_of_3")),
    ("career_starts", 0),
)
_COLUMNS = (*tables.FEATURE_COLUMNS, *_CHANCES)
_SUMS = {  # of a pitcher's game; in starts alone, in relief alone, in both
    "strikeouts": "IF(p.is_starter, p.strikeouts, 0)",
    "expected": "IF(p.is_starter, p.expected_strikeouts, 0)",
    "faced": "IF(p.is_starter, p.batters_faced, 0)",
    "starts": "IF(p.is_starter, 1, 0)",
    "relief_strikeouts": "IF(p.is_starter, 0, p.strikeouts)",
    "relief_expected": "IF(p.is_starter, 0, p.expected_strikeouts)",
    "walks": "p.walks",
    "hits": "p.hits",
    "runs": "p.runs",
    "all_faced": "p.batters_faced",
}
_OF_CLUBS, _OF_BATTERS = ("on_base", "games"), ("odds_right", "odds_left", "on_base_ratio", "known_appearances", "side")
_OF_PITCHERS = ("relief_strikeouts", "relief_expected", "walks", "hits", "all_faced")


def second_features() -> list[Check]:
    """Return the checks that work features and form out again."""
    return [
        *(
            second_formula(
                table,
                "are_the_form_of_the_morning",
                "each feature of a start is what its pitcher, nine, clubs and places give by another formula",
                partial(_again, table=table, is_announced=table is tables.PITCHER_FEATURES),
                (*_COLUMNS, *_NINE, "throws"),
                inputs=("form", source),
                is_whole=False,
            )
            for table, source in ((tables.PITCHER_FEATURES, "line_ups"), (tables.PROJECTED_FEATURES, "probable_pitchers"))
        ),
        _form_is_the_games(),
        kinds.holds(
            tables.FORM,
            "sums_are_of_their_kind",
            "what only pitchers, clubs or batters have stands with nobody else",
            " AND ".join(
                f"(t.kind = '{kind}' OR {' AND '.join(f't.{name} IS NULL' for name in names)})"
                for kind, names in (
                    ("batter", _OF_BATTERS),
                    ("club", [f"{name}_{half}" for half in _HALVES for name in _OF_CLUBS]),
                    ("pitcher", [*tables.PITCHER_NUMBERS, *(f"{name}_{half}" for half in _HALVES for name in _OF_PITCHERS)]),
                )
            ),
            cadence=Cadence.PREGAME,
        ),
    ]  # fmt: skip


# --- features, from form


class _Form:
    """The morning's form by kind and entity; a sum of nothing is 0."""

    def __init__(self, view: View, entities: set[str]) -> None:
        rows = view.rows("form")
        rows = rows.filter(pc.is_in(rows.column("entity"), value_set=pa.array(sorted(entities), pa.string())))
        self._by_name: Mapping[tuple[str, str], Row] = {(row["kind"], row["entity"]): row for row in rows.to_pylist()}

    def row(self, kind: str, entity: object) -> Row:
        return self._by_name.get((kind, str(entity)), {})

    def sum(self, kind: str, entity: object, name: str) -> float:
        return self.row(kind, entity).get(name) or 0.0


def _again(view: View, table: Table, *, is_announced: bool) -> Iterator[Row]:
    rows = view.rows(table.name).to_pylist()
    about = _announced(view) if is_announced else _projected(view, rows)
    entities = {"all"}
    for row in rows:
        told = about.get((row["game_id"], row["team"]), {})
        entities |= {str(row[name]) for name in ("pitcher_id", "team", "opponent", *_NINE)}
        entities |= {str(told.get(name)) for name in ("venue_id", "umpire_id", "catcher_id")}
    form = _Form(view, entities)
    for row in rows:
        if (row["game_id"], row["team"]) in about:
            told = about[row["game_id"], row["team"]]
            told_of = {name: told[name] for name in (*_NINE, "throws")}
            key = {"game_id": row["game_id"], "pitcher_id": row["pitcher_id"]}
            yield {**key, **told_of, **_of_start(form, row, told, view.day)}


def _announced(view: View) -> dict[tuple[str, str], Row]:
    """Return what the line-ups say of each starter; of him who bats and of who bats for whom the other club's say."""
    rows = {(row["game_id"], row["team"]): row for row in view.rows("line_ups").to_pylist()}
    found: dict[tuple[str, str], Row] = {}
    for (game_id, team), row in rows.items():
        other = rows.get((game_id, row["opponent"]))
        if other is not None:
            nine = {name: other[name] for name in _NINE}
            of_other = {"other_starter": other["starter_id"], "designated": other["has_designated_hitter"]}
            found[game_id, team] = (
                row | nine | of_other | {"throws": row["starter_throws"], "born": row["starter_birth_date"]}
            )
    return found


def _projected(view: View, rows: list[dict[str, Any]]) -> dict[tuple[str, str], Row]:
    """Return the same of the starters who are named: the nine who last batted for the other club, no umpire, no catcher."""
    named = view.rows("probable_pitchers").select(["game_id", "team", "opponent", "pitcher_id"]).to_pylist()
    starters = {(row["game_id"], row["team"]): row["pitcher_id"] for row in named}
    games = {row["game_id"]: row for row in view.rows("schedule").to_pylist()}
    nine = ", ".join(f"t.{name}" for name in _NINE)
    last = view.ask(
        f"SELECT t.team, t.has_designated_hitter, {nine} FROM before.team_games AS t JOIN (SELECT b.team, "
        "MAX(CONCAT(CAST(b.day AS STRING), b.game_id)) AS newest FROM before.team_games AS b GROUP BY b.team) AS n "
        "ON n.team = t.team AND n.newest = CONCAT(CAST(t.day AS STRING), t.game_id)"
    )
    batted = {row["team"]: row for row in last.to_pylist()}
    people = view.ask("SELECT t.season, t.player_id, t.throws, t.birth_date FROM latest.players AS t")
    wanted = sorted({row["pitcher_id"] for row in rows})
    people = people.filter(pc.is_in(people.column("player_id"), value_set=pa.array(wanted, pa.int64())))
    known = {row["player_id"]: row for row in sorted(people.to_pylist(), key=lambda one: int(one["season"]))}
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        game, other = games.get(row["game_id"]), batted.get(row["opponent"])
        if (
            game is not None and other is not None and game["game_number"] == 1
        ):  # the first of two is history for the second
            man = known.get(row["pitcher_id"], {})
            found[row["game_id"], row["team"]] = {
                **{name: other[name] for name in _NINE},
                "designated": other["has_designated_hitter"],
                "other_starter": starters.get((row["game_id"], row["opponent"])),
                "venue_id": game["venue_id"],
                "scheduled_innings": game["scheduled_innings"],
                "throws": man.get("throws"),
                "born": man.get("birth_date"),
            }
    return found


def _of_start(form: _Form, row: Row, told: Row, day: date) -> Row:
    """Return the features of one start."""
    pitcher = partial(form.sum, "pitcher", row["pitcher_id"])
    league = partial(form.sum, "league", "all")
    level = (league("strikeouts_200") + 4000 * _USUAL) / (league("expected_200") + 4000 * _USUAL)
    usual = (league("faced_60") + 20 * 22) / (league("starts_60") + 20)
    found: dict[str, Any] = {"league": level, "usual_bf": usual}
    for half, own in _SHRUNK.items():
        made, hoped, starts = pitcher(f"strikeouts_{half}"), pitcher(f"expected_{half}"), pitcher(f"starts_{half}")
        relief, relief_hoped = pitcher(f"relief_strikeouts_{half}"), pitcher(f"relief_expected_{half}")
        everybody = pitcher(f"all_faced_{half}") + 3 * own
        found |= {
            f"k_{half}": (made + 0.6 / 1.1 * relief + own * _NEWCOMER * level)
            / (hoped + 0.6 * relief_hoped + own)
            / level,
            f"start_k_{half}": (made / level + own * _NEWCOMER) / (hoped + own),
            f"relief_k_{half}": (relief / level + own) / (relief_hoped + own),
            f"seen_{half}": hoped + relief_hoped,
            f"starts_{half}": starts,
            f"bf_{half}": (pitcher(f"faced_{half}") + 1.5 * (usual - 1)) / (starts + 1.5),
        }
        for name, share in (("walks", 0.08), ("hits", 0.23), ("runs", 0.115)):
            found[f"{name}_{half}"] = (pitcher(f"{name}_{half}") + 3 * own * share) / everybody
    where = {"venue": told["venue_id"], "umpire": told.get("umpire_id"), "catcher": told.get("catcher_id")}
    for kind, entity in {**where, "club": row["opponent"]}.items():
        for half in _HALVES[1:]:
            made, hoped = (form.sum(kind, entity, f"{name}_{half}") for name in ("strikeouts", "expected"))
            found[f"{kind}_{half}"] = (made + _AT[kind]) / (hoped + _AT[kind])
    club, staff = partial(form.sum, "club", row["opponent"]), partial(form.sum, "staff", row["team"])
    for name in ("runs", "on_base"):
        found[f"club_{name}"] = club(f"{name}_60") / club("games_60") if club("games_60") else None
    for half in (60, 200):
        found[f"leash_{half}"] = staff(f"faced_{half}") / (staff(f"starts_{half}") + 10)
    last = form.row("pitcher", row["pitcher_id"])
    for name, unknown in _PLAIN:
        found[name] = unknown if last.get(name) is None else last[name]
    born = told["born"]
    found |= {
        "at_home": row["is_home"],
        "left_handed": told["throws"] == "L",
        "designated": told["designated"],
        "innings": told["scheduled_innings"] or 9,
        "is_night": told.get("is_night"),
        "temperature": told.get("temperature"),
        "age": None if born is None else (day - born).days / 365.25,
        "day_of_year": (day - date(day.year, 1, 1)).days,
    }
    found |= _of_nine(form, told, found)
    return {name: float(value) if isinstance(value, bool | int) else value for name, value in found.items()}


def _of_nine(form: _Form, told: Row, found: Row) -> Row:
    """Return what the nine give: each batter's odds by hand and of late, against this pitcher and against a usual one."""
    left, level = told["throws"] == "L", found["league"]
    by_side = (0.13, -0.05, 0.0) if left else (-0.04, 0.03, 0.0)  # who bats left, right, both
    odds, late, reached, opposite, newcomers = [], [], [], 0, 0
    for name in _NINE:
        man = form.row("batter", told[name])
        known = man.get("known_appearances")
        side = 1 if known is None else int(man["side"])
        own = (
            _log(_USUAL * 1.06) + by_side[side] - _log(_USUAL)
            if known is None
            else man["odds_left" if left else "odds_right"]
        )
        on_base = 0.32 if known is None else man["on_base_ratio"]
        if told[name] == told["other_starter"] and not told["designated"] and (known or 0) < 150:
            own, on_base = log(0.42 / 0.58) - _log(_USUAL), 0.14
        made, hoped = (form.sum("batter", told[name], f"{what}_200") for what in ("strikeouts", "expected"))
        odds.append(own)
        late.append(min(max(3 * (made - hoped) / (hoped + 400), -0.6), 0.6))
        reached.append(on_base)
        opposite += side == 2 or (side == 0) != left
        newcomers += (known or 0) < 100
    skill = _USUAL * level * (0.8 * found["k_200"] + 0.2 * found["k_600"])
    his, usual = _log(min(max(skill, 0.03), 0.6)), _log(_USUAL * level)
    chances = [_chance(his + own + form_of_late) for own, form_of_late in zip(odds, late, strict=True)]
    rate = sum(chance * turns for chance, turns in zip(chances, _TURNS, strict=True)) / sum(_TURNS)
    return {
        **dict(zip(_CHANCES, chances, strict=True)),
        "nine_career": fmean(_chance(usual + own) for own in odds),
        "nine": fmean(_chance(usual + own + of_late) for own, of_late in zip(odds, late, strict=True)),
        "nine_of_late": fmean(late),
        "nine_on_base": fmean(reached),
        "newcomers": newcomers,
        "opposite": opposite,
        "expected_rate": rate,
        "base_strikeouts": rate * found["bf_60"],
    }


def _log(chance: float) -> float:
    return log(chance / (1 - chance))


def _chance(odds: float) -> float:
    return 1 / (1 + exp(-odds))


# --- form, from games


def _form_is_the_games() -> Check:
    """Hold the sums of each starter against his games of the season, and what he began it with."""
    places = [(name, half) for name in _SUMS for half in _HALVES]
    age = "DATE_DIFF(@day, p.day, DAY)"
    sums = ", ".join(f"SUM({_SUMS[name]} * POW(0.5, {age} / {half}.0)) AS {name}_{half}" for name, half in places)
    earlier = "POW(0.5, DATE_DIFF(@day, c.day, DAY) / {half})"
    near = " AND ".join(
        f"ABS(COALESCE(t.{name}_{half}, 0) - COALESCE(h.{name}_{half}, 0) - COALESCE(c.{name}_{half} * "
        f"{earlier.format(half=f'{half}.0')}, 0)) <= 0.001"
        for name, half in places
    )
    return kinds.asks(
        "form.sums_are_the_games",
        "a starter's sums are his games of the season, each halved by its age, and what is left of those before",
        f"SELECT t.entity AS key, {near} AS ok FROM slate.form AS t JOIN (SELECT DISTINCT CAST(l.starter_id AS STRING) AS who "
        "FROM slate.line_ups AS l) AS w ON w.who = t.entity LEFT JOIN (SELECT CAST(p.pitcher_id AS STRING) AS who, "
        f"{sums} FROM before.pitcher_games AS p WHERE p.strikeouts IS NOT NULL GROUP BY CAST(p.pitcher_id AS STRING)) AS h "
        "ON h.who = t.entity LEFT JOIN latest.season_form AS c ON c.kind = 'pitcher' AND c.entity = t.entity "
        "WHERE t.kind = 'pitcher'",
        ["pitcher_games", "season_form", "line_ups", "form"],
        required=0.97,
        cadence=Cadence.PREGAME,
    )
