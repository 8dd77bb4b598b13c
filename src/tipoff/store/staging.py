"""Staging: what a write would change, decided on the rows before anything is touched. The same for every store."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.errors import Fenced
from tipoff.core.payload import Reject
from tipoff.core.proof import Proof, UnitProof
from tipoff.core.rows import units_of
from tipoff.core.schema import Phase, Table
from tipoff.store.rows import below_floor, check, conform, hash_in_order, key_text
from tipoff.store.warehouse import WriteRequest, WriteResult

Stored = Callable[[Iterable[str]], pa.Table]  # the rows that now stand in the named units


@dataclass(slots=True)
class Staged:
    """What is to be written: the rows of the changed units, and what becomes of the others."""

    rows: pa.Table
    hashes: dict[str, tuple[int, str]]
    changed: frozenset[str]
    excuses_changed: bool
    refused: dict[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    fallen: frozenset[str] = frozenset()  # of which an excuse stands no more: a newer answer is there, and of no use
    rejects: list[Reject] = field(default_factory=list)
    doubts: dict[str, str] = field(default_factory=dict)


def must_be_newest(asked: WriteRequest, known: Proof | None) -> None:
    """Refuse with `Fenced` a run of an output and day that a higher fence has published already."""
    if known is not None and known.fence > asked.fence:
        what = f"{asked.step.table.full_name} of {asked.day}"
        msg = f"{what} was published by run {known.fence}; run {asked.fence} is too late"
        raise Fenced(msg, hint="nothing is to be done: the later run stands")


def stage(asked: WriteRequest, rows: pa.Table, known: Proof | None, stored: Stored) -> Staged:
    """Decide what the write changes.

    A unit with bad rows is refused, except in the raw phase, where the bad rows are quarantined and the good ones go on.
    A unit that would become poorer without evidence is refused as a regression.

    Raises:
        ShapeError: The rows do not have the declared shape.
    """
    table = asked.step.table
    known = _without(known, asked.lost)
    rows = conform(table, rows)
    rows = of_units(table, rows, asked.units)
    if asked.keeps_history and known is not None:
        rows = _with_history(table, rows, stored([unit for unit in asked.units if unit in known.units]))
    checked = check(table, asked.day, rows)
    refused = {} if table.phase is Phase.RAW else dict(checked.bad_units)
    hashes = hash_in_order(table, checked.good, checked.units)
    refused |= too_few(asked, checked.good, hashes)
    poorer = {} if asked.evidence else _poorer(asked, checked.good, hashes, known, stored)
    refused |= {unit: reason for unit, reason in poorer.items() if unit not in refused}
    refused |= {
        unit: "it does not come out as it was before it was lost, and what closed may only be as it was"
        for unit, was in asked.lost.items()
        if was and unit in asked.units and hashes.get(unit, (0, ""))[1] != was
    }
    refused |= {unit: reason for unit, reason in asked.withheld.items() if unit in asked.units}
    wanted = asked.units.keys() - refused.keys()
    missing = frozenset(unit for unit in wanted if unit not in hashes and unit not in asked.excused)
    of_no_use = missing & (asked.unread | checked.bad_units.keys())
    fallen = frozenset(unit for unit in of_no_use if known and unit in known.units and known.units[unit].excuse)
    changed = frozenset(unit for unit in wanted - missing if unit in asked.lost or _differs(unit, hashes, known))
    return Staged(
        rows=of_units(table, checked.good, changed) if changed != hashes.keys() else checked.good,
        hashes={unit: found for unit, found in hashes.items() if unit in wanted},
        changed=changed,
        excuses_changed=bool(fallen) or any(_excuse_differs(unit, asked, hashes, known) for unit in wanted - missing),
        refused=refused,
        missing=missing,
        fallen=fallen,
        rejects=checked.rejects,
        doubts=doubts_of(table, checked.good) if changed else {},
    )


def _without(known: Proof | None, lost: Iterable[str]) -> Proof | None:
    """Return a proof without the units that do not stand as it says."""
    lost = set(lost)
    if known is None or not lost:
        return known
    return replace(known, units={name: unit for name, unit in known.units.items() if name not in lost})


def too_few(asked: WriteRequest, rows: pa.Table, hashes: dict[str, tuple[int, str]]) -> dict[str, str]:
    """Return the units below their table's floor, or with fewer rows than another output says, each with the reason."""
    of, n_rows = asked.step.rows_of, {unit: n for unit, (n, _) in hashes.items()}
    if of and asked.least_rows and rows.num_rows:
        counted = pa.table({"unit": units_of(asked.step.table, rows), "of": rows.column(of)})
        counted = counted.group_by("unit", use_threads=False).aggregate([("of", "count_distinct")])
        n_rows = {row["unit"]: row["of_count_distinct"] for row in counted.to_pylist()}
    found = {
        unit: f"{n_rows[unit]} {f'different {of}' if of else 'rows'}, where there must be {least}"
        for unit, least in asked.least_rows.items()
        if unit in n_rows and n_rows[unit] < least
    }
    return found | below_floor(asked.step.table, rows)


def doubts_of(table: Table, rows: pa.Table) -> dict[str, str]:
    """Return the units of which a column is filled less than hoped for."""
    found: dict[str, str] = {}
    for name, share in table.floor.hoped:
        if not rows.num_rows:
            break
        units = pa.table({"unit": units_of(table, rows), name: rows.column(name)})
        for row in (
            units.group_by("unit", use_threads=False).aggregate([(name, "count"), ([], "count_all")]).to_pylist()
        ):
            if row[f"{name}_count"] < share * row["count_all"]:
                found[row["unit"]] = f"{name} is known for {row[f'{name}_count']} of {row['count_all']} rows"
    return found


