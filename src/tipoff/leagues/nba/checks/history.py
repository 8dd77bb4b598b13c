"""Second formulas in SQL: what features say of a player, worked out again from the games of earlier days."""

# ruff: noqa: S608 -- every name in these statements is declared in the league's tables

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tipoff.core.check import Cadence, Check
from tipoff.leagues.checks import kinds
from tipoff.leagues.checks.second import ranks_with
from tipoff.leagues.nba import form
from tipoff.leagues.nba.features import NAMES, STATS
from tipoff.leagues.nba.form_tables import PLAYER_FORM
from tipoff.leagues.nba.models.system import System
from tipoff.leagues.nba.systems.catalog import INDEPENDENT
from tipoff.leagues.nba.tables import PLAYER_FEATURES

_NEAR = 0.0005  # of numbers that two engines add up in another order


def history() -> list[Check]:
    """Return the second formulas of features, and what follows from history alone."""
    return [
        _features_again(),
        _form_again(),
        _teams_again(),
        _candidates_again(),
        *(
            ranks_with(
                system.table,
                "median",
                PLAYER_FEATURES,
                "points_avg_season",
                on=("game_id", "player_id"),
                least=0.65,  # of one game's means, on a season's third day, 0.765; shuffled ones have no order
                where={"market": "points"},
            )
            for system in INDEPENDENT
        ),
        *(_differ(INDEPENDENT[0], other) for other in INDEPENDENT[1:]),
    ]


def _near(pairs: Sequence[tuple[str, str]]) -> str:
    return " AND ".join(
        f"COALESCE(ABS(t.{mine} - {again}) <= {_NEAR}, t.{mine} IS NULL AND {again} IS NULL)" for mine, again in pairs
    )


def _differ(one: System, other: System) -> Check:
    """Demand that another system does not give what the baseline gives, under its own name; of one game both give that one."""
    far = "ABS(t.median - o.median) >= 0.0001"
    return kinds.asks(
        f"{one.name}.differ_from_{other.name}",
        "no system's predictions are the baseline's",
        f"SELECT t.game_id AS key, COUNT(IF({far}, 1, NULL)) >= 0.5 * COUNT(*) AS ok FROM slate.{one.name} AS t "
        f"JOIN slate.{other.name} AS o ON o.game_id = t.game_id AND o.player_id = t.player_id AND o.market = 'points' "
        "JOIN slate.player_features AS f ON f.game_id = t.game_id AND f.player_id = t.player_id AND f.n_games > 1 "
        "WHERE t.market = 'points' AND o.calibration_day IS NOT NULL GROUP BY t.game_id",
        ["player_features", other.name, one.name],
        severity=kinds.WARNING,
        cadence=Cadence.PREGAME,
    )


def _again(  # noqa: PLR0913 -- a claim in one line
    table: str,
    name: str,
    claim: str,
    pairs: Sequence[tuple[str, str]],
    source: str,
    tables: Sequence[str],
    before: str = "",
) -> Check:
    """Hold a player's columns `t.` against expressions over `source`, which joins what is worked out again."""
    return kinds.asks(
        f"{table}.{name}",
        claim,
        f"{before}SELECT CONCAT(t.game_id, '|', CAST(t.player_id AS STRING)) AS key, {_near(pairs)} AS ok "
        f"FROM slate.{table} AS t {source}",
        [*tables, table],
        required=_ALMOST_ALL,
        cadence=Cadence.PREGAME,
    )


_ALMOST_ALL = 0.98  # results are corrected after features were made


def _last(table: str, columns: Sequence[str]) -> str:
    """Return the SELECT of the earlier games of the players of a slate's table, each with how many games back it lies."""
    listed = ", ".join(f"g.{name}" for name in columns)
    return (
        f"SELECT g.player_id, g.day, {listed}, "
        "ROW_NUMBER() OVER (PARTITION BY g.player_id ORDER BY g.day DESC, g.game_id DESC) - 1 AS back "
        f"FROM before.player_games AS g JOIN (SELECT DISTINCT s.player_id FROM slate.{table} AS s) AS w "
        "ON w.player_id = g.player_id"
    )


