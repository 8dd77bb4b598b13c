"""What is claimed of the NBA's slates, in the catalog's order. Each claim names the validation angles that it covers."""

from datetime import timedelta

from tipoff.checks import kinds, silences, work
from tipoff.checks import probes as looks
from tipoff.checks.profile import looks_usual
from tipoff.core.check import Cadence, Check
from tipoff.core.schema import Table
from tipoff.leagues.nba import tables
from tipoff.leagues.nba.checks import market, predictions, results
from tipoff.leagues.nba.features import FEATURES
from tipoff.leagues.nba.form_tables import CALIBRATION, PLAYER_FORM, PUBLISHED_MARKETS, SCORES
from tipoff.leagues.nba.systems.catalog import INDEPENDENT, SERVING, SYSTEMS
from tipoff.leagues.nba.systems.lightgbm import LIGHTGBM
from tipoff.leagues.nba.systems.market_aware import MARKET_AWARE
from tipoff.leagues.nba.tables import (
    BDL_PLAYER_BOXSCORES,
    CANDIDATES,
    GRADES,
    MAIN_LINES,
    NBA_PLAYER_BOXSCORES,
    NBA_TEAM_BOXSCORES,
    ODDS_EVENTS,
    PLAYER_FEATURES,
    PLAYER_LINES,
    POINTS_MODEL,
    PUBLISHED_PREDICTIONS,
    SCHEDULE,
)

_PRE, _POST = Cadence.PREGAME, Cadence.MORNING
_PLAYED, _ON = "= 'final'", "IN ('scheduled', 'live', 'final')"  # fmt: skip
_GAME_ID = r"REGEXP_CONTAINS(t.game_id, r'^00[2-5][0-9]{7}$')"

# Of a player's form, what hardly moves from game to game; the rest is made to move.
_STEADY = {f"{name}_h{life}" for name in ("minutes", "points", "reb", "ast", "fga", "plays") for life in (12, 40)}

# What rightly changes from one slate to the next: markets come and go, and breaks last for days.
_IRREGULAR = {
    SCHEDULE: ("status", "moved_to", "home_score", "away_score"),
    PLAYER_FEATURES: ("days_rest", "team_days_rest", "games_last_7", "back_to_back", "last_minutes"),
    PLAYER_FORM: tuple(one.name for one in FEATURES if one.name not in _STEADY),
    **{system.table: ("form_model", "calibration_day", "model_day", "quantiles", "line_slope") for system in SYSTEMS},
    PUBLISHED_PREDICTIONS: ("market_aware", "system", "line", "n_books", "p_over", "recommendation", "reason"),
    GRADES: ("line", "line_result", "side", "is_correct", "is_retrospective", "void_reason", "is_void"),
    CANDIDATES: ("because",),
    MAIN_LINES: ("book", "n_dropped", "n_quotes", "n_books"),
    PLAYER_LINES: ("book", "player_key", "player_name"),
    POINTS_MODEL: ("model_text", "n_rows", "doubt"),
}
_MARKETS = frozenset(
    {PLAYER_LINES, MAIN_LINES, MARKET_AWARE.table, SCHEDULE, POINTS_MODEL, CALIBRATION}
)  # their sizes say nothing

_BY_GAME: tuple[tuple[Table, bool, Cadence, tuple[int, ...]], ...] = (
    (NBA_PLAYER_BOXSCORES, False, _POST, (1, 5, 7)),
    (NBA_TEAM_BOXSCORES, False, _POST, (1, 5, 7)),
    (BDL_PLAYER_BOXSCORES, True, _POST, (1, 2)),
    (ODDS_EVENTS, True, _PRE, (1, 3)),
    (tables.PLAYER_BOXSCORES, False, _POST, (1, 5, 7)),
    (tables.SOURCE_AGREEMENT, True, _POST, (2,)),
    (tables.TEAM_GAMES, False, _POST, (1, 5, 7)),
    (tables.PLAYER_GAMES, False, _POST, (1, 5, 7)),
    (CANDIDATES, False, _PRE, (1, 23)),
    (PLAYER_FEATURES, False, _PRE, (1, 5)),
    (PLAYER_FORM, False, _PRE, (1, 5)),
    *((system.table, False, _PRE, (1, 5, 11)) for system in INDEPENDENT),
    (PUBLISHED_PREDICTIONS, False, _PRE, (1, 5, 14)),
    (PUBLISHED_MARKETS, False, _PRE, (1, 5, 14)),
    (GRADES, False, _POST, (1, 5, 12)),
)
_WITH_HISTORY = frozenset(
    {
        CANDIDATES,
        PLAYER_FEATURES,
        PLAYER_FORM,
        *(system.table for system in INDEPENDENT),
        PUBLISHED_PREDICTIONS,
        PUBLISHED_MARKETS,
        GRADES,
    }
)  # a club's first game rightly has none
_OTHERS = (PLAYER_LINES, MAIN_LINES, MARKET_AWARE.table)
_ALL = (SCHEDULE, *(table for table, *_ in _BY_GAME), *_OTHERS, POINTS_MODEL, CALIBRATION, SCORES)


