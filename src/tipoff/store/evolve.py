"""How a table that is there becomes the declared one: columns added, renamed by declaration, or widened; else it is refused."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from tipoff.core.errors import ShapeError
from tipoff.core.proof import Proof
from tipoff.core.schema import WHOLE_SLATE, Column, ColumnType, Phase, Table
from tipoff.core.step import Step

_WIDER = {(ColumnType.INT, ColumnType.FLOAT)}  # every value of the first is one of the second


@dataclass(slots=True)
class Changes:
    """What is to be done, in this order."""

    renamed: list[tuple[str, str]] = field(default_factory=list)  # from, to
    added: list[Column] = field(default_factory=list)
    widened: list[Column] = field(default_factory=list)


def changes(table: Table, found: Mapping[str, str], type_name: Callable[[ColumnType], str]) -> Changes:
    """Return how the columns `found`, with the engine's types, become the declared; raises `ShapeError` where they do not fit."""
    there, todo = dict(found), Changes()
    for column in table.columns:
        former = next((name for name in column.formerly if name in there), None)
        if column.name not in there and former is not None:
            todo.renamed.append((former, column.name))
            there[column.name] = there.pop(former)
        if column.name not in there:
            todo.added.append(column)
        elif there[column.name] != type_name(column.type):
            _must_fit(table, column, there[column.name], type_name)
            todo.widened.append(column)
    extra = there.keys() - set(table.names) - {"_run"}
    if extra and table.phase is not Phase.PUBLISHED:  # what is mirrored stands in its documents
        msg = f"{table.full_name} has columns that are not declared: {', '.join(sorted(extra))}"
        hint = "say what they are called now (formerly), run a build that knows them, or begin a new home"
        raise ShapeError(msg, hint=hint)
    return todo


def _must_fit(table: Table, column: Column, found: str, type_name: Callable[[ColumnType], str]) -> None:
    if any(found == type_name(old) and new is column.type for old, new in _WIDER):
        return
    msg = f"{table.full_name}.{column.name} is {found}, declared as {type_name(column.type)}"
    raise ShapeError(
        msg, hint="whole numbers may become decimal ones; for anything else rebuild the table in a new home"
    )


def former_names(steps: Iterable[Step]) -> dict[tuple[str, str], str]:
    """Return the present name of each output by league and former name."""
    return {(step.table.league, name): step.name for step in steps for name in step.table.formerly}


def under_present_names(proofs: Iterable[Proof], names: Mapping[tuple[str, str], str]) -> list[Proof]:
    """Return the newest proof of each output and day, those of former names as the present output's."""
    newest: dict[tuple[str, str, object], Proof] = {}
    for proof in proofs:
        name = names.get((proof.league, proof.output), proof.output)
        key = proof.league, name, proof.day
        if key not in newest or newest[key].fence < proof.fence:
            newest[key] = proof if name == proof.output else replace(proof, output=name)
    return list(newest.values())


def in_present_units(
    proofs: Iterable[Proof],
    tables: Mapping[str, Mapping[str, Table]],
    recount: Callable[[Table, date], Mapping[str, tuple[int, str]]],
) -> list[Proof]:
    """Return proofs by the units that their tables, by league and name, have now.

    What was one unit of the slate, and is in parts by now, is counted as it stands: its rows are what they were.
    """
    found = []
    for proof in proofs:
        table, whole = tables.get(proof.league, {}).get(proof.output), proof.units.get(WHOLE_SLATE)
        if table is None or not table.unit_columns or whole is None:
            found.append(proof)
            continue
        units = {
            unit: replace(whole, unit=unit, n_rows=n_rows, content_hash=content_hash)
            for unit, (n_rows, content_hash) in recount(table, proof.day).items()
        }
        found.append(replace(proof, units=units))
    return found
