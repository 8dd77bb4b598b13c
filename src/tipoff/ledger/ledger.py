"""Opening the ledger, loading what the controller needs, and committing a round's rows at once."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, Table, func, insert, select, text, update
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DatabaseError, OperationalError

from tipoff.core.errors import EarlierLedger, LeaseLost, NoLedger, Resting, UsageError
from tipoff.core.home import Profile
from tipoff.core.obligation import Gaps
from tipoff.core.proof import Proof, read_proof
from tipoff.core.slate import Game, Season
from tipoff.ledger import looks, schema
from tipoff.ledger.asking import read_all
from tipoff.ledger.connect import (
    EMPTY,
    READ_ONLY,
    RESTORE,
    Held,
    engine_of,
    hint_of,
    holds_nothing,
    ledger_error,
    shown,
    why,
)
from tipoff.ledger.migrate import HEAD, upgrade
from tipoff.ledger.reader import LeagueRecords, read_beats
from tipoff.ledger.rows import read_game, read_seasons
from tipoff.ledger.statements import Statements

LEASE = timedelta(minutes=10)  # a controller that has not written for so long may be replaced

Row = dict[str, Any]


@dataclass(slots=True)
class Batch:
    """Rows that are committed together: a round's claims, or its results."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    run_ends: list[Row] = field(default_factory=list)

    def add(self, table: str, row: Row) -> None:
        """Take up one row for `table`; a run without an `id` is given one when it is written, in the row itself."""
        self.rows.setdefault(table, []).append(row)

    def fact(self, key: str, value: str, *, league: str = "") -> None:
        """Take up what is to be known of a league, or of the home itself."""
        self.add("facts", {"league": league, "key": key, "value": value})

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
    """What a controller of one league starts from."""

    proofs: Sequence[Proof]
    games: Sequence[Game]
    obligations: Sequence[Row]
    unended_runs: Sequence[Row]
    held_gates: Sequence[Row]
    open_conflicts: Sequence[Row]
    questions: Sequence[Row]  # that are open or answered: output, day, unit, subject
    last_tick: Row | None
    blames: Sequence[Row]  # output, day, cause, met_at: what each was last told to be unmet for, and since when it came
    since_outputs: Mapping[str, datetime]  # of outputs that came later: since when they are kept
    gaps: Mapping[str, Gaps]  # by output that needs a key, once it was looked for: when there was none
    since: datetime | None  # when the league first ran in this home
    is_over: bool = False  # its days had ended and nothing was owed when it was last worked on
    seasons: Sequence[Season] = ()  # all that are known of, oldest first
    changes: Mapping[tuple[date, str], datetime] = field(default_factory=dict)  # by day and game: when it last changed
    last_run: int = 0  # the highest number of a run that is here, of whatever league
    beat_at: datetime | None = None  # the last sign of life of a live controller: quiet ticks leave no row at once


def _of_outputs(facts: Mapping[str, str], about: str) -> Iterator[tuple[str, str]]:
    """Yield each output of which something is kept under a key that begins with what it is `about`, and that."""
    yield from ((key.removeprefix(about), value) for key, value in facts.items() if key.startswith(about))


def _read_gaps(text: str) -> Gaps:
    return tuple(
        (datetime.fromisoformat(began), datetime.fromisoformat(ended) if ended else None)
        for began, ended in json.loads(text)
    )


