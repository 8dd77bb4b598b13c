"""Incidents, notices, what the checks measured, scorecards, heartbeats."""

from alembic import op

from tipoff.ledger.watching import THIRD

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create what is not there."""
    for table in THIRD:
        table.create(op.get_bind(), checkfirst=True)
