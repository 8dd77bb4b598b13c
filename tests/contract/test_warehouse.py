"""What every warehouse promises: DuckDB in memory and on disk, and BigQuery on an emulator (all of it in `make prove`).

With BIGQUERY_TEST_PROJECT (`make test-bigquery PROJECT=…`) BigQuery is Google's own.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tipoff.core.errors import Fenced, ShapeError, UsageError
from tipoff.core.home import Profile
from tipoff.core.obligation import Anchor, Moment, Timing
from tipoff.core.proof import Proof
from tipoff.core.rows import table_from_records
from tipoff.core.schema import DAY, KNOWN_AT, Column, Phase, Table, integer, number, text
from tipoff.core.slate import Season
from tipoff.core.step import SqlWork, Step
from tipoff.core.window import BEFORE, KNOWN, LATEST, SLATE, Input, Window
from tipoff.store.bigquery.client import Client, client_of
from tipoff.store.bigquery.target import Target
from tipoff.store.bigquery.warehouse import BigQueryWarehouse
from tipoff.store.dialect import with_earlier_games
from tipoff.store.duck import DuckWarehouse
from tipoff.store.warehouse import Warehouse, WriteRequest, WriteResult

TODAY, YESTERDAY = date(2024, 1, 10), date(2024, 1, 9)
SEASON = Season("s", date(2024, 1, 1), date(2024, 2, 1))
NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
TIMING = Timing(opens=Moment(Anchor.MIDNIGHT, timedelta(0)), due=Moment(Anchor.MIDNIGHT, timedelta(hours=1)))
COLUMNS = (
    DAY,
    text("game_id", required=True),
    integer("who", required=True),
    number("points", 0, 100, places=2),
    text("note"),
)
ROWS = Table(league="x", phase=Phase.ANALYTICS, name="rows", columns=COLUMNS, key=("game_id", "who"))
RAW = Table(league="x", phase=Phase.RAW, name="raw_rows", columns=(*COLUMNS, KNOWN_AT), key=("game_id", "who"))
BY_NUMBER = Table(
    league="x", phase=Phase.RAW, name="numbered", columns=COLUMNS, key=("game_id", "who"), unit_columns=("who",)
)
READS = "SELECT day, game_id, who, points, note FROM slate.raw_rows"
STEPS = (
    Step(
        table=RAW,
        work=SqlWork(sql="SELECT day, game_id, who, points, note, known_at FROM slate.raw_rows"),
        timing=TIMING,
    ),
    Step(table=ROWS, work=SqlWork(sql=READS), timing=TIMING),
)
NUMBERED = Step(table=BY_NUMBER, work=SqlWork(sql=READS), timing=TIMING)
OF_SLATE = replace(NUMBERED, table=replace(BY_NUMBER, unit_columns=()))  # the same as one unit


def known(table: Table, day: date) -> dict[str, Any]:
    """Return what a row of the table has beside what a step makes of it."""
    return {"day": day} | ({"known_at": NOW} if KNOWN_AT in table.columns else {})


@dataclass
class Store:
    """A warehouse, and the fences that it was given."""

    warehouse: Warehouse
    points: list[str] = field(default_factory=list)
    fence: int = 0

    def replace(
        self, rows: list[dict[str, Any]], *, table: Table = ROWS, units: Iterable[str] = "a", **asked: Any
    ) -> WriteResult:
        step = next(step for step in (*STEPS, NUMBERED, OF_SLATE) if step.table is table)
        self.fence += 1
        day = asked.pop("day", TODAY)
        records = [known(table, day) | row for row in rows]
        whole = WriteRequest(
            step=step,
            season=SEASON,
            day=day,
            fence=asked.pop("fence", self.fence),
            as_of=NOW,
            step_version="v",
            units=dict.fromkeys(units, "made"),
            **{"evidence": True} | asked,
        )
        return self.warehouse.replace(whole, table_from_records(table, records))

    def rows(self, table: Table = ROWS, window: Window = SLATE, day: date = TODAY) -> list[tuple[Any, ...]]:
        found = self.warehouse.read(table, window, day=day, season=SEASON, as_of=NOW)
        return [(row["game_id"], row["who"], row["points"], row["note"]) for row in found.to_pylist()]


def row(game: str, who: int, points: float | None = 1.0, note: str | None = "n") -> dict[str, Any]:
    return {"game_id": game, "who": who, "points": points, "note": note}


Open = Callable[..., Store]
ON_BIGQUERY = pytest.param("bigquery", marks=pytest.mark.prove)


def opener(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Return what opens the same store again and again; one in memory is a new one each time."""
    if engine == "bigquery":
        real = os.environ.get("BIGQUERY_TEST_PROJECT")
        place = real_place(request) if real else request.getfixturevalue("double").place()
        return lambda **named: opened(
            lambda at: BigQueryWarehouse(place, home="contract", now=lambda: NOW, at=at), **named
        )
    path = tmp_path / "w.duckdb" if engine == "file" else None
    return lambda **named: opened(lambda at: DuckWarehouse(path, profile=Profile.REPLAY, at=at), **named)


