"""The list of what a statement may be made of: what it does not name is refused, and no type becomes another unasked."""

# ruff: noqa: S608 -- the statements are what is looked at

import pytest
from tests.unit.test_traps import BOXES, TABLES, TIMING

from tipoff.core.errors import ShapeError
from tipoff.core.schema import DAY, Column, Phase, Table, instant, integer, number, text
from tipoff.core.step import SqlWork, Step
from tipoff.store.dialect import load, question, season_query

UNLISTED = [
    ("FORMAT_TIMESTAMP('%H:%M', seen_at, 'Asia/Tokyo')", "names a zone"),
    ("FORMAT_TIMESTAMP('%A', seen_at)", "may use no form but"),
    ("FORMAT_TIMESTAMP(g, seen_at)", "may use no form but"),
    ("TIMESTAMP(day, 'Asia/Tokyo')", "names a zone"),
    ("SUBSTR(g, 0, 2)", "begin at a number of at least 1"),
    ("SUBSTR(g, -2)", "begin at a number of at least 1"),
    ("SUBSTR(g, n)", "begin at a number of at least 1"),
    ("SAFE_DIVIDE(f, 1e-200) + 1e200", "quotient may overflow"),
    ("CONTAINS_SUBSTR(g, 'x')", "not on the list"),
    ("NUMERIC '1.5'", "not on the list|casts"),
    ("CAST(f AS NUMERIC)", "casts FLOAT64 to NUMERIC"),
    ("CAST(f AS BIGNUMERIC)", "casts FLOAT64 to BIGNUMERIC"),
    ("CAST(ROUND(f, 2) AS INT64)", "rounds differently"),
    ("CAST(n / 2 AS INT64)", "rounds differently"),
    ("CAST(f + 1 AS STRING)", "as text differs"),
    ("CAST(SAFE_DIVIDE(n, 2) AS STRING)", "as text differs"),
    ("CAST(seen_at AS DATE)", "casts TIMESTAMP to DATE"),
    ("DATE(seen_at)", "not on the list"),
    ("CAST(day AS TIMESTAMP)", "casts DATE to TIMESTAMP"),
    ("CAST(f AS BOOL)", "casts FLOAT64 to BOOL"),
    ("CAST(g AS INT64)", "casts STRING to INT64"),
    ("EXTRACT(HOUR FROM seen_at)", "YEAR, MONTH and DAY"),
    ("EXTRACT(DAY FROM seen_at AT TIME ZONE 'Asia/Tokyo')", "not on the list"),
    ("SUM(n) OVER (ORDER BY n RANGE BETWEEN 2 PRECEDING AND CURRENT ROW)", "must count ROWS"),
    ("PERCENT_RANK() OVER (ORDER BY n)", "not on the list"),
    ("SPLIT(g, '-')[OFFSET(0)]", "not on the list|arrays"),
    ("REGEXP_EXTRACT(g, 'a')", "not on the list"),
    ("REGEXP_CONTAINS(g, g)", "pattern that is written out"),
    ("TO_HEX(SHA256(g))", "not on the list"),
    ("SESSION_USER()", "not on the list"),
    ("a_function_of_nobody(n)", "not on the list"),
    ("g || 'x'", "not on the list"),
    ("CONCAT(g, n)", "puts together what is no STRING"),
    ("g = n", "compares"),
    ("day = seen_at", "compares"),
    ("n IN ('1', '2')", "compares"),
    ("day = '2024-01-01'", "compares"),
    ("COALESCE(n, 'none')", "chooses among"),
    ("IF(n > 1, n, g)", "chooses among"),
    ("CASE WHEN n > 1 THEN n ELSE day END", "chooses among"),
    ("MOD(f, 2)", "remainder"),
    ("g + 1", "reckons|not on the list"),
    ("AVG(n > 1)", "reckons"),
    ("SUBSTR(n, 1, 2)", "what is no STRING"),
    ("UPPER(day)", "what is no STRING"),
    ("LENGTH(f)", "what is no STRING"),
]
SHAPES = [
    ("SELECT g AS key FROM slate.boxes ORDER BY g LIMIT 3", "not on the list"),
    ("SELECT g AS key FROM slate.boxes LIMIT 3 OFFSET 1", "not on the list"),
    ("SELECT g AS key FROM slate.boxes TABLESAMPLE SYSTEM (5 PERCENT)", "not on the list"),
    ("SELECT g AS key FROM slate.boxes FOR SYSTEM_TIME AS OF @as_of", "not on the list"),
    ("SELECT g AS key FROM slate.boxes QUALIFY ROW_NUMBER() OVER (ORDER BY g) = 1", "not on the list"),
    ("SELECT g AS key FROM slate.boxes UNION ALL SELECT n AS key FROM slate.boxes", "puts below each other"),
    ("SELECT nothing AS key FROM slate.boxes", "cannot be told"),
    ("WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a) SELECT n AS key FROM a", "recursive"),
]
OTHER_TYPES = [
    ("f", integer("v")),
    ("n / 2", integer("v")),
    ("n", text("v")),
    ("n > 1", integer("v")),
    ("seen_at", text("v")),
    ("f", text("v")),
    ("IF(n > 1, n, 0.5)", integer("v")),
    ("day", instant("v")),
]


def a_step(expression: str, column: Column) -> Step:
    made = Table(
        league="x",
        phase=Phase.ANALYTICS,
        name="made",
        columns=(DAY, text("g"), column),
        key=("g",),
        unit_columns=("g",),
    )
    return Step(table=made, work=SqlWork(sql=f"SELECT day, g, {expression} AS v FROM slate.boxes"), timing=TIMING)


@pytest.mark.parametrize(("expression", "why"), UNLISTED)
def test_what_the_list_does_not_name_is_refused(expression: str, why: str) -> None:
    with pytest.raises(ShapeError, match=why):
        question(f"SELECT g AS key, {expression} AS v FROM slate.boxes", "a check", TABLES)
    with pytest.raises(ShapeError, match=why):
        season_query(f"SELECT g AS key, {expression} AS v FROM season.boxes", [BOXES])


@pytest.mark.parametrize(("sql", "why"), SHAPES)
def test_a_statement_of_another_shape_is_refused(sql: str, why: str) -> None:
    with pytest.raises(ShapeError, match=why):
        question(sql, "a check", TABLES)


@pytest.mark.parametrize(("expression", "column"), OTHER_TYPES)
def test_a_column_takes_no_other_type_unasked(expression: str, column: Column) -> None:
    with pytest.raises(ShapeError, match="cast it by hand"):
        load(a_step(expression, column), TABLES)


@pytest.mark.parametrize(
    ("expression", "column"),
    [("n", number("v")), ("NULL", number("v")), ("CAST(ROUND(f) AS INT64)", integer("v")), ("f / 2", number("v"))],
)
def test_a_whole_number_may_widen_and_nothing_may_be_anything(expression: str, column: Column) -> None:
    assert load(a_step(expression, column), TABLES).duck
