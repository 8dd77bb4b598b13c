"""What is claimed of MLB's slates."""

# ruff: noqa: S608 -- every name in these statements is declared in the league's tables

from dataclasses import replace
from datetime import timedelta

from tipoff.checks import work
from tipoff.core.check import Cadence, Check
from tipoff.core.schema import Table
from tipoff.leagues.checks import kinds, probes, rests
from tipoff.leagues.checks.generic import Traits, generic
from tipoff.leagues.checks.kinds import CRITICAL, WARNING
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.mlb import formulas, second_features, tables
from tipoff.leagues.mlb.catalog import STEPS
from tipoff.leagues.mlb.columns import WORDS
from tipoff.leagues.mlb.models.strikeouts import SERVED
from tipoff.leagues.mlb.tables import CHANCES, FEATURE_COLUMNS

_PRE = Cadence.PREGAME
_PLAYED = WORDS.played
_OF_THE_DAY = ("scheduled_innings", "innings", "game_number", "has_designated_hitter", "designated", "is_night")
_OF_THE_SEASON = ("league", "usual_bf", "day_of_year", "season_relief", "library", "model_day", "double_header", "kind")
_ALIKE = (*_OF_THE_DAY, *_OF_THE_SEASON)
# of two men or clubs all names may be long, and all numbers high: keys hold them
_WHO = (
    "pitcher_name",
    "pitcher_key",
    "starter_name",
    "starter_key",
    "pitcher_id",
    "starter_id",
    "opposing_starter_id",
    "batter_id",
    "team",
    "opponent",
)
_KNOWN_OF = ("pitcher_features", "career_starts")
_PROJECTED_OF = ("projected_features", "career_starts")
_FEATURES = Traits(
    known_of=_KNOWN_OF,
    irregular=(*FEATURE_COLUMNS, "flags", "throws", *_WHO),
    # in a home's first days everyone is a newcomer; second formulas hold them
    alike=(*FEATURE_COLUMNS, "flags", "throws"),
    remade=False,  # too dear, as above
)
_PREDICTED = Traits(
    known_of=_KNOWN_OF,
    irregular=(*_WHO, "pass_reason", "career_starts", "first_pitch_at", "model_day"),
    unknown=("first_pitch_at", "pass_reason", "career_starts"),  # checks of their own say of whom
    alike=(*_ALIKE, "career_starts", "expected_batters"),
    remade=False,  # of a start that became known later, and was not when it was predicted
)
_OF_A_GAME = ("status", "home_score", "away_score", "home_team", "away_team", "venue_id")  # some days have but one
_BATTERS = (
    "hits",
    "walks",
    "home_runs",
    "strikeouts",
    "at_bats",
    "strikeout_ratio",
    "is_starter",
)  # not all worlds have their numbers, and on some days nobody is exchanged
TRAITS = {
    "schedule": Traits(
        irregular=(*_OF_A_GAME, "moved_to", "resumed_from", "game_number", "double_header", "first_pitch_at"),
        unknown=("home_score", "away_score"),  # of a day on which nothing was played: a check of its own
        sizes=False,
        alike=(*_ALIKE, "status", "moved_to", "resumed_from"),
    ),
    "players": Traits(usual=False),
    "batter_splits": Traits(usual=False),
    "season_form": Traits(usual=False),
    "strikeout_model": Traits(usual=False),
    "form": Traits(usual=False, remade=False),  # of thousands, who may have to do with the day
    "probable_pitchers": Traits(irregular=_WHO),
    "line_ups": Traits(alike=_ALIKE, irregular=_WHO),
    # two men may pitch a whole game; strikeouts of both sides add up
    "pitcher_boxscores": Traits(irregular=_WHO, sizes=False),
    "pitcher_games": Traits(irregular=_WHO, sizes=False),
    "team_boxscores": Traits(irregular=_WHO, alike=_ALIKE),
    "team_games": Traits(irregular=_WHO, alike=_ALIKE),
    "batter_boxscores": Traits(alike=_BATTERS),
    "batter_games": Traits(alike=_BATTERS),
    "projected_features": replace(_FEATURES, known_of=_PROJECTED_OF, history="team_games"),
    "pitcher_features": _FEATURES,
    "line_up_strikeouts": Traits(known_of=_KNOWN_OF, irregular=_WHO),
    "projected_predictions": replace(_PREDICTED, known_of=_PROJECTED_OF, history="team_games"),
    "predictions": _PREDICTED,
    "published_predictions": replace(_PREDICTED, alike=(*_PREDICTED.alike, "line_up"), remade=True),
    "grades": Traits(
        known_of=_KNOWN_OF,
        irregular=(*_WHO, "void_reason", "is_void", "is_over", "career_starts"),
        alike=("is_retrospective", "void_reason", "career_starts", *_ALIKE),
        unknown=("career_starts", "actual_strikeouts"),  # a game of two newcomers; formulas hold both
        rates={"is_void": (0.0, 0.3)},
    ),
}