def opened(
    make: Callable[[Callable[[str], None]], Warehouse],
    *,
    steps: tuple[Step, ...] = STEPS,
    at: Callable[[str], None] | None = None,
    fence: int = 0,
) -> Store:
    store = Store(None, fence=fence)  # type: ignore[arg-type]
    store.warehouse = make(at or store.points.append)
    store.warehouse.prepare(steps)
    return store


def real_place(request: pytest.FixtureRequest) -> Target:
    """Return a place of its own in a real project, whose datasets are deleted when the test is over."""
    location = os.environ.get("BIGQUERY_TEST_LOCATION", "US")
    place = Target(
        project=os.environ["BIGQUERY_TEST_PROJECT"], location=location, prefix=f"tipofftest_{uuid4().hex[:8]}_"
    )
    client = client_of(place)

    def remove() -> None:
        for name in ("tipoff", "tipoff_staging", "x_raw", "x_analytics"):
            client.delete_dataset(f"{place.project}.{place.dataset(name)}", delete_contents=True, not_found_ok=True)
        client.close()

    request.addfinalizer(remove)
    return place


@pytest.fixture(params=["memory", "file", ON_BIGQUERY])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made = opener(request.param, request, tmp_path)()
    yield made
    made.warehouse.close()


@pytest.fixture(params=["file", ON_BIGQUERY])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """What opens one store that stays, however often it is let go of."""
    return opener(request.param, request, tmp_path)


def test_what_was_asked_for_is_there_and_proven(store: Store) -> None:
    written = store.replace([row("a", 2), row("a", 1)])

    assert store.rows() == [("a", 1, 1.0, "n"), ("a", 2, 1.0, "n")]
    assert written.proof.units["a"].n_rows == 2
    assert store.warehouse.recount(ROWS, TODAY)["a"] == (2, written.proof.units["a"].content_hash)


def test_the_same_again_touches_nothing(store: Store) -> None:
    first = store.replace([row("a", 1), row("a", 2)])
    n_points = len(store.points)
    second = store.replace([row("a", 2), row("a", 1)])

    assert second.changed == frozenset()
    assert second.proof.digest == first.proof.digest
    assert store.points[n_points:] == ["staged"]


def test_games_of_the_day_itself_are_history_where_they_began_before(store: Store) -> None:
    step = Step(
        table=replace(ROWS, name="earlier"),
        work=SqlWork(sql="SELECT @day AS day, game_id, who, points, note FROM before.rows"),
        timing=TIMING,
    )
    loaded = store.warehouse.prepare([*STEPS, step])["earlier"]
    store.replace([row("a", 1)], day=TODAY - timedelta(days=1))
    store.replace([row("b", 1), row("it's", 1), row("c", 1)], units=("b", "it's", "c"))
    games = ("b", "it's")
    asked = WriteRequest(
        step=step, season=SEASON, day=TODAY, fence=9, as_of=NOW, step_version="v", units={"c": "m"}, evidence=True
    )

    made = store.warehouse.select(with_earlier_games(loaded, {"rows": ROWS, "earlier": step.table}, games), asked)

    assert sorted(made["game_id"].to_pylist()) == ["a", "b", "it's"]
    assert [game for game, *_ in store.rows(window=BEFORE.with_games(games))] == ["a", "b", "it's"]


def test_units_that_are_not_asked_for_stay_as_they_were(store: Store) -> None:
    store.replace([row("a", 1), row("b", 1)], units="ab")
    written = store.replace([row("a", 1, 9.0), row("b", 1, 9.0)], units="a")

    assert store.rows() == [("a", 1, 9.0, "n"), ("b", 1, 1.0, "n")]
    assert set(written.proof.units) == {"a", "b"}


