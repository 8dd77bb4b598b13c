"""A table whose declaration changed: columns come, are renamed and widened; what cannot be is refused with a sentence."""

import dataclasses
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.engine import AFTER, SQL

from tipoff.app.recounts import recounted
from tipoff.core.errors import ShapeError
from tipoff.core.home import Profile
from tipoff.core.proof import Proof, UnitProof, read_units, units_text
from tipoff.core.rows import table_from_records
from tipoff.core.schema import DAY, Column, ColumnType, Phase, Table, integer, number, text
from tipoff.core.slate import Season
from tipoff.core.step import PublishWork, SqlWork, Step
from tipoff.core.window import SLATE
from tipoff.engine.losses import lost_by_stores
from tipoff.store.bigquery.tables import declare
from tipoff.store.bigquery.target import Target
from tipoff.store.duck import DuckWarehouse
from tipoff.store.evolve import changes, former_names, under_present_names
from tipoff.store.published import Published
from tipoff.store.warehouse import WriteRequest

TODAY = date(2024, 5, 10)
NOW = datetime(2024, 5, 10, 12, tzinfo=UTC)
SEASON = Season("s", date(2024, 4, 1), date(2024, 9, 30))


def table(*columns: Column, name: str = "rows", formerly: tuple[str, ...] = ()) -> Table:
    return Table(
        league="x",
        phase=Phase.RAW,
        name=name,
        columns=(DAY, text("game_id"), *columns),
        key=("game_id",),
        formerly=formerly,
    )


def named(kind: ColumnType) -> str:
    return kind.value


FOUND = {"day": "DATE", "game_id": "STRING", "points": "INT64", "_run": "INT64"}


def test_what_is_declared_as_it_is_needs_nothing() -> None:
    todo = changes(table(integer("points")), FOUND, named)

    assert (todo.renamed, todo.added, todo.widened) == ([], [], [])


def test_a_new_column_is_added() -> None:
    todo = changes(table(integer("points"), text("note")), FOUND, named)

    assert [column.name for column in todo.added] == ["note"]


def test_a_column_is_renamed_by_declaration_alone() -> None:
    scored = dataclasses.replace(integer("scored"), formerly=("pts", "points"))

    assert changes(table(scored), FOUND, named).renamed == [("points", "scored")]
    with pytest.raises(ShapeError, match="not declared: points"):
        changes(table(integer("scored")), FOUND, named)


def test_a_column_that_has_its_new_name_is_not_renamed_again() -> None:
    scored = dataclasses.replace(integer("scored"), formerly=("points",))
    found = {name if name != "points" else "scored": kind for name, kind in FOUND.items()}

    assert changes(table(scored), found, named).renamed == []


def test_whole_numbers_become_decimal_ones_under_a_new_name_too() -> None:
    scored = dataclasses.replace(number("scored"), formerly=("points",))

    assert [column.name for column in changes(table(number("points")), FOUND, named).widened] == ["points"]
    todo = changes(table(scored), FOUND, named)
    assert (todo.renamed, [column.name for column in todo.widened]) == ([("points", "scored")], ["scored"])


@pytest.mark.parametrize(
    ("column", "found", "says"),
    [(integer("points"), "FLOAT64", "is FLOAT64, declared as INT64"), (text("points"), "INT64", "declared as STRING")],
)
def test_what_does_not_fit_is_refused(column: Column, found: str, says: str) -> None:
    with pytest.raises(ShapeError, match=says):
        changes(table(column), FOUND | {"points": found}, named)


def test_neither_a_former_name_nor_a_column_that_may_empty_changes_a_steps_version() -> None:
    plain = Step(table=table(integer("points")), work=SQL, timing=AFTER)
    other = dataclasses.replace(integer("points"), formerly=("pts",), may_empty=True)

    assert dataclasses.replace(plain, table=table(other, formerly=("old",))).version() == plain.version()
    assert dataclasses.replace(plain, table=table(number("points"))).version() != plain.version()


