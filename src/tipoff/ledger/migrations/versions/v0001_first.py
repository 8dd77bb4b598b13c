"""The first schema: ticks, decisions, runs, proofs, obligations, games, fetches, findings, gates."""

from alembic import op

from tipoff.ledger.schema import FIRST

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table of the first schema that is not there: an upgrade that died half-way is done again."""
    for table in FIRST:
        table.create(op.get_bind(), checkfirst=True)