def test_of_units_that_are_numbers_too_one_is_replaced_alone(reopen: Open) -> None:
    store = reopen(steps=(*STEPS, NUMBERED))
    store.replace([row("a", 1), row("a", 2)], table=BY_NUMBER, units="12")

    written = store.replace([row("a", 2, 9.0)], table=BY_NUMBER, units="2", evidence=False)

    assert store.rows(BY_NUMBER) == [("a", 1, 1.0, "n"), ("a", 2, 9.0, "n")]
    assert set(written.proof.units) == {"1", "2"}
    assert written.changed == {"2"}
    store.warehouse.close()


def test_what_was_proven_as_a_slate_is_proven_in_parts_once_it_is_declared_so(reopen: Open) -> None:
    store = reopen(steps=(*STEPS, OF_SLATE))
    store.replace([row("a", 1), row("a", 2)], table=OF_SLATE.table, units=("slate",))
    store.warehouse.close()

    store = reopen(steps=(*STEPS, NUMBERED), fence=1)
    [known] = store.warehouse.proofs()
    written = store.replace([row("a", 2, 9.0)], table=BY_NUMBER, units="2")

    assert {name: unit.n_rows for name, unit in known.units.items()} == {"1": 1, "2": 1}
    assert store.rows(BY_NUMBER) == [("a", 1, 1.0, "n"), ("a", 2, 9.0, "n")]
    assert (set(written.proof.units), written.proof.units["1"]) == ({"1", "2"}, known.units["1"])
    assert store.warehouse.losses("x") == []
    store.warehouse.close()


def test_a_unit_without_rows_or_excuse_is_missing_and_not_proven(store: Store) -> None:
    written = store.replace([row("a", 1)], units="ab")

    assert written.missing == {"b"}
    assert "b" not in written.proof.units


def test_an_excused_unit_is_a_signed_zero(store: Store) -> None:
    written = store.replace([], excused={"a": "no history"})

    assert (written.proof.units["a"].n_rows, written.proof.units["a"].excuse) == (0, "no history")


def test_an_excuse_stands_until_a_newer_answer_cannot_be_read(store: Store) -> None:
    store.replace([row("b", 1)], units="ab", excused={"a": "not offered"})
    silent = store.replace([row("b", 1)], units="ab")
    unread = store.replace([row("b", 1)], units="ab", unread=frozenset("ab"))

    assert silent.proof.units["a"].excuse == "not offered"
    assert unread.missing == {"a"}
    assert unread.proof.units.keys() == {"b"}
    assert [proof.units.keys() for proof in store.warehouse.proofs()] == [{"b"}]


def test_an_excuse_stands_until_a_newer_answer_has_rows_of_which_none_is_believed(store: Store) -> None:
    store.replace([row("b", 1)], table=RAW, units="ab", excused={"a": "not offered"})
    half = store.replace([row("b", 1), row("b", 2, -5.5)], table=RAW, units="ab")
    none = store.replace([row("b", 1), row("a", 2, -5.5)], table=RAW, units="ab")

    assert half.proof.units["a"].excuse == "not offered"
    assert none.missing == {"a"}
    assert none.proof.units.keys() == {"b"}
    assert [proof.units.keys() for proof in store.warehouse.proofs()] == [{"b"}]


def test_null_and_empty_text_are_not_the_same(store: Store) -> None:
    one = store.replace([row("a", 1, note=None)]).proof.digest
    other = store.replace([row("a", 1, note="")]).proof.digest

    assert one != other


def test_what_lies_beyond_the_declared_places_is_no_change(store: Store) -> None:
    store.replace([row("a", 1, 1.001)])

    assert store.replace([row("a", 1, 1.002)]).changed == frozenset()
    assert store.replace([row("a", 1, 1.01)]).changed == {"a"}


def test_minus_nothing_is_nothing(store: Store) -> None:
    store.replace([row("a", 1, 0.0)])

    assert store.replace([row("a", 1, -0.0)]).changed == frozenset()


@pytest.mark.parametrize("points", [-1.0, 101.0, float("nan"), float("inf")])
def test_a_derived_unit_with_a_value_that_is_not_believed_is_refused_and_the_others_go_on(
    store: Store, points: float
) -> None:
    written = store.replace([row("a", 1, points), row("b", 1)], units="ab")

    assert set(written.refused) == {"a"}
    assert store.rows() == [("b", 1, 1.0, "n")]


