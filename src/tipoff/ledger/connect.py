"""How a ledger is reached: a file of SQLite, or a PostgreSQL."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from tipoff.core.errors import ErrorKind, LedgerError, UsageError
from tipoff.core.home import Home, Profile

CONNECT_S = 10
GONE_S = 60  # a server of which no packet is answered for so long is gone
SILENT_S = 60  # in the midst of a transaction; a writer that says nothing for so long is frozen, or its machine is
LONGEST_S = 120  # that a transaction may last, and an answer be waited for, an upgrade apart
_LASTS = "SELECT set_config(name, %s, %s) FROM pg_settings WHERE name = 'transaction_timeout'"
_MAKERS = 0x7469706F6666  # the number of PostgreSQL's lock of who makes tables
_SECRET_WORDS = ("pass", "secret", "token", "key")
BUSY_TIMEOUT_MS = 30_000  # SQLite's busy handler is unfair under many writers: tails of 3 s were measured

RESTORE = "restore it from a copy, or see docs/runbooks/ledger.md"
EMPTY = (
    "was a first start stopped before it was made? start it again; else restore it from a copy: docs/runbooks/ledger.md"
)
READ_ONLY = (
    "its folder cannot be written to, and SQLite keeps files beside what it reads: copy the folder, or make it writable"
)
NOT_OURS = "may this user write there? run it as whoever runs tipoff up, or give him what lies there: chown -R"
UNREACHED = "is the address right (TIPOFF_LEDGER_URL, TIPOFF_SENTINEL_URL), and does its server run?"
NOT_ALLOWED = "let the user whom the address names own the database: docs/how-to/run-in-production.md"
ANSWERED = "is the server's disk full, are all its connections taken, or may it only be read? its log says more"
TAKEN = "every connection that the server, its database or this user may have is taken: let go of some, or allow more"
NO_SCHEMA = "let that user's search_path name a schema that is there: CREATE SCHEMA public, which he may write to"
_AWAY = (
    "",
    "08",
    "28",
    "3D",
    "57",
)  # classes of what keeps one from being connected; nothing, where no server answered
_LENT = "the ledger's address leads to a pooler that lends each transaction a connection: what one part sets holds for others"
_BY_SESSION = "let it pool by session (pgbouncer: pool_mode = session), or name the server itself"
_NO_TABLE, _NO_RIGHT = "42P01", "42501"  # as PostgreSQL numbers them
_FULL, _REFUSED_FOR_MANY = (
    "53300",
    ("too many clients", "connection slots", "too many connections"),
)  # before it has a number
_HINTS = {_NO_RIGHT: NOT_ALLOWED, "3F000": NO_SCHEMA}
_DAMAGE = ("malformed", "not a database", "corrupt")


def why(error: Exception) -> str:
    """Return what the engine says of an error, in one line: without the statement, which says nothing to who reads a message."""
    said = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(getattr(getattr(said, "diag", None), "message_primary", None) or said).split())


def hint_of(error: Exception, of_a_file: str) -> str:
    """Return what to do about what an engine raised: `of_a_file` where that is SQLite."""
    raised = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(raised, sqlite3.Error):
        return NOT_OURS if "readonly" in str(raised) else of_a_file
    state = getattr(raised, "sqlstate", None) or ""
    if state == _FULL or any(said in str(raised) for said in _REFUSED_FOR_MANY):
        return TAKEN
    if state in _HINTS:
        return _HINTS[state]
    return UNREACHED if state[:2] in _AWAY else ANSWERED


def holds_nothing(error: DatabaseError) -> bool:
    """Whether what was looked for, and is not there, is the first table of every ledger."""
    return "no such table" in why(error) or getattr(error.orig, "sqlstate", None) == _NO_TABLE


class Held:
    """A store on an engine and the one connection that it keeps; it is let go of once a block ends."""

    _engine: Engine
    _connection: Connection
    _files: tuple[tuple[Path, int], ...] = ()  # and their inodes

    def must_stand(self) -> None:
        """Raise `UsageError` where a file that it stands with was moved, removed or replaced since: writing would be lost."""
        for path, inode in self._files:
            if _inode(path) != inode:
                msg = f"{path} was moved, removed or replaced while it was at work: what it writes would be lost"
                raise UsageError(msg, hint="put the home back where it was, or restore a copy, and start again")

    def stands_with(self, target: Path | str) -> None:
        """Hold a file to be as it is now, which may be its own; a database is no file."""
        if isinstance(target, Path) and (inode := _inode(target)) is not None:
            self._files += ((target, inode),)

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


@contextmanager
def doing(what: str, hint: str) -> Iterator[None]:
    """Let what a store of alerts, or of the outside, raises in the block come as a LedgerError that says what was not done."""
    try:
        yield
    except DatabaseError as error:
        msg = f"{what}: {why(error)}"
        raise LedgerError(msg, hint=hint_of(error, hint)) from error


def ledger_error(done: str, error: Exception) -> LedgerError:
    """Return the error for a ledger that could not be read, or written."""
    if any(word in why(error).lower() for word in _DAMAGE):
        hint = "restore it from a copy, or move it away: what the warehouse proves is taken up from there"
        msg = f"the ledger is damaged and could not be {done}: {why(error)}"
        return LedgerError(msg, hint=hint, kind=ErrorKind.PERMANENT)
    hint = hint_of(error, "is the disk full, or does another process hold it?")
    return LedgerError(f"the ledger could not be {done}: {why(error)}", hint=hint)


def gone(home: Home) -> LedgerError | None:
    """Return the error of a home that has no ledger while what was made with one stands; None where nothing does."""
    msg = f"the ledger of {home.root} is gone, and the warehouse or published files that it proves stand"
    hint = f"is TIPOFF_LEDGER_URL right? else {RESTORE}" if home.database else RESTORE
    return LedgerError(msg, hint=hint) if home.has_work else None


def engine_of(target: Path | str, *, profile: Profile = Profile.LIVE, read_only: bool = False) -> Engine:
    """Return an engine on a file, or on an address with the driver that is used; raises `UsageError` where neither serves."""
    try:
        engine = create_engine(_url_of(target, read_only=read_only), connect_args=for_libpq(target))
    except (ArgumentError, NoSuchModuleError, ValueError):
        msg = "the address of the ledger's database is none that can be read; it is a secret and is not shown"
        raise UsageError(msg, hint="write postgresql://user:password@host/database") from None
    except ModuleNotFoundError as error:
        msg = f"the ledger is a database whose driver is not installed: {error.name}"
        raise UsageError(msg, hint="pip install 'tipoff[postgres]'") from error
    is_file = engine.dialect.name == "sqlite"
    said = _pragmas(profile, read_only=read_only) if is_file else _let_go_when_frozen(read_only=read_only)

    def connect(connection: Any, _record: object) -> None:  # noqa: ANN401 -- a DBAPI connection
        cursor = connection.cursor()
        for statement in said:
            cursor.execute(*statement)
        cursor.close()
        connection.commit()
        if not is_file:
            connection.longest_s = LONGEST_S
            must_be_ones_own(
                connection, create_engine(engine.url, connect_args=for_libpq(target), poolclass=NullPool).connect
            )

    event.listen(engine, "connect", connect)
    if not is_file:
        _answered_in_time(engine)
    return engine


def _answered_in_time(engine: Engine) -> None:
    """Have an engine's connections be of the kind that gives a silent server up, anew each time one is handed out."""
    from tipoff.ledger.answered import Answered  # noqa: PLC0415 -- imports the driver

    def be_patient(connection: Answered, *_: object) -> None:
        connection.longest_s = LONGEST_S

    event.listen(engine, "do_connect", lambda _dialect, _record, args, named: Answered.connect(*args, **named))
    event.listen(engine, "checkout", be_patient)


