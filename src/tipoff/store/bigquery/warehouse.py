"""The warehouse on BigQuery: rows are judged, loaded into a fresh staging table, and published with their proof in one script."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime

import pyarrow as pa

from tipoff.core.errors import ErrorKind, ShapeError, WarehouseError
from tipoff.core.proof import Loss, Proof, proof_row, read_proof
from tipoff.core.schema import Phase, Table
from tipoff.core.slate import Season
from tipoff.core.step import Step
from tipoff.core.window import SLATE, Input, Window
from tipoff.store import dialect
from tipoff.store.bigquery import statements
from tipoff.store.bigquery.await_job import asked_again, send_until_done
from tipoff.store.bigquery.client import Client, Count
from tipoff.store.bigquery.diagnosis import failed, refusal_of
from tipoff.store.bigquery.errors import Meaning, Refused
from tipoff.store.bigquery.tables import declare, declare_own
from tipoff.store.bigquery.target import Target, Write, labels
from tipoff.store.evolve import former_names, in_present_units, under_present_names
from tipoff.store.rows import conform, hash_units, in_order, plain_numbers
from tipoff.store.slices import Slices
from tipoff.store.staging import Staged, make_proof, must_be_newest, stage, written
from tipoff.store.standing import Standing
from tipoff.store.warehouse import WriteRequest, WriteResult

Key = tuple[str, str, date]  # league, output, day


class BigQueryWarehouse:
    """See `tipoff.store.warehouse.Warehouse`. `home` names the home in job ids; `now` says when conflicts are looked at."""

    def __init__(
        self,
        target: Target,
        *,
        home: str,
        now: Callable[[], datetime],
        at: Callable[[str], None] = lambda _point: None,
        count: Count = lambda _kind, _table: None,
    ) -> None:
        """Make a client, which asks nothing before `prepare`; raises as `Client`. `count` is told of what uses up quotas."""
        self._target, self._home, self._now, self._at = target, home, now, at
        self._client = Client(target, count)
        self._tables: dict[str, dict[str, Table]] = {}  # by league
        self._partitioned: frozenset[str] = frozenset()
        self._former: dict[tuple[str, str], str] = {}  # present names of outputs, by league and former name
        self._proofs: dict[Key, Proof] = {}
        self._fences: dict[Key, int] = {}  # of the newest stored proof, 0 where there is none
        self._unsure: set[Key] = set()  # a write of theirs failed, and it is not known how far it came
        self._slices = Slices()
        self._standing = Standing(self._totals, self._by_day)
        self._mirrored: set[str] = set()
        self.questions = dialect.Questions(self._tables, dialect.BIGQUERY)
        self._turns: dict[str, threading.Lock] = {}
        self._turns_lock = threading.Lock()
        self.counts: Counter[str] = self._client.counts  # what was asked of it, and the jobs that this took

    @property
    def target(self) -> Target:
        """Where it lies."""
        return self._target

    def interrupt(self, thread: int) -> None:
        """See `Warehouse.interrupt`: the job is cancelled."""
        self._client.cancel(thread)

    def close(self) -> None:
        """Let go of the connections."""
        self._slices.clear()
        self._client.close()

    # --- declaring

    def prepare(self, steps: Iterable[Step]) -> dict[str, dialect.CompiledStep]:
        """See `Warehouse.prepare`."""
        steps = list(steps)
        tables = {step.name: step.table for step in steps}
        self._tables |= {table.league: tables for table in tables.values()}
        self._former |= former_names(steps)
        with self._doing("the tables could not be made"):
            declare_own(self._client)
            for step in steps:
                if step.phase is not Phase.PUBLISHED:
                    declare(self._client, step.table)
        self._partitioned |= {self._target.proofs, *map(self._target.table, tables.values())}
        loaded = {step.name: dialect.load(step, tables) for step in steps}
        for ready in loaded.values():
            if ready.bigquery:
                self._bind(ready)
        proofs = self.proofs()
        for proof in proofs:
            key = proof.league, proof.output, proof.day
            self._proofs[key], self._fences[key] = proof, proof.fence
        self._standing.note(self._tables, proofs)
        return loaded

    def _bind(self, loaded: dialect.CompiledStep) -> None:
        season = Season("bind", date(2000, 1, 1), date(2000, 1, 2))
        as_of = datetime(2000, 1, 1, tzinfo=UTC)
        values = dialect.bounds(loaded.inputs, day=date(2000, 1, 1), season=season, as_of=as_of)
        sql = self._target.here(loaded.bigquery)
        statements.must_filter(sql, self._partitioned)
        try:
            self._client.estimate(sql, statements.named(sql, values), self._labels("bind", loaded.step.table))
        except Refused as refused:
            if refused.verdict.meaning is not Meaning.PERMANENT:
                what = f"{loaded.step.name} could not be bound"
                raise failed(what, refused) from refused
            msg = f"{loaded.step.name}: the SQL does not fit the declared tables: {refused.verdict.said}"
            raise ShapeError(msg, hint="mend the step's SQL or the tables that it reads") from refused

    def estimate(self, loaded: dialect.CompiledStep, *, day: date, season: Season, as_of: datetime) -> list[int]:
        """Return the bytes that each statement would read by which a step reads a slate: dry runs, which cost nothing."""
        values = dialect.bounds(loaded.inputs, day=day, season=season, as_of=as_of)
        known = self._tables[loaded.step.table.league]
        sqls = (
            [loaded.bigquery]
            if loaded.bigquery
            else [dialect.slice_sql(known[read.table], read.window, read.columns, "bigquery") for read in loaded.inputs]
        )
        said = self._labels("estimate", loaded.step.table)
        with self._doing(f"what {loaded.step.name} reads could not be estimated"):
            asked = map(self._target.here, sqls)
            return [self._client.estimate(sql, statements.named(sql, values), said) for sql in asked]

    # --- reading

    def select(self, loaded: dialect.CompiledStep, asked: WriteRequest) -> pa.Table:
        """See `Warehouse.select`."""
        day, season, as_of = asked.day, asked.season, asked.as_of
        values = dialect.bounds(loaded.inputs, day=day, season=season, as_of=as_of, games=loaded.games)
        return self._read("select", loaded.bigquery, values, asked.step.table, most=asked.step.max_bytes)

    def read(  # noqa: PLR0913 -- what a slice is
        self,
        table: Table,
        window: Window,
        *,
        day: date,
        season: Season,
        as_of: datetime,
        columns: tuple[str, ...] = (),
        max_bytes: int = 0,
    ) -> pa.Table:
        """See `Warehouse.read`."""
        sql, read = dialect.slice_sql(table, window, columns, "bigquery"), Input(table.name, window, columns)
        values = dialect.bounds([read], day=day, season=season, as_of=as_of, games=window.games)

        def ask() -> pa.Table:
            rows = self._read("read", sql, values, table, most=max_bytes)
            order = [name for name in ("day", *table.key) if name in rows.schema.names]
            return (rows if columns else conform(table, rows)).sort_by([(name, "ascending") for name in order])

        return self._slices.once(table.full_name, (day, day), columns, ask) if window == SLATE else ask()

    def losses(self, league: str) -> Sequence[Loss]:
        """See `Warehouse.losses`. Another process may have written since the proofs were read: they are read again."""
        self._standing.note(self._tables, self.proofs())
        return self._standing.losses(league)

    def gone(self, league: str, inputs: Iterable[Input], *, day: date, season: Season) -> Sequence[Loss]:
        """See `Warehouse.gone`. Metadata says how many rows a table has, at no cost; days are counted where that differs."""
        unsure = {output for of, output, _ in self._unsure if of == league}
        read = [one for one in inputs if one.table not in unsure]
        with ExitStack() as turns:  # a write's rows and what is known of them change together
            for name in sorted({one.table for one in read}):
                turns.enter_context(self._turn(self._tables[league][name]))
            return self._standing.gone(league, read, day, season)

    def _totals(self, tables: Sequence[Table]) -> list[int]:
        with self._doing("tables could not be counted"):
            return [self._client.n_rows(self._target.table(table)) for table in tables]

    def _by_day(self, table: Table) -> dict[date, int]:
        rows = self._fetch("count", statements.counted(self._target, table), {}, table)
        return dict(zip(rows["day"].to_pylist(), rows["n"].to_pylist(), strict=True))

    def query(self, sql: str, tables: Iterable[Table], parameters: Mapping[str, object]) -> pa.Table:
        """See `Warehouse.query`."""
        asked = dialect.season_query(sql, tables, dialect.BIGQUERY)
        return plain_numbers(self._read("query", asked.sql, parameters, None))

    def ask(self, sql: str, *, league: str, day: date, season: Season, as_of: datetime) -> pa.Table:
        """See `Warehouse.ask`."""
        asked = self.questions.of(sql, league)
        return self._read("ask", asked.sql, asked.values(day, season, as_of), None)

    def n_writes(self, table: Table, days: tuple[date, date]) -> int:
        """See `Warehouse.n_writes`."""
        return self._slices.n_writes(table.full_name, days)

    def proofs(self, *, since: int = 0) -> Sequence[Proof]:
        """See `Warehouse.proofs`."""
        rows = self._fetch("proofs", statements.proofs(self._target), {"since": since}, None)
        named = under_present_names(map(read_proof, rows.to_pylist()), self._former)
        return in_present_units(named, self._tables, self.recount)

    def recount(self, table: Table, day: date) -> dict[str, tuple[int, str]]:
        """See `Warehouse.recount`."""
        return hash_units(table, self.stored(table, day))

    def stored(self, table: Table, day: date, units: Iterable[str] | None = None) -> pa.Table:
        """See `Warehouse.stored`."""
        sql = statements.stored(self._target, table, some=units is not None)
        rows = self._fetch("readback", sql, {"day": day, "unit_names": sorted(units or ())}, table)
        return conform(table, rows)

    def _read(
        self, what: str, sql: str, values: Mapping[str, object], table: Table | None, *, most: int = 0
    ) -> pa.Table:
        return self._fetch(what, self._target.here(sql), values, table, most=most)

    def _fetch(
        self, what: str, sql: str, values: Mapping[str, object], table: Table | None, *, most: int = 0
    ) -> pa.Table:
        """Run a SELECT and return its rows; one whose reply is lost is asked again at once, for it changes nothing."""
        statements.must_filter(sql, self._partitioned)
        self.counts[what] += 1
        said, sent = self._labels(what, table), statements.named(sql, values)
        with self._doing(f"the warehouse refused a {what}{f' for {table.full_name}' if table else ''}"):
            return asked_again(lambda: self._client.query(sql, sent, said, most=most))

    # --- writing

    def replace(self, asked: WriteRequest, rows: pa.Table) -> WriteResult:
        """See `Warehouse.replace`. Writes of one table take turns: two transactions on it would cancel each other."""
        table = asked.step.table
        key = table.league, asked.step.name, asked.day
        with self._turn(table):
            known = self._known(key)
            must_be_newest(asked, known)
            staged = stage(asked, rows, known, lambda units: self.stored(table, asked.day, units))
            self._at("staged")
            proof = make_proof(asked, staged, known)
            if staged.changed or staged.excuses_changed:
                try:
                    self._publish(asked, staged, proof, key)
                finally:
                    self._slices.forget(table.full_name, asked.day)
            self._proofs[key] = proof
            self._standing.note(self._tables, [proof])
            return written(proof, staged)

    def _known(self, key: Key) -> Proof | None:
        """Return a slate's newest proof; after a write that failed, as it stands in the warehouse."""
        if key in self._unsure:
            league, output, day = key
            values = {"league": league, "output": output, "day": day}
            rows = self._fetch("proofs", statements.proof(self._target), values, None)
            found = in_present_units(map(read_proof, rows.to_pylist()), self._tables, self.recount)
            self._proofs.pop(key, None)
            self._fences.pop(key, None)
            for proof in found:
                self._proofs[key], self._fences[key] = proof, proof.fence
            self._unsure.discard(key)
        return self._proofs.get(key)

    def _publish(self, asked: WriteRequest, staged: Staged, proof: Proof, key: Key) -> None:
        table = asked.step.table
        self._unsure.add(key)
        write = self._write(table, asked.day, asked.fence, "".join(f"{u}{h}" for u, h in sorted(staged.hashes.items())))
        values = {
            **proof_row(proof),
            "unit_names": sorted(staged.changed),
            "n_rows": staged.rows.num_rows,
            "known": self._fences.get(key, 0),
        }
        try:
            staging = self._staged(write, table, staged.rows) if staged.rows.num_rows else ""
            self._at("before commit")
            changes = (*statements.changes(table, staging), "tipoff.proofs")
            self._transact(write, statements.publish(self._target, table, staging), values, staging, changes)
        except Refused as refused:
            raise refusal_of(self._client, self._home, asked, refused, self._now()) from refused
        self.counts["transaction"] += 1
        self._unsure.discard(key)
        self._fences[key] = asked.fence
        self._at("after commit")

    def _staged(self, write: Write, table: Table, rows: pa.Table) -> str:
        """Load rows into a staging table, read them back, and return its name; raises `WarehouseError` where they differ."""
        fields = {column.name: column.type.value for column in table.columns}

        def send(job_id: str, attempt: int) -> None:
            name = f"{self._target.staging}.{write.staging(attempt)}"
            self._client.create_table(name, fields, write.labels("staging"))
            self._client.load(name, rows, write.labels("load"), job_id=job_id)

        attempt, _ = send_until_done(self._client, lambda attempt: write.job_id("load", attempt), send)
        staging = f"{self._target.staging}.{write.staging(attempt)}"
        found = in_order(table, conform(table, asked_again(lambda: self._client.rows(staging))))
        if not found.equals(in_order(table, rows)):
            self._drop(staging)
            msg = f"{table.full_name} of {write.day}: what was read back from staging is not what was loaded"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="nothing was changed; it is tried again")
        return staging

    def _transact(
        self, write: Write, sql: str, values: Mapping[str, object], staging: str, changes: tuple[str, ...]
    ) -> None:
        """Run a script exactly once; one whose reply was lost is believed only when its proof has been read."""
        statements.must_filter(sql.replace(staging, "staging") if staging else sql, self._partitioned)
        sent, said = statements.named(sql, values), write.labels("publish")

        def send(job_id: str, _attempt: int) -> None:
            self._client.query(sql, sent, said, job_id=job_id, changes=changes)

        try:
            _, was_lost = send_until_done(self._client, lambda attempt: write.job_id("publish", attempt), send)
        finally:
            if staging:
                self._drop(staging)
        if was_lost and "fence" in sent and "known" in sent and not self._is_proven(values):
            msg = f"the job of run {write.fence} is known to BigQuery, and its proof is not there"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="it is made again by another run")

    def _is_proven(self, values: Mapping[str, object]) -> bool:
        sql = statements.proof(self._target)
        rows = self._fetch("proofs", sql, values, None).to_pylist()
        return bool(rows) and rows[0]["fence"] == values["fence"]

    def _drop(self, staging: str) -> None:
        """Delete a staging table; one that stays is deleted by BigQuery within a day."""
        try:
            self._client.drop(staging)
        except Refused:
            self.counts["staging left"] += 1

    def mirror(self, table: Table, day: date, rows: pa.Table) -> None:
        """See `Warehouse.mirror`."""
        if table.full_name not in self._mirrored:
            with self._doing(f"{table.full_name} could not be made"):
                declare(self._client, table)
            self._mirrored.add(table.full_name)
        self.counts["mirror"] += 1
        rows = conform(table, rows)
        content = "".join(found for _, found in hash_units(table, rows).values())
        write = self._write(table, day, self.counts["mirror"], f"{self._now().isoformat()} {content}")
        with self._turn(table), self._doing(f"{table.full_name} of {day} could not be mirrored"):
            staging = self._staged(write, table, rows) if rows.num_rows else ""
            values = {"day": day, "fence": 0, "n_rows": rows.num_rows}
            changes = statements.changes(table, staging)
            self._transact(write, statements.mirror(self._target, table, staging), values, staging, changes)
        self._slices.forget(table.full_name, day)

    # --- what else it takes

    @contextmanager
    def _turn(self, table: Table) -> Iterator[None]:
        with self._turns_lock:
            turn = self._turns.setdefault(table.full_name, threading.Lock())
        with turn:
            yield

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        try:
            yield
        except Refused as refused:
            raise failed(what, refused) from refused

    def _write(self, table: Table, day: date, fence: int, content: str) -> Write:
        content = f"{self._target.prefix}:{content}"  # a home that is pointed elsewhere writes its rows there again
        return Write(home=self._home, league=table.league, table=table.name, day=day, fence=fence, content=content)

    def _labels(self, what: str, table: Table | None) -> dict[str, str]:
        named = {"league": table.league, "table": table.name} if table else {}
        return labels(what=what, home=self._home, **named)
