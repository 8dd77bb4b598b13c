"""The first game of a day is history for the second: what a run reads, in SQL and in Python, on a real DuckDB."""

from datetime import UTC, date, datetime

import pytest
from tests.engine import AFTER, nothing

from tipoff.core.home import Profile
from tipoff.core.obligation import Units
from tipoff.core.rows import table_from_records
from tipoff.core.schema import DAY, Phase, Table, integer, text
from tipoff.core.slate import Season
from tipoff.core.step import PythonWork, SqlWork, Step
from tipoff.core.window import BEFORE, Input, Window
from tipoff.store.bigquery import statements
from tipoff.store.dialect import slice_sql, with_earlier_games
from tipoff.store.duck import DuckWarehouse
from tipoff.store.warehouse import WriteRequest

SEASON = Season("2024", date(2024, 4, 1), date(2024, 9, 30), earlier=(date(2023, 4, 1),))
TODAY = date(2024, 5, 10)
NOW = datetime(2024, 5, 11, 4, tzinfo=UTC)


def table(name: str) -> Table:
    columns = (DAY, text("game_id"), integer("runs"))
    return Table(league="x", phase=Phase.RAW, name=name, columns=columns, key=("game_id",))


RESULTS = Step(table=table("results"), work=SqlWork(sql="SELECT day, game_id, runs FROM slate.results"), timing=AFTER)
SUM = "SELECT @day AS day, 'made' AS game_id, SUM(runs) AS runs FROM {}.results"


def made(sql: str) -> Step:
    return Step(table=table("form"), work=SqlWork(sql=sql), timing=AFTER, units=Units())


@pytest.fixture
def store() -> DuckWarehouse:
    """Return a store with a game of last season, one of the day before, and three of today: 1, 10, 100, 1000 and 10000 runs."""
    store = DuckWarehouse(None, profile=Profile.REPLAY)
    store.prepare([RESULTS])
    rows = [
        (date(2023, 6, 1), "long ago", 1),
        (date(2024, 5, 9), "yesterday", 10),
        (TODAY, "first", 100),
        (TODAY, "it's", 1000),
        (TODAY, "second", 10000),
    ]
    for fence, (day, game_id, runs) in enumerate(rows, 1):
        records = [{"day": day, "game_id": game_id, "runs": runs}]
        asked = request(RESULTS, day, fence, game_id)
        store.replace(asked, table_from_records(RESULTS.table, records))
    return store


def request(step: Step, day: date, fence: int, unit: str) -> WriteRequest:
    return WriteRequest(
        step=step, season=SEASON, day=day, fence=fence, as_of=NOW, step_version="v", units={unit: "m"}, evidence=True
    )


@pytest.mark.parametrize(
    ("window", "games", "runs"),
    [
        ("before", (), 10),
        ("before", ("first",), 110),
        ("before", ("first", "it's"), 1110),
        ("last1", ("first",), 110),
        ("seasons1", (), 11),
        ("seasons1", ("first",), 111),
        ("slate", ("first",), 11100),
    ],
)
def test_a_statement_sees_the_games_of_the_day_that_are_history_for_its_units(
    store: DuckWarehouse, window: str, games: tuple[str, ...], runs: int
) -> None:
    step = made(SUM.format(window))
    tables = {"results": RESULTS.table, "form": step.table}
    compiled = store.prepare([RESULTS, step])["form"]

    told = with_earlier_games(compiled, tables, games)

    [row] = store.select(told, request(step, TODAY, 99, "made")).to_pylist()
    assert row["runs"] == runs
    assert told.version == compiled.version


def test_a_statement_is_translated_once_whichever_games_are_history(store: DuckWarehouse) -> None:
    step = made(SUM.format("before"))
    tables = {"results": RESULTS.table, "form": step.table}
    compiled = store.prepare([RESULTS, step])["form"]

    one, other = with_earlier_games(compiled, tables, ("first",)), with_earlier_games(compiled, tables, ("first", "2"))

    assert (one.duck, one.bigquery) == (other.duck, other.bigquery)
    assert slice_sql(RESULTS.table, BEFORE.with_games(("first",))) is slice_sql(
        RESULTS.table, BEFORE.with_games(("2",))
    )


@pytest.mark.parametrize(
    ("window", "games"), [(BEFORE, ()), (BEFORE, ("first",)), (Window.parse("seasons1"), ("first",))]
)
def test_a_function_sees_them_too(store: DuckWarehouse, window: Window, games: tuple[str, ...]) -> None:
    read = store.read(RESULTS.table, window.with_games(games), day=TODAY, season=SEASON, as_of=NOW)

    today = {row["game_id"] for row in read.to_pylist() if row["day"] == TODAY}
    assert today == set(games)


def test_what_is_no_sql_stays_as_it_is() -> None:
    work = PythonWork(inputs=(Input("results", BEFORE),), transform=nothing)
    store = DuckWarehouse(None, profile=Profile.REPLAY)
    step = Step(table=table("form"), work=work, timing=AFTER)
    compiled = store.prepare([RESULTS, step])["form"]

    assert with_earlier_games(compiled, {}, ("first",)) is compiled


def test_what_reads_no_earlier_days_stays_as_it_is(store: DuckWarehouse) -> None:
    step = made(SUM.format("slate"))
    compiled = store.prepare([RESULTS, step])["form"]

    assert with_earlier_games(compiled, {"results": RESULTS.table, "form": step.table}, ("first",)) is compiled


def test_the_widened_statement_still_names_the_days_that_it_reads(store: DuckWarehouse) -> None:
    step = made(SUM.format("before"))
    compiled = store.prepare([RESULTS, step])["form"]
    told = with_earlier_games(compiled, {"results": RESULTS.table, "form": step.table}, ("first",))

    assert not list(statements.unfiltered(told.bigquery, frozenset({RESULTS.table.full_name})))
