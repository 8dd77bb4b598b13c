"""Claims about candidates, features, models, predictions and grades."""

# ruff: noqa: S608 -- every name in these statements is declared in the league's tables

from tipoff.core.check import Cadence, Check
from tipoff.leagues.checks import kinds, rowwise
from tipoff.leagues.checks import probes as looks
from tipoff.leagues.checks.kinds import CRITICAL, ERROR, WARNING
from tipoff.leagues.nba.form_tables import CALIBRATION, PLAYER_FORM, PUBLISHED_MARKETS
from tipoff.leagues.nba.markets import MARKETS
from tipoff.leagues.nba.models.system import System
from tipoff.leagues.nba.rows import AT_THE_LINE
from tipoff.leagues.nba.systems.catalog import INDEPENDENT, SERVING, SYSTEMS
from tipoff.leagues.nba.tables import CANDIDATES, PLAYER_FEATURES, PUBLISHED_PREDICTIONS

_PRE = Cadence.PREGAME
_WAS_PLAYED = "t.game_id IN (SELECT s.game_id FROM slate.schedule AS s WHERE s.status = 'final')"


def predictions() -> list[Check]:
    """Return the claims about what goes into predictions, what comes out, and how it was graded."""
    return [
        kinds.asks(
            "candidates.clubs_are_full",
            "8 to 25 players of a club are predicted",
            (
                "SELECT CONCAT(t.game_id, '|', t.team) AS key, COUNT(*) BETWEEN 8 AND 25 AS ok "
                "FROM slate.candidates AS t WHERE (SELECT COUNT(DISTINCT b.day) "
                "FROM last14.team_games AS b) >= 5 GROUP BY t.game_id, t.team"
            ),
            ["candidates"],
            severity=WARNING,
            required=0.9,
            cadence=_PRE,
        ),
        rowwise.agrees(
            CANDIDATES,
            PLAYER_FEATURES,
            on=("game_id", "player_id"),
            columns=("team", "opponent", "is_home"),
            name="have_features",
            claim="every candidate has features",
            about="player_features",
            schedule="schedule",
        ),
        kinds.asks(
            "player_features.windows_are_whole",
            "features rest on each club's last ten games, or all that it has played",
            (
                "SELECT CONCAT(t.game_id, '|', t.team) AS key, MIN(t.n_team_games) >= LEAST(10, MAX(b.n)) AS ok "
                "FROM slate.player_features AS t JOIN (SELECT g.team, COUNT(*) AS n "
                "FROM before.team_games AS g GROUP BY g.team) AS b ON b.team = t.team "
                "GROUP BY t.game_id, t.team"
            ),
            ["team_games", "player_features"],
            severity=WARNING,
            cadence=_PRE,
        ),
        kinds.asks(
            "player_features.do_not_look_ahead",
            "no feature counts a game of the day itself: games are those of earlier days",
            (
                "SELECT CONCAT(t.game_id, '|', CAST(t.player_id AS STRING)) AS key, t.n_games = COALESCE(b.n, 0) "
                "AS ok FROM slate.player_features AS t LEFT JOIN (SELECT p.player_id, COUNT(*) AS n "
                "FROM before.player_games AS p GROUP BY p.player_id) AS b ON b.player_id = t.player_id"
            ),
            ["player_games", "player_features"],
            severity=ERROR,
            required=0.97,
        ),
        rowwise.agrees(
            CANDIDATES,
            PLAYER_FORM,
            on=("game_id", "player_id"),
            columns=(),
            name="have_form",
            claim="every candidate's form is told",
            about="player_form",
            schedule="schedule",
        ),
        kinds.asks(
            "quantile_regression.have_every_market",
            "a player has a distribution for every market",
            (
                "SELECT CONCAT(t.game_id, '|', CAST(t.player_id AS STRING)) AS key, COUNT(DISTINCT t.market) = "
                f"{len(MARKETS)} AS ok FROM slate.quantile_regression AS t GROUP BY t.game_id, t.player_id"
            ),
            ["quantile_regression"],
            cadence=_PRE,
        ),
        kinds.holds(
            PUBLISHED_PREDICTIONS,
            "recommendations_have_reasons",
            "where there is a line there is a chance, a recommendation and its reason",
            "t.line IS NULL OR t.low_80 IS NULL OR (t.p_over IS NOT NULL AND t.reason IS NOT NULL AND "
            "t.recommendation IN ('over', 'under', 'pass'))",
        ),
        rowwise.agrees(
            PUBLISHED_MARKETS,
            CANDIDATES,
            on=("game_id", "player_id"),
            columns=("team", "player_name"),
            name="are_of_candidates",
            claim="whoever is published in a market is a candidate of his team",
        ),
        *(check for system in SYSTEMS for check in _of_every_system(system)),
        *(check for system in INDEPENDENT for check in _of_a_system(system)),
        *(_intervals(system) for system in SERVING),
        kinds.asks(
            "quantile_regression.players_are_registered",
            "whoever is predicted is known from box scores of the season",
            (
                "SELECT CAST(t.player_id AS STRING) AS key, MAX(IF(b.player_id IS NULL, 0, 1)) = 1 AS ok "
                "FROM slate.quantile_regression AS t LEFT JOIN (SELECT DISTINCT p.player_id "
                "FROM before.player_games AS p) AS b ON b.player_id = t.player_id "
                "GROUP BY t.player_id"
            ),
            ["player_games", "quantile_regression"],
            cadence=_PRE,
        ),
        kinds.asks(
            "grades.players_are_found",
            "whoever was predicted is found in the box scores, or void",
            (
                "SELECT CONCAT(t.game_id, '|', CAST(t.player_id AS STRING)) AS key, NOT t.is_void AS ok "
                "FROM slate.grades AS t WHERE t.line IS NOT NULL"
            ),
            ["player_games", "grades"],
            severity=WARNING,
            required=0.65,
        ),
        kinds.asks(
            "grades.few_are_void",
            "few of the predicted did not play",
            (
                "SELECT CONCAT(t.game_id, '|', CAST(t.player_id AS STRING)) AS key, NOT t.is_void AS ok "
                "FROM slate.grades AS t"
            ),
            ["grades"],
            severity=WARNING,
            required=0.5,
        ),
        kinds.asks(
            "grades.sides_are_balanced",
            "neither side of the line is chosen nearly always",
            (
                "SELECT t.system AS key, SAFE_DIVIDE(COUNT(IF(t.side = 'over', 1, NULL)), COUNT(t.side)) BETWEEN 0.05 AND 0.95 "
                "AS ok FROM slate.grades AS t WHERE t.side IS NOT NULL "
                "GROUP BY t.system HAVING COUNT(t.side) >= 40"
            ),
            ["grades"],
            severity=WARNING,
        ),
        kinds.asks(
            "accuracy_has_not_drifted",
            "the week's mean error is within a quarter of the weeks' before",
            (
                "SELECT w.system AS key, w.mae <= 1.25 * b.mae AS ok "
                "FROM (SELECT g.system, AVG(g.abs_error) AS mae FROM last7.grades AS g "
                "WHERE NOT g.is_void GROUP BY g.system) AS w JOIN (SELECT g.system, AVG(g.abs_error) AS mae "
                "FROM last60.grades AS g WHERE NOT g.is_void GROUP BY g.system) AS b ON b.system = w.system"
            ),
            ["grades"],
            severity=WARNING,
        ),
    ]