def _named(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{text} AS {name}" for name, text in columns.items())


def _features_again() -> Check:
    """Work out means, rest and games of a week from the players' own games, the clubs' numbers from the clubs' games."""
    windows = {
        f"{what}_avg_{span}": (column, games)
        for what, column in (("points", "points"), ("minutes", "minutes"))
        for span, games in (("5", 5), ("10", 10), ("20", 20), ("season", 1000))
    }
    windows |= {"usage_avg_5": ("usage_ratio", 5), "usage_avg_10": ("usage_ratio", 10)}
    windows |= {"fga_avg_5": ("fga", 5), "fta_avg_5": ("fta", 5), "last_minutes": ("minutes", 1)}
    squares = "SUM(IF(g.back < 10, g.points * g.points, NULL))"
    sums = {"n_games": "COUNT(*)", "points_squares": squares}
    for name, (column, games) in windows.items():
        value = f"IF(g.back < {games}, g.{column}, NULL)"
        sums |= {f"{name}_sum": f"SUM({value})", f"{name}_n": f"COUNT({value})"}
    sums["days_rest"] = "MIN(DATE_DIFF(@day, g.day, DAY))"
    sums["games_last_7"] = "SUM(IF(DATE_DIFF(@day, g.day, DAY) <= 7, 1, 0))"
    means = {name: f"SAFE_DIVIDE(s.{name}_sum, s.{name}_n)" for name in windows}
    n, total = "s.points_avg_10_n", "s.points_avg_10_sum"
    spread = f"SAFE_DIVIDE(s.points_squares - SAFE_DIVIDE({total} * {total}, {n}), {n} - 1)"
    means["points_std_10"] = f"IF({n} > 1, SQRT({spread}), NULL)"
    means |= {name: f"s.{name}" for name in ("n_games", "days_rest", "games_last_7")}
    history = _last("player_features", ("points", "minutes", "usage_ratio", "fga", "fta"))
    added = f"SELECT g.player_id, {_named(sums)} FROM ({history}) AS g GROUP BY g.player_id"
    clubs = (
        "SELECT c.team, COUNT(*) AS n, SAFE_DIVIDE(SUM(c.pace), COUNT(c.pace)) AS pace, "
        "SAFE_DIVIDE(SUM(c.def_rating), COUNT(c.def_rating)) AS defence, MIN(DATE_DIFF(@day, c.day, DAY)) AS rest "
        "FROM (SELECT b.day, b.team, b.pace, b.def_rating, ROW_NUMBER() OVER (PARTITION BY b.team ORDER BY b.day DESC, "
        "b.game_id DESC) AS place FROM before.team_games AS b) AS c WHERE c.place <= 10 GROUP BY c.team"
    )
    pairs = [(name, f"p.{name}") for name in means]
    pairs += [
        ("team_days_rest", "c.rest"),
        ("team_pace_10", "c.pace"),
        ("n_team_games", "c.n"),
        ("opponent_def_rating_10", "o.defence"),
        ("opponent_pace_10", "o.pace"),
        ("n_opponent_games", "COALESCE(o.n, 0)"),
    ]
    flag = "t.back_to_back IS NOT DISTINCT FROM (c.rest = 1)"
    found = _again(
        "player_features",
        "are_means_of_earlier_games",
        "features are what the games of earlier days give by another formula",
        pairs,
        f"LEFT JOIN (SELECT s.player_id, {_named(means)} FROM ({added}) AS s) AS p ON p.player_id = t.player_id "
        "LEFT JOIN clubs AS c ON c.team = t.team LEFT JOIN clubs AS o ON o.team = t.opponent",
        ["player_games", "team_games"],
        before=f"WITH clubs AS ({clubs}) ",
    )
    return replace(found, sql=found.sql.replace(" AS ok ", f" AND {flag} AS ok ", 1))


_LIVES = ("2", "5", "12", "40")
_DECAYED = (*form.COUNTED, "plays")


def _rate(name: str, rate: str, life: str) -> str:
    return f"m.{name}_{rate} * SAFE_DIVIDE(m.minutes_{life}, GREATEST(m.minutes_{rate}, 3.0))"


def _spread(name: str) -> str:
    total, squares = f"s.{name}_20", f"s.{name}_squares"
    return f"SQRT(GREATEST(SAFE_DIVIDE({squares} - SAFE_DIVIDE({total} * {total}, s.n_20), s.n_20), 0.0))"


def _form_again() -> Check:
    """Work out what rests on a player's own games: half-lives, rates times minutes, spreads, the last games, rest.

    His games are added up, the sums divided, the means put together: what is named once is bound once.
    """
    sums = {"games": "COUNT(*)", "n_20": "SUM(IF(g.back < 20, 1, 0))"}
    sums |= {f"n_{life}": f"SUM(g.w{life})" for life in _LIVES}
    sums |= {f"{name}_{life}": f"SUM(g.w{life} * g.{name})" for name in _DECAYED for life in _LIVES}
    means = {f"{name}_{life}": f"SAFE_DIVIDE(s.{name}_{life}, s.n_{life})" for name in _DECAYED for life in _LIVES}
    columns = {}
    for name in NAMES:
        rated, of_life, of_twenty = (
            re.fullmatch(pattern, name)
            for pattern in (r"(\w+)_rate(\d+)_h(\d+)", r"([a-z0-9]+)_h(\d+)", r"(\w+)_sd_20")
        )
        if rated:
            columns[name] = _rate(*rated.groups())
        elif of_life:
            columns[name] = f"m.{of_life[1]}_{of_life[2]}"
        elif of_twenty:
            what = of_twenty[1]
            sums[f"{what}_20"] = f"SUM(IF(g.back < 20, g.{what}, 0))"
            sums[f"{what}_squares"] = f"SUM(IF(g.back < 20, g.{what} * g.{what}, 0))"
            means[name], columns[name] = _spread(what), f"m.{name}"
    columns |= {
        "guard_ratio": "SAFE_DIVIDE(m.ast_12 + 0.5, m.ast_12 + m.reb_12 + 1.0)",
        "points_per_play": "SAFE_DIVIDE(m.points_40, GREATEST(m.plays_40, 1.0))",
    }
    plain = {
        "minutes_last": "SUM(IF(g.back = 0, g.minutes, 0))",
        "minutes_last_2": "IF(COUNT(*) > 1, SUM(IF(g.back = 1, g.minutes, 0)), NULL)",
        "points_last": "SUM(IF(g.back = 0, g.points, 0))",
        "rest_days": "LEAST(MIN(g.ago), 60)",
        "games_7_days": "SUM(IF(g.ago <= 7, 1, 0))",
        "minutes_7_days": "SUM(IF(g.ago <= 7, g.minutes, 0))",
    }
    means |= {name: f"s.{name}" for name in ("games", *plain)}
    columns |= {name: f"m.{name}" for name in ("games", *plain)}
    used = set(re.findall(r"m\.(\w+)", " ".join(columns.values())))
    means = {name: text for name, text in means.items() if name in used}
    used = set(re.findall(r"s\.(\w+)", " ".join(means.values())))
    sums = {name: text for name, text in (sums | plain).items() if name in used}
    weights = _named({f"w{life}": f"POW(0.5, SAFE_DIVIDE(h.back, {float(life)}))" for life in _LIVES})
    counted = ", ".join(f"h.{name}" for name in form.COUNTED)
    history = (
        f"SELECT h.player_id, h.back, DATE_DIFF(@day, h.day, DAY) AS ago, {counted}, h.fga + 0.44 * h.fta + h.tov AS plays, "
        f"{weights} FROM ({_last(PLAYER_FORM.name, form.COUNTED)} WHERE {_known('g')}) AS h"
    )
    added = f"SELECT g.player_id, {_named(sums)} FROM ({history}) AS g GROUP BY g.player_id"
    divided = f"SELECT s.player_id, {_named(means)} FROM ({added}) AS s"
    pairs = [(name, f"p.{name}") for name in columns] + [("at_home", "IF(c.is_home, 1, 0)")]
    return _again(
        PLAYER_FORM.name,
        "are_half_lives_of_earlier_games",
        "what a player's form tells of his own games is what they give by another formula",
        pairs,
        f"LEFT JOIN (SELECT m.player_id, {_named(columns)} FROM ({divided}) AS m) AS p ON p.player_id = t.player_id "
        "LEFT JOIN slate.candidates AS c ON c.game_id = t.game_id AND c.player_id = t.player_id",
        ["player_games", "candidates"],
    )


def _known(alias: str) -> str:
    return " AND ".join(f"{alias}.{name} IS NOT NULL" for name in form.COUNTED)


def _teams_again() -> Check:
    """Work out both teams' ratings and rest from the players' games, added up: half-life 20, four average games behind each."""
    summed = ("minutes", "points", *(stat for stat in STATS if stat != "points"))
    added = ", ".join(f"SUM(g.{name}) AS {name}" for name in summed)
    used = "0.96 * (SUM(g.fga) - SUM(g.oreb) + SUM(g.tov) + 0.44 * SUM(g.fta))"
    sides = (
        f"SELECT g.day, g.game_id, g.team, MIN(g.opponent) AS opponent, {added}, {used} AS used FROM before.player_games AS g "
        f"WHERE {_known('g')} GROUP BY g.day, g.game_id, g.team"
    )
    scored = ", ".join(f"o.{stat} AS {stat}_allowed" for stat in STATS)
    paired = (
        f"SELECT s.day, s.game_id, s.team, s.minutes, s.points, {scored}, GREATEST(IF(o.team IS NULL, s.used, "
        "SAFE_DIVIDE(s.used + o.used, 2.0)), 1.0) AS used FROM sides AS s "
        "LEFT JOIN sides AS o ON o.game_id = s.game_id AND o.team = s.opponent"
    )
    rates = {
        "pace": "SAFE_DIVIDE(a.used * 240.0, GREATEST(a.minutes, 200))",
        "offence": "SAFE_DIVIDE(100.0 * a.points, a.used)",
        "defence": "SAFE_DIVIDE(100.0 * a.points_allowed, a.used)",
        **{f"{stat}_allowed": f"a.{stat}_allowed" for stat in STATS},
    }
    games = (
        f"SELECT a.day, a.team, {_named(rates)}, POW(0.5, SAFE_DIVIDE(ROW_NUMBER() OVER (PARTITION BY a.team "
        f"ORDER BY a.day DESC, a.game_id DESC) - 1, 20.0)) AS w FROM ({paired}) AS a"
    )
    league = ", ".join(f"SAFE_DIVIDE(SUM(x.{name}), COUNT(x.{name})) AS {name}" for name in rates)
    rated = ", ".join(
        f"SAFE_DIVIDE(SUM(x.w * COALESCE(x.{name}, l.{name})) + 4 * MIN(l.{name}), SUM(x.w) + 4) - MIN(l.{name}) AS {name}"
        for name in rates
    )
    teams = (
        f"SELECT x.team, LEAST(MIN(DATE_DIFF(@day, x.day, DAY)), 10) AS rest, {rated} FROM rates AS x "
        f"CROSS JOIN (SELECT {league} FROM rates AS x) AS l GROUP BY x.team"
    )
    pairs = [(f"{side}_{what}", f"{a}.{what}") for side, a in (("team", "m"), ("opponent", "n")) for what in _RATED]
    pairs += [(f"opponent_{stat}_allowed", f"n.{stat}_allowed") for stat in STATS]
    pairs += [("team_rest_days", "m.rest"), ("opponent_rest_days", "n.rest")]
    margin = "(m.offence - m.defence - n.offence + n.defence + IF(c.is_home, 2.5, -2.5))"
    pairs += [("expected_margin", margin), ("expected_margin_size", f"ABS({margin})")]
    return _again(
        PLAYER_FORM.name,
        "teams_are_their_games",
        "what a player's form tells of both teams is what their games give by another formula",
        pairs,
        "JOIN slate.candidates AS c ON c.game_id = t.game_id AND c.player_id = t.player_id "
        "LEFT JOIN teams AS m ON m.team = c.team LEFT JOIN teams AS n ON n.team = c.opponent",
        ["player_games", "candidates"],
        before=f"WITH sides AS ({sides}), rates AS ({games}), teams AS ({teams}) ",
    )


_RATED = ("pace", "offence", "defence")


def _candidates_again() -> Check:
    """Hold candidates against their last games: name and club, and why they are predicted."""
    last = (
        "SELECT b.player_id, b.player_name, b.player_key, b.team, "
        "ROW_NUMBER() OVER (PARTITION BY b.player_id ORDER BY b.day DESC, b.game_id DESC) AS back FROM before.player_games AS b"
    )
    recent = (
        "SELECT DISTINCT p.player_id, p.team FROM before.player_games AS p JOIN (SELECT b.game_id, b.team, ROW_NUMBER() OVER "
        "(PARTITION BY b.team ORDER BY b.day DESC, b.game_id DESC) AS back FROM before.team_games AS b) AS c "
        "ON c.game_id = p.game_id AND c.team = p.team AND c.back <= 5"
    )
    return kinds.asks(
        "candidates.are_called_as_they_played",
        "a candidate has the name and club of his last game, and played in one of the club's last five, or has a line",
        "SELECT CONCAT(t.game_id, '|', CAST(t.player_id AS STRING)) AS key, COALESCE(t.player_name = l.player_name AND "
        "t.player_key = l.player_key AND t.team = l.team AND t.because = IF(r.player_id IS NULL, 'line', 'played'), FALSE) AS ok "
        f"FROM slate.candidates AS t LEFT JOIN ({last}) AS l ON l.player_id = t.player_id AND l.back = 1 "
        f"LEFT JOIN ({recent}) AS r ON r.player_id = t.player_id AND r.team = t.team",
        ["player_games", "team_games", "candidates"],
        required=_ALMOST_ALL,
        cadence=Cadence.PREGAME,
    )
