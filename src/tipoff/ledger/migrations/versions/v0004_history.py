"""History on its way to the warehouse, what quotas were used, and their figure in the scorecard."""

from alembic import op
from sqlalchemy import inspect

from tipoff.ledger.history import FOURTH
from tipoff.ledger.watching import scorecards

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create what is not there; what a killed upgrade has made already is left."""
    for table in FOURTH:
        table.create(op.get_bind(), checkfirst=True)
    names = {column["name"] for column in inspect(op.get_bind()).get_columns("scorecards")}
    if "quota_ratio" not in names:
        op.add_column("scorecards", scorecards.c.quota_ratio._copy())  # noqa: SLF001 -- Alembic wants a column of no table
