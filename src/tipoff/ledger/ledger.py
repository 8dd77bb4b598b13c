"""Opening the ledger, loading what the controller needs, and committing a round's rows at once."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.types import TypeEngine

from tipoff.core.errors import LeaseLost, LedgerError, UsageError
from tipoff.core.profile import Profile
from tipoff.core.proof import Proof
from tipoff.core.proof_text import read_proof
from tipoff.core.slate import Game
from tipoff.ledger import schema, watching
from tipoff.ledger.connect import never_write, patience, pragmas, shown, url_of
from tipoff.ledger.games import read_game
from tipoff.ledger.migrate import HEAD, upgrade

LEASE = timedelta(minutes=10)  # a controller that has not written for so long may be replaced

Row = dict[str, Any]

_KEEP_ON_CONFLICT: Mapping[str, frozenset[str]] = {
    "games": frozenset({"first_seen_at"}),
    "arrivals": frozenset({"first_at", "run_id", "due_at"}),
}
_FIRST_WINS = frozenset({"arrivals", "marks"})
_UPSERTED = frozenset(
    {"home", "proofs", "obligations", "games", "arrivals", "gates", "marks", "conflicts"}
    | {
        table.name
        for table in (watching.measured, watching.profiles, watching.heartbeats, watching.scorecards, watching.rules)
    }
)


@dataclass(slots=True)
class Batch:
    """Rows that are committed together: a round's claims, or its results."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    run_ends: list[Row] = field(default_factory=list)

    def add(self, table: str, row: Row) -> None:
        """Take up one row for `table`."""
        self.rows.setdefault(table, []).append(row)

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.rows or self.run_ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who may write, until when; `epoch` tells one holder's time from the next."""

    name: str
    holder: str
    epoch: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSnapshot:
    """What a controller starts from."""

    proofs: Sequence[Proof]
    games: Mapping[str, Sequence[Game]]  # by league
    obligations: Sequence[Row]
    last_ids: Mapping[str, int]  # highest id in ticks, decisions and runs
    unended_runs: Sequence[Row]
    held_gates: Sequence[Row]
    open_conflicts: Sequence[Row]
    last_tick: Row | None
    blames: Sequence[Row]  # league, output, day, cause: what each was last told to be unmet for
    since: Mapping[str, datetime]  # by league: when this home first ran


def _renew(connection: Connection, lease: Lease) -> None:
    table = schema.leases
    mine = (table.c.name == lease.name) & (table.c.holder == lease.holder) & (table.c.epoch == lease.epoch)
    if connection.execute(update(table).where(mine).values(until=lease.until)).rowcount != 1:
        msg = f"the lease {lease.name!r} of {lease.holder} was taken by another process"
        raise LeaseLost(msg, hint="nothing was written; this one stands by")


