"""What is remembered of the outside: last answers, credits, how proxies do."""

from alembic import op

from tipoff.ledger.outside import OUTSIDE

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create what is not there."""
    for table in OUTSIDE:
        table.create(op.get_bind(), checkfirst=True)
