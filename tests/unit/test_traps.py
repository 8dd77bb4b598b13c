"""The lint: every known trap of the two engines is refused by name, in steps, checks and views; what is sound passes."""

# ruff: noqa: S608 -- the statements are the traps themselves

from datetime import timedelta

import pytest

from tipoff.core.errors import ShapeError
from tipoff.core.obligation import Anchor, Moment, Timing
from tipoff.core.schema import DAY, Phase, Table, instant, integer, number, text
from tipoff.core.step import SqlWork, Step
from tipoff.leagues.nba.league import NBA
from tipoff.store.dialect import BIGQUERY, load, question, season_query

TIMING = Timing(opens=Moment(Anchor.MIDNIGHT, timedelta(0)), due=Moment(Anchor.MIDNIGHT, timedelta(hours=1)))
BOXES = Table(
    league="x",
    phase=Phase.RAW,
    name="boxes",
    columns=(DAY, text("g"), integer("n"), number("f"), instant("seen_at")),
    key=("g",),
    unit_columns=("g",),
)
TABLES = {"boxes": BOXES}

# The traps that were measured or read, each with the words it is refused with.
TRAPS = [
    ("EXTRACT(DAYOFWEEK FROM day)", "counted differently"),  # Sunday is 1 on BigQuery, 0 in translation
    ("EXTRACT(ISOWEEK FROM day)", "counted differently"),
    ("EXTRACT(WEEK FROM day)", "counted differently"),
    ("EXTRACT(WEEK(MONDAY) FROM day)", "counted differently"),  # the translation forgets the Monday
    ("EXTRACT(ISOYEAR FROM day)", "counted differently"),
    ("DATE_TRUNC(day, WEEK)", "weeks begin"),
    ("DATE_TRUNC(day, WEEK(MONDAY))", "weeks begin"),  # an emulator gives the Sunday's week
    ("DATE_TRUNC(day, ISOWEEK)", "weeks begin"),
    ("TIMESTAMP_TRUNC(seen_at, WEEK)", "weeks begin"),
    ("DATE_DIFF(day, day, WEEK)", "count days"),
    ("DATE_DIFF(day, day, WEEK(MONDAY))", "count days"),
    ("DATE_DIFF(day, day, MONTH)", "count days"),
    (
        "TIMESTAMP_DIFF(seen_at, seen_at, MINUTE)",
        "count microseconds",
    ),  # 59.9 s are 0 min, or 1 where a bound is crossed
    ("TIMESTAMP_DIFF(seen_at, seen_at, DAY)", "count microseconds"),
    ("DATETIME_DIFF(DATETIME(seen_at), DATETIME(seen_at), HOUR)", "count microseconds"),
    ("CAST(f AS INT64)", "rounds differently"),  # 2.5 is 3 on BigQuery, 2 elsewhere
    ("CAST(2.5 AS INT64)", "rounds differently"),
    ("SAFE_CAST(f AS INT64)", "not on the list"),
    ("CAST(IF(n > 1, f, 0.5) AS INT64)", "rounds differently"),
    ("CAST(f AS STRING)", "as text differs"),  # 25 or 25.0
    ("CAST(b.seen_at AS STRING)", "as text differs"),
    ("ARRAY_AGG(n ORDER BY n LIMIT 1)[OFFSET(0)]", "arrays"),
    ("ARRAY_AGG(n)[OFFSET(0)]", "arrays"),
    ("[1, 2][OFFSET(0)]", "arrays"),
    ("STRING_AGG(g)", "put together"),
    ("FORMAT('%g', f)", "put together"),
    ("FARM_FINGERPRINT(g)", "chance and engine-bound"),
    ("NORMALIZE_AND_CASEFOLD(g)", "chance and engine-bound"),
    ("RAND()", "chance and engine-bound"),
    ("GENERATE_UUID()", "chance and engine-bound"),
    ("ANY_VALUE(n)", "chance and engine-bound"),
    ("APPROX_QUANTILES(n, 2)[OFFSET(1)]", "roughly right|arrays"),
    ("APPROX_COUNT_DISTINCT(n)", "roughly right"),
    ("APPROX_TOP_COUNT(n, 1)", "roughly right"),
    ("CURRENT_DATE()", "no clock"),
    ("CURRENT_TIMESTAMP()", "no clock"),
    ("CURRENT_DATETIME()", "no clock"),
    ("COUNTIF(n > f)", "COUNT.IF"),  # where nothing is known: 0 on BigQuery, NULL on DuckDB 2
    ("n / f", "SAFE_DIVIDE"),
    ("n / 0", "SAFE_DIVIDE"),
    ("DIV(n + 1, 2)", "loses its brackets"),
    ("ROW_NUMBER() OVER (PARTITION BY g)", "no order"),
    ("LAG(n) OVER (PARTITION BY g)", "no order"),
]
SHAPES = [
    ("INSERT INTO slate.boxes ROW", "exactly one SELECT|cannot be read"),
    (
        "MERGE slate.boxes AS a USING slate.boxes AS b ON a.g = b.g WHEN NOT MATCHED THEN INSERT ROW",
        "exactly one SELECT",
    ),
    ("DELETE FROM slate.boxes WHERE TRUE", "exactly one SELECT"),
    ("CREATE TABLE x.y AS SELECT 1 AS n", "exactly one SELECT"),
    ("SELECT n AS key FROM slate.`boxes$20260120`", "not declared"),
    ("SELECT n AS key FROM `slate.boxes$20260120`", "not declared"),
    ("SELECT n AS key FROM slate.`boxes_*`", "not declared"),
    ("SELECT a.n AS key FROM slate.boxes AS a LEFT JOIN slate.boxes AS b ON TRUE", "an equality of its two sides"),
    ("SELECT a.n AS key FROM slate.boxes AS a LEFT JOIN slate.boxes AS b ON a.n > b.n", "an equality of its two sides"),
    ("SELECT a.n AS key FROM slate.boxes AS a FULL OUTER JOIN slate.boxes AS b ON b.n = 1", "an equality of its two"),
    ("SELECT n AS key FROM slate.boxes WHERE day BETWEEN @day AND @day", "both ends"),
    ("SELECT n AS key FROM boxes", "without a window"),
    ("SELECT n AS key FROM UNNEST([1, 2]) AS n", "table functions|arrays"),
]
SOUND = [
    "SELECT g AS key, SAFE_DIVIDE(n, f) > 1 AS ok FROM slate.boxes",
    "SELECT g AS key, n / 2 > 1 AS ok FROM slate.boxes",
    "SELECT g AS key, CAST(ROUND(f * 100) AS INT64) = 1 AS ok FROM slate.boxes",
    "SELECT CAST(n AS STRING) AS key, DATE_DIFF(@day, day, DAY) = 1 AS ok FROM slate.boxes",
    "SELECT g AS key, TIMESTAMP_DIFF(seen_at, seen_at, MICROSECOND) / 60000000 > 1 AS ok FROM slate.boxes",
    "SELECT a.g AS key, b.g IS NULL AS ok FROM slate.boxes AS a LEFT JOIN slate.boxes AS b ON b.g = a.g AND b.n = 1",
    "SELECT a.g AS key, b.n IS NULL AS ok FROM slate.boxes AS a LEFT JOIN before.boxes AS b USING (g)",
]


