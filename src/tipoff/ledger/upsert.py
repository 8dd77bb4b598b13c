"""INSERT in the dialect of the ledger's engine; PostgreSQL's is imported only where it is spoken."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Union

from sqlalchemy import Table
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert


def upsert(table: Table, dialect: str, kept: Collection[str] = ()) -> Union[SqliteInsert, "PostgresInsert"]:
    """Return an INSERT that brings the row of the same key up to date, but for the columns `kept`."""
    made = insert_into(table, dialect)
    keys = [column.name for column in table.primary_key]
    changes = {column.name: made.excluded[column.name] for column in table.columns if column.name not in {*keys, *kept}}
    return made.on_conflict_do_update(index_elements=keys, set_=changes)


def insert_into(table: Table, dialect: str) -> Union[SqliteInsert, "PostgresInsert"]:
    """Return an INSERT that can say what is to happen on a conflict."""
    if dialect == "sqlite":
        return SqliteInsert(table)
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert  # noqa: PLC0415 -- a twentieth of a second

    return PostgresInsert(table)
