"""Conformance cases: tiny tables of inputs and of hand-computed outputs, read from the TOML files beside.

A table is text: a line of column names, then a row a line; `-` is NULL. A number may be written as it was computed:
`9800/92.544`, `sqrt(133)`. What a row does not name is NULL.
"""

import math
import shlex
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.rows import table_from_records
from tipoff.core.schema import ColumnType, Table
from tipoff.core.slate import Season
from tipoff.leagues.nba.league import NBA
from tipoff.store.dialect import CompiledStep
from tipoff.store.warehouse import WriteRequest

FOLDER = Path(__file__).parent
TABLES: Mapping[str, Table] = {step.name: step.table for step in NBA.steps}
Row = dict[str, Any]


class Reads(Protocol):
    """As much of a warehouse as a case needs."""

    def mirror(self, table: Table, day: date, rows: pa.Table) -> None: ...

    def select(self, loaded: CompiledStep, asked: WriteRequest) -> pa.Table: ...

    def ask(self, sql: str, *, league: str, day: date, season: Season, as_of: datetime) -> pa.Table: ...

    def query(self, sql: str, tables: Iterable[Table], parameters: Mapping[str, object]) -> pa.Table: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One statement on frozen inputs: what it must give, in blocks that each show some of its columns."""

    name: str
    kind: str  # step, ask, query
    of: str
    day: date
    season: Season
    as_of: datetime
    inputs: Mapping[str, pa.Table]
    expected: Sequence[Sequence[Row]]
    key: tuple[str, ...]

    def fill(self, warehouse: Reads) -> None:
        """Put the inputs into an empty warehouse."""
        for name, rows in self.inputs.items():
            for day in sorted(set(rows.column("day").to_pylist())):
                warehouse.mirror(TABLES[name], day, rows.filter(pc.equal(rows.column("day"), pa.scalar(day))))

    def run(self, warehouse: Reads, loaded: Mapping[str, CompiledStep]) -> list[Row]:
        """Run the statement on what the warehouse holds."""
        if self.kind == "step":
            asked = WriteRequest(
                step=NBA.step(self.of),
                season=self.season,
                day=self.day,
                fence=1,
                as_of=self.as_of,
                step_version="v",
                units={},
            )
            return list(warehouse.select(loaded[self.of], asked).to_pylist())
        if self.kind == "ask":
            at: dict[str, Any] = {"league": NBA.name, "day": self.day, "season": self.season, "as_of": self.as_of}
            return list(warehouse.ask(NBA.funnel_sql, **at).to_pylist())
        bounds = {"season_start": self.season.first_day, "season_end": self.season.last_day}
        return list(warehouse.query(NBA.summary_sql[self.of], TABLES.values(), bounds).to_pylist())

    def differences(self, found: Sequence[Row]) -> list[str]:
        """Return in what `found` differs from what was computed by hand; empty where it is the same."""
        by_key: dict[tuple[Any, ...], Row] = {tuple(row[name] for name in self.key): row for row in found}
        wrong = [f"{len(found) - len(by_key)} keys stand twice"] if len(by_key) != len(found) else []
        for block in self.expected:
            wanted = {tuple(row[name] for name in self.key): row for row in block}
            wrong += [f"{key} is missing" for key in wanted.keys() - by_key.keys()]
            wrong += [f"{key} is too many" for key in by_key.keys() - wanted.keys()]
            for key in wanted.keys() & by_key.keys():
                row = by_key[key]
                wrong += [
                    f"{key}.{name}: {row[name]!r}, by hand {value!r}"
                    for name, value in wanted[key].items()
                    if not _same(row[name], value)
                ]
        return wrong

    @property
    def columns(self) -> set[str]:
        """The columns that the expected rows show."""
        return {name for block in self.expected for row in block for name in row}


def read_case(path: Path) -> Case:
    """Return the case of a file."""
    said = tomllib.loads(path.read_text())
    [kind] = {"step", "ask", "query"} & said.keys()
    day = said["day"]
    first, last = said.get("season", [date(2024, 1, 1), date(2024, 4, 14)])
    types = {name: ColumnType(kind) for name, kind in said.get("types", {}).items()}
    if kind == "step":
        types = {column.name: column.type for column in TABLES[said[kind]].columns}
    return Case(
        name=path.stem,
        kind=kind,
        of=said[kind],
        day=day,
        season=Season("2023-24", first, last),
        as_of=said.get("as_of", datetime(day.year, day.month, day.day, 20, tzinfo=UTC)),
        inputs={
            name: table_from_records(TABLES[name], read_rows(text, _types(name)))
            for name, text in said["input"].items()
        },
        expected=[read_rows(text, types) for text in said["expected"].values()],
        key=tuple(said.get("key", TABLES[said[kind]].key if kind == "step" else ())),
    )


def read_rows(text: str, types: Mapping[str, ColumnType]) -> list[Row]:
    """Return the rows of a table written as text."""
    lines = [shlex.split(line) for line in text.strip().splitlines() if not line.startswith("#")]
    names, *rows = lines
    return [
        {name: read_value(value, types.get(name, ColumnType.TEXT)) for name, value in zip(names, row, strict=True)}
        for row in rows
    ]


def read_value(text: str, kind: ColumnType) -> Any:  # noqa: PLR0911 -- one value a type
    """Return a value written as text."""
    if text == "-":
        return None
    match kind:
        case ColumnType.INT:
            return int(text)
        case ColumnType.FLOAT:
            return _number(text)
        case ColumnType.BOOL:
            return {"true": True, "false": False}[text]
        case ColumnType.DATE:
            return date.fromisoformat(text)
        case ColumnType.INSTANT:
            return datetime.fromisoformat(text)
        case _:
            return text


def _number(text: str) -> float:
    if text.startswith("sqrt("):
        return math.sqrt(_number(text[5:-1]))
    above, _, below = text.partition("/")
    return float(above) / (float(below) if below else 1.0)


def _types(name: str) -> dict[str, ColumnType]:
    return {column.name: column.type for column in TABLES[name].columns}


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, float) and isinstance(wanted, float):
        return math.isclose(found, wanted, rel_tol=1e-12, abs_tol=1e-12)
    return bool(found == wanted) and (found is None) == (wanted is None)


def every_case() -> list[Case]:
    """Return every case of the folder."""
    return [
        read_case(path) for path in sorted(FOLDER.glob("*.toml")) if path.stem not in {"checks", "functions", "spoils"}
    ]