def must_be_ones_own(connection: Any, another: Callable[[], Connection]) -> None:  # noqa: ANN401 -- a DBAPI connection
    """Refuse with a `UsageError` a pooler that lends each transaction a connection: two of ours have the same in turn."""
    mine = _backend(connection)
    if mine == connection.info.backend_pid:
        return  # nothing stands before the server
    with another() as second:
        if _backend(second.connection.driver_connection) == mine or _backend(connection) != mine:
            raise UsageError(_LENT, hint=_BY_SESSION)


def _backend(connection: Any) -> int:  # noqa: ANN401 -- as above
    """Return which of the server's processes answers; nothing is in the midst of a transaction after it."""
    [found] = connection.execute("SELECT pg_backend_pid()").fetchone()
    connection.commit()
    return int(found)


def _url_of(target: Path | str, *, read_only: bool) -> URL:
    if isinstance(target, str):
        for plain in ("postgres://", "postgresql://"):
            if target.startswith(plain):
                return make_url("postgresql+psycopg://" + target.removeprefix(plain))
        url = make_url(target)
        if url.get_backend_name() not in {"postgresql", "sqlite"}:
            raise ArgumentError(url.get_backend_name())
        return url
    if read_only:
        return URL.create("sqlite", database=f"file:{quote(str(target))}", query={"mode": "ro", "uri": "true"})
    return URL.create("sqlite", database=str(target))


