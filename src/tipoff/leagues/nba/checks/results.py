"""Claims about schedules and box scores: the two sources, the two clubs, the sums."""

# ruff: noqa: S608 -- every name in these statements is declared in the league's tables

from tipoff.core.check import Check
from tipoff.leagues.checks import kinds, rowwise
from tipoff.leagues.checks import probes as looks
from tipoff.leagues.checks.kinds import WARNING
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.nba.sources.teams import TEAMS
from tipoff.leagues.nba.tables import (
    BDL_PLAYER_BOXSCORES,
    NBA_PLAYER_BOXSCORES,
    NBA_TEAM_BOXSCORES,
    SCHEDULE,
    SHOTS,
)

_PLAYED, _ON = "= 'final'", "IN ('scheduled', 'live', 'final')"
CALLED_OFF = "IN ('postponed', 'moved', 'cancelled')"
_CLUBS = ", ".join(f"'{code}'" for code in TEAMS)
_COUNTED = ("minutes", "points", *SHOTS)


def schedule() -> list[Check]:
    """Return the claims about the schedule."""
    return [
        kinds.holds(
            SCHEDULE,
            "is_final",
            "yesterday's games are all final, or called off",
            f"t.status {_PLAYED} OR t.status {CALLED_OFF}",
        ),
        kinds.holds(
            SCHEDULE,
            "clubs_are_known",
            "home and away are two of the thirty clubs",
            f"t.home_team IN ({_CLUBS}) AND t.away_team IN ({_CLUBS}) AND t.home_team <> t.away_team",
        ),
        kinds.holds(
            SCHEDULE,
            "ids_are_the_clubs",
            "club ids are present and differ",
            (
                "t.home_team_id BETWEEN 1610612737 AND 1610612766 AND t.away_team_id BETWEEN 1610612737 AND "
                "1610612766 AND t.home_team_id <> t.away_team_id"
            ),
        ),
        kinds.holds(
            SCHEDULE,
            "tips_off_on_its_day",
            "a game tips off between 11:00 and midnight, New York, of its day",
            f"{kinds.minutes('t.tipoff_at', 'TIMESTAMP(t.day)')} BETWEEN 900 AND 1740",
            where=f"t.status {_ON}",
        ),
        kinds.holds(
            SCHEDULE,
            "moved_games_say_where",
            "a game that is off may name its new day, no other does",
            (
                "(t.status IN ('moved', 'postponed') OR t.moved_to IS NULL) AND (t.moved_to IS NULL OR "
                "t.moved_to <> t.day)"
            ),
        ),
        kinds.holds(
            SCHEDULE,
            "results_are_there",
            "a final game has two scores that differ, no other has any",
            (
                f"IF(t.status {_PLAYED}, t.home_score > 50 AND t.away_score > 50 AND t.home_score <> "
                "t.away_score, t.home_score IS NULL AND t.away_score IS NULL)"
            ),
        ),
        kinds.asks(
            "schedule.clubs_play_once",
            "no club stands in two games of a day",
            (
                "SELECT c.team AS key, COUNT(*) = 1 AS ok FROM (SELECT t.home_team AS team "
                f"FROM slate.schedule AS t WHERE t.status {_ON} UNION ALL SELECT t.away_team AS team "
                f"FROM slate.schedule AS t WHERE t.status {_ON}) AS c "
                "GROUP BY c.team"
            ),
            ["schedule"],
        ),
        kinds.asks(
            "schedule.results_are_the_box_scores",
            "scores and club ids are the box scores'",
            (
                "SELECT s.game_id AS key, COALESCE(h.points = s.home_score AND a.points = s.away_score AND "
                "h.team_id = s.home_team_id AND a.team_id = s.away_team_id, FALSE) AS ok "
                "FROM slate.schedule AS s JOIN slate.nba_team_boxscores AS h ON h.game_id = s.game_id AND h.team "
                "= s.home_team JOIN slate.nba_team_boxscores AS a ON a.game_id = s.game_id AND a.team = "
                "s.away_team WHERE s.status = 'final'"
            ),
            ["schedule", "nba_team_boxscores"],
            about="schedule",
        ),
        kinds.asks(
            "schedule.clubs_are_the_box_scores",
            "the clubs that stand in the schedule are those of the box scores",
            (
                "SELECT CONCAT(b.game_id, '|', b.team) AS key, s.game_id IS NOT NULL AS ok "
                "FROM slate.nba_team_boxscores AS b LEFT JOIN slate.schedule AS s ON s.game_id = b.game_id AND "
                "b.team IN (s.home_team, s.away_team)"
            ),
            ["schedule", "nba_team_boxscores"],
            about="schedule",
        ),
        kinds.asks(
            "schedule.games_have_box_scores",
            "no game has a box score that the schedule does not name",
            (
                "SELECT DISTINCT b.game_id AS key, s.game_id IS NOT NULL AS ok "
                "FROM slate.nba_team_boxscores AS b LEFT JOIN slate.schedule AS s ON s.game_id = b.game_id"
            ),
            ["schedule", "nba_team_boxscores"],
            about="schedule",
        ),
    ]