# --- names of outputs


def proof(output: str, fence: int) -> Proof:
    return Proof(league="x", output=output, day=TODAY, fence=fence, made_at=NOW, step_version="v", units={})


def test_proofs_of_a_former_name_are_the_present_outputs_and_the_newest_stands() -> None:
    names = former_names([Step(table=table(formerly=("old", "older")), work=SQL, timing=AFTER)])
    assert names == {("x", "old"): "rows", ("x", "older"): "rows"}

    assert under_present_names([proof("old", 1)], names) == [proof("rows", 1)]
    assert under_present_names([proof("old", 1), proof("rows", 2)], names) == [proof("rows", 2)]
    assert under_present_names([proof("rows", 2), proof("old", 1)], names) == [proof("rows", 2)]
    other = dataclasses.replace(proof("old", 1), league="y")
    assert under_present_names([other], names) == [other]


# --- on DuckDB


READS = "SELECT day, game_id, {} FROM slate.{}"


def opened(path: Path, declared: Table, points: str) -> DuckWarehouse:
    store = DuckWarehouse(path, profile=Profile.REPLAY)
    store.prepare([Step(table=declared, work=SqlWork(sql=READS.format(points, declared.name)), timing=AFTER)])
    return store


def write(store: DuckWarehouse, declared: Table, row: dict[str, Any], fence: int) -> None:
    step = Step(table=declared, work=SQL, timing=AFTER)
    asked = WriteRequest(
        step=step, season=SEASON, day=TODAY, fence=fence, as_of=NOW, step_version="v", units={"g": "m"}, evidence=True
    )
    store.replace(asked, table_from_records(declared, [{"day": TODAY, "game_id": "g"} | row]))


def test_rows_survive_a_new_name_of_their_table_and_column_and_a_wider_type(tmp_path: Path) -> None:
    before = table(integer("points"), name="old")
    store = opened(tmp_path / "w", before, "points")
    write(store, before, {"points": 7}, 1)
    store.close()

    after = table(dataclasses.replace(number("scored"), formerly=("points",)), name="new", formerly=("old",))
    store = opened(tmp_path / "w", after, "scored")

    rows = store.read(after, SLATE, day=TODAY, season=SEASON, as_of=NOW).to_pylist()
    assert rows == [{"day": TODAY, "game_id": "g", "scored": 7.0}]
    assert [(each.output, each.fence) for each in store.proofs()] == [("new", 1)]
    write(store, after, {"scored": 8.5}, 2)
    assert store.read(after, SLATE, day=TODAY, season=SEASON, as_of=NOW).column("scored").to_pylist() == [8.5]
    assert [(each.output, each.fence) for each in store.proofs()] == [("new", 2)]
    store.close()
    opened(tmp_path / "w", after, "scored").close()  # and nothing is left to do


ROWS = [{"day": TODAY, "game_id": game_id, "points": 7, "other": "x"} for game_id in "gh"]


def of_both(declared: Table) -> WriteRequest:
    """Ask for both units of the slate."""
    return WriteRequest(
        step=Step(table=declared, work=SQL, timing=AFTER),
        season=SEASON,
        day=TODAY,
        fence=1,
        as_of=NOW,
        step_version="v",
        units={"g": "m", "h": "m"},
        evidence=True,
    )


