"""Before a game: the features of its two starters, against the nine as announced or as projected."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.rows import arrow_schema
from tipoff.core.schema import Table
from tipoff.core.step import Context, Made
from tipoff.leagues.mlb import tables
from tipoff.leagues.mlb.models.features import Past, Starts, features
from tipoff.leagues.mlb.models.history import NOBODY, SPOTS, Numbers
from tipoff.leagues.mlb.steps.arrays import WIDTH, Inputs, known_of, once_a_table
from tipoff.leagues.predict.arrays import Floats, Ints


def make_features(context: Context, inputs: Inputs) -> Made:
    """Make the features of the starters against the nine as announced."""
    rows = inputs["line_ups"].to_pylist()
    by_side = {(row["game_id"], row["team"]): row for row in rows}
    asked = []
    for row in rows:
        other = by_side.get((row["game_id"], row["opponent"]))
        if other is not None and row["game_id"] in context.units:
            asked.append(
                _Asked(
                    game_id=row["game_id"],
                    pitcher=(
                        row["starter_id"],
                        row["starter_name"],
                        row["starter_key"],
                        row["starter_throws"],
                        row["starter_birth_date"],
                    ),
                    team=row["team"],
                    opponent=row["opponent"],
                    is_home=row["is_home"],
                    batters=[other[name] for name in SPOTS],
                    catcher=row["catcher_id"],
                    opposing_starter=other["starter_id"],
                    designated=other["has_designated_hitter"],
                    venue=row["venue_id"],
                    umpire=row["umpire_id"],
                    night=row["is_night"],
                    temperature=row["temperature"],
                    innings=row["scheduled_innings"],
                )
            )
    return _features(context, inputs, asked, tables.PITCHER_FEATURES)


def project_features(context: Context, inputs: Inputs) -> Made:
    """Make the features of the probable starters against the nine who last batted for the opponent, as far as one is known."""
    probable = {(row["game_id"], row["team"]): row for row in inputs["probable_pitchers"].to_pylist()}
    games = {row["game_id"]: row for row in inputs["schedule"].to_pylist()}
    named = pa.array([row["pitcher_id"] for row in probable.values()], pa.int64())
    players = inputs["players"].filter(pc.is_in(inputs["players"].column("player_id"), value_set=named))
    people = {row["player_id"]: row for row in sorted(players.to_pylist(), key=lambda one: one["season"])}
    last = _last_nine(inputs["team_games"])
    asked, excused = [], {}
    for (game_id, team), row in probable.items():
        if game_id not in context.units:
            continue
        opponent, about = row["opponent"], people.get(row["pitcher_id"], {})
        nine = last.get(opponent)
        if nine is None or (game_id, opponent) not in probable:
            excused[game_id] = (
                "a club has no line-up behind it this season" if nine is None else "only one starter is named"
            )
            continue
        hand, birth = about.get("throws"), about.get("birth_date")
        game = games[game_id]
        asked.append(
            _Asked(
                game_id=game_id,
                pitcher=(row["pitcher_id"], row["pitcher_name"], row["pitcher_key"], hand, birth),
                team=team,
                opponent=opponent,
                is_home=row["is_home"],
                batters=[nine[name] for name in SPOTS],
                catcher=None,
                opposing_starter=probable[game_id, opponent]["pitcher_id"],
                designated=nine["has_designated_hitter"],
                venue=game["venue_id"],
                umpire=None,
                night=None,
                temperature=None,
                innings=game["scheduled_innings"],
            )
        )
    asked = [one for one in asked if one.game_id not in excused]
    excused |= {
        unit: "no starter is named"
        for unit in context.units
        if unit not in excused and not any(one.game_id == unit for one in asked)
    }
    made = _features(context, inputs, asked, tables.PROJECTED_FEATURES)
    return Made(rows=made.rows, excused=excused)


@once_a_table
def _last_nine(rows: pa.Table) -> dict[str, dict[str, Any]]:
    """Return each club's last game at bat, of rows in the order of their days and games."""
    teams = rows["team"].combine_chunks().dictionary_encode()
    codes = teams.indices.to_numpy()
    _, back = np.unique(codes[::-1], return_index=True)
    found = rows.take(pa.array(len(codes) - 1 - back, pa.int64())).to_pylist()
    return {row["team"]: row for row in found}


