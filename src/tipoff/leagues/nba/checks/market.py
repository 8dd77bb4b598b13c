"""Claims about events, quotes and main lines."""

# ruff: noqa: S608 -- every name in these statements is declared in the league's tables

from tipoff.core.check import Cadence, Check
from tipoff.leagues.checks import kinds, rowwise
from tipoff.leagues.checks import probes as looks
from tipoff.leagues.checks.kinds import WARNING
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.nba.checks.results import CALLED_OFF
from tipoff.leagues.nba.tables import (
    MAIN_LINES,
    ODDS_EVENTS,
    PLAYER_LINES,
)

_PRE = Cadence.PREGAME
_SEASON_RUNS = "(SELECT COUNT(DISTINCT b.day) FROM before.player_games AS b) >= 10"  # by then every club has played


def _chance(price: str) -> str:
    """Return the SQL of the chance that an American price stands for."""
    return f"IF({price} < 0, SAFE_DIVIDE(-{price}, 100 - {price}), SAFE_DIVIDE(100, 100 + {price}))"


def market() -> list[Check]:
    """Return the claims about the market."""
    p_over, p_under = _chance("t.over_price"), _chance("t.under_price")
    book = f"t.over_price IS NULL OR t.under_price IS NULL OR {p_over} + {p_under} BETWEEN 0.98 AND 1.25"
    price = (
        "(t.over_price IS NULL OR ABS(t.over_price) >= 100) AND (t.under_price IS NULL OR ABS(t.under_price) >= 100)"
    )
    return [
        kinds.timed(
            ODDS_EVENTS,
            "schedule",
            "begins_when_the_game_does",
            "an event begins within 90 min of the game's tip-off",
            f"ABS({kinds.minutes('t.commence_at', 's.tipoff_at')}) <= 90",
            severity=WARNING,
        ),
        kinds.timed(
            ODDS_EVENTS,
            "schedule",
            "known_before_it_begins",
            "an event is known before its game begins",
            "t.known_at < s.tipoff_at",
            severity=WARNING,
        ),
        rowwise.unique(ODDS_EVENTS, ("event_id",), "events_are_different"),
        kinds.holds(
            ODDS_EVENTS,
            "event_ids_have_their_form",
            "an event's id is hexadecimal",
            "REGEXP_CONTAINS(t.event_id, r'^[0-9a-f]{20,40}$')",
        ),
        kinds.holds(
            PLAYER_LINES,
            "lines_are_halves",
            "lines are whole or half points",
            "t.line * 2 = FLOOR(t.line * 2)",
        ),
        kinds.holds(
            PLAYER_LINES,
            "prices_make_a_book",
            "the two prices' chances add up to 98 to 125 %",
            book,
            severity=WARNING,
            required=0.97,
        ),
        kinds.holds(PLAYER_LINES, "prices_are_american", "a price is at least 100 from zero", price),
        kinds.holds(
            PLAYER_LINES,
            "quotes_are_two_sided",
            "most quotes have both prices",
            "t.over_price IS NOT NULL AND t.under_price IS NOT NULL",
            severity=WARNING,
            required=0.5,
        ),
        kinds.timed(
            PLAYER_LINES,
            "schedule",
            "quoted_before_tip_off",
            "quotes that are used were made before tip-off",
            "t.quoted_at < s.tipoff_at AND t.known_at < s.tipoff_at",
            severity=WARNING,
            required=0.9,
        ),
        kinds.holds(
            PLAYER_LINES,
            "quotes_are_known_after_they_are_made",
            "a quote is known after it was made, within two days",
            f"{kinds.minutes('t.known_at', 't.quoted_at')} BETWEEN -1 AND 2880",
            severity=WARNING,
            required=0.98,
        ),
        kinds.asks(
            "player_lines.books_agree",
            "a quote lies near the median of its player's books",
            (
                "SELECT CONCAT(t.game_id, '|', t.player_key, '|', t.book) AS key, MIN(ABS(t.line - m.middle)) <= "
                "4 AS ok FROM slate.player_lines AS t JOIN (SELECT b.game_id, b.player_key, (MIN(b.line) + "
                "MAX(b.line)) / 2 AS middle FROM slate.main_lines AS b "
                "GROUP BY b.game_id, b.player_key) AS m ON m.game_id = t.game_id AND m.player_key = t.player_key "
                "GROUP BY t.game_id, t.player_key, t.book"
            ),
            ["player_lines", "main_lines"],
            about="player_lines",
            severity=WARNING,
            required=0.95,
        ),
        kinds.asks(
            "player_lines.books_are_known",
            "the books that quote are those that quoted before",
            (
                "SELECT t.book AS key, MAX(IF(b.book IS NULL, 0, 1)) = 1 AS ok "
                "FROM slate.player_lines AS t LEFT JOIN (SELECT DISTINCT l.book "
                "FROM before.player_lines AS l) AS b ON b.book = t.book "
                "WHERE (SELECT COUNT(*) FROM before.player_lines) > 0 "
                "GROUP BY t.book"
            ),
            ["player_lines"],
            severity=WARNING,
            required=0.7,
        ),
        kinds.asks(
            "player_lines.several_books_quote",
            "a game is quoted by several books",
            (
                "SELECT t.game_id AS key, COUNT(DISTINCT t.book) >= 3 AS ok "
                "FROM slate.player_lines AS t GROUP BY t.game_id"
            ),
            ["player_lines"],
            severity=WARNING,
        ),
        looks.names_have_keys(PLAYER_LINES, "player_name", "player_key", name_key),
        looks.names_have_keys(MAIN_LINES, "player_name", "player_key", name_key),
        kinds.asks(
            "main_lines.players_are_known",
            "it is certain who is meant by the names of the lines",
            (
                "SELECT CONCAT(t.game_id, '|', t.player_key) AS key, t.player_id IS NOT NULL AS ok "
                f"FROM slate.main_lines AS t WHERE {_SEASON_RUNS}"
            ),
            ["main_lines"],
            severity=WARNING,
            required=0.95,
            cadence=_PRE,
        ),
        kinds.asks(
            "main_lines.players_are_predicted",
            "players with a line are predicted",
            (
                "SELECT CONCAT(t.game_id, '|', t.player_key) AS key, MAX(IF(x.player_id IS NULL, 0, 1)) = 1 AS "
                "ok FROM slate.main_lines AS t LEFT JOIN slate.quantile_regression AS x ON x.game_id = t.game_id "
                f"AND x.player_id = t.player_id WHERE {_SEASON_RUNS} AND t.game_id NOT IN (SELECT s.game_id FROM "
                f"slate.schedule AS s WHERE s.status {CALLED_OFF}) GROUP BY t.game_id, t.player_key"
            ),
            ["schedule", "quantile_regression", "main_lines"],
            about="main_lines",
            severity=WARNING,
            required=0.8,
            cadence=_PRE,
        ),
        kinds.holds(
            MAIN_LINES,
            "lines_are_believed",
            "main lines lie between 5 and 40 points, nine in ten",
            "t.line BETWEEN 4.5 AND 40",
            severity=WARNING,
            required=0.9,
        ),
    ]
