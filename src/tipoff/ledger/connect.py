"""How a ledger is reached: a file of SQLite, or a PostgreSQL."""

from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from tipoff.core.profile import Profile

CONNECT_S = 10
BUSY_TIMEOUT_MS = 30_000  # SQLite's busy handler is unfair under many writers: tails of 3 s were measured


def url_of(target: Path | str, *, read_only: bool) -> str:
    """Return the database address of a file, or the address itself with the driver that is used."""
    if isinstance(target, str):
        for plain in ("postgres://", "postgresql://"):
            if target.startswith(plain):
                return "postgresql+psycopg://" + target.removeprefix(plain)
        return target
    if read_only:
        return f"sqlite:///file:{target}?mode=ro&uri=true"
    return f"sqlite:///{target}"


def pragmas(profile: Profile, *, read_only: bool) -> Any:  # noqa: ANN401 -- SQLAlchemy's listener
    """Return what is to be set on each new connection to SQLite."""

    def connect(connection: Any, _record: object) -> None:  # noqa: ANN401 -- a DBAPI connection
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        if not read_only:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute(f"PRAGMA synchronous={'NORMAL' if profile is Profile.REPLAY else 'FULL'}")
        cursor.close()

    return connect


def shown(target: Path | str) -> str:
    """Return the target as it may be written into messages: without a password."""
    return make_url(target).render_as_string(hide_password=True) if isinstance(target, str) else str(target)


def patience(target: Path | str) -> dict[str, int]:
    """Return how long a server may take to answer a connection, in seconds; a file has no such limit."""
    return {"connect_timeout": CONNECT_S} if isinstance(target, str) and target.startswith("postgres") else {}


def never_write(connection: Any, _record: object) -> None:  # noqa: ANN401 -- a DBAPI connection
    """Let a new connection to PostgreSQL only read."""
    cursor = connection.cursor()
    cursor.execute("SET default_transaction_read_only = on")
    cursor.close()
    connection.commit()