class _Asked:
    """One start that is asked for."""

    def __init__(  # noqa: PLR0913 -- a start
        self,
        *,
        game_id: str,
        pitcher: tuple[int, str, str, str | None, date | None],
        team: str,
        opponent: str,
        is_home: bool,
        batters: list[int],
        catcher: int | None,
        opposing_starter: int,
        designated: bool,
        venue: int | None,
        umpire: int | None,
        night: bool | None,
        temperature: float | None,
        innings: int | None,
    ) -> None:
        self.game_id, self.pitcher, self.team, self.opponent, self.is_home = game_id, pitcher, team, opponent, is_home
        self.batters, self.catcher, self.opposing_starter, self.designated = (
            batters,
            catcher,
            opposing_starter,
            designated,
        )
        self.venue, self.umpire, self.night, self.temperature, self.innings = venue, umpire, night, temperature, innings


def _features(context: Context, inputs: Inputs, asked: Sequence[_Asked], table: Table) -> Made:
    schema = arrow_schema(table)
    if not asked:
        return Made(rows=schema.empty_table())
    known = known_of(inputs["form"])
    starts = _starts(context, asked, known.numbers)
    nine = starts.batters
    sums = {
        "pitcher": known.sums("pitcher", starts.pitcher),
        "club": known.sums("club", starts.facing),
        "venue": known.sums("venue", starts.venue),
        "umpire": known.sums("umpire", starts.umpire),
        "catcher": known.sums("catcher", starts.catcher),
        "staff": known.sums("staff", starts.club),
        "league": known.sums("league", np.zeros(len(asked), dtype=np.int64)),
        "batter": known.sums("batter", nine.ravel()).reshape(*nine.shape, *WIDTH),
    }
    found = features(Past(sums, known.pitcher(starts.pitcher)), {context.slate.day.year: known.rates}, starts)
    rows = []
    for place, one in enumerate(asked):
        number, name, key, throws, _ = one.pitcher
        row: dict[str, Any] = {
            "day": context.slate.day,
            "game_id": one.game_id,
            "pitcher_id": number,
            "pitcher_name": name,
            "pitcher_key": key,
            "team": one.team,
            "opponent": one.opponent,
            "is_home": one.is_home,
            "throws": throws,
            "flags": _flags({column: float(values[place]) for column, values in found.columns.items()}),
        }
        row |= {column: _known_or_none(found.columns[column][place]) for column in tables.FEATURE_COLUMNS}
        row |= {f"chance_{spot}": float(found.chances[place, spot - 1]) for spot in range(1, 10)}
        row |= dict(zip(SPOTS, one.batters, strict=True))
        rows.append(row)
    return Made(rows=pa.Table.from_pylist(rows, schema=schema))


def _known_or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _starts(context: Context, asked: Sequence[_Asked], numbers: Numbers) -> Starts:
    def every(name: str, unknown: float) -> Floats:
        values = [getattr(one, name) for one in asked]
        return np.array([unknown if value is None else float(value) for value in values])

    def number(name: str) -> Ints:
        return every(name, NOBODY).astype(np.int64)

    clubs = numbers.of_clubs(pa.chunked_array([[one.team for one in asked] + [one.opponent for one in asked]]))
    births = [one.pitcher[4] for one in asked]
    return Starts(
        pitcher=np.array([one.pitcher[0] for one in asked], dtype=np.int64),
        day=np.full(len(asked), context.slate.day.toordinal()),
        club=clubs[: len(asked)],
        facing=clubs[len(asked) :],
        venue=number("venue"),
        umpire=number("umpire"),
        catcher=number("catcher"),
        opposing_starter=number("opposing_starter"),
        batters=np.array([one.batters for one in asked], dtype=np.int64),
        left=np.array([1.0 if one.pitcher[3] == "L" else 0.0 for one in asked]),
        born=np.array([np.nan if birth is None else float(birth.toordinal()) for birth in births]),
        is_home=every("is_home", np.nan),
        designated=every("designated", 1.0),
        innings=every("innings", 9.0),
        night=every("night", np.nan),
        temperature=every("temperature", np.nan),
    )


_FIRST, _FEW_STARTS, _SHORT, _ABSENT = 1, 3, 14.0, 30.0


def _flags(of: Mapping[str, float]) -> str:
    """Return the reasons to pass: what makes a start one that history says little of."""
    found = []
    if of["career_starts"] < _FIRST:
        found.append("first start")
    elif of["career_starts"] < _FEW_STARTS:
        found.append("few starts")
    if of["last_was_relief"] == 1.0:
        found.append("last pitched in relief")
    if of["bf_15"] < _SHORT or (
        of["last_game_bf"] < _SHORT / 2 and of["career_starts"] >= _FIRST and of["last_was_relief"] != 1.0
    ):
        found.append("opener or short starts")
    if _ABSENT < of["days_rest"] < 999 and of["season_starts"] > 0:  # noqa: PLR2004 -- never pitched before
        found.append("back from an absence")
    return ", ".join(found)