class Ledger(Held):
    """One ledger file or database."""

    def __init__(self, target: Path | str, *, profile: Profile = Profile.LIVE, read_only: bool = False) -> None:
        """Open the ledger and bring its schema up to date.

        Raises:
            NoLedger: It is only to be read, and nothing is there yet.
            UsageError: The file cannot be opened, is no ledger, or was made by a later version of Tipoff.
        """
        is_new = isinstance(target, Path) and not target.exists()
        self._engine = engine_of(target, profile=profile, read_only=read_only)
        try:
            if not read_only:
                upgrade(self._engine)
            self._connection = self._engine.connect()
            self.stands_with(target)
            self._must_be_current(target)
        except (OperationalError, DatabaseError) as error:
            self._engine.dispose()
            is_file = isinstance(target, Path) and target.exists()
            if holds_nothing(error) and is_file:
                msg = f"the ledger at {shown(target)} holds nothing"
                raise NoLedger(msg, hint=EMPTY) from error
            if holds_nothing(error) or (read_only and isinstance(target, Path) and not is_file):
                msg = f"there is no ledger in {shown(target)} yet"
                setting = "TIPOFF_HOME" if isinstance(target, Path) else "TIPOFF_LEDGER_URL"
                raise NoLedger(msg, hint=f"is {setting} right? `tipoff up` and `tipoff replay` make it") from None
            msg = f"the ledger at {shown(target)} cannot be opened: {why(error)}"
            hint = "is TIPOFF_HOME right, and is its disk full?"
            if isinstance(target, Path) and not is_new:
                hint = RESTORE if os.access(target.parent, os.W_OK) else READ_ONLY
            raise UsageError(msg, hint=hint_of(error, hint)) from error
        self._turn = threading.RLock()  # one connection, for every thread of the process
        self._statements = Statements(self._engine.dialect)

    def _must_be_current(self, target: Path | str) -> None:
        """Let go of a ledger that is none, or is of another schema: who looks again and again must not pile up connections."""
        found: str | None = None
        try:
            for row in read_all(self._connection, text("select version_num from alembic_version")):
                found = row["version_num"]
        finally:
            if found != HEAD:
                self.close()
        if found is None:  # a first start that a full disk has stopped
            msg = f"the ledger at {shown(target)} holds nothing"
            raise NoLedger(msg, hint=EMPTY)
        if found > HEAD:
            msg = f"the ledger at {shown(target)} was written by a later version: it has schema {found}, this build knows {HEAD}"
            raise UsageError(msg, hint="run the version that wrote it, or restore the copy from before its upgrade")
        if found != HEAD:
            msg = f"the ledger at {shown(target)} has schema {found}, this build needs {HEAD}"
            raise EarlierLedger(msg, hint="tipoff up, or replay, upgrades it when it starts and keeps a copy beside it")

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Hold one write transaction; commits at the end, rolls back when the block raises."""
        with self._turn, self._connection.begin():
            yield self._connection

    def take_lease(
        self,
        name: str,
        holder: str,
        *,
        now: datetime,
        length: timedelta,
        is_gone: Callable[[str], bool] = lambda _holder: False,
    ) -> Lease | None:
        """Return the lease `name` for `holder` from `now`, or None while another one holds it that is not known to be gone.

        A holder that takes its own lease again starts a new epoch: what it was before can write no more.
        """
        table, until = schema.leases, now + length
        with self.writing() as connection:
            found = connection.execute(select(table).where(table.c.name == name)).mappings().one_or_none()
            if found is None:
                epoch = 1
                connection.execute(insert(table).values(name=name, holder=holder, epoch=epoch, until=until))
            elif found["holder"] != holder and found["until"] > now and not is_gone(found["holder"]):
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
        with self.writing() as connection:
            connection.execute(update(table).where(mine).values(until=now))

    def lease(self, name: str) -> Lease | None:
        """Return who holds the lease `name`, whether or not it has ended."""
        found = self.rows(looks.lease(name))
        return Lease(**found[0]) if found else None

    def commit(self, batch: Batch, *, lease: Lease | None = None) -> None:
        """Write all of `batch`, or nothing of it; with a lease, only while it is held, and renewed to its `until`.

        Raises:
            LedgerError: The file is locked for longer than the busy timeout, the disk is full, or the server is gone.
            LeaseLost: Another controller has taken over; nothing was written.
        """
        if not batch and lease is None:
            return
        with self.writing() as connection:
            cursor = connection.connection.cursor()
            if lease is not None:
                self._renew(cursor, lease)
            self._number(cursor, batch.rows.get("runs", ()))
            for name, rows in batch.rows.items():
                self._statements.insert(cursor, schema.metadata.tables[name], rows)
            self._statements.end_runs(cursor, batch.run_ends)
            cursor.close()

    def _renew(self, cursor: DBAPICursor, lease: Lease) -> None:
        if not self._statements.renew(cursor, lease.name, lease.holder, lease.epoch, lease.until):
            msg = f"the lease {lease.name!r} of {lease.holder} was taken by another process"
            raise LeaseLost(msg, hint="nothing was written; this one stands by")

    def _number(self, cursor: DBAPICursor, runs: Sequence[Row]) -> None:
        """Give each new run its number: greater than any that was given before, in whatever process."""
        new = [row for row in runs if "id" not in row]
        if new:
            last = self._statements.take_numbers(cursor, "runs", len(new))
            for number, row in enumerate(new, start=last - len(new) + 1):
                row["id"] = number

    def raise_number(self, name: str, least: int) -> bool:
        """Let the next number of a kind be greater than `least`: what the warehouse has already seen is not given again.

        Returns whether it had not been: the warehouse has seen what this ledger knows nothing of.
        """
        table = schema.numbers
        behind = update(table).where(table.c.name == name, table.c.last < least).values(last=least)
        with self.writing() as connection:
            return connection.execute(behind).rowcount > 0

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Hold one write transaction, as `transaction` does; what the store raises comes as a LedgerError."""
        try:
            with self.transaction() as connection:
                yield connection
        except (self._engine.dialect.loaded_dbapi.Error, DatabaseError) as error:
            raise ledger_error("written", error) from error

    def rows(self, statement: Any, values: Mapping[str, object] | None = None) -> list[Row]:  # noqa: ANN401 -- any select
        """Run a SELECT and return its rows as dictionaries."""
        with self._turn:
            try:
                return read_all(self._connection, statement, values)
            except DatabaseError as error:
                raise ledger_error("read", error) from error

    def of(self, league: str) -> LeagueRecords:
        """Return what is asked about one league."""
        return LeagueRecords(self.rows, league)

    def facts(self, league: str = "") -> dict[str, str]:
        """Return what is known of a league in this home (its world, its clock's last instant), or of the home itself."""
        return {row["key"]: row["value"] for row in self.rows(looks.facts(league))}

    def keep_facts(self, facts: Mapping[str, str], *, league: str = "") -> None:
        """Write down what is to be known of a league, or of the home itself."""
        batch = Batch()
        for key, value in facts.items():
            batch.fact(key, value, league=league)
        self.commit(batch)

    def leagues(self) -> list[str]:
        """Return the leagues that anything is known of, by name."""
        table = schema.facts
        rows = self.rows(select(table.c.league).where(table.c.league != "").distinct().order_by(table.c.league))
        return [row["league"] for row in rows]

    def load(self, league: str) -> LedgerSnapshot:
        """Read what a controller of `league` starts from."""

        def mine(table: Table) -> Select[Any]:
            return select(table).where(table.c.league == league)

        facts = self.facts(league)
        since = facts.get("since")
        ticks, games = schema.ticks, self.rows(mine(schema.games))
        return LedgerSnapshot(
            proofs=[read_proof(row) for row in self.rows(mine(schema.proofs))],
            games=[read_game(row) for row in games],
            changes={(row["day"], row["game_id"]): row["changed_at"] for row in games},
            obligations=[
                row | {name: json.loads(row[name]) for name in ("missing", "excused", "attempted")}
                for row in self.rows(mine(schema.obligations))
            ],
            unended_runs=self.rows(mine(schema.runs).where(schema.runs.c.state == "started")),
            held_gates=self.rows(mine(schema.gates)),
            open_conflicts=self.rows(mine(schema.conflicts).where(schema.conflicts.c.resolved_at.is_(None))),
            questions=self.rows(mine(schema.questions).where(schema.questions.c.state != "gone")),
            last_tick=next(iter(self.rows(mine(ticks).order_by(ticks.c.id.desc()).limit(1))), None),
            blames=self._blames(league),
            since_outputs={output: datetime.fromisoformat(at) for output, at in _of_outputs(facts, "since ")},
            gaps={output: _read_gaps(text) for output, text in _of_outputs(facts, "without ")},
            since=datetime.fromisoformat(since) if since else None,
            is_over=bool(facts.get("over")),
            seasons=read_seasons(self.rows(mine(schema.seasons).order_by(schema.seasons.c.first_day))),
            last_run=self.rows(select(func.max(schema.runs.c.id).label("id")))[0]["id"] or 0,
            beat_at=beat.at if (beat := read_beats(self.rows).get(f"controller {league}")) else None,
        )

    def runs_since(self, league: str, since: datetime) -> dict[tuple[str, date], tuple[int, datetime]]:
        """Return how many runs of each output and day of a league were begun since then, and when the last one was.

        What asked nobody, as its provider was left alone, is not counted.
        """
        runs = schema.runs
        has_asked = runs.c.hint.is_distinct_from(Resting.HINT)
        counted = func.count().label("n"), func.max(runs.c.started_at).label("last")
        query = select(runs.c.output, runs.c.day, *counted).where(
            runs.c.league == league, runs.c.started_at >= since, has_asked
        )
        found = self.rows(query.group_by(runs.c.output, runs.c.day))
        return {(row["output"], row["day"]): (row["n"], row["last"]) for row in found}

    def _blames(self, league: str) -> list[Row]:
        findings, arrivals = schema.findings, schema.arrivals.c
        newest = select(func.max(findings.c.id)).where(
            findings.c.league == league, findings.c.check == "obligation_is_met"
        )
        newest = newest.group_by(findings.c.output, findings.c.day)
        columns = (findings.c.output, findings.c.day, findings.c.cause)
        came = (arrivals.league == league) & (arrivals.output == findings.c.output) & (arrivals.day == findings.c.day)
        beside = findings.outerjoin(schema.arrivals, came & (arrivals.first_at >= findings.c.at))
        query = select(*columns, func.min(arrivals.first_at).label("met_at")).select_from(beside)
        return self.rows(query.where(findings.c.id.in_(newest)).group_by(*columns))

    def add(self, table: str, row: Row) -> int:
        """Write down one row (a waiver, a halt, a request) and return the number that it is given."""
        with self.writing() as connection:
            return numbered(connection, schema.metadata.tables[table], row)

    def end_halts(self, league: str, output: str, *, now: datetime, by: str) -> int:
        """End a league's halts of an output (empty: of every publication) that hold; returns how many there were."""
        halts = schema.halts.c
        mine = (halts.league == league) & (halts.output == output) & (halts.until > now) & halts.ended_at.is_(None)
        with self.writing() as connection:
            return connection.execute(update(schema.halts).where(mine).values(ended_at=now, ended_by=by)).rowcount

    def revoke_waiver(self, number: int, *, now: datetime) -> bool:
        """End a waiver; returns whether there was one that had not ended."""
        waivers = schema.waivers
        mine = (waivers.c.id == number) & (waivers.c.until > now) & waivers.c.revoked_at.is_(None)
        with self.writing() as connection:
            return connection.execute(update(waivers).where(mine).values(revoked_at=now)).rowcount == 1


def numbered(connection: Connection, table: Table, row: Row) -> int:
    """Write one row of a table, within a transaction, and return the number that it is given."""
    [number] = connection.execute(insert(table).values(**row)).inserted_primary_key or [0]
    return int(number)