class Ledger:
    """One ledger file or database."""

    def __init__(self, target: Path | str, *, profile: Profile = Profile.LIVE, read_only: bool = False) -> None:
        """Open the ledger and bring its schema up to date.

        Raises:
            UsageError: The file cannot be opened, is no ledger, or was made by a later version of Tipoff.
        """
        self._engine = create_engine(url_of(target, read_only=read_only), connect_args=patience(target))
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        if self._is_sqlite:
            event.listen(self._engine, "connect", pragmas(profile, read_only=read_only))
        elif read_only:
            event.listen(self._engine, "connect", never_write)
        try:
            if not read_only:
                upgrade(self._engine)
            self._connection = self._engine.connect()
            self._must_be_current(target)
        except (OperationalError, DatabaseError) as error:
            self._engine.dispose()
            msg = f"the ledger at {shown(target)} cannot be opened: {error.__cause__ or error}"
            raise UsageError(msg, hint="is TIPOFF_HOME right, and was anything replayed there yet?") from error
        self._connection.rollback()
        self._live_waivers: Select[Any] | None = None
        self._statements: dict[tuple[str, tuple[str, ...]], _Prepared] = {}

    def _must_be_current(self, target: Path | str) -> None:
        """Let go of a ledger that is none, or is of another schema: who looks again and again must not pile up connections."""
        found: str | None = None
        try:
            found = self._connection.execute(text("select version_num from alembic_version")).scalar_one_or_none()
        finally:
            if found != HEAD:
                self._connection.close()
                self._engine.dispose()
        if found != HEAD:
            msg = f"the ledger at {shown(target)} has schema {found}, this build needs {HEAD}"
            raise UsageError(msg, hint="run it with the build that wrote it, or let a writer upgrade it")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Hold one write transaction; commits at the end, rolls back when the block raises."""
        with self._connection.begin():
            yield self._connection

    def take_lease(self, name: str, holder: str, *, now: datetime, length: timedelta) -> Lease | None:
        """Return the lease `name` for `holder` from `now`, or None while another one holds it.

        A holder that takes its own lease again starts a new epoch: what it was before can write no more.

        Raises:
            LedgerError: As `commit`.
        """
        table, until = schema.leases, now + length
        with self._writing() as connection:
            found = connection.execute(select(table).where(table.c.name == name)).mappings().one_or_none()
            if found is None:
                epoch = 1
                connection.execute(insert(table).values(name=name, holder=holder, epoch=epoch, until=until))
            elif found["holder"] != holder and found["until"] > now:
                return None
            else:
                epoch = found["epoch"] + 1
                mine = (table.c.name == name) & (table.c.epoch == found["epoch"])
                taken = connection.execute(update(table).where(mine).values(holder=holder, epoch=epoch, until=until))
                if taken.rowcount != 1:
                    return None
        return Lease(name=name, holder=holder, epoch=epoch, until=until)

    def release_lease(self, lease: Lease, *, now: datetime) -> None:
        """Let go of `lease`, so that another holder need not wait for its end."""
        table = schema.leases
        mine = (table.c.name == lease.name) & (table.c.epoch == lease.epoch)
        with self._writing() as connection:
            connection.execute(update(table).where(mine).values(until=now))

    def lease(self, name: str) -> Lease | None:
        """Return who holds the lease `name`, whether or not it has ended."""
        found = self.rows(select(schema.leases).where(schema.leases.c.name == name))
        return Lease(**found[0]) if found else None

    def commit(self, batch: Batch, *, lease: Lease | None = None) -> None:
        """Write all of `batch`, or nothing of it; with a lease, only while it is held, and renewed to its `until`.

        Raises:
            LedgerError: The file is locked for longer than the busy timeout, the disk is full, or the server is gone.
            LeaseLost: Another controller has taken over; nothing was written.
        """
        if not batch and lease is None:
            return
        with self._writing() as connection:
            if lease is not None:
                _renew(connection, lease)
            if batch:
                cursor = connection.connection.cursor()
                for name, rows in batch.rows.items():
                    self._write(cursor, schema.metadata.tables[name], _newest(name, rows))
                for ends in _alike(batch.run_ends):
                    self._end(cursor, ends)
                cursor.close()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with self.transaction() as connection:
                yield connection
        except (self._engine.dialect.loaded_dbapi.Error, DatabaseError) as error:
            msg = f"the ledger could not be written: {error}"
            raise LedgerError(msg, hint="is the disk full, or does another process hold it?") from error

    def writing(self) -> AbstractContextManager[Connection]:
        """Hold one write transaction, as `transaction` does; what the store raises comes as a LedgerError."""
        return self._writing()

    def _write(self, cursor: DBAPICursor, table: Table, rows: Sequence[Row]) -> None:
        key = (table.name, tuple(rows[0]))
        if key not in self._statements:
            types = {name: table.columns[name].type for name in rows[0]}
            self._statements[key] = _Prepared(self._statement(table), types, self._engine.dialect)
        self._statements[key].write(cursor, rows)

    def _end(self, cursor: DBAPICursor, ends: Sequence[Row]) -> None:
        key = ("end of a run", tuple(ends[0]))
        if key not in self._statements:
            types = {name: schema.runs.columns[name[1:]].type for name in ends[0]}
            self._statements[key] = _Prepared(_run_end(tuple(ends[0])), types, self._engine.dialect)
        self._statements[key].write(cursor, ends)

    def _statement(self, table: Table) -> Insert:
        insert = sqlite_insert(table) if self._is_sqlite else postgres_insert(table)
        if table.name not in _UPSERTED:
            return insert
        keys = [column.name for column in table.primary_key]
        if table.name in _FIRST_WINS:
            return insert.on_conflict_do_nothing(index_elements=keys)
        kept = {*keys, *_KEEP_ON_CONFLICT.get(table.name, ())}
        changes = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in kept}
        return insert.on_conflict_do_update(index_elements=keys, set_=changes)

    def rows(self, statement: Any) -> list[Row]:  # noqa: ANN401 -- any SQLAlchemy select
        """Run a SELECT and return its rows as dictionaries.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        try:
            found = [dict(row) for row in self._connection.execute(statement).mappings()]
        except DatabaseError as error:
            msg = f"the ledger cannot be read: {error}"
            raise LedgerError(msg, hint="is the file damaged, or does another process hold it?") from error
        finally:
            self._connection.rollback()
        return found

    def home(self) -> dict[str, str]:
        """Return what is recorded of this home: its world, its clock's last instant."""
        return {row["key"]: row["value"] for row in self.rows(select(schema.home))}

    def load(self) -> LedgerSnapshot:
        """Read what a controller starts from."""
        games: dict[str, list[Game]] = {}
        for row in self.rows(select(schema.games)):
            games.setdefault(row["league"], []).append(read_game(row))
        runs = schema.runs
        return LedgerSnapshot(
            proofs=[read_proof(row) for row in self.rows(select(schema.proofs))],
            games=games,
            obligations=[_read_obligation(row) for row in self.rows(select(schema.obligations))],
            last_ids={table.name: self._last_id(table) for table in (schema.ticks, schema.decisions, schema.runs)},
            unended_runs=self.rows(select(runs).where(runs.c.state == "started")),
            held_gates=self.rows(select(schema.gates)),
            open_conflicts=self.rows(select(schema.conflicts).where(schema.conflicts.c.resolved_at.is_(None))),
            last_tick=next(iter(self.rows(select(schema.ticks).order_by(schema.ticks.c.id.desc()).limit(1))), None),
            blames=self._blames(),
            since={
                key.removeprefix("since "): datetime.fromisoformat(value)
                for key, value in self.home().items()
                if key.startswith("since ")
            },
        )

    def _blames(self) -> list[Row]:
        findings = schema.findings
        newest = select(func.max(findings.c.id)).where(findings.c.check == "obligation_is_met")
        newest = newest.group_by(findings.c.league, findings.c.output, findings.c.day)
        columns = (findings.c.league, findings.c.output, findings.c.day, findings.c.cause)
        return self.rows(select(*columns).where(findings.c.id.in_(newest)))

    def add_waiver(self, row: Row) -> int:
        """Write down a waiver and return its number.

        Raises:
            LedgerError: As `commit`.
        """
        with self._writing() as connection:
            made = connection.execute(insert(schema.waivers).values(**row))
            [number] = made.inserted_primary_key or [0]
            return int(number)

    def revoke_waiver(self, number: int, *, now: datetime) -> bool:
        """End a waiver; returns whether there was one that had not ended."""
        waivers = schema.waivers
        mine = (waivers.c.id == number) & (waivers.c.until > now) & waivers.c.revoked_at.is_(None)
        with self._writing() as connection:
            return connection.execute(update(waivers).where(mine).values(revoked_at=now)).rowcount == 1

    def live_waivers(self, league: str, now: datetime) -> list[Row]:
        """Return the waivers that hold at `now`."""
        waivers = schema.waivers
        if self._live_waivers is None:
            self._live_waivers = select(waivers).where(
                waivers.c.league == bindparam("of"), waivers.c.until > bindparam("at"), waivers.c.revoked_at.is_(None)
            )
        found = self._connection.execute(self._live_waivers, {"of": league, "at": now}).mappings().all()
        self._connection.rollback()
        return [dict(row) for row in found]

    def _last_id(self, table: Table) -> int:
        [row] = self.rows(select(func.coalesce(func.max(table.c.id), 0).label("id")))
        return int(row["id"])


