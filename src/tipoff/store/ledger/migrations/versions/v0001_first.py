"""The first schema: ticks, decisions, runs, proofs, obligations, games, fetches, findings, gates."""

from alembic import op

from tipoff.store.ledger.schema import ALL

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table of the first schema."""
    for table in ALL:
        table.create(op.get_bind())


def downgrade() -> None:
    """Drop them again."""
    for table in reversed(ALL):
        table.drop(op.get_bind())
