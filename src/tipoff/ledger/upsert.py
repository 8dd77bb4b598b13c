"""INSERT in the dialect of the ledger's engine; PostgreSQL's is imported only where it is spoken."""

from typing import TYPE_CHECKING, Union

from sqlalchemy import Table
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert


def insert_into(table: Table, dialect: str) -> Union[SqliteInsert, "PostgresInsert"]:
    """Return an INSERT that can say what is to happen on a conflict."""
    if dialect == "sqlite":
        return SqliteInsert(table)
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert  # noqa: PLC0415 -- a twentieth of a second

    return PostgresInsert(table)
