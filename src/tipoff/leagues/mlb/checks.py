"""What is claimed of MLB's slates. Each claim names the validation angles that it covers."""

# ruff: noqa: S608 -- every name in these statements is declared in the league's tables

from tipoff.checks import kinds, probes, silences, work
from tipoff.core.check import Cadence, Check
from tipoff.core.schema import Table
from tipoff.leagues.mlb import tables
from tipoff.leagues.mlb.tables import CHANCES

_POST = Cadence.MORNING
_PLAYED = "= 'final'"
_BY_GAME = (
    tables.PITCHER_BOXSCORES,
    tables.TEAM_BOXSCORES,
    tables.BATTER_BOXSCORES,
    tables.PITCHER_GAMES,
    tables.TEAM_GAMES,
    tables.BATTER_GAMES,
)
_OTHERS = (
    tables.PROBABLE_PITCHERS,
    tables.LINE_UP_TABLE,
    tables.PROJECTED_FEATURES,
    tables.PITCHER_FEATURES,
    tables.LINE_UP_STRIKEOUTS,
    tables.PROJECTED_PREDICTIONS,
    tables.PREDICTIONS,
    tables.GRADES,
)


def _every_table() -> list[Check]:
    found: list[Check] = []
    for table in (tables.SCHEDULE, tables.FORM, *_BY_GAME, *_OTHERS):
        found += [
            probes.columns_are_declared(table),
            kinds.unique(table),
            kinds.declared(table, filled=table.floor.filled),
            silences.has_run(table),
            silences.is_still_there(table),
        ]
        if "known_at" in table.names:
            found.append(probes.known_when_it_came(table))
        if "game_id" in table.names and table is not tables.SCHEDULE:
            found.append(kinds.only_scheduled(table, "schedule"))
    for table in _BY_GAME:
        found.append(
            kinds.covers(table, "schedule", played=_PLAYED, optional=False, cadence=_POST, angles=(1, 5), history="")
        )
    return found


def _two_of(table: Table, name: str, claim: str, where: str) -> Check:
    sql = f"SELECT t.game_id AS key, COUNT(*) = 2 AS ok FROM slate.{table.name} AS t WHERE {where} GROUP BY t.game_id"
    return kinds.asks(f"{table.name}.{name}", claim, sql, [table.name])


CHECKS: tuple[Check, ...] = (
    *_every_table(),
    kinds.holds(
        tables.SCHEDULE,
        "clubs_differ",
        "a game is of two clubs",
        "t.home_team <> t.away_team",
    ),
    kinds.holds(
        tables.SCHEDULE,
        "results_are_there",
        "a final game has two scores that differ, no other has any",
        "IF(t.status = 'final', t.home_score <> t.away_score, t.home_score IS NULL AND t.away_score IS NULL)",
        angles=(6,),
    ),
    _two_of(tables.PITCHER_BOXSCORES, "two_men_start", "two pitchers start a game", "t.is_starter"),
    _two_of(tables.TEAM_BOXSCORES, "two_clubs_bat", "two clubs bat in a game", "TRUE"),
    kinds.asks(
        "team_boxscores.strikeouts_add_up",
        "the strikeouts of a club at bat are those of the pitchers whom it faced",
        "SELECT t.game_id AS key, SUM(p.strikeouts) = MAX(t.strikeouts) AS ok FROM slate.team_boxscores AS t "
        "JOIN slate.pitcher_boxscores AS p ON p.game_id = t.game_id AND p.opponent = t.team GROUP BY t.game_id, t.team",
        ["team_boxscores", "pitcher_boxscores"],
        angles=(6,),
    ),
    kinds.holds(
        tables.PITCHER_BOXSCORES,
        "no_more_than_were_faced",
        "nobody strikes out or walks more batters than he faced",
        "t.strikeouts + t.walks <= t.batters_faced",
    ),
    kinds.holds(
        tables.PREDICTIONS,
        "chances_add_up",
        "the chances of every number of strikeouts add up to one",
        f"ABS({' + '.join(f't.{name}' for name in CHANCES)} - 1) <= 0.001",
    ),
    *work.work(),
)