def test_a_raw_row_that_is_not_believed_is_quarantined_and_the_good_ones_go_on(store: Store) -> None:
    written = store.replace([row("a", 1, -1.0), row("a", 2)], table=RAW)

    assert [reject.reason for reject in written.rejects] == ["points is below 0"]
    assert store.rows(RAW) == [("a", 2, 1.0, "n")]


def test_a_row_without_its_key_is_quarantined(store: Store) -> None:
    written = store.replace([row("a", 1) | {"who": None}, row("a", 2)], table=RAW)

    assert [reject.reason for reject in written.rejects] == ["who is missing"]


def test_a_row_twice_is_kept_once_and_noted(store: Store) -> None:
    written = store.replace([row("a", 1), row("a", 1)])

    assert len(store.rows()) == 1
    assert [reject.reason for reject in written.rejects] == ["repeats another row exactly"]


def test_a_key_with_two_values_is_never_chosen_between(store: Store) -> None:
    written = store.replace([row("a", 1, 1.0), row("a", 1, 2.0)])

    assert set(written.refused) == {"a"}
    assert store.rows() == []


def test_a_row_of_another_day_is_a_shape_error_and_nothing_changes(store: Store) -> None:
    with pytest.raises(ShapeError, match="another day"):
        store.replace([row("a", 1) | {"day": date(2024, 1, 9)}])

    assert store.rows() == []


def test_a_proven_unit_is_not_made_poorer_without_evidence(store: Store) -> None:
    store.replace([row("a", 1), row("a", 2)])
    fewer = store.replace([row("a", 1)], evidence=False)
    emptied = store.replace([row("a", 1), row("a", 2, None)], evidence=False)

    assert "2 are proven" in fewer.refused["a"]
    assert "points turned NULL" in emptied.refused["a"]
    assert len(store.rows()) == 2


def test_units_that_would_become_poorer_are_told_each_what_it_would_lose(store: Store) -> None:
    store.replace([row("a", 1), row("b", 1), row("c", 1, None)], units="abc")

    written = store.replace([row("a", 1, None), row("b", 2), row("c", 1, 2.0)], units="abc", evidence=False)

    assert written.refused == {
        "a": "regression: values of points turned NULL",
        "b": "regression: values of a proven key turned NULL",
    }
    assert written.changed == {"c"}


def test_with_evidence_it_may_become_poorer(store: Store) -> None:
    store.replace([row("a", 1), row("a", 2)])

    assert store.replace([row("a", 1)], evidence=True).changed == {"a"}


def test_a_run_come_back_from_the_dead_cannot_publish(store: Store) -> None:
    store.replace([row("a", 1)], fence=7)

    with pytest.raises(Fenced, match="published by run 7"):
        store.replace([row("a", 1, 5.0)], fence=6)
    assert store.rows() == [("a", 1, 1.0, "n")]


def test_history_is_kept_and_the_first_arrival_of_a_key_wins(store: Store) -> None:
    store.replace([row("a", 1, 1.0)], table=RAW, keeps_history=True)
    store.replace([row("a", 1, 5.0), row("a", 2, 2.0)], table=RAW, keeps_history=True)

    assert store.rows(RAW) == [("a", 1, 1.0, "n"), ("a", 2, 2.0, "n")]


class Died(RuntimeError):
    """What the tests raise at a named point."""


@pytest.mark.parametrize("point", ["staged", "before commit"])
def test_dying_before_the_commit_leaves_everything_as_it_was(reopen: Open, point: str) -> None:
    first = reopen()
    first.replace([row("a", 1)])
    first.warehouse.close()

    def die(name: str) -> None:
        if name == point:
            raise Died

    second = reopen(at=die, fence=1)
    with pytest.raises(Died):
        second.replace([row("a", 1, 9.0)])
    second.warehouse.close()
    third = reopen()

    assert third.rows() == [("a", 1, 1.0, "n")]
    assert [proof.fence for proof in third.warehouse.proofs()] == [1]
    third.warehouse.close()


def test_a_write_that_raises_anything_at_all_ends_its_transaction(reopen: Open) -> None:
    deaths = ["before commit"]

    def die(name: str) -> None:
        if name in deaths:
            raise Died

    store = reopen(at=die)
    assert store.rows() == []
    with pytest.raises(Died):
        store.replace([row("a", 1, 9.0)])
    deaths.clear()

    assert store.rows() == []
    store.replace([row("a", 1, 2.0)])
    assert store.rows() == [("a", 1, 2.0, "n")]
    store.warehouse.close()


