"""The tables of version 0.2.0 and since; ledgers of earlier versions are brought up by that one first."""

from alembic import op

from tipoff.ledger import history, outside, watching

revision = "0010"
down_revision = None

_DECLARED = (watching, history, outside)  # a table stands in the metadata once its module is imported


def upgrade() -> None:
    """Make every table that is not there, and let runs be counted from one: an upgrade that died half-way is done again."""
    watching.incidents.metadata.create_all(op.get_bind())
    op.execute("insert into numbers (name, last) values ('runs', 0) on conflict do nothing")