class _Prepared:
    """A statement compiled once for the columns that it names: looking it up anew costs more than writing a row."""

    def __init__(self, statement: Insert | Update, types: Mapping[str, TypeEngine[Any]], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(types))
        self._sql = str(compiled)
        self._order = tuple(compiled.positiontup or ()) if compiled.positional else ()
        found = {name: kind.dialect_impl(dialect).bind_processor(dialect) for name, kind in types.items()}
        self._processors = {name: process for name, process in found.items() if process is not None}

    def write(self, cursor: DBAPICursor, rows: Sequence[Row]) -> None:
        """Write `rows`, which all name the same columns."""
        ready = [row | {name: process(row[name]) for name, process in self._processors.items()} for row in rows]
        if self._order:
            cursor.executemany(self._sql, [tuple([row[name] for name in self._order]) for row in ready])
        else:
            cursor.executemany(self._sql, ready)


def _newest(name: str, rows: list[Row]) -> list[Row]:
    """Return the last row of each key, where one is replaced by the next anyway."""
    if name not in _UPSERTED or name in _FIRST_WINS or len(rows) == 1:
        return rows
    keys = [column.name for column in schema.metadata.tables[name].primary_key]
    return list({tuple(row[key] for key in keys): row for row in rows}.values())


def _alike(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield rows that name the same columns together."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row), []).append({f"_{name}": value for name, value in row.items()})
    yield from groups.values()


def _run_end(names: tuple[str, ...]) -> Update:
    """Return the UPDATE of a run; `names` are its columns, each behind an underscore."""
    runs = schema.runs
    values: dict[str, Any] = {name[1:]: bindparam(name) for name in names if name != "_id"}
    return update(runs).where(runs.c.id == bindparam("_id")).values(**values)


def _read_obligation(row: Row) -> Row:
    return row | {name: json.loads(row[name]) for name in ("missing", "excused", "attempted")}
