"""Leagues that must not load: each a change that once went into production."""

import dataclasses
from collections.abc import Callable, Mapping

from tipoff.core.league import League
from tipoff.core.schema import text
from tipoff.core.step import SqlWork, Step

Change = Callable[[League], League]


def _with(name: str, change: Callable[[Step], Step]) -> Change:
    def changed(league: League) -> League:
        steps = tuple(change(step) if step.name == name else step for step in league.steps)
        return dataclasses.replace(league, steps=steps)

    return changed


def _sql(name: str, old: str, new: str) -> Change:
    def change(step: Step) -> Step:
        work = step.work
        if not isinstance(work, SqlWork) or old not in work.sql:
            msg = f"{step.name} does not say {old!r}"
            raise ValueError(msg)
        return dataclasses.replace(step, work=dataclasses.replace(work, sql=work.sql.replace(old, new)))

    return _with(name, change)


def _without_column(step: Step) -> Step:
    columns = tuple(column for column in step.table.columns if column.name != "points_avg_20")
    return dataclasses.replace(step, table=dataclasses.replace(step.table, columns=columns))


def _another_type(step: Step) -> Step:
    columns = tuple(text("usage_avg_5") if c.name == "usage_avg_5" else c for c in step.table.columns)
    return dataclasses.replace(step, table=dataclasses.replace(step.table, columns=columns))


REFUSALS: Mapping[str, Change] = {
    "read without a window": _sql("player_features", "FROM before.player_games", "FROM player_games"),
    "read through the day": _sql("player_features", "FROM before.player_games", "FROM through.player_games"),
    "the machine's date": _sql("player_features", "@day, MAX(day)", "CURRENT_DATE(), MAX(day)"),
    "between days": _sql("candidates", "r.n <= 5", "r.n BETWEEN 0 AND 5 AND p.day BETWEEN '2020-01-01' AND @day"),
    "a name that is not there": _sql("candidates", "WHERE p.player_id IS NOT NULL", "WHERE p.player IS NOT NULL"),
    "a column that is not declared": _with("player_features", _without_column),
    "a column of another type": _with("player_features", _another_type),
    "a table that nobody makes": _sql("player_features", "before.team_games", "before.team_game"),
    "every column": _sql("team_games", "SELECT\n", "SELECT *,\n"),
}
