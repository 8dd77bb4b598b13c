"""A second formula for what weighs most in the middles: careers as the model remembers them, and minutes of close games.

A season's sums are added up in SQL; what the model remembers from before is laid upon them a player at a time.
"""

# ruff: noqa: S608 -- every name in these statements is declared in the league's tables

import math
from collections.abc import Iterator
from datetime import date

from tipoff.core.check import Check, View
from tipoff.core.errors import UsageError
from tipoff.leagues.checks.second import Row, second_formula
from tipoff.leagues.nba import form, markets
from tipoff.leagues.nba.features import STATS
from tipoff.leagues.nba.form_tables import PLAYER_FORM
from tipoff.leagues.nba.live_tables import EARLIER_GAMES

Past = dict[int, tuple[float, dict[str, float]]]  # by player: games, and sums by name and half-life
_FAR = 0.98  # results are corrected after features were made
_CAREER, _CLOSE = (40, 150), (2, 5, 12)  # half-lives, in games
_SUMMED = ("minutes", *STATS)
_COLUMNS = (
    "games_career_log",
    *(f"{name}_career_h{life}" for life in _CAREER for name in _SUMMED),
    *(f"minutes_close_h{life}" for life in _CLOSE),
    "last_margin_size",
)


def careers() -> Check:
    """Return the check."""
    return second_formula(
        PLAYER_FORM,
        "goes_on_from_earlier_seasons",
        "a player's career and his minutes in close games are what his games and the model's memory give by another formula",
        _again,
        _COLUMNS,
        inputs=("player_games",),
        required=_FAR,
        is_whole=False,
        places=3,
    )


def _sums() -> str:
    """Return the statement of each candidate's sums over his games of the season."""
    known = " AND ".join(f"b.{name} IS NOT NULL" for name in form.COUNTED)
    lives = (*_CAREER, *_CLOSE)
    weights = ", ".join(f"POW(0.5, SAFE_DIVIDE(a.back, {float(life)})) AS w{life}" for life in lives)
    shown = [
        f"SUM(x.w{life} * {value}) AS {name}_{life}"
        for life in _CAREER
        for name, value in (("n", "1"), *((stat, f"x.{stat}") for stat in _SUMMED))
    ]
    shown += [
        f"SAFE_DIVIDE(SUM(x.w{life} * x.weight * x.of_48), SUM(x.w{life} * x.weight)) AS minutes_close_h{life}"
        for life in _CLOSE
    ]
    listed = ", ".join(f"b.{name}" for name in ("day", "game_id", "player_id", "team", "opponent", *_SUMMED))
    apart, weighed = (", ".join(f"{of}.{name}" for name in ("player_id", *_SUMMED)) for of in "pa")
    return (
        f"WITH played AS (SELECT {listed} FROM before.player_games AS b WHERE {known}), sides AS (SELECT p.game_id, p.team, "
        "SUM(p.points) AS points, SUM(p.minutes) AS minutes FROM played AS p GROUP BY p.game_id, p.team), apart AS (SELECT "
        f"{apart}, IF(o.team IS NULL, 0, ABS(s.points - o.points)) AS margin, "
        "SAFE_DIVIDE(240.0 * p.minutes, GREATEST(s.minutes, 200)) AS of_48, "
        "ROW_NUMBER() OVER (PARTITION BY p.player_id ORDER BY p.day DESC, p.game_id DESC) - 1 AS back FROM played AS p "
        "JOIN (SELECT DISTINCT f.player_id FROM slate.player_form AS f) AS w ON w.player_id = p.player_id "
        "JOIN sides AS s ON s.game_id = p.game_id AND s.team = p.team "
        "LEFT JOIN sides AS o ON o.game_id = p.game_id AND o.team = p.opponent), weighed AS (SELECT "
        f"{weighed}, a.back, a.margin, a.of_48, {weights}, "
        "LEAST(GREATEST(1 - SAFE_DIVIDE(a.margin - 10, 25.0), 0.2), 1.0) AS weight FROM apart AS a) "
        f"SELECT x.player_id, COUNT(*) AS n, SUM(IF(x.back = 0, x.margin, 0)) AS last_margin_size, {', '.join(shown)} "
        "FROM weighed AS x GROUP BY x.player_id"
    )