def of_units(table: Table, rows: pa.Table, units: Iterable[str]) -> pa.Table:
    """Return the rows that are of the named units."""
    if not rows.num_rows or not table.unit_columns:
        return rows
    mine = pc.is_in(units_of(table, rows), pa.array(sorted(units), pa.string()))
    return rows if pc.all(mine).as_py() else rows.filter(mine)


def _differs(unit: str, hashes: dict[str, tuple[int, str]], known: Proof | None) -> bool:
    before = known.units.get(unit) if known else None
    now = hashes.get(unit, (0, ""))
    return now != ((before.n_rows, before.content_hash) if before else (0, ""))


def _excuse_differs(unit: str, asked: WriteRequest, hashes: dict[str, tuple[int, str]], known: Proof | None) -> bool:
    before = known.units.get(unit) if known else None
    excuse = "" if unit in hashes else asked.excused.get(unit, "")
    return before is None or before.excuse != excuse


def _with_history(table: Table, rows: pa.Table, old: pa.Table) -> pa.Table:
    """Return the old rows and those new ones whose key is new: the first arrival of a key keeps its instant."""
    fresh = rows.filter(pc.invert(pc.is_in(key_text(table, rows), key_text(table, old).combine_chunks())))
    return pa.concat_tables([old, fresh]).combine_chunks()


def _poorer(
    asked: WriteRequest, rows: pa.Table, hashes: dict[str, tuple[int, str]], known: Proof | None, stored: Stored
) -> dict[str, str]:
    """Return the units that would lose rows or values, with what they would lose."""
    if known is None:
        return {}
    table = asked.step.table
    found: dict[str, str] = {}
    others: list[str] = []
    for unit in asked.units:
        before = known.units.get(unit)
        if before is None or not before.n_rows or not _differs(unit, hashes, known):
            continue
        n_rows = hashes.get(unit, (0, ""))[0]
        if n_rows == 0 and unit not in asked.excused:
            continue  # the answer does not name it: it stays as it is, and is asked for again
        if n_rows < before.n_rows:
            found[unit] = f"regression: {n_rows} rows where {before.n_rows} are proven"
        else:
            others.append(unit)
    lost = _emptied(table, stored(others), rows) if others else {}
    return found | {
        unit: f"regression: values of {', '.join(sorted(names))} turned NULL" for unit, names in lost.items()
    }


def _emptied(table: Table, old: pa.Table, new: pa.Table) -> dict[str, set[str]]:
    """Return by unit the columns that `old` rows have and the `new` ones of their keys lack, and that a key is lacking."""
    units = units_of(table, old)
    places = pc.index_in(_key_in_unit(table, old), value_set=_key_in_unit(table, new))
    stands = pc.is_valid(places)
    emptied = {"a proven key": pc.invert(stands)}
    for column in table.columns:
        values = new.column(column.name)
        if values.null_count and not column.may_empty:
            is_lost = pc.and_(pc.is_valid(old.column(column.name)), pc.is_null(values.take(places)))
            emptied[column.name] = pc.and_(stands, is_lost)
    lost: dict[str, set[str]] = {}
    for name, rows in emptied.items():
        for unit in pc.unique(units.filter(rows)).to_pylist():
            lost.setdefault(unit, set()).add(name)
    return lost


def _key_in_unit(table: Table, rows: pa.Table) -> pa.Array:
    keys = pc.binary_join_element_wise(units_of(table, rows), key_text(table, rows), "|")
    return keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys


def make_proof(asked: WriteRequest, staged: Staged, known: Proof | None) -> Proof:
    """Return the whole state of (output, day) after the write: units not asked for stand, as whose they were."""
    units: dict[str, UnitProof] = dict(known.units) if known else {}
    if known and known.step_version != asked.step_version:
        units = {name: replace(one, step_version=one.step_version or known.step_version) for name, one in units.items()}
    for unit, made in asked.units.items():
        if unit in staged.fallen:
            del units[unit]
        if unit in staged.refused or unit in staged.missing:
            continue
        n_rows, content_hash = staged.hashes.get(unit, (0, ""))
        unchanged = units.get(unit)
        units[unit] = UnitProof(
            unit=unit,
            n_rows=n_rows,
            content_hash=content_hash,
            made_from=made,
            excuse=asked.excused.get(unit, "") if not n_rows else "",
            fence=asked.fence if unit in staged.changed or unchanged is None else unchanged.fence,
            as_of=asked.as_of,
            retrospective=asked.retrospective,
            partial=unit in asked.partial,
        )
    return Proof(
        league=asked.step.table.league,
        output=asked.step.name,
        day=asked.day,
        fence=asked.fence,
        made_at=asked.as_of,
        step_version=asked.step_version,
        units=dict(sorted(units.items())),
        inputs=asked.inputs,
    )


def written(proof: Proof, staged: Staged) -> WriteResult:
    """Return what a write left behind."""
    return WriteResult(
        proof=proof,
        changed=staged.changed,
        refused=staged.refused,
        missing=staged.missing,
        rejects=tuple(staged.rejects),
        doubts=staged.doubts,
    )