def test_what_closed_before_its_table_had_a_column_more_stands_when_the_rest_of_its_slate_is_made_anew(
    tmp_path: Path,
) -> None:
    before, after = table(integer("points")), table(integer("points"), text("other"))
    first = of_both(before)
    store = opened(tmp_path / "w", before, "points")
    store.replace(first, table_from_records(before, [{n: row[n] for n in before.names} for row in ROWS]))
    store.close()
    store = opened(tmp_path / "w", after, "points, 'x' AS other")
    anew = dataclasses.replace(
        first, step=Step(table=after, work=SQL, timing=AFTER), fence=2, step_version="w", units={"g": "m"}
    )

    proof = store.replace(anew, table_from_records(after, ROWS[:1])).proof

    league: Any = SimpleNamespace(table=lambda _name: after)
    stores: Any = SimpleNamespace(warehouse=store, loaded={"rows": SimpleNamespace(version="w")})
    kept = dict(read_units(units_text(proof.units)))
    assert (kept == proof.units, kept["g"].step_version, kept["h"].step_version) == (True, "", "v")
    assert recounted(league, stores, proof) == []
    fewer = dataclasses.replace(proof.units["h"], n_rows=2)
    [loss] = recounted(league, stores, dataclasses.replace(proof, units={"g": proof.units["g"], "h": fewer}))
    assert loss.units == {"h"}
    store.close()


def write_and_fail(store: DuckWarehouse, declared: Table) -> None:
    write(store, declared, {"points": 9}, 3)
    raise ShapeError(declared.full_name)


def test_what_is_written_together_stands_at_once_or_not_at_all(tmp_path: Path) -> None:
    declared = table(integer("points"))
    store = opened(tmp_path / "w", declared, "points")
    with store.together():
        for n in (1, 2):
            write(store, declared, {"points": n}, n)
    with pytest.raises(ShapeError), store.together():
        write_and_fail(store, declared)
    store.close()

    again = opened(tmp_path / "w", declared, "points")
    assert again.read(declared, SLATE, day=TODAY, season=SEASON, as_of=NOW).column("points").to_pylist() == [2]
    assert [proof.fence for proof in again.proofs()] == [2]
    again.close()


class Port:
    """A BigQuery that has the table under its former name, and keeps what it is told."""

    target = Target(project="p")

    def __init__(self) -> None:
        self.told: list[str] = []

    def fields(self, name: str) -> dict[str, str]:
        stands = "x_raw.rows" if self.told else "x_raw.old"
        return FOUND if name in {stands, self.target.turn(table())} else {}

    def query(self, sql: str, *_given: object) -> None:
        self.told.append(sql)


def test_bigquery_is_told_what_changes() -> None:
    port, scored = Port(), dataclasses.replace(number("scored"), formerly=("points",))

    declare(port, table(scored, text("note"), formerly=("old",)))  # type: ignore[arg-type]

    assert port.told == [
        "ALTER TABLE x_raw.old RENAME TO rows",
        "ALTER TABLE x_raw.rows RENAME COLUMN IF EXISTS points TO scored",
        "ALTER TABLE x_raw.rows ADD COLUMN IF NOT EXISTS note STRING",
        "ALTER TABLE x_raw.rows ALTER COLUMN scored SET DATA TYPE FLOAT64",
    ]


def test_documents_of_a_former_name_are_the_present_outputs(tmp_path: Path) -> None:
    shown = dataclasses.replace(table(name="shown", formerly=("told",)), phase=Phase.PUBLISHED)
    step = Step(table=shown, work=PublishWork(inputs=(), transform=print), timing=AFTER)  # type: ignore[arg-type]
    (tmp_path / "x" / "told").mkdir(parents=True)
    (tmp_path / "x" / "told" / "2024-05-10.json").write_text("{}")
    published = Published(tmp_path)

    published.prepare([step])
    published.prepare([step])

    assert published.path(step, TODAY).read_text() == "{}"


def test_a_document_of_a_build_with_more_columns_is_read_and_mirrored_without_them(tmp_path: Path) -> None:
    before, after = (
        dataclasses.replace(table(*columns, name="shown"), phase=Phase.PUBLISHED)
        for columns in ((integer("points"), text("gone")), (integer("points"),))
    )
    step = Step(table=before, work=SQL, timing=AFTER)
    asked = WriteRequest(
        step=step, season=SEASON, day=TODAY, fence=1, as_of=NOW, step_version="v", units={"g": "m"}, evidence=True
    )
    rows = table_from_records(before, [{"day": TODAY, "game_id": "g", "points": 7, "gone": "x"}])
    Published(tmp_path).replace(asked, rows)
    now = dataclasses.replace(step, table=after)
    read = Published(tmp_path).rows(now, TODAY)
    for declared, shown in ((before, rows), (after, read)):
        with closing(DuckWarehouse(tmp_path / "w")) as store:
            store.mirror(declared, TODAY, shown)
            mirrored = store.stored(declared, TODAY)

    assert mirrored.to_pylist() == [{"day": TODAY, "game_id": "g", "points": 7}]
    assert Published(tmp_path).losses([now]) == []


