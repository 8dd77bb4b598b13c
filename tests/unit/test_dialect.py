"""Steps' SQL: what is refused, and that windows narrow what is read."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tipoff.core.errors import ShapeError
from tipoff.core.obligation import Anchor, Moment, Timing
from tipoff.core.schema import DAY, Phase, Table, integer, number, text
from tipoff.core.step import Edge, SqlWork, Step
from tipoff.core.window import BEFORE, SLATE, Input
from tipoff.leagues.nba.league import NBA
from tipoff.store.dialect import load

TIMING = Timing(opens=Moment(Anchor.MIDNIGHT, timedelta(0)), due=Moment(Anchor.MIDNIGHT, timedelta(hours=1)))
BOXES = Table(
    league="x",
    phase=Phase.RAW,
    name="boxes",
    columns=(DAY, text("g"), integer("n"), number("f")),
    key=("g",),
    unit_columns=("g",),
)
MADE = Table(
    league="x",
    phase=Phase.ANALYTICS,
    name="made",
    columns=(DAY, text("g"), integer("n")),
    key=("g",),
    unit_columns=("g",),
)
TABLES = {"boxes": BOXES, "made": MADE}


def step(sql: str) -> Step:
    return Step(table=MADE, work=SqlWork(sql=sql), timing=TIMING)


def test_what_a_step_reads_is_read_off_its_sql() -> None:
    loaded = load(step("SELECT a.day, a.g, b.n FROM slate.boxes AS a JOIN before.boxes AS b USING (g)"), TABLES)

    assert loaded.inputs == (Input("boxes", SLATE), Input("boxes", BEFORE))
    assert "x_raw.boxes" in loaded.duck


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT day, g, n FROM boxes", "without a window"),
        ("SELECT day, g, n FROM x_raw.boxes", "no window 'x_raw'"),
        ("SELECT day, g, n FROM slate.other", "not declared"),
        ("SELECT day, g, n FROM later.boxes", "no window 'later'"),
        ("WITH boxes AS (SELECT * FROM slate.boxes) SELECT day, g, n FROM boxes", "has the name of a table"),
        ("SELECT * FROM slate.boxes", r"\* is refused"),
        ("SELECT day, g FROM slate.boxes", r"lacks \['n'\]"),
        ("SELECT day, g, n, f FROM slate.boxes", "has undeclared"),
        ("SELECT CURRENT_DATE() AS day, g, n FROM slate.boxes", "no clock"),
        ("SELECT CURRENT_DATE AS day, g, n FROM slate.boxes", "no clock"),
        ("SELECT day, g, n FROM slate.boxes WHERE CURRENT_TIMESTAMP() > TIMESTAMP '2024-01-01'", "no clock"),
        ("SELECT day, g, EXTRACT(DAYOFWEEK FROM day) AS n FROM slate.boxes", "counted differently"),
        ("SELECT day, g, EXTRACT(ISOWEEK FROM day) AS n FROM slate.boxes", "counted differently"),
        ("SELECT DATE_TRUNC(day, WEEK(MONDAY)) AS day, g, n FROM slate.boxes", "weeks begin"),
        ("SELECT day, g, CAST(f AS INT64) AS n FROM slate.boxes", "rounds differently"),
        ("SELECT day, g, FARM_FINGERPRINT(g) AS n FROM slate.boxes", "chance and engine-bound"),
        ("SELECT day, g, ARRAY_AGG(n ORDER BY n LIMIT 1)[OFFSET(0)] AS n FROM slate.boxes GROUP BY day, g", "arrays"),
        ("SELECT day, g, DIV(n + 1, 2) AS n FROM slate.boxes", "loses its brackets"),
        ("SELECT day, g, ROW_NUMBER() OVER (PARTITION BY g) AS n FROM slate.boxes", "no order"),
        ("SELECT day, g, n FROM slate.boxes WHERE RAND() < 0.5", "chance"),
        ("SELECT day, g, n FROM UNNEST([1]) AS n", "table functions|arrays"),
        ("DELETE FROM slate.boxes WHERE TRUE", "exactly one SELECT"),
        ("SELECT day, g, n FROM slate.boxes; SELECT 1", "exactly one SELECT"),
        ("SELECT day g n FROM WHERE", "cannot be read"),
    ],
)
def test_a_trap_is_refused_by_name(sql: str, why: str) -> None:
    with pytest.raises(ShapeError, match=why):
        load(step(sql), TABLES)


def test_a_step_that_counts_what_its_table_does_not_have_is_refused_when_it_is_declared() -> None:
    with pytest.raises(ValueError, match="made: rows_of names m, which is no column of its table"):
        replace(step("SELECT day, g, n FROM slate.boxes"), rows_of="m")


@pytest.mark.parametrize("named", [{"rows_as": ("boxs",)}, {"edges": (Edge(table="boxs"),)}])
def test_a_step_that_waits_for_or_counts_by_a_table_that_is_not_declared_is_refused(named: dict[str, Any]) -> None:
    with pytest.raises(ShapeError, match="made names boxs, which the league does not declare"):
        load(replace(step("SELECT day, g, n FROM slate.boxes"), **named), TABLES)


def test_every_step_of_the_league_passes() -> None:
    tables = {made.name: made.table for made in NBA.steps}

    for made in NBA.steps:
        assert load(made, tables).version


def test_a_versions_hash_follows_the_sql_and_not_its_layout() -> None:
    one = load(step("SELECT day, g, n FROM slate.boxes"), TABLES).version
    same = load(step("SELECT day,\n  g, n\nFROM slate.boxes -- a comment"), TABLES).version
    other = load(step("SELECT day, g, n + 1 AS n FROM slate.boxes"), TABLES).version

    assert one == same != other