def _two_of(table: Table, name: str, claim: str, where: str) -> Check:
    sql = f"SELECT t.game_id AS key, COUNT(*) = 2 AS ok FROM slate.{table.name} AS t WHERE {where} GROUP BY t.game_id"
    return kinds.asks(f"{table.name}.{name}", claim, sql, [table.name])


def _raw() -> list[Check]:
    return [
        kinds.holds(tables.SCHEDULE, "clubs_differ", "a game is of two clubs", "t.home_team <> t.away_team"),
        kinds.holds(
            tables.SCHEDULE,
            "results_are_there",
            "a final game has two scores, which may be the same where it was called; no other has any",
            "(t.home_score IS NOT NULL) = (t.status = 'final') AND (t.away_score IS NOT NULL) = (t.status = 'final')",
        ),
        kinds.holds(
            tables.SCHEDULE,
            "games_are_of_the_day",
            "a game begins on its day, as it is in New York until three at night, and is one, or one of two",
            "t.double_header IN ('N', 'Y', 'S') AND (t.first_pitch_at IS NULL OR t.status NOT IN ('scheduled', 'live', 'final') "
            f"OR {kinds.minutes('t.first_pitch_at', 'TIMESTAMP(t.day)')} BETWEEN 480 AND 1860)",
        ),
        kinds.asks(
            "schedule.clubs_play_each_game_once",
            "of the games that are on, a club at home has one first and one second, beside one that goes on",
            "SELECT CONCAT(t.home_team, '|', CAST(t.game_number AS STRING), '|', COALESCE(CAST(t.resumed_from AS STRING), '')) "
            "AS key, COUNT(*) = 1 AS ok FROM slate.schedule AS t WHERE t.status IN ('scheduled', 'live', 'final', 'suspended') "
            "GROUP BY t.home_team, t.game_number, t.resumed_from",
            ["schedule"],
            do="two writers, or a source that repeats itself; run the step again",
        ),
        kinds.holds(
            tables.SCHEDULE,
            "games_move_to_another_day",
            "a game that is put off or broken off moves to another day than its own, on which it counts as off",
            "t.moved_to <> t.day",
            where="t.moved_to IS NOT NULL",
            severity=WARNING,
        ),
        kinds.asks(  # of two that were to be played, one after the other, one may be off; a number alone does not say so
            "schedule.games_stand_under_one_id",
            "a single game that is off, and moves nowhere, stands beside no other of its two clubs that begins that day",
            "SELECT t.game_id AS key, COUNT(o.game_id) = 0 AS ok FROM slate.schedule AS t LEFT JOIN slate.schedule AS o "
            "ON o.home_team = t.home_team AND o.away_team = t.away_team AND o.game_number = t.game_number "
            "AND o.double_header = 'N' AND o.resumed_from IS NULL AND o.status IN ('scheduled', 'live', 'final', 'suspended') "
            "WHERE t.status IN ('postponed', 'cancelled') AND t.double_header = 'N' AND COALESCE(t.moved_to = t.day, TRUE) "
            "GROUP BY t.game_id",
            ["schedule"],
            severity=WARNING,
            do="one game may stand under two ids: what was predicted under the one that is off is graded by nobody",
        ),
        _two_of(tables.PITCHER_BOXSCORES, "two_men_start", "two pitchers start a game", "t.is_starter"),
        _two_of(tables.TEAM_BOXSCORES, "two_clubs_bat", "two clubs bat in a game", "TRUE"),
        kinds.asks(
            "team_boxscores.strikeouts_add_up",
            "the strikeouts of a club at bat are those of the pitchers whom it faced",
            "SELECT t.game_id AS key, SUM(p.strikeouts) = MAX(t.strikeouts) AND SUM(p.batters_faced) = "
            "MAX(t.plate_appearances) AND SUM(p.runs) = MAX(t.runs) AS ok FROM slate.team_boxscores AS t "
            "JOIN slate.pitcher_boxscores AS p ON p.game_id = t.game_id AND p.opponent = t.team GROUP BY t.game_id, t.team",
            ["team_boxscores", "pitcher_boxscores"],
        ),
        kinds.asks(
            "batter_boxscores.strikeouts_are_the_clubs",
            "the strikeouts of a club's batters are those of the club, where each has a number",
            "SELECT CONCAT(t.game_id, '|', t.team) AS key, SUM(b.strikeouts) = MAX(t.strikeouts) AS ok FROM "
            "slate.team_boxscores AS t JOIN slate.batter_boxscores AS b ON b.game_id = t.game_id AND b.team = t.team "
            "GROUP BY t.game_id, t.team HAVING COUNT(b.strikeouts) = COUNT(*)",
            ["team_boxscores", "batter_boxscores"],
        ),
        kinds.asks(
            "schedule.results_are_the_box_scores",
            "a final game's scores are the runs of the two clubs",
            "SELECT s.game_id AS key, COALESCE(h.runs = s.home_score AND a.runs = s.away_score, FALSE) AS ok "
            "FROM slate.schedule AS s JOIN slate.team_boxscores AS h ON h.game_id = s.game_id AND h.team = s.home_team "
            "JOIN slate.team_boxscores AS a ON a.game_id = s.game_id AND a.team = s.away_team WHERE s.status = 'final'",
            ["schedule", "team_boxscores"],
            about="schedule",
        ),
        kinds.asks(
            "pitcher_boxscores.starters_are_whom_the_clubs_faced",
            "who started, by his own numbers, pitched first to the other club",
            "SELECT CONCAT(t.game_id, '|', t.team) AS key, t.opposing_starter_id = p.pitcher_id AS ok "
            "FROM slate.team_boxscores AS t JOIN slate.pitcher_boxscores AS p ON p.game_id = t.game_id "
            "AND p.opponent = t.team AND p.is_starter",
            ["team_boxscores", "pitcher_boxscores"],
        ),
        kinds.asks(
            "line_ups.are_of_the_game_as_it_was",
            "umpire, catcher, temperature and the starter's birth date are those of the game's own report",
            "SELECT CONCAT(t.game_id, '|', t.team) AS key, t.umpire_id IS NOT DISTINCT FROM b.umpire_id AND t.catcher_id IS NOT "
            "DISTINCT FROM b.opposing_catcher_id AND COALESCE(ABS(t.temperature - b.temperature) <= 20, TRUE) AND (p.pitcher_id "
            "IS NULL OR t.starter_birth_date IS NOT DISTINCT FROM p.birth_date) AS ok FROM slate.line_ups AS t "
            "JOIN slate.team_boxscores AS b ON b.game_id = t.game_id AND b.opponent = t.team "
            "LEFT JOIN slate.pitcher_boxscores AS p ON p.game_id = t.game_id AND p.pitcher_id = t.starter_id",
            ["team_boxscores", "pitcher_boxscores", "line_ups"],
            severity=WARNING,
            required=0.95,  # an umpire or a catcher changes at the last minute
        ),
        *(
            kinds.holds(  # of nine seasons' first five games of a day two at the least were warmer; of the first two often none
                table,
                "are_in_degrees_fahrenheit",
                "of five games or more one in four begins at more than 41 degrees: in Celsius none does, in Fahrenheit most do",
                "t.temperature > 41",
                where=f"t.temperature IS NOT NULL AND (SELECT COUNT(DISTINCT o.game_id) FROM slate.{table.name} AS o "
                "WHERE o.temperature IS NOT NULL) >= 5",
                severity=WARNING,
                required=0.25,
                cadence=cadence,
            )
            for table, cadence in ((tables.LINE_UP_TABLE, _PRE), (tables.TEAM_BOXSCORES, Cadence.MORNING))
        ),
        kinds.holds(
            tables.PITCHER_BOXSCORES,
            "no_more_than_were_faced",
            "no pitcher's strikeouts, walks and hits together are more than the batters he faced, a home run is a hit and a run, "
            "and the first to pitch is the starter",
            "t.strikeouts + t.walks + t.hits <= t.batters_faced AND t.home_runs <= LEAST(t.hits, t.runs) "
            "AND t.is_starter = (t.appearance = 1)",
        ),
        probes.as_before(
            tables.PITCHER_BOXSCORES, "pitcher_id", ("pitcher_name", "pitcher_key", "throws", "birth_date")
        ),
        kinds.holds(
            tables.BATTER_BOXSCORES,
            "who_begins_has_a_spot",
            "whoever begins stands in the order, and nobody else",
            "t.is_starter = (t.spot IS NOT NULL)",
        ),
        kinds.holds(
            tables.BATTER_BOXSCORES,
            "no_more_than_his_turns",
            "nobody has more hits and strikeouts than times at bat, nor more home runs than hits",
            "t.hits + t.strikeouts <= t.at_bats AND t.home_runs <= t.hits",
            where="t.at_bats IS NOT NULL",
        ),
        probes.as_before(tables.BATTER_BOXSCORES, "batter_id", ("batter_name",)),
        *(
            probes.names_have_keys(table, "pitcher_name", "pitcher_key", name_key)
            for table in (tables.PITCHER_BOXSCORES, tables.PROBABLE_PITCHERS, tables.PREDICTIONS)
        ),
        probes.names_have_keys(tables.LINE_UP_TABLE, "starter_name", "starter_key", name_key),
        *(
            kinds.history_is_whole(table, "schedule", played=_PLAYED)
            for table in (tables.PITCHER_GAMES, tables.TEAM_GAMES)
        ),
        probes.is_fresh(tables.SCHEDULE, within=timedelta(hours=7)),
    ]


