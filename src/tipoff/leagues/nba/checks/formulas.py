"""Second formulas: what the steps make, worked out again by code that shares nothing with theirs; a wrong rule is a difference.

The rules: a main line is of each book its newest quotes, of these the one whose prices are nearest, of the books the lower
median; a grade holds the prediction against the points, and against the line; features rest on games of earlier days.
"""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, permutations
from typing import Any

from tipoff.core.check import Check, View
from tipoff.leagues.checks.second import Row, in_time, second_formula
from tipoff.leagues.nba import tables
from tipoff.leagues.nba.systems.catalog import SYSTEMS
from tipoff.leagues.nba.systems.moving_average import MOVING_AVERAGE
from tipoff.leagues.nba.tables import GRADES, MAIN_LINES, PUBLISHED_PREDICTIONS

_NAMES = tuple(system.name for system in SYSTEMS)


def formulas() -> list[Check]:
    """Return the second formulas, and what follows from history alone."""
    return [
        second_formula(
            MAIN_LINES,
            "are_the_books_middle",
            "a main line is a quote: of each book the newest and best balanced, of the books the lower median",
            _main_lines,
            ("line", "book", "over_price", "under_price", "quoted_at", "n_books", "n_quotes", "n_dropped"),
            inputs=("player_lines", "line_names"),
        ),
        second_formula(
            GRADES,
            "are_what_happened",
            "a grade is the prediction against the points, and the points against the line; who did not play is void",
            _grades,
            (
                "predicted_points",
                "actual_points",
                "error",
                "abs_error",
                "is_void",
                "void_reason",
                "is_retrospective",
                "line",
                "line_result",
                "side",
                "is_correct",
            ),
            inputs=(*_NAMES, "player_games", "main_lines"),
            is_whole=False,
        ),
        second_formula(
            tables.TEAM_GAMES,
            "are_the_two_box_scores",
            "possessions, pace and ratings of a club's game are those of the two clubs' box scores",
            _team_games,
            (
                "won",
                "points",
                "points_allowed",
                "minutes",
                "possessions",
                "plays_used",
                "pace",
                "off_rating",
                "def_rating",
            ),
            inputs=("nba_team_boxscores", "bdl_player_boxscores"),
            is_whole=False,
        ),
        second_formula(
            tables.PLAYER_GAMES,
            "are_shares_of_the_club",
            "a player's shares are his plays and minutes of his club's",
            _player_games,
            ("usage_ratio", "minutes_ratio"),
            inputs=("player_boxscores", "team_games"),
        ),
        second_formula(
            tables.SOURCE_AGREEMENT,
            "counts_the_two_sources",
            "how far the sources agree is counted from both",
            _source_agreement,
            tuple(column.name for column in tables.SOURCE_AGREEMENT.columns if column.name.startswith("n_")),
            inputs=("nba_player_boxscores", "bdl_player_boxscores", "box_names"),
        ),
        second_formula(
            MOVING_AVERAGE.table,
            "are_the_last_ten_games",
            "the moving average is the last ten games' mean",
            _moving_average,
            ("median",),
            inputs=("player_features",),
        ),
        *(
            second_formula(
                system.table,
                "are_read_off_the_quantiles",
                "median and interval are those of the distribution",
                _of_quantiles(system.name),
                ("median", "low_80", "high_80"),
                inputs=(),
                is_whole=False,
                places=2,  # as the quantiles are told
            )
            for system in SYSTEMS
            if system is not MOVING_AVERAGE
        ),
        second_formula(
            PUBLISHED_PREDICTIONS,
            "are_what_was_predicted",
            "what is published is what was predicted, beside the main line and what follows at its prices",
            _published,
            (*_NAMES, "low_80", "high_80", "line", "n_books", "p_over", "recommendation"),
            inputs=(*_NAMES, "main_lines"),
            is_whole=False,
        ),
    ]


# --- in Python, from the slate's own rows


