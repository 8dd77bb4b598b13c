"""Second formulas: what MLB's steps make, worked out again by code that shares nothing with theirs."""

# ruff: noqa: S608 -- every name in these statements is declared in the league's tables

from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from tipoff.core.check import Cadence, Check, View
from tipoff.core.schema import Table
from tipoff.leagues.checks import kinds
from tipoff.leagues.checks.second import Row, in_time, ranks_with, second_formula
from tipoff.leagues.mlb import tables
from tipoff.leagues.mlb.models.history import SPOTS
from tipoff.leagues.mlb.models.strikeouts import LEAST_STARTS, SERVED, SYSTEMS
from tipoff.leagues.mlb.tables import CHANCES

_NEAR = 0.0005
_PRE = Cadence.PREGAME
_SHOWN = (*SYSTEMS, *CHANCES, "own_line", "own_over_chance", "pass_reason")


def formulas() -> list[Check]:
    """Return the second formulas, and what follows from history alone."""
    return [
        *(
            second_formula(
                table,
                "are_read_off_the_chances",
                "median, line and chance of over are those of the distribution; the blend is the middle of its two",
                lambda view, name=table.name: _medians(view, name),  # type: ignore[misc]
                ("predicted_strikeouts", "own_line", "own_over_chance", "mean_strikeouts", "raw_mean"),
                inputs=(),
                is_whole=False,
            )
            for table in (tables.PREDICTIONS, tables.PROJECTED_PREDICTIONS)
        ),
        second_formula(
            tables.GRADES,
            "are_what_happened",
            "a grade is the prediction against the starter's strikeouts; who did not start is void",
            _grades,
            (
                "predicted_strikeouts",
                "mean_strikeouts",
                "raw_mean",
                "variance",
                "actual_strikeouts",
                "actual_batters",
                "career_starts",
                "error",
                "abs_error",
                "crps",
                "is_void",
                "void_reason",
                "own_line",
                "own_over_chance",
                "is_over",
            ),
            inputs=("predictions", "projected_predictions", "pitcher_boxscores"),
            is_whole=False,
        ),
        second_formula(
            tables.LINE_UP_STRIKEOUTS,
            "are_the_nine_of_the_features",
            "what falls to each of the nine is his chance times his turns, and the turns add up to the batters expected",
            _line_ups,
            ("batter_id", "strikeout_chance", "expected_strikeouts", "variance"),
            inputs=("pitcher_features", "predictions"),
        ),
        second_formula(
            tables.PUBLISHED_PREDICTIONS,
            "are_what_was_predicted",
            "what is published is what was predicted, of the line-up as announced where there is one",
            _published,
            ("line_up", *_SHOWN),
            inputs=("predictions", "projected_predictions"),
            is_whole=False,
        ),
        *_starts_again(),
        _features_are_the_forms(),
        *(_starters_are_announced(table) for table in (tables.PITCHER_FEATURES,)),
        *(
            ranks_with(
                tables.PREDICTIONS,
                "predicted_strikeouts",
                tables.PITCHER_FEATURES,
                history,
                on=("game_id", "pitcher_id"),
                least=least,
                where={"system": system},
            )
            for system in SYSTEMS
            for history, least in [("k_of_10", 0.8) if system == "rolling" else ("base_strikeouts", 0.5)]
        ),
        kinds.asks(
            "predictions.systems_differ",
            "no system's predictions are another's",
            "SELECT CONCAT(t.system, '|', o.system) AS key, COUNT(*) < 8 OR COUNT(IF(ABS(t.predicted_strikeouts - "
            "o.predicted_strikeouts) < 0.0001, 1, NULL)) < 0.6 * COUNT(*) AS ok FROM slate.predictions AS t JOIN "
            "slate.predictions AS o ON o.game_id = t.game_id AND o.pitcher_id = t.pitcher_id AND o.system > t.system "
            "CROSS JOIN (SELECT MAX(m.n_starts) AS n FROM latest.strikeout_model AS m) AS m "
            f"WHERE t.model_day IS NOT NULL AND m.n >= {LEAST_STARTS} GROUP BY t.system, o.system",
            ["strikeout_model", "predictions"],
            cadence=_PRE,
        ),
        kinds.asks(
            "predictions.bottom_up_is_the_sum_of_the_nine",
            "the bottom-up number is about the sum over the nine",
            "SELECT CONCAT(t.game_id, '|', CAST(t.pitcher_id AS STRING)) AS key, ABS(t.raw_mean - s.n) <= 0.2 * s.n + 0.6 "
            "AND ABS(s.turns - t.expected_batters) <= 0.6 AS ok FROM slate.predictions AS t JOIN (SELECT l.game_id, "
            "l.pitcher_id, SUM(l.expected_strikeouts) AS n, SUM(l.plate_appearances) AS turns FROM slate.line_up_strikeouts AS l "
            "GROUP BY l.game_id, l.pitcher_id) AS s ON s.game_id = t.game_id AND s.pitcher_id = t.pitcher_id "
            "WHERE t.system = 'bottom_up'",
            ["line_up_strikeouts", "predictions"],
        ),
        kinds.holds(
            tables.BATTER_GAMES,
            "ratios_are_of_turns",
            "a batter's strikeout ratio is his strikeouts by at-bats and walks",
            "IF(COALESCE(t.at_bats + t.walks, 0) = 0, t.strikeout_ratio IS NULL, "
            f"ABS(t.strikeout_ratio * (t.at_bats + t.walks) - t.strikeouts) <= {_NEAR})",
            where="t.strikeouts IS NOT NULL",
        ),
        kinds.asks(
            "batter_games.hands_are_the_starters",
            "the hand that a batter faced is the other club's starter's",
            "SELECT CONCAT(t.game_id, '|', CAST(t.batter_id AS STRING)) AS key, t.facing_throws IS NOT DISTINCT FROM p.throws "
            "AS ok FROM slate.batter_games AS t JOIN slate.pitcher_boxscores AS p ON p.game_id = t.game_id "
            "AND p.opponent = t.team AND p.is_starter",
            ["pitcher_boxscores", "batter_games"],
        ),
        kinds.asks(
            "team_games.expectations_are_the_pitchers",
            "what was to be expected of those whom a club faced is the sum over them",
            "SELECT CONCAT(t.game_id, '|', t.team) AS key, ABS(t.expected_strikeouts - s.n) <= 0.001 AS ok "
            "FROM slate.team_games AS t JOIN (SELECT p.game_id, p.opponent, SUM(p.own_expected_strikeouts) AS n "
            "FROM slate.pitcher_games AS p GROUP BY p.game_id, p.opponent) AS s ON s.game_id = t.game_id AND s.opponent = t.team",
            ["pitcher_games", "team_games"],
        ),
        kinds.asks(
            "pitcher_games.expectations_are_believable",
            "a usual pitcher strikes out a tenth to two fifths of whom he faces, and what he faced above the usual rests on it",
            "SELECT CONCAT(t.game_id, '|', CAST(t.pitcher_id AS STRING)) AS key, t.expected_strikeouts BETWEEN 0.08 * "
            "t.batters_faced AND 0.45 * t.batters_faced AND t.own_expected_strikeouts BETWEEN 0.3 * t.expected_strikeouts AND "
            "3 * t.expected_strikeouts AND ABS((t.batters_faced - t.more_faced) - m.usual) <= 0.01 AS ok "
            "FROM slate.pitcher_games AS t CROSS JOIN (SELECT MAX(p.batters_faced - p.more_faced) AS usual "
            "FROM slate.pitcher_games AS p) AS m WHERE t.batters_faced > 0",
            ["pitcher_games"],
        ),
    ]