def _again(view: View) -> Iterator[Row]:
    season = {row["player_id"]: row for row in view.ask(_sums()).to_pylist()}
    past = remembered_here(view)
    # how long careers are, where none is known
    unknown = {} if past.keys() & season.keys() else {"games_career_log": None}
    for row in view.rows(PLAYER_FORM.name).select(PLAYER_FORM.key).to_pylist():
        sums = season.get(row["player_id"])
        if sums is not None:
            yield row | sums | _career(sums, *past.get(row["player_id"], (0.0, {}))) | unknown


def remembered_here(view: View) -> Past:
    """Return what is remembered of players: by the model, and of the seasons since, where the world loads them."""
    try:
        view.table(EARLIER_GAMES.name)
    except UsageError:  # no output of this home
        return remembered(view.season.first_day)
    names = {f"{name}_{life}": life for life in _CAREER for name in ("n", *_SUMMED)}
    sums = ", ".join(
        f"SUM(POW(0.5, SAFE_DIVIDE(x.back, {float(life)})) * {value}) AS {name}_{life}"
        for life in _CAREER
        for name, value in (("n", "1"), *((stat, f"x.{stat}") for stat in _SUMMED))
    )
    seasons = view.ask(
        "WITH ordered AS (SELECT e.*, ROW_NUMBER() OVER (PARTITION BY e.player_id, e.season ORDER BY e.played_on DESC, e.game_id "
        f"DESC) - 1 AS back FROM latest.{EARLIER_GAMES.name} AS e) SELECT x.player_id, x.season, MAX(x.played_on) AS ended, "
        f"COUNT(*) AS games, {sums} FROM ordered AS x GROUP BY x.player_id, x.season ORDER BY x.season"
    ).to_pylist()
    new = [row for row in seasons if row["ended"] > markets.serving(view.day).trained_through]
    begun = {int(row["season"][:4]) for row in new}
    n_after = int(view.season.name[:4]) - 1 - max(begun) if begun else 0  # seasons after the last one that is known
    past = remembered(view.season.first_day, len(begun) + n_after)
    for row in new:
        games, before = past.get(row["player_id"], (0.0, {}))
        left = {name: 0.5 ** (row["games"] / life) * before.get(name, 0.0) for name, life in names.items()}
        past[row["player_id"]] = games + row["games"], {name: row[name] + left[name] for name in names}
    return {
        player: (games, {name: 0.5 ** (60 * n_after / life) * sums.get(name, 0.0) for name, life in names.items()})
        for player, (games, sums) in past.items()
    }


def remembered(day: date, known: int = 0) -> Past:
    """Return by player how many games the model remembers, and the sums of them that are left on a season's first day.

    Of the seasons since, so many take nothing away: those that are `known`, and those after them.
    """
    model = markets.serving(day)
    years = max((day - model.trained_through).days // 400 - known, 0)
    names = [f"{name}_{life}" for life in _CAREER for name in ("n", *_SUMMED)]
    fading = [0.5 ** (60 * years / life) for life in _CAREER for _ in ("n", *_SUMMED)]
    memory = model.memory
    return {
        player: (games, {name: left * value for name, left, value in zip(names, fading, sums, strict=True)})
        for player, games, sums in zip(
            memory.ids.tolist(),
            memory.games.tolist(),
            memory.sums.reshape(len(memory.ids), len(names)).tolist(),
            strict=True,
        )
    }


def _career(season: Row, games: float, past: dict[str, float]) -> dict[str, float]:
    """Return a career: what is left of the past after the season's games, and these."""
    found = {"games_career_log": math.log(1 + games + season["n"])}
    for life in _CAREER:
        left = 0.5 ** (season["n"] / life)
        n, minutes, *made = (
            season[f"{name}_{life}"] + left * past.get(f"{name}_{life}", 0.0) for name in ("n", *_SUMMED)
        )
        found[f"minutes_career_h{life}"] = minutes / n
        found |= {f"{stat}_career_h{life}": one / max(minutes, 15.0) for stat, one in zip(STATS, made, strict=True)}
    return found