def _rows(view: View, table: str, *names: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = view.rows(table).select(list(names)).to_pylist()
    return found


def _chance(price: int) -> float:
    return abs(price) / (abs(price) + 100) if price < 0 else 100 / (price + 100)


def _main_lines(view: View) -> list[Row] | None:
    """Quotes that were known at the instant of the making, by player; what arrived later was not there to be chosen.

    Whose a quote is, is asked of line_names; where that is not certain it is of its own spelling.
    """
    proof = view.records.proof(MAIN_LINES.name, view.day)
    if proof is None:
        return None
    names = ("game_id", "player_key", "book", "line", "over_price", "under_price", "quoted_at", "known_at")
    named = _rows(view, "line_names", "game_id", "player_key", "player_id")
    whose = {(row["game_id"], row["player_key"]): row["player_id"] for row in named}
    by_player: defaultdict[tuple[str, str | int], list[Row]] = defaultdict(list)
    for quote in _rows(view, "player_lines", *names):
        unit = proof.units.get(quote["game_id"])
        if unit is not None and unit.as_of is not None and quote["known_at"] <= unit.as_of:
            key = quote["player_key"]
            by_player[quote["game_id"], whose.get((quote["game_id"], key)) or key].append(quote)
    return [_main_line(quotes) for quotes in by_player.values()]


def _main_line(quotes: Sequence[Row]) -> Row:
    def apart(quote: Row) -> float:
        prices = quote["over_price"], quote["under_price"]
        return 9.0 if None in prices else abs(_chance(prices[0]) - _chance(prices[1]))

    best = []
    for _, of_book in groupby(sorted(quotes, key=lambda quote: quote["book"]), key=lambda quote: quote["book"]):
        several = list(of_book)
        newest = max(quote["quoted_at"] for quote in several)
        best.append(
            min(
                (quote for quote in several if quote["quoted_at"] == newest),
                key=lambda quote: (round(apart(quote), 12), quote["line"], quote["player_key"]),
            )
        )
    best.sort(key=lambda quote: (quote["line"], quote["book"]))
    n = len(quotes)
    chosen = best[(len(best) - 1) // 2]
    return dict(chosen) | {
        "n_books": len(best),
        "n_quotes": n,
        "n_dropped": n - 1,
    }


def _lines(view: View) -> dict[tuple[str, int], Row]:
    names = ("game_id", "player_id", "line", "over_price", "under_price", "n_books")
    return {(row["game_id"], row["player_id"]): row for row in _rows(view, "main_lines", *names) if row["player_id"]}


def _side(number: float | None, line: float | None) -> str | None:
    if number is None or line is None:
        return None
    return "over" if number > line else "under" if number < line else "push"


def _grades(view: View) -> list[Row] | None:
    points = {
        (row["game_id"], row["player_id"]): row["points"]
        for row in _rows(view, "player_games", "game_id", "player_id", "points")
    }
    lines = {who: row["line"] for who, row in _lines(view).items()}
    made = [
        dict(row) | {"system": name, "predicted_points": row["median"]}
        for name in _NAMES
        for row in _points(view, name, "made_at", "tipoff_at").values()
    ]
    return [_grade(row, points, lines.get((row["game_id"], row["player_id"]))) for row in made] or None


def _grade(row: Row, points: dict[tuple[str, int], int | None], line: float | None) -> Row:
    who = row["game_id"], row["player_id"]
    actual, guess = points.get(who), row["predicted_points"]
    result, side = _side(actual, line), _side(guess, line)
    side = None if side == "push" else side
    return dict(row) | {
        "actual_points": actual,
        "error": None if actual is None else guess - actual,
        "abs_error": None if actual is None else abs(guess - actual),
        "is_void": actual is None,
        "void_reason": None if actual is not None else "points unknown" if who in points else "did not play",
        "is_retrospective": row["made_at"] >= row["tipoff_at"],
        "line": line,
        "line_result": result,
        "side": side,
        "is_correct": None if side is None or result in {None, "push"} else side == result,
    }


def _team_games(view: View) -> list[Row] | None:
    names = ("game_id", "team", "opponent", "won", "points", "minutes", "fga", "fta", "oreb", "tov")
    clubs = {(row["game_id"], row["team"]): row for row in _rows(view, "nba_team_boxscores", *names)}
    clubs |= _added_up(view, {game_id for game_id, _ in clubs})

    def possessions(row: Row) -> float:
        return float(row["fga"] - row["oreb"] + row["tov"] + 0.44 * row["fta"])

    found: list[Row] = []
    for (game_id, _), club in clubs.items():
        other = clubs.get((game_id, club["opponent"]))
        if other is None or None in club.values() or None in other.values():
            continue
        both = 0.48 * (possessions(club) + possessions(other))
        found.append(
            club
            | {
                "points_allowed": other["points"],
                "possessions": both,
                "plays_used": club["fga"] + 0.44 * club["fta"] + club["tov"],
                "pace": 48 * both / (club["minutes"] / 5),
                "off_rating": club["points"] / both * 100,
                "def_rating": other["points"] / both * 100,
            }
        )
    return found or None


def _added_up(view: View, known: set[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the clubs of games without a box score of their own: their players of the second source, added up."""
    counts = ("points", "minutes", "fga", "fta", "oreb", "tov")
    sides: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in _rows(view, "bdl_player_boxscores", "game_id", "team", *counts):
        if row["game_id"] not in known:
            sides[row["game_id"], row["team"]].append(row)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for side, rows in sides.items():
        each = {name: [row[name] for row in rows] for name in counts}
        found[side] = {name: None if None in values else sum(values) for name, values in each.items()}
    clubs: dict[tuple[str, str], dict[str, Any]] = {}
    for ours, theirs in (two for two in permutations(found, 2) if two[0][0] == two[1][0]):
        won = {"over": True, "under": False}.get(str(_side(found[ours]["points"], found[theirs]["points"])))
        clubs[ours] = found[ours] | {"game_id": ours[0], "team": ours[1], "opponent": theirs[1], "won": won}
    return clubs


def _player_games(view: View) -> list[Row] | None:
    clubs = {
        (row["game_id"], row["team"]): row
        for row in _rows(view, "team_games", "game_id", "team", "minutes", "plays_used")
    }
    found: list[Row] = []
    for row in _rows(view, "player_boxscores", "game_id", "player_id", "team", "minutes", "fga", "fta", "tov"):
        club = clubs.get((row["game_id"], row["team"]))
        if club is not None:
            unknown = None in row.values()
            used = 0.0 if unknown else row["tov"] + row["fga"] + row["fta"] * 0.44
            minutes = row["minutes"]
            found.append(
                row
                | {
                    "usage_ratio": None if unknown or not club["plays_used"] else used / club["plays_used"],
                    "minutes_ratio": None if minutes is None else minutes / (club["minutes"] / 5),
                }
            )
    return found or None


def _source_agreement(view: View) -> list[Row] | None:
    names = ("game_id", "team", "points", "minutes", "reb", "ast")
    named = _rows(view, "box_names", "game_id", "bdl_player_id", "player_id")
    who = {(row["game_id"], row["bdl_player_id"]): row["player_id"] for row in named}
    first: dict[tuple[str, str, int | str], Row] = {
        (row["game_id"], row["team"], row["player_id"]): row
        for row in _rows(view, "nba_player_boxscores", *names, "player_id")
    }
    second: dict[tuple[str, str, int | str], Row] = {
        (row["game_id"], row["team"], who.get((row["game_id"], his := row["bdl_player_id"])) or f"nobody, {his}"): row
        for row in _rows(view, "bdl_player_boxscores", *names, "bdl_player_id")
    }
    if not first or not second:
        return None
    games = {key[0] for key in (*first, *second)}

    def differ(game_id: str, name: str) -> int:
        return sum(
            first[key][name] != second[key][name]
            for key in first.keys() & second.keys()
            if key[0] == game_id and None not in (first[key][name], second[key][name])
        )

    return [
        {
            "game_id": game_id,
            "n_first": sum(key[0] == game_id for key in first),
            "n_second": sum(key[0] == game_id for key in second),
            "n_both": sum(key[0] == game_id for key in first.keys() & second.keys()),
            "n_points_differ": differ(game_id, "points"),
            "n_minutes_differ": differ(game_id, "minutes"),
            "n_rebounds_differ": differ(game_id, "reb"),
            "n_assists_differ": differ(game_id, "ast"),
        }
        for game_id in games
    ]


def _points(view: View, system: str, *columns: str) -> dict[tuple[str, int], Row]:
    names = ("game_id", "player_id", "market", "median", *columns)
    return {(r["game_id"], r["player_id"]): r for r in _rows(view, system, *names) if r["market"] == "points"}


def _moving_average(view: View) -> Iterator[Row]:
    for row in _rows(view, "player_features", "game_id", "player_id", "points_avg_10"):
        if row["points_avg_10"] is not None:
            yield row | {"market": "points", "median": row["points_avg_10"]}


def _of_quantiles(system: str) -> Callable[[View], Iterator[Row]]:
    def again(view: View) -> Iterator[Row]:
        for row in _rows(view, system, "game_id", "player_id", "market", "median", "low_80", "high_80", "quantiles"):
            quantiles = json.loads(row["quantiles"])
            middle = max(quantiles[len(quantiles) // 2], 0.0)
            if row["market"] != "points" and abs(row["median"] - middle) <= 0.51:  # noqa: PLR2004 -- the nearest count
                middle = row["median"]
            ends = {"low_80": quantiles[2], "high_80": quantiles[-3]}
            # below nought as an earlier build told it: what has closed stays as it was made
            told = {name: end if (row[name] or 0) < 0 else max(end, 0.0) for name, end in ends.items()}
            yield row | {"median": middle} | told

    return again


def _published(view: View) -> Iterator[Row]:
    """Work out what is published of each player: the numbers of all systems in time, the rest by the one that it names."""
    told = ("low_80", "high_80", "quantiles", "line_slope")
    drawn = {name: in_time(view, name, _points(view, name, *told)) for name in _NAMES}
    lines = _lines(view)
    for row in _rows(view, PUBLISHED_PREDICTIONS.name, "game_id", "player_id", "system", "low_80"):
        who = row["game_id"], row["player_id"]
        points, line = drawn[row["system"]].get(who), lines.get(who)
        found: dict[str, Any] = dict.fromkeys(("low_80", "high_80", "line", "p_over", "recommendation"))
        found |= row | {"n_books": line["n_books"] if line else 0, "line": line["line"] if line else None}
        found |= {name: of[who]["median"] if who in of else None for name, of in drawn.items()}
        if points is not None and points["quantiles"] and row["low_80"] is not None:  # else nobody serves
            found |= {"low_80": points["low_80"], "high_80": points["high_80"]}
            if line is not None:
                found |= _recommended(json.loads(points["quantiles"]), line, points["line_slope"])
        yield found


def _recommended(quantiles: Sequence[float], line: Row, slope: float | None) -> dict[str, Any]:
    """Work out the chance to be over a line along the quantiles, and the side that beats its price by three in a hundred."""
    whole = line["line"] == int(line["line"])
    under = _below(quantiles, int(line["line"]) + 0.5)
    push = under - _below(quantiles, line["line"] - 0.5) if whole else 0.0
    over = min(max((1 - under) / (1 - push), 1e-6), 1 - 1e-6)
    odds = (over / (1 - over)) ** (1.0 if slope is None else slope)
    over = odds / (1 + odds)
    best = ("pass", 0.0)
    for side, chance, price in (("over", over, line["over_price"]), ("under", 1 - over, line["under_price"])):
        if price is not None and (best[0] == "pass" or chance - _chance(price) > best[1]):
            best = side, chance - _chance(price)
    return {"p_over": over, "recommendation": best[0] if best[1] >= 0.03 else "pass"}  # noqa: PLR2004 -- the declared edge


def _below(quantiles: Sequence[float], at: float) -> float:
    """Return the chance below `at`: on a line between quantiles; beyond them it halves with each distance of the last two."""
    levels = (0.025, *(n / 20 for n in range(1, 20)), 0.975)
    place = bisect_right(quantiles, at)
    if place == 0:
        return float(levels[0] * 0.5 ** ((quantiles[0] - at) / max(quantiles[1] - quantiles[0], 1e-6)))
    if place == len(levels):
        return float(1 - (1 - levels[-1]) * 0.5 ** ((at - quantiles[-1]) / max(quantiles[-1] - quantiles[-2], 1e-6)))
    low, high = quantiles[place - 1], quantiles[place]
    return levels[place - 1] + (levels[place] - levels[place - 1]) * (at - low) / (high - low)