def _rows(view: View, table: str, *names: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = view.rows(table).select(list(names)).to_pylist()
    return found


# --- in Python, from the slate's own rows


def _medians(view: View, table: str) -> Iterator[Row]:
    rows = _rows(view, table, "game_id", "pitcher_id", "system", "mean_strikeouts", "raw_mean", *CHANCES)
    means: defaultdict[tuple[str, int], dict[str, Row]] = defaultdict(dict)
    for row in rows:
        means[row["game_id"], row["pitcher_id"]][row["system"]] = row
    for row in rows:
        chances = [row[name] for name in CHANCES]
        below = list(accumulate(chances))
        place = next((n for n, at in enumerate(below) if at >= 0.5), len(below) - 1)  # noqa: PLR2004 -- half
        if below[-2] < 0.5 <= below[-1]:  # noqa: PLR2004 -- half
            continue  # so many and more are one chance, within which nothing can be read off
        middle = place + 0.5 - (below[place] - 0.5) / max(chances[place], 1e-9)
        line = max(int(middle), 0) + 0.5 if middle > 0 else 0.5
        parts = means[row["game_id"], row["pitcher_id"]]
        again = {
            "predicted_strikeouts": max(middle, 0.0),
            "own_line": line,
            "own_over_chance": sum(chance for n, chance in enumerate(chances) if n > line),
        }
        if row["system"] == SERVED and {"bottom_up", "lightgbm"} <= parts.keys():
            again |= {
                name: (parts["bottom_up"][name] + parts["lightgbm"][name]) / 2
                for name in ("mean_strikeouts", "raw_mean")
            }
        yield row | again


def _grades(view: View) -> Iterator[Row]:
    names = ("game_id", "pitcher_id", "is_starter", "strikeouts", "batters_faced")
    pitched = {(row["game_id"], row["pitcher_id"]): row for row in _rows(view, "pitcher_boxscores", *names)}
    gone_on = _gone_on(view)
    for line_up, table in (("confirmed", "predictions"), ("projected", "projected_predictions")):
        for row in (*_rows(view, table, *_GRADED), *gone_on[table]):
            game = pitched.get((row["game_id"], row["pitcher_id"]))
            started = game is not None and game["is_starter"]
            actual = game["strikeouts"] if game is not None and started else None
            below = list(accumulate(row[name] for name in CHANCES))[:-1]
            yield row | {
                "line_up": line_up,
                "actual_strikeouts": actual,
                "actual_batters": game["batters_faced"] if game else None,
                "error": None if actual is None else row["predicted_strikeouts"] - actual,
                "abs_error": None if actual is None else abs(row["predicted_strikeouts"] - actual),
                "crps": None if actual is None else sum((at - (n >= actual)) ** 2 for n, at in enumerate(below)),
                "is_void": actual is None,
                "void_reason": None if actual is not None else "strikeouts unknown" if started else "did not start",
                "is_over": None if actual is None else actual > row["own_line"],
            }


_GRADED = (
    *("game_id", "pitcher_id", "system", "predicted_strikeouts", "mean_strikeouts", "raw_mean", "variance"),
    *("career_starts", "own_line", "own_over_chance", *CHANCES),
)


def _gone_on(view: View) -> dict[str, list[dict[str, Any]]]:
    """Return by table what was predicted of games that go on today: of each on the last day until it began on which any was."""
    found: dict[str, list[dict[str, Any]]] = {"predictions": [], "projected_predictions": []}
    if not any(row["resumed_from"] for row in _rows(view, "schedule", "resumed_from")):
        return found
    told = ", ".join(f"p.{name}" for name in ("day", *_GRADED))
    for table in found:
        found[table] = view.ask(
            f"SELECT {told} FROM before.{table} AS p JOIN slate.schedule AS s ON s.game_id = p.game_id "
            "WHERE p.day <= s.resumed_from"
        ).to_pylist()
    newest: dict[str, Any] = {}
    for row in (*found["predictions"], *found["projected_predictions"]):
        newest[row["game_id"]] = max(row["day"], newest.get(row["game_id"], row["day"]))
    return {table: [row for row in rows if row["day"] == newest[row["game_id"]]] for table, rows in found.items()}


def _line_ups(view: View) -> Iterator[Row]:
    turns = {
        (row["game_id"], row["pitcher_id"], row["spot"]): row["plate_appearances"]
        for row in _rows(view, "line_up_strikeouts", "game_id", "pitcher_id", "spot", "plate_appearances")
    }
    chances = [f"chance_{spot}" for spot in range(1, 10)]
    predicted = {(row["game_id"], row["pitcher_id"]) for row in _rows(view, "predictions", "game_id", "pitcher_id")}
    for row in _rows(view, "pitcher_features", "game_id", "pitcher_id", *chances, *SPOTS):
        if (row["game_id"], row["pitcher_id"]) in predicted:
            for spot in range(1, 10):
                chance, times = row[f"chance_{spot}"], turns.get((row["game_id"], row["pitcher_id"], spot), 0.0)
                yield row | {
                    "spot": spot,
                    "batter_id": row[SPOTS[spot - 1]],
                    "strikeout_chance": chance,
                    "expected_strikeouts": times * chance,
                    "variance": times * (chance - chance * chance),
                }


def _published(view: View) -> Iterator[Row]:
    names = ("game_id", "pitcher_id", "system", "predicted_strikeouts", *_SHOWN[len(SYSTEMS) :])
    confirmed = {
        (row["game_id"], row["pitcher_id"]): row for row in _rows(view, "predictions", "game_id", "pitcher_id")
    }
    announced = {game for game, _ in in_time(view, "predictions", confirmed)}
    found: defaultdict[tuple[str, int], dict[str, Any]] = defaultdict(dict)
    for line_up, table in (("confirmed", "predictions"), ("projected", "projected_predictions")):
        for row in _rows(view, table, *names):
            if (row["game_id"] in announced) == (line_up == "confirmed"):
                mine = found[row["game_id"], row["pitcher_id"]]
                mine |= {"game_id": row["game_id"], "pitcher_id": row["pitcher_id"], "line_up": line_up}
                mine[row["system"]] = row["predicted_strikeouts"]
                if row["system"] == SERVED:
                    mine |= {name: row[name] for name in _SHOWN[len(SYSTEMS) :]}
    yield from (row for row in found.values() if set(SYSTEMS) <= row.keys())


# --- in SQL, from the games of earlier days


def _starts_again() -> list[Check]:
    """Work out a starter's last starts, rest and season from box scores, this season's and the last one's."""

    def mean(name: str, starts: int) -> str:
        last = f"b.is_starter AND b.back < {starts}"
        return f"SAFE_DIVIDE(SUM(IF({last}, b.{name}, 0)), SUM(IF({last}, 1, 0)))"

    columns = {
        "days_rest": "MIN(DATE_DIFF(@day, b.day, DAY))",
        "start_rest": "MIN(IF(b.is_starter, DATE_DIFF(@day, b.day, DAY), NULL))",
        "k_of_3": mean("strikeouts", 3),
        "k_of_5": mean("strikeouts", 5),
        "k_of_10": mean("strikeouts", 10),
        "bf_of_10": mean("batters_faced", 10),
        "outs_of_3": mean("outs", 3),
        **{f"bf_{n}_ago": f"MAX(IF(b.is_starter AND b.back = {n - 1}, b.batters_faced, NULL))" for n in range(1, 6)},
    }
    season = {
        "season_starts": "SUM(IF(b.is_starter, 1, 0))",
        "season_bf": "SUM(b.batters_faced)",
        "season_k": "SUM(b.strikeouts)",
        "season_relief": "SUM(IF(b.is_starter, 0, 1))",
    }
    return [
        _of_form("are_the_last_starts", columns, "seasons1.pitcher_boxscores", "pitcher_boxscores"),
        _of_form("are_the_seasons", season, "before.pitcher_games", "pitcher_games"),
    ]


def _of_form(name: str, columns: dict[str, str], source: str, table: str) -> Check:
    text = ", ".join(f"{sql} AS {column}" for column, sql in columns.items())
    near = " AND ".join(
        f"(t.{column} IS NULL AND h.{column} IS NULL OR COALESCE(ABS(t.{column} - h.{column}) <= {_NEAR}, FALSE))"
        for column in columns
    )
    return kinds.asks(
        f"form.{name}",
        "a starter's last starts, rest and season are what the box scores give by another formula",
        f"SELECT t.entity AS key, {near} AS ok FROM slate.form AS t JOIN (SELECT DISTINCT CAST(l.starter_id AS STRING) AS who "
        "FROM slate.line_ups AS l) AS w ON w.who = t.entity JOIN (SELECT CAST(b.pitcher_id AS STRING) AS who, "
        f"{text} FROM (SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.pitcher_id, p.is_starter ORDER BY p.day DESC, p.game_id "
        f"DESC) - 1 AS back FROM {source} AS p WHERE p.strikeouts IS NOT NULL AND p.batters_faced IS NOT NULL) AS b "
        "GROUP BY CAST(b.pitcher_id AS STRING)) AS h ON h.who = t.entity WHERE t.kind = 'pitcher'",
        [table, "line_ups", "form"],
        required=0.97,
        cadence=_PRE,
    )


def _features_are_the_forms() -> Check:
    """Hold what features take from a pitcher's form against the form."""
    taken = (
        "k_of_3",
        "k_of_5",
        "k_of_10",
        "bf_of_10",
        "outs_of_3",
        "season_k",
        "season_bf",
        "season_starts",
        "career_starts",
    )
    near = " AND ".join(
        f"(t.{name} IS NULL AND f.{name} IS NULL OR COALESCE(ABS(t.{name} - f.{name}) <= {_NEAR}, FALSE))"
        for name in taken
    )
    return kinds.asks(
        "pitcher_features.are_the_pitchers_form",
        "what features say of a pitcher's starts is his form of the morning",
        f"SELECT CONCAT(t.game_id, '|', CAST(t.pitcher_id AS STRING)) AS key, {near} AS ok FROM slate.pitcher_features AS t "
        "JOIN slate.form AS f ON f.kind = 'pitcher' AND f.entity = CAST(t.pitcher_id AS STRING)",
        ["form", "pitcher_features"],
        cadence=_PRE,
    )


def _starters_are_announced(table: Table) -> Check:
    """Hold the features' starters and the nine whom they face against the line-ups."""
    nine = " AND ".join(f"t.{name} IS NOT DISTINCT FROM o.{name}" for name in SPOTS)
    return kinds.asks(
        f"{table.name}.are_of_the_line_ups",
        "starters are those of the line-ups, against the other club's nine",
        "SELECT CONCAT(t.game_id, '|', t.team) AS key, COALESCE(t.pitcher_id = l.starter_id AND t.pitcher_name = l.starter_name "
        f"AND t.pitcher_key = l.starter_key AND t.throws IS NOT DISTINCT FROM l.starter_throws AND {nine}, FALSE) AS ok "
        f"FROM slate.{table.name} AS t LEFT JOIN slate.line_ups AS l ON l.game_id = t.game_id AND l.team = t.team "
        "LEFT JOIN slate.line_ups AS o ON o.game_id = t.game_id AND o.team = t.opponent",
        ["line_ups", table.name],
        cadence=_PRE,
    )