def test_a_slate_that_was_read_is_read_anew_once_it_is_written(store: Store) -> None:
    store.replace([row("a", 1)])
    store.replace([row("a", 1)], day=TODAY - timedelta(days=1))
    before = store.rows()
    store.replace([row("a", 1, 5.0)])

    assert (before, store.rows()) == ([("a", 1, 1.0, "n")], [("a", 1, 5.0, "n")])
    assert store.rows(day=TODAY - timedelta(days=1)) == before


INPUT = [Input("rows", SLATE)]


def test_rows_that_another_hand_has_deleted_are_missed_before_anything_is_made_of_them(reopen: Open) -> None:
    store = reopen()
    store.replace([row("a", 1), row("b", 1), row("b", 2)], units="ab")
    store.replace([row("a", 1)], day=YESTERDAY)
    assert store.warehouse.gone("x", INPUT, day=TODAY, season=SEASON) == []
    assert store.warehouse.losses("x") == []
    by_another_hand(store, f"DELETE FROM {ROWS.full_name} WHERE day = DATE '{TODAY}' AND who = 2")  # noqa: S608 -- declared

    [gone], [lost] = store.warehouse.gone("x", INPUT, day=TODAY, season=SEASON), store.warehouse.losses("x")
    assert gone == lost
    assert (gone.output, gone.day, gone.how) == ("rows", TODAY, "2 rows stand where 3 are proven")
    assert store.warehouse.gone("x", INPUT, day=YESTERDAY, season=SEASON) == []
    store.warehouse.close()


def test_a_lost_unit_that_rightly_comes_out_empty_leaves_no_rows_of_before(store: Store) -> None:
    store.replace([row("a", 1), row("b", 1)], units="ab")

    made = store.replace([], units="a", lost={"a": ""}, excused={"a": "not offered"})

    assert store.rows() == [("b", 1, 1.0, "n")]
    assert (made.proof.units["a"].n_rows, made.proof.fence) == (0, 2)


def by_another_hand(store: Store, sql: str) -> None:
    """Run a statement that the warehouse knows nothing of."""
    warehouse = store.warehouse
    if isinstance(warehouse, DuckWarehouse):
        warehouse.beside().execute(sql)
    elif isinstance(warehouse, BigQueryWarehouse):
        port = Client(warehouse.target)
        port.query(warehouse.target.here(sql), {}, {})
        port.close()


def test_proofs_stand_beside_the_data_and_the_highest_fence_wins(store: Store) -> None:
    store.replace([row("a", 1)])
    store.replace([row("a", 1, 2.0)])

    [proof] = store.warehouse.proofs()
    assert isinstance(proof, Proof)
    assert proof.fence == 2


@pytest.mark.parametrize(
    ("window", "days"),
    [
        (SLATE, [10]),
        (BEFORE, [3, 8, 9]),
        (Window.parse("last2"), [8, 9]),
        (LATEST, [10]),
        (Window.parse("last5"), [8, 9]),
    ],
)
def test_a_window_gives_its_days_and_no_other(store: Store, window: Window, days: list[int]) -> None:
    for day in (3, 8, 9, 10, 11):
        store.replace([row(f"g{day}", day)], units=[f"g{day}"], day=date(2024, 1, day))

    assert [who for _, who, _, _ in store.rows(window=window)] == days


def test_known_gives_what_had_arrived_by_the_instant(store: Store) -> None:
    late = row("b", 2) | {"known_at": NOW + timedelta(minutes=1)}
    store.replace([row("a", 1), late], table=RAW, units="ab")

    assert store.rows(RAW, KNOWN) == [("a", 1, 1.0, "n")]


def declared(*columns: Column) -> tuple[Step, ...]:
    """Return the steps, with the table of rows declared otherwise, and made without reading anything but what it has."""
    names = [column.name for column in columns]
    known = ("day", "game_id", "who", "points", "note")
    made = ", ".join(name if name in known else f"CAST(NULL AS STRING) AS {name}" for name in names)
    sql = SqlWork(sql=f"SELECT {made} FROM slate.raw_rows")  # noqa: S608 -- declared names
    return STEPS[0], replace(STEPS[1], table=replace(ROWS, columns=columns), work=sql)


def test_a_table_with_another_type_is_refused_by_name(reopen: Open) -> None:
    reopen().warehouse.close()
    other = declared(DAY, text("game_id"), text("who"), number("points"), text("note"))

    with pytest.raises(ShapeError, match=r"x_analytics.rows.who is (BIGINT|INT64), declared as (VARCHAR|STRING)"):
        reopen(steps=other)


