"""Published files: what readers read, one JSON and one Parquet document a slate, replaced whole."""

import dataclasses
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tipoff.core.errors import Damaged, ErrorKind, ShapeError, WarehouseError
from tipoff.core.home import Profile
from tipoff.core.proof import Loss, Proof, digest_of, inputs_text, read_proof, units_text
from tipoff.core.records import HaltRecord
from tipoff.core.rows import table_from_records, units_of
from tipoff.core.schema import Phase, Table
from tipoff.core.step import Step
from tipoff.store.archive import write_whole
from tipoff.store.rows import conform, hash_units
from tipoff.store.staging import Staged, make_proof, must_be_newest, of_units, stage, written
from tipoff.store.warehouse import WriteRequest, WriteResult

# What reading a document raises that a disk, an editor or another program has damaged.
_DAMAGED = (OSError, ValueError, LookupError, TypeError, AttributeError, ShapeError, pa.ArrowException)


@dataclass(frozen=True, slots=True)
class _Stands:
    """A document as it stands: its file's state, its proof, its rows, and when each unit was written."""

    state: tuple[int, ...] | None
    proof: Proof | None
    rows: pa.Table
    written_at: Mapping[str, str]
    has_other_columns: bool = False  # than are declared now: another build wrote it


def _state(path: Path) -> tuple[int, ...] | None:
    """Return what differs once a file is another; None where there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


@dataclass(slots=True, kw_only=True)
class Published:
    """A folder of documents `<league>/<output>/<day>.json` and `.parquet`. The JSON carries its own proof."""

    root: Path = field(kw_only=False)
    profile: Profile = Profile.LIVE
    at: Callable[[str], None] = lambda _point: None
    # looked at where a file is replaced, as `halted` is; who only reads needs none
    now: Callable[[], datetime] | None = None
    halted: Callable[[str, str], str] = lambda _league, _output: ""  # why an output may not be replaced
    off: Callable[[str], Sequence[str]] = lambda _league: ()  # what of a league is not made: each document says so
    _last: dict[str, _Stands] = field(default_factory=dict)  # the document written last, by output

    def replace(self, asked: WriteRequest, rows: pa.Table) -> WriteResult:
        """Make the asked units of the document hold exactly `rows`; the rows of other units stay as they were.

        Raises:
            ShapeError: The rows do not have the declared shape.
            Fenced: A later run has published the day.
            WarehouseError: The disk refused; the document stands as it stood.
            Damaged: The document that is there cannot be read.
        """
        table = asked.step.table
        path, last = self.path(asked.step, asked.day), self._last.get(asked.step.name)
        stands = last if last is not None and last.state == _state(path) else self._stands(asked.step, asked.day)
        known = stands.proof
        must_be_newest(asked, known)
        staged = stage(asked, rows, known, lambda units: of_units(table, stands.rows, units))
        proof = make_proof(asked, staged, known)
        if staged.changed or staged.excuses_changed:
            fresh = {unit: _written_at(asked, unit).isoformat() for unit in sorted(staged.changed)}
            instants = {**stands.written_at, **fresh}
            merged = _merged(table, stands.rows, staged)
            proof = _as_read(table, merged, proof) if stands.has_other_columns else proof
            self._write(asked, proof, merged, staged.changed, instants)
            self._last[asked.step.name] = _Stands(_state(path), proof, merged, instants)
        return written(proof, staged)

    def prepare(self, steps: Iterable[Step]) -> None:
        """Let the documents under a former name of an output be the output's."""
        for step in steps:
            now = self.root / step.table.league / step.name
            for former in (now.with_name(name) for name in step.table.formerly):
                if step.phase is Phase.PUBLISHED and former.is_dir() and not now.exists():
                    former.rename(now)

    def _documents(self, of: str) -> list[Path]:
        """Return the documents in the folders `of`; a file whose name is no date is none of ours."""
        return sorted(path for path in self.root.glob(f"{of}/????-??-??.json") if _is_day(path.stem))

    def survey(self, league: str) -> tuple[list[Proof], list[Damaged]]:
        """Return the proofs that the documents of a league carry, and an error for each that cannot be read."""
        proofs: list[Proof] = []
        damaged: list[Damaged] = []
        for path in self._documents(f"{league}/*"):
            try:
                proofs.append(_proof_of(_document(path)))
            except _DAMAGED as error:
                damaged.append(_unreadable(path, error))
        return proofs, damaged

    def losses(self, steps: Iterable[Step]) -> list[Loss]:
        """Return the documents whose rows, or whose Parquet beside them, are not what their proof says."""
        return [
            loss
            for step in steps
            if step.phase is Phase.PUBLISHED
            for path in self._documents(f"{step.table.league}/{step.name}")
            for loss in self._loss(step, path)
        ]

    def _loss(self, step: Step, path: Path) -> Iterator[Loss]:
        day = date.fromisoformat(path.stem)
        try:
            stands, document = self._stands(step, day), _document(path)
            table = _as_written(step.table, document["rows"])
        except (Damaged, *_DAMAGED):
            return  # told as such, and not written over; or gone since, and missed by the next recount
        if stands.state is None or document.get("let_go"):
            return  # it came meanwhile; or version 0.2.0 was set to let its rows go, and its proof is left
        known, rows = stands.proof, stands.rows
        if table is None:
            return  # made when its columns had other names: nothing can be held against it
        hashes = hash_units(table, rows.select(table.names))
        proven = {name: unit for name, unit in (known.units if known else {}).items() if unit.n_rows}
        other = {name for name, unit in proven.items() if hashes.get(name, (0, ""))[1] != unit.content_hash}
        if other:
            how = "its document does not hold the rows that its own proof names"
            yield Loss(output=step.name, day=day, how=how, units=frozenset(other))
        elif table is step.table and not _is_beside(path.with_suffix(".parquet"), rows):
            yield Loss(output=step.name, day=day, how="the Parquet file of its document is gone, or holds other rows")

    def mark(self, steps: Iterable[Step], halts: Sequence[HaltRecord], since: date) -> None:
        """Let the documents of `since` and later say by what they are halted, and those that are not say nothing of it."""
        for step in (step for step in steps if step.phase is Phase.PUBLISHED):
            halt = next((halt for halt in halts if halt.output in {"", step.name}), None)
            said = {"by": halt.by, "reason": halt.reason, "until": halt.until.isoformat()} if halt else None
            for path in self._documents(f"{step.table.league}/{step.name}"):
                if path.stem >= since.isoformat():
                    self._mark(path, said)

    def _mark(self, path: Path, said: Mapping[str, str] | None) -> None:
        try:
            document = _document(path)
        except _DAMAGED:
            return  # told at each start, and not written over
        if document.get("halted") != said:
            rows = document.pop("rows")
            marked = {name: value for name, value in document.items() if name != "halted"}
            lines = ",\n  ".join(json.dumps(row) for row in rows)
            text = _text({"halted": said, **marked} if said else marked, lines)
            write_whole(path, text.encode(), fsync=self.profile is Profile.LIVE)

    def rows(self, step: Step, day: date) -> pa.Table:
        """Return the rows of a day's document, none where there is none; raises `Damaged`."""
        return self._stands(step, day).rows

    def path(self, step: Step, day: date) -> Path:
        """Return where the document of `day` lies."""
        return self.root / step.table.league / step.name / f"{day}.json"

    def _stands(self, step: Step, day: date) -> _Stands:
        path = self.path(step, day)
        try:
            state = _state(path)
            if state is None:
                return _Stands(state, None, table_from_records(step.table, []), {})
            document = _document(path)
            has_other_columns = _as_written(step.table, document["rows"]) is not step.table
            rows = _rows_of(step.table, document["rows"])
            return _Stands(state, _proof_of(document), rows, document.get("written_at", {}), has_other_columns)
        except _DAMAGED as error:
            raise _unreadable(path, error) from error

    def _write(
        self, asked: WriteRequest, proof: Proof, rows: pa.Table, changed: Iterable[str], written_at: Mapping[str, str]
    ) -> None:
        path = self.path(asked.step, asked.day)
        document = {
            "league": proof.league,
            "output": proof.output,
            "day": proof.day.isoformat(),
            "made_at": proof.made_at.isoformat(),
            "fence": proof.fence,
            "written_at": written_at,
            "step_version": proof.step_version,
            "digest": proof.digest,
            "input_digest": digest_of((i.table, i.digest) for i in proof.inputs),
            "units": json.loads(units_text(proof.units)),
            "inputs": json.loads(inputs_text(proof.inputs)),
        }
        if off := list(self.off(proof.league)):
            document["off"] = off
        text = _text(document, _lines(rows))
        parquet = io.BytesIO()
        pq.write_table(rows, parquet)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            open_still = partial(self._must_be_open, asked, changed)
            keep = partial(write_whole, fsync=self.profile is Profile.LIVE, last_look=open_still)
            keep(path.with_suffix(".parquet"), parquet.getvalue())
            self.at("before rename")
            keep(path, text.encode())
        except OSError as error:
            msg = f"{asked.step.name} of {asked.day} could not be published: {error.strerror}"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="is the disk full?") from error
        self.at("after rename")

    def _must_be_open(self, asked: WriteRequest, changed: Iterable[str]) -> None:
        """Raise `WarehouseError` where a file may not be replaced: units closed while a machine slept, or a person halted it."""
        reason = self.halted(asked.step.table.league, asked.step.name)
        if reason:
            msg = f"{asked.step.name} of {asked.day} is {reason}"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="it is made once the halt has ended")
        now = self.now() if self.now else None
        closed = [unit for unit in changed if now is not None and asked.closes.get(unit, now) < now]
        if closed:
            msg = (
                f"{asked.step.name} of {asked.day}: {', '.join(sorted(closed))} closed while the file was being written"
            )
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="what has not closed is made again at once")


