"""Each league's monitor has its own sign of life, with how far it has read."""

from alembic import op
from sqlalchemy import text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Let the sign of life of a home's one monitor be that of its one league."""
    leagues = [
        row.league for row in op.get_bind().execute(text("select distinct league from facts where league <> ''"))
    ]
    if len(leagues) == 1:
        op.execute(
            text("update heartbeats set name = :mine where name = 'monitor'").bindparams(mine=f"monitor {leagues[0]}")
        )