def box_scores() -> list[Check]:
    """Return the claims about both sources' box scores."""
    line = (
        "t.points = 2 * t.fgm + t.fg3m + t.ftm AND t.reb = t.oreb + t.dreb AND t.fgm <= t.fga AND t.fg3m "
        "<= t.fg3a AND t.ftm <= t.fta AND t.fg3m <= t.fgm"
    )
    other = "JOIN slate.nba_team_boxscores AS o ON o.game_id = t.game_id AND o.team = t.opponent"
    found = [
        rowwise.sums(
            NBA_PLAYER_BOXSCORES,
            NBA_TEAM_BOXSCORES,
            by=("game_id", "team"),
            columns=_COUNTED,
            name="add_up_to_the_clubs",
        ),
        rowwise.sums(
            NBA_PLAYER_BOXSCORES,
            NBA_TEAM_BOXSCORES,
            by=("game_id", "team"),
            columns=("plus_minus",),
            factor=5,
            name="plus_minus_adds_up",
            severity=WARNING,
        ),
        kinds.holds(
            NBA_PLAYER_BOXSCORES, "lines_add_up", "points and rebounds of a line are the sums of their parts", line
        ),
        kinds.holds(
            NBA_TEAM_BOXSCORES, "lines_add_up", "points and rebounds of a club are the sums of their parts", line
        ),
        kinds.holds(
            NBA_TEAM_BOXSCORES,
            "minutes_are_a_game",
            "a club plays five times 48 minutes, and whole extra times",
            "t.minutes BETWEEN 232 AND 345",
        ),
        kinds.asks(
            "nba_team_boxscores.clubs_mirror_each_other",
            "of two clubs one is home, one has won, and the winner has more points",
            (
                "SELECT CONCAT(t.game_id, '|', t.team) AS key, COALESCE(t.is_home <> o.is_home AND t.won <> "
                "o.won AND t.won = (t.points > o.points) AND o.opponent = t.team AND t.team_id <> o.team_id, "
                f"FALSE) AS ok FROM slate.nba_team_boxscores AS t LEFT {other}"
            ),
            ["nba_team_boxscores"],
        ),
        kinds.asks(
            "nba_team_boxscores.margins_are_the_scores",
            "a club's plus-minus is its margin, but for what the provider lost of who was on the floor: 15 points at most",
            (  # the provider adds up its players', which plus_minus_adds_up holds it to; in 2017-18 one club in 25 is off
                "SELECT CONCAT(t.game_id, '|', t.team) AS key, ABS(t.plus_minus - (t.points - o.points)) <= 15 AS ok "
                f"FROM slate.nba_team_boxscores AS t {other}"
            ),
            ["nba_team_boxscores"],
            severity=WARNING,
        ),
        rowwise.agrees(
            NBA_PLAYER_BOXSCORES,
            NBA_TEAM_BOXSCORES,
            on=("game_id", "team"),
            columns=("team_id", "opponent", "is_home", "won"),
            name="clubs_are_the_clubs",
            claim="a player's club, its opponent, home and result are the club's own row's",
        ),
        rowwise.agrees(
            BDL_PLAYER_BOXSCORES,
            NBA_PLAYER_BOXSCORES,
            on=("game_id", "player_key"),
            columns=("team", "is_home", "player_name", *_COUNTED[1:]),
            name="sources_agree",
            claim="the second source says what the first says",
            severity=WARNING,
            required=0.97,
        ),
        rowwise.agrees(
            NBA_PLAYER_BOXSCORES,
            BDL_PLAYER_BOXSCORES,
            on=("game_id", "player_key"),
            columns=("player_name", *_COUNTED),
            name="second_source_agrees",
            claim="the first source says what the second says",
            severity=WARNING,
            required=0.97,
            both=False,
        ),
        rowwise.agrees(
            BDL_PLAYER_BOXSCORES,
            NBA_PLAYER_BOXSCORES,
            on=("game_id", "player_key"),
            columns=("minutes",),
            name="minutes_agree",
            claim="the second source's minutes are the first's",
            severity=WARNING,
            required=0.9,
        ),
        rowwise.unique(NBA_PLAYER_BOXSCORES, ("game_id", "team", "player_key"), "players_are_different"),
        rowwise.unique(BDL_PLAYER_BOXSCORES, ("game_id", "team", "player_key"), "players_are_different"),
        looks.as_before(NBA_PLAYER_BOXSCORES, "player_id", ("player_name", "player_key")),
        looks.as_before(BDL_PLAYER_BOXSCORES, "bdl_player_id", ("player_name", "player_key")),
        looks.as_before(NBA_TEAM_BOXSCORES, "team", ("team_id",), required=1.0),
        kinds.asks(
            "bdl_player_boxscores.ids_belong_to_one",
            "an id of the second source is of one player",
            (
                "SELECT CONCAT(t.player_key, '|', CAST(t.bdl_player_id AS STRING)) AS key, "
                "LOGICAL_AND(b.bdl_player_id = t.bdl_player_id) AS ok "
                "FROM slate.bdl_player_boxscores AS t JOIN last30.bdl_player_boxscores AS b ON b.player_key = "
                "t.player_key GROUP BY t.player_key, t.bdl_player_id"
            ),
            ["bdl_player_boxscores"],
            severity=WARNING,
            required=0.9,
        ),
    ]
    named = (NBA_PLAYER_BOXSCORES, BDL_PLAYER_BOXSCORES)
    return [*found, *(looks.names_have_keys(table, "player_name", "player_key", name_key) for table in named)]
