"""The warehouse on DuckDB: one file, owned by one process, one thread."""

import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from tipoff.core.errors import ErrorKind, OverTime, ShapeError, UsageError, WarehouseError
from tipoff.core.home import Profile
from tipoff.core.proof import PROOF_COLUMNS, Loss, Proof, proof_row, read_proof
from tipoff.core.schema import Phase, Table
from tipoff.core.slate import Season
from tipoff.core.step import Step
from tipoff.core.window import SLATE, Input, Window, WindowKind
from tipoff.store import dialect
from tipoff.store.ctrl_c import ctrl_c
from tipoff.store.evolve import changes, former_names, in_present_units, under_present_names
from tipoff.store.rows import by_key, hash_units, in_order, is_in_order_by_key, named, plain_numbers, units_where
from tipoff.store.slices import Slices
from tipoff.store.staging import Staged, make_proof, must_be_newest, of_units, stage, written
from tipoff.store.standing import on_duck
from tipoff.store.warehouse import WriteRequest, WriteResult

# One copy more than a relation makes, and half its cost: these answers are small. Said once for the process: a filter that is
# set and taken back around each call is every thread's, and the warning came through in whichever was between the two.
warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)
_DECLARES = threading.Lock()  # leagues begin at once, and two changes of the catalog refuse each other
_BOUND: set[tuple[str, tuple[Table, ...]]] = set()  # SELECTs bound in this process, with the tables read
_MEMORY = "150MB"  # the longest season fills what it may: its whole replay takes 789 MB so
_SESSION = "SET TimeZone='UTC'"
_SCHEMAS = "SELECT schema_name FROM duckdb_schemas()"
# asked of a file that has some: for the first one DuckDB makes its own views, longer than all tables of a league take
_COLUMNS = "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
_PROOFS = ", ".join(f"{name} {dialect.duck_type(kind)}" for name, kind in PROOF_COLUMNS.items())
_PROVEN = f"INSERT INTO tipoff.proofs VALUES ({', '.join(f'${name}' for name in PROOF_COLUMNS)})"  # noqa: S608 -- declared names


