"""Conflicts, waivers and leases; each finding names its cause."""

from alembic import op
from sqlalchemy import inspect

from tipoff.ledger.schema import SECOND, findings

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring a ledger of the first schema up; what is there already is left, so that it can be done again."""
    for table in SECOND:
        table.create(op.get_bind(), checkfirst=True)
    names = {column["name"] for column in inspect(op.get_bind()).get_columns("findings")}
    if "cause" not in names:
        op.add_column("findings", findings.c.cause._copy())  # noqa: SLF001 -- Alembic wants a column of no table
