"""Questions to people, and their rulings."""

from alembic import op

from tipoff.ledger.schema import TENTH

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create what is not there."""
    for table in TENTH:
        table.create(op.get_bind(), checkfirst=True)