class DuckWarehouse:
    """See `tipoff.store.warehouse.Warehouse`. `at` is called at named points, for tests that die there."""

    def __init__(
        self, path: Path | None, *, profile: Profile = Profile.LIVE, at: Callable[[str], None] = lambda _point: None
    ) -> None:
        """Open the file, or a database in memory; raises `UsageError` where another process owns it, or it is none."""
        try:
            self._root = duckdb.connect(str(path) if path else ":memory:")
        except duckdb.Error as error:
            msg = f"the warehouse {path} cannot be opened: {str(error).splitlines()[0]}"
            hint = "one process owns it at a time; commands that only read use the ledger and the published files"
            raise UsageError(msg, hint=hint) from error
        self._own = threading.local()
        self._own.connection = self._root
        self._of_threads = {threading.get_ident(): self._root}
        self._writes = threading.Lock()
        self._db.execute(f"SET threads=1; SET memory_limit='{_MEMORY}'")
        self._db.execute(_SESSION)
        self._db.execute("SET preserve_insertion_order=false")
        if profile is Profile.REPLAY:
            self._db.execute("SET fsync_mode='NONE'")
        self._at = at
        self._tables: dict[str, dict[str, Table]] = {}  # by league
        self._former: dict[tuple[str, str], str] = {}  # present names of outputs, by league and former name
        self._proofs: dict[tuple[str, str, date], Proof] = {}  # by league, output and day
        self._statements: dict[str, duckdb.Statement] = {}
        self._slices = Slices()
        self._standing = on_duck(lambda sql: self._run(sql).fetchall())
        self._mirrored: set[str] = set()
        self.questions = dialect.Questions(self._tables, dialect.DUCK)
        self.counts: Counter[str] = Counter()
        self._is_together = False

    def close(self) -> None:
        """Let go of the file."""
        self._statements.clear()
        self._slices.clear()
        for connection in self._of_threads.values():
            connection.interrupt()
        self._root.close()

    @property
    def _db(self) -> duckdb.DuckDBPyConnection:
        """The calling thread's own connection: each has its transactions, and reads beside what another one writes."""
        connection: duckdb.DuckDBPyConnection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._root.cursor()
            connection.execute(_SESSION)
            self._of_threads[threading.get_ident()] = connection
        return connection

    def interrupt(self, thread: int) -> None:
        """See `Warehouse.interrupt`."""
        if thread in self._of_threads:
            self._of_threads[thread].interrupt()

    def beside(self) -> duckdb.DuckDBPyConnection:
        """Return a connection to the same file with transactions of its own: history is written beside the tables."""
        return self._root.cursor()

    # --- declaring

    def prepare(self, steps: Iterable[Step]) -> dict[str, dialect.CompiledStep]:
        """See `Warehouse.prepare`."""
        steps = list(steps)
        tables = {step.name: step.table for step in steps}
        self._tables |= {table.league: tables for table in tables.values()}
        self._former |= former_names(steps)
        try:
            with _DECLARES:
                self._db.execute("CREATE SCHEMA IF NOT EXISTS tipoff")
                self._db.execute(f"CREATE TABLE IF NOT EXISTS tipoff.proofs ({_PROOFS})")
                self._declare([step.table for step in steps if step.phase is not Phase.PUBLISHED])
        except duckdb.Error as error:
            msg = f"the warehouse's tables could not be made: {str(error).splitlines()[0]}"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="is the disk full?") from error
        loaded = {step.name: dialect.load(step, tables) for step in steps}
        for ready in loaded.values():
            bound = ready.duck, tuple(tables[read.table] for read in ready.inputs)
            if ready.duck and bound not in _BOUND:
                self._bind(ready)
                _BOUND.add(bound)
        for proof in self.proofs():
            self._know(proof)
        return loaded

    def _declare(self, tables: Iterable[Table]) -> None:
        """Let each table stand with its columns; what stands as it is declared is looked at, all of it at once."""
        tables = list(tables)
        schemas = {table.dataset for table in tables}
        stands: dict[tuple[str, str], dict[str, str]] = {}
        if schemas.intersection(name for (name,) in self._run(_SCHEMAS).fetchall()):
            for dataset, name, column, kind in self._run(_COLUMNS).fetchall():
                stands.setdefault((dataset, name), {})[column] = kind
        new = []
        for table in tables:
            here = table.dataset, table.name
            for former in ((table.dataset, name) for name in table.formerly):
                if former in stands and here not in stands:
                    self._db.execute(f"ALTER TABLE {table.dataset}.{former[1]} RENAME TO {table.name}")
                    stands[here] = stands.pop(former)
            if here in stands:
                self._alter(table, stands[here])
                continue
            columns = ", ".join(f"{column.name} {dialect.duck_type(column.type)}" for column in table.columns)
            new.append(f"CREATE TABLE {table.full_name} ({columns}, _run BIGINT)")
        if new:
            with nullcontext() if self._is_together else self._transaction():
                self._db.execute("; ".join([*(f"CREATE SCHEMA IF NOT EXISTS {name}" for name in schemas), *new]))

    def _alter(self, table: Table, found: Mapping[str, str]) -> None:
        todo, name = changes(table, found, dialect.told_type), table.full_name
        for former, now in todo.renamed:
            self._db.execute(f"ALTER TABLE {name} RENAME COLUMN {former} TO {now}")
        for column in todo.added:
            self._db.execute(f"ALTER TABLE {name} ADD COLUMN {column.name} {dialect.told_type(column.type)}")
        for column in todo.widened:
            self._db.execute(f"ALTER TABLE {name} ALTER COLUMN {column.name} TYPE {dialect.told_type(column.type)}")

    def _bind(self, loaded: dialect.CompiledStep) -> None:
        season = Season("bind", date(2000, 1, 1), date(2000, 1, 2))
        as_of = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
        values = dialect.bounds(loaded.inputs, day=date(2000, 1, 1), season=season, as_of=as_of)
        try:
            self._db.execute(f"EXPLAIN {loaded.duck}", named(values, loaded.parameters))
        except duckdb.Error as error:
            msg = f"{loaded.step.name}: the SQL does not fit the declared tables: {str(error).splitlines()[0]}"
            raise ShapeError(msg, hint="mend the step's SQL or the tables that it reads") from error

    # --- reading

    def select(self, loaded: dialect.CompiledStep, asked: WriteRequest) -> pa.Table:
        """See `Warehouse.select`."""
        day, season, as_of = asked.day, asked.season, asked.as_of
        values = dialect.bounds(loaded.inputs, day=day, season=season, as_of=as_of, games=loaded.games)
        return self._arrow("select", loaded.duck, named(values, loaded.parameters))

    def read(  # noqa: PLR0913 -- what a slice is
        self,
        table: Table,
        window: Window,
        *,
        day: date,
        season: Season,
        as_of: datetime,
        columns: tuple[str, ...] = (),
        max_bytes: int = 0,  # noqa: ARG002 -- reading here costs nothing
    ) -> pa.Table:
        """See `Warehouse.read`."""
        if window == SLATE:
            kept = self._slices.once(table.full_name, (day, day), (), lambda: by_key(table, self.stored(table, day)))
            return kept.select(columns) if columns else kept
        days = window.bounds(day, season)
        sql = dialect.slice_sql(table, window, columns)
        of_run = {"as_of": as_of, "day": day, "games": list(window.games)}

        def ask(days: tuple[date, date]) -> pa.Table:
            between = dict(zip((f"{window.name}_from", f"{window.name}_to"), days, strict=True))
            rows = self._arrow("read", sql, {name: of_run[name] for name in of_run if f"${name}" in sql} | between)
            order = [name for name in ("day", *table.key) if name in rows.schema.names]
            return rows.sort_by([(name, "ascending") for name in order])

        if window.kind is WindowKind.KNOWN or window.games:
            return ask(days)  # it differs from run to run
        if window.is_history and (not columns or "day" in columns):
            return self._slices.grown(table.full_name, days, (window.name, *columns), ask)
        return self._slices.once(table.full_name, days, (window.name, *columns), lambda: ask(days))

    def losses(self, league: str) -> list[Loss]:
        """See `Warehouse.losses`."""
        return self._standing.losses(league)

    def gone(self, league: str, inputs: Iterable[Input], *, day: date, season: Season) -> list[Loss]:
        """See `Warehouse.gone`."""
        with self._writes:  # a write's rows and what is known of them change together
            return self._standing.gone(league, inputs, day, season)

    def query(self, sql: str, tables: Iterable[Table], parameters: Mapping[str, object]) -> pa.Table:
        """See `Warehouse.query`."""
        asked = dialect.season_query(sql, tables)
        return plain_numbers(self._arrow("query", asked.sql, named(parameters, asked.parameters)))

    def ask(self, sql: str, *, league: str, day: date, season: Season, as_of: datetime) -> pa.Table:
        """See `Warehouse.ask`."""
        asked = self.questions.of(sql, league)
        return self._arrow("ask", asked.sql, asked.values(day, season, as_of))

    def n_writes(self, table: Table, days: tuple[date, date]) -> int:
        """See `Warehouse.n_writes`."""
        return self._slices.n_writes(table.full_name, days)

    def mirror(self, table: Table, day: date, rows: pa.Table) -> None:
        """See `Warehouse.mirror`."""
        if table.full_name not in self._mirrored:
            self._declare([table])
            self._mirrored.add(table.full_name)
        with self._writes:
            self._run(f"DELETE FROM {table.full_name} WHERE day = $day", {"day": day})  # noqa: S608 -- declared names
            if rows.num_rows:
                self._insert(table, rows, 0)
        self._slices.forget(table.full_name, day)

    def proofs(self, *, since: int = 0) -> Sequence[Proof]:
        """See `Warehouse.proofs`."""
        rows = self._arrow(
            "proofs",
            "SELECT * FROM tipoff.proofs WHERE fence > $since"
            " QUALIFY row_number() OVER (PARTITION BY league, output, day ORDER BY fence DESC) = 1",
            {"since": since},
        )
        named_now = under_present_names(map(read_proof, rows.to_pylist()), self._former)
        return in_present_units(named_now, self._tables, self.recount)

    def recount(self, table: Table, day: date) -> dict[str, tuple[int, str]]:
        """See `Warehouse.recount`."""
        return hash_units(table, self.stored(table, day))

    # --- writing

    def replace(self, asked: WriteRequest, rows: pa.Table) -> WriteResult:
        """See `Warehouse.replace`."""
        table = asked.step.table
        key = table.league, asked.step.name, asked.day
        known = self._proofs.get(key)
        must_be_newest(asked, known)
        staged = stage(asked, rows, known, lambda units: self.stored(table, asked.day, units))
        self._at("staged")
        proof = make_proof(asked, staged, known)
        with self._writes:
            if staged.changed or staged.excuses_changed:
                self._publish(asked, staged, proof, known)
            self._know(proof)
        return written(proof, staged)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let what is written until the block ends stand at once, or nothing of it: whoever fails in it must start anew."""
        self._is_together = True
        try:
            with self._transaction():
                yield
        finally:
            self._is_together = False

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN")
        try:
            yield
            self._run("COMMIT")
        finally:
            self._rollback()

    def _know(self, proof: Proof) -> None:
        self._proofs[proof.league, proof.output, proof.day] = proof
        self._standing.note(self._tables, [proof])

    def _publish(self, asked: WriteRequest, staged: Staged, proof: Proof, known: Proof | None) -> None:
        table = asked.step.table
        had = {unit for unit in staged.changed if known and unit in known.units and known.units[unit].n_rows}
        committed, found = False, None
        try:
            if not self._is_together:
                self._run("BEGIN")
            if had:
                self._delete(table, asked.day, had)
            if staged.rows.num_rows:
                self._insert(table, staged.rows, asked.fence)
                found = self._read_back(asked, staged)
            self._run(_PROVEN, named(proof_row(proof), PROOF_COLUMNS))
            self._at("before commit")
            if not self._is_together:
                self._run("COMMIT")
            committed = True
        except duckdb.Error as error:
            msg = f"{table.full_name} of {asked.day} could not be written: {str(error).splitlines()[0]}"
            hint = "nothing was changed; it is tried again"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint=hint) from error
        finally:
            if not committed:  # whatever was raised: an open transaction would refuse every later write
                self._rollback()
            self._slices.forget(table.full_name, asked.day)
        if found is not None:
            turn = self._slices.turn(table.full_name)
            self._slices.keep(table.full_name, (asked.day, asked.day), (), found, turn)
        self.counts["transaction"] += 1
        self._at("after commit")

    def _rollback(self) -> None:
        """Leave everything as it was; a transaction that has ended by itself is no error."""
        with suppress(duckdb.TransactionException):
            self._db.execute("ROLLBACK")

    def _delete(self, table: Table, day: date, units: Iterable[str]) -> None:
        condition, values = units_where(table, units)
        sql = f"DELETE FROM {table.full_name} WHERE day = $day{condition}"  # noqa: S608 -- declared names
        self._run(sql, {"day": day, **values})

    def _insert(self, table: Table, staged: pa.Table, fence: int) -> None:  # noqa: ARG002 -- read by its name in the SQL
        names = ", ".join(table.names)
        sql = f"INSERT INTO {table.full_name} ({names}, _run) SELECT {names}, $fence FROM staged"  # noqa: S608 -- declared names
        with ctrl_c:  # not by `_run`: DuckDB looks for `staged` in the frame that executes
            self._db.execute(self._statement(sql), {"fence": fence})

    def _read_back(self, asked: WriteRequest, staged: Staged) -> pa.Table:
        """Return the slate as it stands, by key; raises `WarehouseError` where what was written is not what was staged."""
        table = asked.step.table
        found = self.stored(table, asked.day)
        is_whole = found.num_rows == staged.rows.num_rows
        mine = in_order(table, found if is_whole else of_units(table, found, staged.changed))
        if not mine.equals(staged.rows):
            msg = f"{table.full_name} of {asked.day}: what was read back is not what was written"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="nothing was changed; it is tried again")
        return mine if is_whole and is_in_order_by_key(table) else by_key(table, found)

    def stored(self, table: Table, day: date, units: Iterable[str] | None = None) -> pa.Table:
        """See `Warehouse.stored`."""
        condition, values = units_where(table, units) if units is not None else ("", {})
        names = ", ".join(table.names)
        sql = f"SELECT {names} FROM {table.full_name} WHERE day = $day{condition}"  # noqa: S608 -- declared names
        return self._arrow("readback", sql, {"day": day, **values})

    def _arrow(self, kind: str, sql: str, values: Mapping[str, object]) -> pa.Table:
        self.counts[kind] += 1
        try:
            with ctrl_c:  # rows may be sought as they are fetched
                return self._run(sql, dict(values)).to_arrow_table()
        except duckdb.InterruptException as error:
            msg = f"a {kind} was ended: it took longer than its step may"
            raise OverTime(msg, hint="is the statement too large for its limit?") from error
        except duckdb.Error as error:
            msg = f"the warehouse refused a {kind}: {str(error).splitlines()[0]}"
            hint = "the statement or its rows are at fault"
            raise WarehouseError(msg, kind=ErrorKind.PERMANENT, hint=hint) from error

    def _run(self, sql: str, values: list[object] | dict[str, object] | None = None) -> duckdb.DuckDBPyConnection:
        with ctrl_c:
            return self._db.execute(self._statement(sql), values)

    def _statement(self, sql: str) -> duckdb.Statement:
        """Return the parsed statement; each text is parsed once, for that is a third of what a small one costs."""
        known = self._statements.get(sql)
        if known is None:
            (known,) = self._db.extract_statements(sql)
            self._statements[sql] = known
        return known
