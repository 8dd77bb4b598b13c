"""Texts of any length: PostgreSQL held to the lengths that SQLite never asked for, and a tick failed for one text too long."""

from alembic import op
from sqlalchemy import VARCHAR, Text, inspect

from tipoff.ledger.schema import metadata

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Give up the lengths where they are kept; no row is written anew. What is done already is left."""
    if op.get_bind().dialect.name != "postgresql":
        return
    found = inspect(op.get_bind())
    for table in (metadata.tables[name] for name in found.get_table_names() if name in metadata.tables):
        texts = {column.name for column in table.columns if isinstance(column.type, Text)}
        for column in found.get_columns(table.name):
            if column["name"] in texts and isinstance(column["type"], VARCHAR):
                op.alter_column(table.name, column["name"], type_=Text())