def _pragmas(profile: Profile, *, read_only: bool) -> list[tuple[Any, ...]]:
    """Return what is to be set on each new connection to SQLite."""
    durable = [
        ("PRAGMA journal_mode=WAL",),
        (f"PRAGMA synchronous={'NORMAL' if profile is Profile.REPLAY else 'FULL'}",),
    ]
    return [(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",), *([] if read_only else durable)]


def shown(target: Path | str) -> str:
    """Return the target as it may be written into messages: without a password, wherever it stands."""
    if isinstance(target, Path):
        return str(target)
    try:
        url = make_url(target)
    except (ArgumentError, ValueError):
        return "a database whose address cannot be read"
    hidden = {name: "***" for name in url.query if any(word in name.lower() for word in _SECRET_WORDS)}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


def for_libpq(target: Path | str) -> dict[str, int | str]:
    """Return how long a server may be silent, and that text is UTF-8, whatever it takes for granted; a file needs neither.

    One whose machine has vanished sends no end: without these, what was asked of it would be waited for as long as the system
    tries, a quarter of an hour.
    """
    if isinstance(target, Path) or not target.startswith("postgres"):
        return {}
    alive = {"keepalives_idle": GONE_S // 2, "keepalives_interval": GONE_S // 6, "keepalives_count": 3}
    return {"client_encoding": "utf8", "connect_timeout": CONNECT_S, "tcp_user_timeout": GONE_S * 1000, **alive}


def _let_go_when_frozen(*, read_only: bool) -> list[tuple[Any, ...]]:
    """Return what lets PostgreSQL end a connection that falls silent in a transaction: a frozen writer holds nobody off.

    One that is frozen while it sends many rows is not idle to the server: how long a transaction may last ends it (from
    PostgreSQL 17 on).
    """
    silent = (f"SET idle_in_transaction_session_timeout = '{SILENT_S}s'",)
    never_write = [("SET default_transaction_read_only = on",)] if read_only else []
    return [silent, (_LASTS, (f"{LONGEST_S}s", False)), *never_write]


def take_its_time(connection: Connection) -> None:
    """Let the transaction that has begun last as long as it needs, as an upgrade's does."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_LASTS, ("0", True))
        cast("Any", connection.connection.driver_connection).longest_s = None  # until it is handed out again


@contextmanager
def making(engine: Engine) -> Iterator[Connection]:
    """Hold a transaction in which the tables of a store are made or changed: on a server by one process at a time.

    Of a file `one_maker` sees to that, from the first connection on: two that open a new one at once are told that it is locked.
    """
    with engine.begin() as connection:
        take_its_time(connection)
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_MAKERS)))
        yield connection


@contextmanager
def one_maker(store: Engine | Path) -> Iterator[None]:
    """Keep others from making a file's tables until the block ends, by a lock on its folder; nothing where there is no file."""
    file = store.url.database if isinstance(store, Engine) else str(store)
    is_server = isinstance(store, Engine) and store.dialect.name != "sqlite"
    folder = Path(file).parent if file and not is_server else None
    if folder is None or not folder.is_dir():
        yield
        return
    held = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a folder on a disk of the network may not be lockable
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def copy_of(store: Path, to: Path) -> None:
    """Leave a consistent copy of a SQLite store in the new file `to`, whoever writes meanwhile; raises `sqlite3.Error`."""
    beside = to.with_name(f".{to.name}.part")
    beside.unlink(missing_ok=True)
    with closing(sqlite3.connect(f"file:{quote(str(store))}?mode=ro", uri=True)) as connection:
        connection.execute("VACUUM INTO ?", (str(beside),))
    beside.rename(to)
