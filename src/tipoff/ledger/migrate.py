"""Bringing a ledger's schema up to date, through Alembic."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, func, inspect, select, text

from tipoff.ledger.connect import copy_of, ledger_error, making, one_maker
from tipoff.ledger.schema import metadata

HEAD = "0011"


def upgrade(engine: Engine) -> None:
    """Leave the ledger at schema `HEAD`, or a later one as it is; one that is there costs one query and no import of Alembic."""
    with one_maker(engine):
        with engine.connect() as connection:
            found = _schema_of(connection)
        if found is None or found < HEAD:
            _migrate(engine)


def _migrate(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415 -- heavy, and only a new or an old ledger needs it
    from alembic.config import Config  # noqa: PLC0415 -- heavy

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with making(engine) as connection:
        found = _schema_of(connection)
        if found is not None and found >= HEAD:
            return  # another process has done it meanwhile
        if found is not None and engine.dialect.name == "sqlite" and engine.url.database:
            _keep_what_was(Path(engine.url.database), found)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if engine.dialect.name == "postgresql":
            _number_on(connection)


def _schema_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("select version_num from alembic_version")).scalar_one_or_none()
    return found


def _number_on(connection: Connection) -> None:
    """Let each table's next number be greater than any that it has: earlier builds gave some numbers themselves."""
    kept = metadata.tables.values()
    for table in (table for table in kept if table.autoincrement_column is not None):
        last = func.coalesce(func.max(table.autoincrement_column), 0)
        sequence = func.pg_get_serial_sequence(table.name, "id")
        connection.execute(select(func.setval(sequence, last + 1, False)))  # noqa: FBT003 -- PostgreSQL's own argument


def _keep_what_was(ledger: Path, schema: str) -> None:
    """Copy a ledger before its upgrade; the copy of an upgrade that was killed stays as it is."""
    copy = ledger.with_name(f"{ledger.name}.of-schema-{schema}")
    if ledger.exists() and not copy.exists():
        try:
            copy_of(ledger, copy)
        except (sqlite3.Error, OSError) as error:
            raise ledger_error("copied before its upgrade", error) from error