def _every_table() -> list[Check]:
    found: list[Check] = []
    for table in _ALL:
        found += [
            looks.columns_are_declared(table),
            kinds.unique(table),
            kinds.declared(table, filled=table.floor.filled if table is not PUBLISHED_PREDICTIONS else ()),
            silences.has_run(table),
            silences.zero_is_signed(table),
            silences.is_still_there(table),
            *(
                looks_usual(table, irregular=_IRREGULAR.get(table, ()), sizes=table not in _MARKETS)
                if table not in {CALIBRATION, SCORES}  # a few rows, each of its own kind
                else ()
            ),
        ]
        if "known_at" in table.names:
            found.append(looks.known_when_it_came(table))
        if "game_id" in table.names:
            found.append(
                kinds.holds(
                    table,
                    "game_ids_have_their_form",
                    "a game's id is the league's: ten digits that begin with 00",
                    _GAME_ID,
                    angles=(5,),
                )
            )
        if "game_id" in table.names and table is not SCHEDULE:
            found.append(kinds.only_scheduled(table, "schedule"))
    for table, optional, cadence, angles in _BY_GAME:
        played = _ON if cadence is _PRE else _PLAYED
        history = "team_games" if table in _WITH_HISTORY else ""
        found.append(
            kinds.covers(
                table, "schedule", played=played, optional=optional, cadence=cadence, angles=angles, history=history
            )
        )
    return found


def _remade() -> list[Check]:
    systems = tuple(system.table for system in SYSTEMS)
    inputs: dict[Table, tuple[Table | str, ...]] = {
        tables.PLAYER_BOXSCORES: (NBA_PLAYER_BOXSCORES, BDL_PLAYER_BOXSCORES),
        tables.SOURCE_AGREEMENT: (NBA_PLAYER_BOXSCORES, BDL_PLAYER_BOXSCORES),
        tables.TEAM_GAMES: (NBA_TEAM_BOXSCORES,),
        tables.PLAYER_GAMES: (tables.PLAYER_BOXSCORES, tables.TEAM_GAMES),
        CANDIDATES: (SCHEDULE, PLAYER_LINES, tables.PLAYER_GAMES),
        MAIN_LINES: (PLAYER_LINES, SCHEDULE),
        PLAYER_FEATURES: (CANDIDATES,),
        PLAYER_FORM: (CANDIDATES, tables.PLAYER_GAMES),
        **{system.table: tuple(one.table for one in system.features) for system in SYSTEMS},
        PUBLISHED_PREDICTIONS: (*systems, CANDIDATES, MAIN_LINES),
        PUBLISHED_MARKETS: (*(system.table for system in SERVING), CANDIDATES),
        GRADES: (*systems, tables.PLAYER_GAMES, MAIN_LINES),
        SCORES: (*systems, tables.PLAYER_GAMES, MAIN_LINES),
    }
    return [
        looks.is_remade(table, tuple(one if isinstance(one, str) else one.name for one in read))
        for table, read in inputs.items()
    ]


_HOUR = timedelta(hours=1)

CHECKS: tuple[Check, ...] = (
    *_every_table(),
    looks.is_fresh(SCHEDULE, within=7 * _HOUR),  # it is refreshed every six hours
    looks.is_fresh(ODDS_EVENTS, within=7 * _HOUR),
    looks.is_fresh(PLAYER_LINES, within=3 * _HOUR),  # every two
    kinds.history_is_whole(tables.TEAM_GAMES, "schedule", played=_PLAYED),
    kinds.history_is_whole(tables.PLAYER_GAMES, "schedule", played=_PLAYED),
    *results.schedule(),
    *results.box_scores(),
    *market.market(),
    *predictions.predictions(),
    *predictions.model(),
    *_remade(),
    *work.work(),
    looks.accuracy(GRADES, LIGHTGBM.name, at_most=7.5, measure="points"),
)