def _text(document: Mapping[str, Any], lines: str) -> str:
    return f'{json.dumps(document)[:-1]}, "rows": [\n  {lines}\n]}}\n'


def _written_at(asked: WriteRequest, unit: str) -> datetime:
    """Return when a unit's rows were first out: what had closed when it was lost stands as it did, and is not new."""
    return asked.as_of if asked.lost.get(unit) else asked.written_at or asked.as_of


def _is_beside(path: Path, rows: pa.Table) -> bool:
    try:
        with pq.ParquetFile(
            path, pre_buffer=False
        ) as file:  # no threads: where none can be begun, Arrow waits for ever
            return bool(file.read(use_threads=False).cast(rows.schema).equals(rows))
    except (OSError, pa.ArrowException, ValueError):
        return False


def _as_written(table: Table, rows: list[dict[str, Any]]) -> Table | None:
    """Return the table with the columns that a document was written with; None where it has some that are not declared now."""
    written = set(rows[0]) if rows else set(table.names)
    if written == set(table.names):
        return table
    if not written < set(table.names):
        return None
    return dataclasses.replace(table, columns=tuple(column for column in table.columns if column.name in written))


def _is_day(name: str) -> bool:
    try:
        date.fromisoformat(name)
    except ValueError:
        return False
    return True


