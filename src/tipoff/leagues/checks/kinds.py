"""Kinds of checks in SQL: a condition on single rows, instants held against a game's, a statement written out.

Each SELECT gives one row a thing looked at: its `key`, and whether it is `ok`. Names come from declarations, never from outside.
"""

# ruff: noqa: S608 -- every name in these statements is declared in the league's tables

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tipoff.core.check import Cadence, Check
from tipoff.core.schema import Column, ColumnType, Table
from tipoff.core.severity import Severity

READ = "read the failing keys; the payload is in the archive"
ERROR, WARNING, CRITICAL = Severity.ERROR, Severity.WARNING, Severity.CRITICAL


def _key(table: Table) -> str:
    parts = ", '|', ".join(f"COALESCE({_as_text(table.column(name))}, '')" for name in table.key)
    return f"CONCAT({parts})"


def _as_text(column: Column) -> str:
    """Return the SQL of one column of `t` as text; a float (25 or 25.0) and an instant need their form written out."""
    name = f"t.{column.name}"
    if column.type is ColumnType.FLOAT:
        hundredths = f"CAST(ROUND(ABS({name}) * 100) AS INT64)"
        cents = f"LPAD(CAST(MOD({hundredths}, 100) AS STRING), 2, '0')"
        return f"CONCAT(IF({name} < 0, '-', ''), CAST(DIV({hundredths}, 100) AS STRING), '.', {cents})"
    if column.type is ColumnType.INSTANT:
        return f"FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%SZ', {name})"
    return f"CAST({name} AS STRING)"


def holds(  # noqa: PLR0913 -- a claim in one line
    table: Table,
    name: str,
    claim: str,
    condition: str,
    *,
    severity: Severity = ERROR,
    where: str = "TRUE",
    **rest: Any,  # noqa: ANN401 -- as `Check` takes it: required, cadence, about
) -> Check:
    """Let a condition on single rows (`t.`) hold; NULL is not in order."""
    sql = f"SELECT {_key(table)} AS key, COALESCE({condition}, FALSE) AS ok FROM slate.{table.name} AS t WHERE {where}"
    name = f"{table.name}.{name}"
    return Check(name=name, claim=claim, severity=severity, tables=(table.name,), sql=sql, do=READ, **rest)


def timed(  # noqa: PLR0913 -- an instant and what it is held against
    table: Table,
    schedule: str,
    name: str,
    claim: str,
    condition: str,
    *,
    severity: Severity = ERROR,
    **rest: Any,  # noqa: ANN401 -- as `Check` takes it: required, cadence, about
) -> Check:
    """Hold instants of `t.` against the game's in `s.` (`s.tipoff_at`); `after` writes a distance in minutes."""
    return Check(
        name=f"{table.name}.{name}",
        claim=claim,
        severity=severity,
        tables=(schedule, table.name),
        about=table.name,
        sql=(
            f"SELECT {_key(table)} AS key, COALESCE({condition}, FALSE) AS ok FROM slate.{table.name} AS t "
            f"JOIN slate.{schedule} AS s ON s.game_id = t.game_id WHERE s.status IN ('scheduled', 'live', 'final')"
        ),
        do="what was not known before tip-off must not be used before it",
        **rest,
    )


def minutes(later: str, earlier: str) -> str:
    """Return the SQL of the minutes from one instant to another, with their fraction."""
    return f"TIMESTAMP_DIFF({later}, {earlier}, MICROSECOND) / 60000000"


def asks(  # noqa: PLR0913 -- a check written out
    name: str,
    claim: str,
    sql: str,
    tables: Sequence[str],
    *,
    severity: Severity = ERROR,
    do: str = READ,
    **rest: Any,  # noqa: ANN401 -- as `Check` takes it: required, cadence, about
) -> Check:
    """Write a check's SELECT out: `key` and `ok` for each thing looked at."""
    return Check(name=name, claim=claim, severity=severity, tables=tuple(tables), sql=sql, do=do, **rest)


def history_is_whole(table: Table, schedule: str, *, played: str) -> Check:
    """Demand that every game of the season's earlier days that was played has rows: what features look back on has no hole.

    A warning only: each hole's own day has been told; this says how much of the history that stands for today is hollow.
    """
    return Check(
        name=f"{table.name}.history_is_whole",
        claim=f"every game played since the season began has rows in {table.name}",
        severity=WARNING,
        tables=(schedule, table.name),
        about=table.name,
        sql=(
            f"SELECT s.game_id AS key, b.game_id IS NOT NULL AS ok FROM before.{schedule} AS s LEFT JOIN (SELECT DISTINCT "
            f"t.game_id FROM before.{table.name} AS t) AS b ON b.game_id = s.game_id WHERE s.status {played}"
        ),
        measure="share of games",
        cadence=Cadence.PREGAME,
        do="tipoff backfill LEAGUE FROM..TO makes past days whole, first to last",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How a league speaks: conditions on its schedule's rows `s.`, the form of a game's id, the columns of a row's side."""

    played: str
    on: str
    game_id: str
    side: tuple[str, str, str]  # the columns of a row's own club, of its opponent, and of whether it is at home
    clubs: tuple[str, str]  # the schedule's columns of the club at home and of the other
    schedule: str = "schedule"
    history: str = ""  # clubs without games in it owe nothing that rests on history