@pytest.mark.parametrize("way", ["gone", "new"])
def test_what_stays_of_a_document_whose_columns_have_changed_is_not_lost_when_a_unit_of_it_is_made_anew(
    tmp_path: Path, way: str
) -> None:
    tables = [
        dataclasses.replace(table(*columns, name="shown"), phase=Phase.PUBLISHED)
        for columns in ((integer("points"),), (integer("points"), text("other")))
    ]
    before, after = tables if way == "new" else reversed(tables)
    asked = of_both(before)
    Published(tmp_path).replace(asked, table_from_records(before, [{n: row[n] for n in before.names} for row in ROWS]))
    now = dataclasses.replace(asked, step=Step(table=after, work=SQL, timing=AFTER), fence=2, units={"g": "n"})

    found = Published(tmp_path).replace(
        now, table_from_records(after, [{n: ROWS[0][n] for n in after.names} | {"points": 8}])
    )

    assert found.changed == {"g"}
    assert (found.proof.units["h"].fence, found.proof.units["h"].made_from) == (1, "m")
    assert Published(tmp_path).losses([now.step]) == []


# --- units


def test_what_was_of_the_slate_is_counted_in_parts_and_none_of_it_is_written_twice(tmp_path: Path) -> None:
    after = table(integer("points"))
    before = dataclasses.replace(after, unit_columns=())
    step = Step(table=before, work=SQL, timing=AFTER)
    asked = WriteRequest(
        step=step, season=SEASON, day=TODAY, fence=1, as_of=NOW, step_version="v", units={"slate": "m"}, evidence=True
    )
    rows = [{"day": TODAY, "game_id": name, "points": 7} for name in ("g", "h")]
    store = opened(tmp_path / "w", before, "points")
    whole = store.replace(asked, table_from_records(before, rows)).proof
    store.close()

    store = opened(tmp_path / "w", after, "points")

    [known] = store.proofs()
    assert {name: unit.n_rows for name, unit in known.units.items()} == {"g": 1, "h": 1}
    assert {name: (unit.n_rows, unit.content_hash) for name, unit in known.units.items()} == store.recount(after, TODAY)
    assert store.losses("x") == []
    assert list(lost_by_stores([whole], [known])) == []
    assert list(lost_by_stores([dataclasses.replace(whole, fence=2)], [known])) == []  # a later look found nothing new
    write(store, after, {"points": 8}, 2)
    found = store.read(after, SLATE, day=TODAY, season=SEASON, as_of=NOW).to_pylist()
    assert [(row["game_id"], row["points"]) for row in found] == [("g", 8), ("h", 7)]
    store.close()


def test_rows_that_were_gone_before_they_were_counted_in_parts_are_told_then_and_at_every_start() -> None:
    unit = UnitProof(unit="slate", n_rows=3, content_hash="of all")
    whole = Proof(league="x", output="rows", day=TODAY, fence=1, made_at=NOW, step_version="v", units={"slate": unit})
    parts = {name: dataclasses.replace(unit, unit=name, n_rows=1, content_hash=name) for name in "gh"}
    counted = dataclasses.replace(whole, units=parts)
    third = dataclasses.replace(unit, unit="i", n_rows=1, content_hash="i")

    for known in (whole, dataclasses.replace(whole, units={**parts, "i": third})):
        [lost] = lost_by_stores([known], [counted])
        assert (lost.output, lost.day, lost.how) == ("rows", TODAY, "2 rows stand where 3 are proven")