def _document(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def _unreadable(path: Path, error: Exception) -> Damaged:
    return Damaged(
        path.parent.name, date.fromisoformat(path.stem), why=f"{type(error).__name__}: {error}", where=str(path)
    )


def _merged(table: Table, old: pa.Table, staged: Staged) -> pa.Table:
    """Return the staged rows with those of the units that did not change, in the order of their keys as text."""
    changed = pa.array(sorted(staged.changed), pa.string())
    kept = old.filter(pc.invert(pc.is_in(units_of(table, old), changed)))
    rows = pa.concat_tables([kept, staged.rows]).combine_chunks()
    keys = pa.table({name: rows.column(name).cast(pa.string()) for name in table.key})
    return rows.take(pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in table.key]))


def _as_read(table: Table, rows: pa.Table, proof: Proof) -> Proof:
    """Return the proof by the columns that are declared now: a document of other ones is written as it was read."""
    hashes = hash_units(table, rows)
    units = {
        n: dataclasses.replace(u, content_hash=hashes.get(n, (0, u.content_hash))[1]) for n, u in proof.units.items()
    }
    return dataclasses.replace(proof, units=units)


def _lines(rows: pa.Table) -> str:
    """Return each row as a JSON object on a line of its own; written by column, where no value has a line's end in it."""
    if not rows.num_rows:
        return ""
    form = "{" + ", ".join(f"{json.dumps(name)}: %s" for name in rows.schema.names) + "}"
    columns = [json.dumps(_plain(column), separators=("\n", ":"))[1:-1].split("\n") for column in rows.columns]
    return ",\n  ".join([form % values for values in zip(*columns, strict=True)])


def _plain(column: pa.ChunkedArray) -> list[Any]:
    if not pa.types.is_temporal(column.type):
        values: list[Any] = column.to_pylist()
        return values
    coded = column.combine_chunks().dictionary_encode()
    texts = [value.isoformat() for value in coded.dictionary.to_pylist()]
    return [None if place is None else texts[place] for place in coded.indices.to_pylist()]


def _rows_of(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    read = {"DATE": date.fromisoformat, "TIMESTAMP": datetime.fromisoformat}
    temporal = [(column.name, read[column.type.value]) for column in table.columns if column.type.value in read]
    for row in rows:
        for name, from_text in temporal:
            if row.get(name) is not None:
                row[name] = from_text(row[name])
    declared = set(table.names)
    if rows and not declared.issuperset(rows[0]):  # of a build that had more columns
        rows = [{name: row[name] for name in row.keys() & declared} for row in rows]
    return conform(table, table_from_records(table, rows))


def _proof_of(document: dict[str, Any]) -> Proof:
    instants = {"day": date.fromisoformat(document["day"]), "made_at": datetime.fromisoformat(document["made_at"])}
    texts = {name: json.dumps(document[name]) for name in ("units", "inputs")}
    return read_proof({**document, **instants, **texts})
