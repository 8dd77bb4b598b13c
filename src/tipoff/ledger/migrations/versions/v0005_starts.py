"""A game's start may be unknown; an arrival says when it was due."""

from alembic import op
from sqlalchemy import inspect

from tipoff.ledger.schema import arrivals, games

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Move each known start into a column that may be empty; what a killed upgrade has done already is left."""
    found = inspect(op.get_bind())
    if "starts_at" not in {column["name"] for column in found.get_columns("games")}:
        op.add_column("games", games.c.starts_at._copy())  # noqa: SLF001 -- Alembic wants a column of no table
    if "tipoff_at" in {column["name"] for column in found.get_columns("games")}:
        op.execute("UPDATE games SET starts_at = tipoff_at")
        op.drop_column("games", "tipoff_at")
    if "due_at" not in {column["name"] for column in found.get_columns("arrivals")}:
        op.add_column("arrivals", arrivals.c.due_at._copy())  # noqa: SLF001 -- as above
