"""What the ledger knows of answers: what was made of one, which a process that was killed never used, which are still needed."""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from sqlalchemy import func, select

from tipoff.core.obligation import State
from tipoff.core.payload import SetAside
from tipoff.core.proof import Loss, read_proof
from tipoff.ledger import schema
from tipoff.ledger.ledger import Ledger
from tipoff.ledger.outside import answers


def unended_since(ledger: Ledger) -> datetime | None:
    """Return when the first of the runs began that have no end; None where all have."""
    runs = schema.runs
    [row] = ledger.rows(select(func.min(runs.c.started_at).label("at")).where(runs.c.state == "started"))
    at: datetime | None = row["at"]
    return at


def used_since(ledger: Ledger, since: datetime) -> set[tuple[str, str]]:
    """Return the address and hash of every answer that runs have accounted for since an instant."""
    fetches = schema.fetches
    rows = ledger.rows(select(fetches.c.url, fetches.c.sha256).where(fetches.c.at >= since))
    return {(row["url"], row["sha256"]) for row in rows}


def leagues_of(ledger: Ledger, sha256: str) -> set[str]:
    """Return the leagues whose runs were given an answer."""
    fetches = schema.fetches
    asked = select(fetches.c.league).where(fetches.c.sha256 == sha256, fetches.c.league != "")  # none was written once
    return {row["league"] for row in ledger.rows(asked.distinct())}


def made_of(ledger: Ledger, league: str, aside: Mapping[str, SetAside], *, histories: Collection[str]) -> list[Loss]:
    """Return what stands of answers that have been set aside: the units that runs wrote with them, and none has since.

    The rows of an output of `histories` come from all answers in turn: there a later run has the others' rows too.
    """
    fetches, runs, proofs = schema.fetches, schema.runs, schema.proofs
    used = select(fetches.c.run_id, fetches.c.sha256, runs.c.output, runs.c.day)
    used = used.join(runs, runs.c.id == fetches.c.run_id)
    read = fetches.c.outcome.in_(["rows", "recognised empty"])
    found = []
    for row in ledger.rows(used.where(fetches.c.league == league, fetches.c.sha256.in_(aside), read)):
        run, said = row["run_id"], aside[row["sha256"]]
        last = run
        if row["output"] in histories:
            [newest] = ledger.rows(select(func.max(runs.c.id).label("id")).where(runs.c.started_at <= said.at))
            last = max(run, newest["id"] or run)  # its own, if the clock has gone back since
        mine = (proofs.c.league == league) & (proofs.c.output == row["output"]) & (proofs.c.day == row["day"])
        for proof in map(read_proof, ledger.rows(select(proofs).where(mine))):
            units = frozenset(name for name, unit in proof.units.items() if run <= unit.fence <= last)
            if units:
                found.append(Loss(output=row["output"], day=row["day"], how=said.text, units=units, anew=True))
    return found


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