def _predicted() -> list[Check]:
    return [
        kinds.holds(
            tables.PREDICTIONS,
            "chances_add_up",
            "the chances of every number of strikeouts add up to one",
            f"ABS({' + '.join(f't.{name}' for name in CHANCES)} - 1) <= 0.001",
            severity=CRITICAL,
        ),
        kinds.holds(
            tables.PREDICTIONS,
            "lines_have_chances",
            "whoever is predicted has a line of his own, and a chance to be over it about one in two",
            "t.own_line IS NOT NULL AND t.own_over_chance BETWEEN 0.25 AND 0.75",
            cadence=_PRE,
        ),
        kinds.asks(
            "predictions.systems_are_even",
            "every system predicts the same starters, two of a game",
            "SELECT t.game_id AS key, COUNT(*) = 2 * COUNT(DISTINCT t.system) AND COUNT(DISTINCT t.pitcher_id) = 2 AS ok "
            "FROM slate.predictions AS t GROUP BY t.game_id",
            ["predictions"],
            cadence=_PRE,
        ),
        *(
            kinds.asks(
                f"{table.name}.know_when_the_game_begins",
                "only of a second game that waits for the first, or where the schedule has no start, nobody knows when it begins",
                "SELECT t.game_id AS key, COUNT(t.first_pitch_at) = COUNT(*) OR MAX(s.first_pitch_at) IS NULL "
                "OR MAX(s.game_number) = 2 AND MAX(s.double_header) = 'Y' AS ok "
                f"FROM slate.{table.name} AS t JOIN slate.schedule AS s ON s.game_id = t.game_id GROUP BY t.game_id",
                ["schedule", table.name],
                severity=WARNING,
                cadence=_PRE,
            )
            for table in (tables.PREDICTIONS, tables.PROJECTED_PREDICTIONS, tables.PUBLISHED_PREDICTIONS)
        ),
        kinds.asks(
            "predictions.are_not_constant",
            "predictions of starters of whom anything is known differ from one another",
            "SELECT t.system AS key, COUNT(*) < 6 OR COUNT(DISTINCT t.predicted_strikeouts) * 2 > COUNT(*) AS ok "
            "FROM slate.predictions AS t WHERE t.career_starts > 0 GROUP BY t.system",
            ["predictions"],
            severity=CRITICAL,
            cadence=_PRE,
        ),
        kinds.asks(
            "predictions.are_of_the_line_ups",
            "whoever is predicted starts in the line-up as announced, and stands in the season's register or in a box score",
            "SELECT CONCAT(t.game_id, '|', CAST(t.pitcher_id AS STRING)) AS key, LOGICAL_OR(l.starter_id = t.pitcher_id) AS ok "
            "FROM slate.predictions AS t JOIN slate.line_ups AS l ON l.game_id = t.game_id AND l.team = t.team "
            "GROUP BY t.game_id, t.pitcher_id",
            ["line_ups", "predictions"],
            cadence=_PRE,
        ),
        *(
            kinds.asks(
                f"{table.name}.systems_are_of_one_start",
                "what is told of a start beside its number is the same whatever the system, and of the model that there is",
                "SELECT CONCAT(t.game_id, '|', CAST(t.pitcher_id AS STRING)) AS key, COUNT(DISTINCT t.expected_batters) <= 1 AND "
                "COUNT(DISTINCT t.career_starts) <= 1 AND COUNT(DISTINCT t.pass_reason) <= 1 AND COALESCE(MIN(t.model_day) = "
                "MAX(m.day) AND MAX(t.model_day) = MAX(m.day), MAX(t.model_day) IS NULL) AS ok "
                f"FROM slate.{table.name} AS t CROSS JOIN (SELECT MAX(s.day) AS day FROM latest.strikeout_model AS s) AS m "
                "GROUP BY t.game_id, t.pitcher_id",
                ["strikeout_model", table.name],
                cadence=_PRE,
            )
            for table in (tables.PREDICTIONS, tables.PROJECTED_PREDICTIONS)
        ),
        *(
            kinds.holds(
                table,
                "pass_for_what_is_known",
                "of a first start, and of a second and third, the reasons to pass say so, and of no other",
                "(t.career_starts < 1) = REGEXP_CONTAINS(t.pass_reason, r'first start') AND "
                "(t.career_starts BETWEEN 1 AND 2) = REGEXP_CONTAINS(t.pass_reason, r'few starts')",
                cadence=_PRE,
            )
            for table in (tables.PREDICTIONS, tables.PROJECTED_PREDICTIONS)
        ),
        kinds.timed(
            tables.PROJECTED_PREDICTIONS,
            "schedule",
            "starts_are_the_schedules",
            "a start is predicted with about its own first pitch",
            f"COALESCE(ABS({kinds.minutes('t.first_pitch_at', 's.first_pitch_at')}) <= 720, TRUE)",
            severity=WARNING,
        ),
        probes.made_before_tipoff(tables.PREDICTIONS, "made_at"),
        kinds.asks(
            "grades.pitchers_are_found",
            "whoever was announced started",
            "SELECT CONCAT(t.game_id, '|', CAST(t.pitcher_id AS STRING)) AS key, NOT t.is_void AS ok FROM slate.grades AS t "
            "WHERE t.line_up = 'confirmed'",
            ["pitcher_boxscores", "grades"],
            severity=WARNING,
            required=0.8,
        ),
        kinds.asks(
            "grades.few_are_void",
            "few of the predicted did not start",
            "SELECT CONCAT(t.game_id, '|', CAST(t.pitcher_id AS STRING), '|', t.line_up) AS key, NOT t.is_void AS ok "
            "FROM slate.grades AS t",
            ["grades"],
            severity=WARNING,
            required=0.7,
        ),
        kinds.asks(
            "grades.sides_are_balanced",
            "over a month neither side of the own lines happens nearly always",
            "SELECT t.system AS key, SAFE_DIVIDE(COUNT(IF(t.is_over, 1, NULL)), COUNT(t.is_over)) BETWEEN 0.3 AND 0.7 AS ok "
            "FROM last30.grades AS t GROUP BY t.system HAVING COUNT(t.is_over) >= 100",
            ["grades"],
            severity=WARNING,
        ),
        kinds.asks(
            "accuracy_has_not_drifted",
            "the week's mean error is within a quarter of the weeks' before",
            "SELECT w.system AS key, w.mae <= 1.25 * b.mae AS ok "
            "FROM (SELECT g.system, AVG(g.abs_error) AS mae FROM last7.grades AS g WHERE NOT g.is_void GROUP BY g.system "
            "HAVING COUNT(*) >= 100) AS w JOIN (SELECT g.system, AVG(g.abs_error) AS mae FROM last60.grades AS g "
            "WHERE NOT g.is_void GROUP BY g.system) AS b ON b.system = w.system",
            ["grades"],
            severity=WARNING,
        ),
        probes.accuracy(
            tables.GRADES, SERVED, at_most=3.2, measure="strikeouts", least=4, where={"line_up": "confirmed"}
        ),
    ]


CHECKS: tuple[Check, ...] = (
    *generic(STEPS, WORDS, TRAITS),
    rests.days_have_games(tables.SCHEDULE),
    *_raw(),
    *_predicted(),
    *formulas.formulas(),
    *second_features.second_features(),
    *work.work(),
)
