"""Kinds of checks in SQL: coverage, keys, required values, ranges, agreement of two tables, sums, sides, times.

Each SELECT gives one row a thing looked at: its `key`, and whether it is `ok`. Names come from declarations, never from outside.
"""

# ruff: noqa: S608 -- every name in these statements is declared in the league's tables

from collections.abc import Sequence

from tipoff.core.check import Cadence, Check
from tipoff.core.finding import Severity
from tipoff.core.schema import Column, ColumnType, Table

LOOK = "tipoff trace LEAGUE GAME shows where it was lost"
READ = "read the failing keys; the payload is in the archive"
ERROR, WARNING, CRITICAL = Severity.ERROR, Severity.WARNING, Severity.CRITICAL


def _key(table: Table, names: Sequence[str] = ()) -> str:
    """Return the SQL of a row's key as text, the same on every engine."""
    parts = ", '|', ".join(f"COALESCE({_as_text(table.column(name))}, '')" for name in names or table.key)
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


def covers(  # noqa: PLR0913 -- what must be there, and what excuses it
    table: Table,
    schedule: str,
    *,
    played: str,
    optional: bool = False,
    cadence: Cadence,
    angles: tuple[int, ...],
    history: str = "",
) -> Check:
    """Demand that every game that is on has rows; an optional output that has none at all is not measurable.

    `history` is the table of clubs' games: a game whose clubs have none yet owes no rows.
    """
    played_before = (
        f" JOIN (SELECT DISTINCT b.team FROM before.{history} AS b) AS h ON h.team IN (s.home_team, s.away_team)"
        if history
        else ""
    )
    some = f" AND (SELECT COUNT(*) FROM slate.{table.name}) > 0" if optional else ""
    return Check(
        name=f"{table.name}.games_are_there",
        claim=f"every game that is on has rows in {table.name}",
        severity=WARNING if optional else ERROR,
        tables=(schedule, table.name),
        about=table.name,
        sql=(
            f"SELECT s.game_id AS key, COUNT(t.game_id) > 0 AS ok FROM slate.{schedule} AS s{played_before} "
            f"LEFT JOIN slate.{table.name} AS t ON t.game_id = s.game_id WHERE s.status {played}{some} GROUP BY s.game_id"
        ),
        required=0.8 if optional else 1.0,
        cadence=cadence,
        angles=angles,
        do=LOOK,
    )


def only_scheduled(table: Table, schedule: str) -> Check:
    """Demand that no row is of a game that the day's schedule does not name."""
    return Check(
        name=f"{table.name}.games_are_scheduled",
        claim=f"every row of {table.name} is of a game that stands on the day",
        severity=ERROR,
        tables=(schedule, table.name),
        about=table.name,
        sql=(
            f"SELECT {_key(table)} AS key, s.game_id IS NOT NULL AS ok FROM slate.{table.name} AS t "
            f"LEFT JOIN slate.{schedule} AS s ON s.game_id = t.game_id AND s.status NOT IN ('cancelled')"
        ),
        angles=(2,),
        do="is its game id of another provider, or of another day?",
    )


def unique(table: Table, columns: Sequence[str] = (), name: str = "keys_are_unique") -> Check:
    """Demand that no key stands twice."""
    keys = tuple(columns) or table.key
    return Check(
        name=f"{table.name}.{name}",
        claim=f"no two rows of {table.name} have the same {', '.join(keys)}",
        severity=ERROR,
        tables=(table.name,),
        sql=(
            f"SELECT {_key(table, keys)} AS key, COUNT(*) = 1 AS ok FROM slate.{table.name} AS t "
            f"GROUP BY {', '.join(f't.{key}' for key in keys)}"
        ),
        angles=(28,),
        do="two writers, or a source that repeats itself; run the step again",
    )


def declared(table: Table, *, filled: Sequence[str] = ()) -> Check:
    """Demand that required values are there and numbers lie in their declared ranges."""
    wanted = [column for column in table.columns if column.required or column.name in filled]
    parts = [f"t.{column.name} IS NOT NULL" for column in wanted]
    parts += [_ranged(column) for column in table.columns if column.minimum is not None or column.maximum is not None]
    return Check(
        name=f"{table.name}.values_are_as_declared",
        claim=f"in {table.name} what is required is there, and numbers lie in their ranges",
        severity=ERROR,
        tables=(table.name,),
        sql=f"SELECT {_key(table)} AS key, {' AND '.join(parts)} AS ok FROM slate.{table.name} AS t",
        angles=(13, 19, 27),
        do=READ,
    )


def _ranged(column: Column) -> str:
    bounds = []
    if column.minimum is not None:
        bounds.append(f"t.{column.name} >= {column.minimum}")
    if column.maximum is not None:
        bounds.append(f"t.{column.name} <= {column.maximum}")
    return f"(t.{column.name} IS NULL OR ({' AND '.join(bounds)}))"


def holds(  # noqa: PLR0913 -- a claim in one line
    table: Table,
    name: str,
    claim: str,
    condition: str,
    *,
    severity: Severity = ERROR,
    required: float = 1.0,
    where: str = "TRUE",
    angles: tuple[int, ...] = (),
    do: str = READ,
    cadence: Cadence = Cadence.MORNING,
) -> Check:
    """Let a condition on single rows (`t.`) hold; NULL is not in order."""
    return Check(
        name=f"{table.name}.{name}",
        claim=claim,
        severity=severity,
        tables=(table.name,),
        sql=(
            f"SELECT {_key(table)} AS key, COALESCE({condition}, FALSE) AS ok FROM slate.{table.name} AS t WHERE {where}"
        ),
        required=required,
        angles=angles,
        do=do,
        cadence=cadence,
    )