def _of_every_system(system: System) -> list[Check]:
    """Return what is claimed of every system's table."""
    return [
        looks.made_before_tipoff(system.table, "made_at"),
    ]


def _of_a_system(system: System) -> list[Check]:
    """Return what is claimed of a system that predicts everybody: of all candidates, not constant, published, graded."""
    name = system.name
    return [
        rowwise.agrees(
            CANDIDATES,
            system.table,
            on=("game_id", "player_id"),
            columns=(),
            name=f"are_predicted_by_{name}",
            claim="every candidate is predicted",
            about=name,
            schedule="schedule",
        ),
        kinds.asks(
            f"{name}.are_not_constant",
            "predictions of a game differ from one another",
            (
                "SELECT t.game_id AS key, COUNT(DISTINCT t.median) >= 3 AS ok "
                f"FROM slate.{name} AS t WHERE t.market = 'points' GROUP BY t.game_id"
            ),
            [name],
            severity=CRITICAL,
            cadence=_PRE,
        ),
        rowwise.agrees(
            system.table,
            PUBLISHED_PREDICTIONS,
            on=("game_id", "player_id"),
            columns=("tipoff_at",),
            name="are_published",
            claim="every prediction is published with its tip-off",
            about="published_predictions",
            where={"market": "points"},
            schedule="schedule",
        ),
        kinds.asks(
            f"{name}.are_graded",
            "every prediction of a game that was played is graded, as it was made",
            (  # tipoff: allow sql-from-values -- a declared system's name, which is a table's name as well
                "SELECT CONCAT(t.game_id, '|', CAST(t.player_id AS STRING)) AS key, "
                "COALESCE(ABS(g.predicted_points - t.median) < 0.001, FALSE) AS ok "
                f"FROM slate.{name} AS t LEFT JOIN slate.grades AS g ON g.game_id = t.game_id "
                f"AND g.player_id = t.player_id AND g.system = '{name}' WHERE t.market = 'points' AND {_WAS_PLAYED} "
                "AND (SELECT COUNT(*) FROM slate.grades) > 0"
            ),
            [name, "grades"],
            about="grades",
        ),
    ]