def test_a_new_column_is_added_and_the_old_rows_have_nothing_in_it(reopen: Open) -> None:
    first = reopen()
    first.replace([row("a", 1)])
    first.warehouse.close()
    more = declared(*COLUMNS, text("why"))
    second = reopen(steps=more)

    found = second.warehouse.read(more[1].table, SLATE, day=TODAY, season=SEASON, as_of=NOW)
    assert found.to_pylist() == [{"day": TODAY, "game_id": "a", "who": 1, "points": 1.0, "note": "n", "why": None}]
    second.warehouse.close()


def test_a_column_that_is_no_longer_declared_is_refused(reopen: Open) -> None:
    reopen().warehouse.close()

    with pytest.raises(ShapeError, match="has columns that are not declared: note"):
        reopen(steps=declared(*COLUMNS[:-1]))


def test_a_step_whose_sql_does_not_fit_the_tables_is_refused_at_the_start(reopen: Open) -> None:
    bad = replace(STEPS[1], work=SqlWork(sql=f"{READS} GROUP BY day"))

    with pytest.raises(ShapeError, match="the SQL does not fit the declared tables"):
        reopen(steps=(STEPS[0], bad))


def test_a_step_selects_what_its_windows_let_through(store: Store) -> None:
    store.replace([row("a", 1), row("a", 2)], table=RAW)
    store.replace([row("a", 3)], table=RAW, day=TODAY - timedelta(days=1))
    loaded = store.warehouse.prepare(STEPS)["rows"]
    asked = WriteRequest(step=STEPS[1], season=SEASON, day=TODAY, fence=9, as_of=NOW, step_version="v", units={})

    assert sorted(found["who"] for found in store.warehouse.select(loaded, asked).to_pylist()) == [1, 2]


def test_a_season_is_asked_and_a_check_asks_a_slate(store: Store) -> None:
    store.replace([row("a", 1, 2.5), row("a", 2, 3.5)])
    bounds = {"season_start": SEASON.first_day, "season_end": SEASON.last_day}
    season = store.warehouse.query(
        "SELECT COUNT(*) AS n, SUM(who) AS who, SUM(points) AS points FROM season.rows", [ROWS], bounds
    )
    check = store.warehouse.ask(
        "SELECT game_id, MAX(points) AS most FROM slate.rows GROUP BY game_id",
        league=ROWS.league,
        day=TODAY,
        season=SEASON,
        as_of=NOW,
    )

    assert season.to_pylist() == [{"n": 2, "who": 3, "points": 6.0}]
    assert check.to_pylist() == [{"game_id": "a", "most": 3.5}]


def test_a_mirrored_table_holds_what_it_was_given_last(store: Store) -> None:
    for points in (1.0, 2.0):
        store.warehouse.mirror(ROWS, TODAY, table_from_records(ROWS, [{"day": TODAY} | row("a", 1, points)]))

    assert store.rows() == [("a", 1, 2.0, "n")]
    store.warehouse.mirror(ROWS, TODAY, table_from_records(ROWS, []))
    assert store.rows() == []


def test_text_of_any_kind_comes_back_as_it_was(store: Store) -> None:
    texts = ["it's", 'a "word"', "back\\slash", "two\nlines", "ünïcode ✓", "@day", "%s", "-- no comment"]
    written = store.replace([row("a", number, note=note) for number, note in enumerate(texts)])

    assert [note for *_, note in store.rows()] == texts
    assert store.warehouse.recount(ROWS, TODAY)["a"] == (8, written.proof.units["a"].content_hash)


def test_a_file_that_is_no_warehouse_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    path.write_bytes(b"<html>not a database</html>" * 100)

    with pytest.raises(UsageError, match="cannot be opened"):
        DuckWarehouse(path)


rows_of_units = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 4), st.floats(0, 100), st.none() | st.text(max_size=3)),
    max_size=10,
    unique_by=lambda found: found[:2],
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(rows_of_units, st.randoms(use_true_random=False))
def test_repeating_a_write_in_any_order_changes_nothing(
    store: Store, found: list[tuple[str, int, float, str | None]], dice: Any
) -> None:
    records = [row(*values) for values in found]
    first = store.replace(records, units="abc")
    dice.shuffle(records)
    second = store.replace(records, units="abc")

    assert second.changed == frozenset()
    assert second.proof.digest == first.proof.digest