def test_a_natural_join_is_refused_for_it_is_on_what_is_read_of_both_sides() -> None:
    with pytest.raises(ShapeError, match="name them"):
        question("SELECT a.g AS key, TRUE AS ok FROM slate.boxes AS a NATURAL JOIN slate.boxes AS b", "a check", TABLES)


@pytest.mark.parametrize(("expression", "why"), TRAPS)
def test_a_trap_is_refused_in_a_check(expression: str, why: str) -> None:
    with pytest.raises(ShapeError, match=why):
        question(f"SELECT {expression} AS key FROM slate.boxes AS b", "a check", TABLES)


@pytest.mark.parametrize(("expression", "why"), TRAPS)
def test_a_trap_is_refused_in_a_view_of_the_season(expression: str, why: str) -> None:
    with pytest.raises(ShapeError, match=why):
        season_query(f"SELECT {expression} AS key FROM season.boxes AS b", [BOXES])


@pytest.mark.parametrize(("expression", "why"), TRAPS)
def test_a_trap_is_refused_in_a_step(expression: str, why: str) -> None:
    made = Table(
        league="x",
        phase=Phase.ANALYTICS,
        name="made",
        columns=(DAY, text("made")),
        key=("made",),
        unit_columns=("made",),
    )
    sql = f"SELECT day, {expression} AS made FROM slate.boxes AS b"

    with pytest.raises(ShapeError, match=why):
        load(Step(table=made, work=SqlWork(sql=sql), timing=TIMING), TABLES)


@pytest.mark.parametrize(("sql", "why"), SHAPES)
def test_what_is_no_portable_select_is_refused(sql: str, why: str) -> None:
    with pytest.raises(ShapeError, match=why):
        question(sql, "a check", TABLES)


@pytest.mark.parametrize("sql", SOUND)
def test_what_means_the_same_everywhere_passes(sql: str) -> None:
    assert question(sql, "a check", TABLES, BIGQUERY).sql


def test_every_check_and_view_of_the_league_passes() -> None:
    tables = {step.name: step.table for step in NBA.steps}

    asked = [question(check.sql, "check", tables) for check in NBA.checks if check.sql]  # as they are asked

    assert len(asked) > 50
    assert question(NBA.funnel_sql, "funnel", tables).sql
    assert all(season_query(sql, tables.values()).sql for sql in NBA.summary_sql.values())