def _intervals(system: System) -> Check:
    return kinds.holds(
        system.table,
        "intervals_enclose_the_middle",
        "the median lies in the 80 % interval, for a count of nought within half of it",
        "t.low_80 <= t.median AND (t.median <= t.high_80 OR t.median < 0.5)",
        severity=CRITICAL,
    )


def model() -> list[Check]:
    """Return the claims about what is trained."""
    newest = (
        "JOIN (SELECT m.* FROM before.calibration AS m WHERE m.day = (SELECT MAX(l.day) "
        "FROM before.calibration AS l)) AS b ON b.market = t.market"
    )
    trained = (
        "SELECT COUNT(*) AS n, MAX(f.day) AS through FROM before.player_form AS f "
        "JOIN before.player_games AS p ON p.game_id = f.game_id AND p.player_id = f.player_id"
    )
    return [
        kinds.holds(
            CALIBRATION,
            "serves_or_says_why",
            "a calibration serves, or says why not",
            "t.is_serving = (t.doubt = '')",
            severity=CRITICAL,
        ),
        kinds.holds(
            CALIBRATION,
            "intervals_hold_what_they_should",
            "the form model's 80 % intervals held 70 to 90 % of the season's outcomes",
            "t.n_rows < 2000 OR t.coverage_80 IS NULL OR t.coverage_80 BETWEEN 0.7 AND 0.9",
            severity=WARNING,
        ),
        kinds.asks(
            "calibration.is_trained_as_before",
            "features and library are those of the calibration before",
            (
                "SELECT t.market AS key, COALESCE(t.features = b.features AND t.library = b.library, FALSE) AS ok "
                f"FROM slate.calibration AS t {newest}"
            ),
            ["calibration"],
            severity=WARNING,
        ),
        kinds.asks(
            "calibration.is_trained_on_all",
            "a calibration is trained on every candidate of earlier days who played",
            (
                "SELECT t.market AS key, COALESCE(ABS(t.n_rows - n.n) <= 0.01 * n.n AND (n.n = 0 OR "
                f"t.trained_through = n.through), FALSE) AS ok FROM slate.calibration AS t CROSS JOIN ({trained}) AS n "
                f"WHERE t.market <> '{AT_THE_LINE}'"
            ),
            ["player_games", "player_form", "calibration"],
        ),
    ]
