"""What of the archive something still needs: answers that providers may say are unchanged, and those of days that are open."""

from datetime import date

from sqlalchemy import func, select

from tipoff.core.obligation import State
from tipoff.ledger import schema
from tipoff.ledger.ledger import Ledger
from tipoff.ledger.outside import answers

_SETTLED = [state.value for state in State if state.is_settled] + [State.LOST.value]


def needed_answers(ledger: Ledger) -> set[str]:
    """Return the hashes of the answers that a request may still be answered from."""
    return {row["sha256"] for row in ledger.rows(select(answers.c.sha256).distinct())}


def oldest_open_day(ledger: Ledger) -> date | None:
    """Return the first day of which anything is owed; none where all is settled."""
    table = schema.obligations
    is_open = (table.c.state.not_in(_SETTLED)) & (table.c.output != "digest")
    [row] = ledger.rows(select(func.min(table.c.day).label("day")).where(is_open))
    found: date | None = row["day"]
    return found