def agrees(  # noqa: PLR0913 -- two tables, how they meet, what must be equal
    left: Table,
    right: Table,
    *,
    on: Sequence[str],
    columns: Sequence[str | tuple[str, str]],
    name: str,
    claim: str,
    severity: Severity = ERROR,
    required: float = 1.0,
    both: bool = True,
    where: str = "TRUE",
    about: str = "",
    angles: tuple[int, ...] = (),
) -> Check:
    """Demand that rows that meet say the same; with `both`, each row of the left meets one of the right.

    Not measurable where the right has no row that day.
    """
    pairs = [(column, column) if isinstance(column, str) else column for column in columns]
    same = [_same(left.column(mine), right.column(theirs)) for mine, theirs in pairs]
    meets = " AND ".join(f"r.{key} = t.{key}" for key in on)
    join = "LEFT JOIN" if both else "JOIN"
    return Check(
        name=f"{left.name}.{name}",
        claim=claim,
        severity=severity,
        tables=(left.name, right.name),
        about=about or left.name,
        sql=(
            f"SELECT {_key(left)} AS key, COALESCE({' AND '.join([f'r.{on[0]} IS NOT NULL', *same])}, FALSE) AS ok "
            f"FROM slate.{left.name} AS t {join} slate.{right.name} AS r ON {meets} "
            f"WHERE {where} AND (SELECT COUNT(*) FROM slate.{right.name}) > 0"
        ),
        required=required,
        angles=angles,
        do="one of the two is wrong; a third (the archive's payload) says which",
    )


def _same(mine: Column, other: Column) -> str:
    """Return the SQL of two columns, of `t` and of `r`, being the same; numbers at the fewer places of the two."""
    if ColumnType.FLOAT in {mine.type, other.type}:
        near = f"ABS(t.{mine.name} - r.{other.name}) <= {0.51 * 10 ** -min(mine.places, other.places):.9f}"
        return f"(t.{mine.name} IS NULL AND r.{other.name} IS NULL OR {near})"
    return f"t.{mine.name} IS NOT DISTINCT FROM r.{other.name}"


def sums(  # noqa: PLR0913 -- the parts, the whole, what is added
    part: Table,
    whole: Table,
    *,
    by: Sequence[str],
    columns: Sequence[str],
    name: str,
    factor: str = "",
    severity: Severity = ERROR,
) -> Check:
    """Demand that the parts add up to what the whole says; `factor` by column: `plus_minus * 5`."""
    keys = ", ".join(f"t.{key}" for key in by)
    added = ", ".join(f"SUM(t.{column}) AS {column}" for column in columns)
    same = " AND ".join(f"p.{c} IS NOT DISTINCT FROM w.{c}{factor}" for c in columns)
    text = ", '|', ".join(f"CAST(w.{key} AS STRING)" for key in by)
    meets = " AND ".join(f"p.{key} = w.{key}" for key in by)
    return Check(
        name=f"{part.name}.{name}",
        claim=f"{', '.join(columns[:3])}{' …' if len(columns) > 3 else ''} of {part.name} add up to those of {whole.name}",  # noqa: PLR2004 -- a line's length
        severity=severity,
        tables=(part.name, whole.name),
        about=part.name,
        sql=(
            f"SELECT CONCAT({text}) AS key, COALESCE({same}, FALSE) AS ok FROM slate.{whole.name} AS w "
            f"LEFT JOIN (SELECT {keys}, {added} FROM slate.{part.name} AS t GROUP BY {keys}) AS p ON {meets} "
            f"WHERE (SELECT COUNT(*) FROM slate.{part.name}) > 0"
        ),
        angles=(2,),
        do="a row is missing, doubled or of another game",
    )


def sides(table: Table, schedule: str, *, opponent: bool, is_home: bool, severity: Severity = ERROR) -> Check:
    """Demand that clubs stand where the schedule has them: the club is one of the two, its opponent the other, home is home."""
    parts = ["t.team IN (s.home_team, s.away_team)"]
    parts += ["t.opponent = IF(t.team = s.home_team, s.away_team, s.home_team)"] if opponent else []
    parts += ["t.is_home = (t.team = s.home_team)"] if is_home else []
    return Check(
        name=f"{table.name}.sides_are_the_schedules",
        claim=f"clubs, opponents and home in {table.name} are the schedule's",
        severity=severity,
        tables=(schedule, table.name),
        about=table.name,
        sql=(
            f"SELECT {_key(table)} AS key, COALESCE({' AND '.join(parts)}, FALSE) AS ok FROM slate.{table.name} AS t "
            f"JOIN slate.{schedule} AS s ON s.game_id = t.game_id"
        ),
        angles=(2, 5),
        do="home and away are swapped, or a club has another code",
    )


def timed(  # noqa: PLR0913 -- an instant and what it is held against
    table: Table,
    schedule: str,
    name: str,
    claim: str,
    condition: str,
    *,
    severity: Severity = ERROR,
    angles: tuple[int, ...] = (),
    required: float = 1.0,
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
        required=required,
        angles=angles,
        do="what was not known before tip-off must not be used before it",
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
    about: str = "",
    severity: Severity = ERROR,
    required: float = 1.0,
    angles: tuple[int, ...] = (),
    cadence: Cadence = Cadence.MORNING,
    do: str = READ,
) -> Check:
    """Write a check's SELECT out: `key` and `ok` for each thing looked at."""
    return Check(
        name=name,
        claim=claim,
        severity=severity,
        tables=tuple(tables),
        about=about or tables[-1],
        sql=sql,
        required=required,
        angles=angles,
        cadence=cadence,
        do=do,
    )


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
        angles=(29,),
        do="tipoff backfill LEAGUE FROM..TO makes past days whole, first to last",
    )
