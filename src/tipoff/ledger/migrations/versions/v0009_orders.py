"""What people order: halts of publications, and requests to the process that owns the warehouse."""

from alembic import op

from tipoff.ledger.schema import NINTH

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create what is not there."""
    for table in NINTH:
        table.create(op.get_bind(), checkfirst=True)
