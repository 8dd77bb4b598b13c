"""Recounts: rows and documents read back and held against their proofs, one slate after the other, after all that is due."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar

from tipoff.app.chores import Chores
from tipoff.app.instance import Instance, OpenStores
from tipoff.core.clock import league_day
from tipoff.core.errors import Damaged, LedgerError, PipelineError
from tipoff.core.league import League
from tipoff.core.proof import Loss, Proof, UnitProof
from tipoff.core.schema import Phase
from tipoff.core.severity import Severity
from tipoff.engine.findings import STORE, WAREHOUSE
from tipoff.engine.losses import lost_by_stores
from tipoff.engine.starting import damage_finding
from tipoff.ledger.rows import finding

OPEN, OLD = timedelta(days=1), timedelta(days=7)  # how often what can still change is recounted, and what cannot
SOON = timedelta(hours=1)  # until what could not be recounted is tried again
OPEN_DAYS = timedelta(days=3)  # grades are a day younger than their games, and results are corrected for two more

T = TypeVar("T")
Slate = tuple[str, date]  # output, day
DOCUMENTS: Slate = ("documents", date.min)


class Recounts:
    """Recounts the open days of a league each day, its other days each week, its documents each day; one chore at a time."""

    def __init__(self, league: League, stores: Instance, chores: Chores[Slate]) -> None:
        self._league, self._stores, self._chores = league, stores, chores
        self._counted: dict[Slate, datetime] = {}
        self._found: list[tuple[Proof, Loss]] = []
        self._damaged: list[Damaged] = []
        self._told: dict[str, datetime] = {}  # by cause

    def look(self, now: datetime) -> None:
        """Take up what was found, and hand out the next recount that is due."""
        for slate, error in self._chores.done():
            if isinstance(error, LedgerError):
                raise error
            if error is not None:
                self._tell(slate, error, now)
            again = _period(slate, league_day(now)) - SOON if error else timedelta(0)
            self._counted[slate] = now - again
        self._tell_damaged(now)
        proofs = {(proof.output, proof.day): proof for proof in self._stores.proven()}
        # what was written since it was counted is another matter
        self._stores.lose(
            [
                loss
                for proof, loss in _taken(self._found)
                if _stands_as(proof, proofs.get((loss.output, loss.day)), loss)
            ]
        )
        due = self._next(proofs, now)
        if due is not None and not self._chores.holds(due):
            self._chores.hand_out(due, partial(self._recount, due, proofs), due_at=now, can_wait=True)

    def _tell(self, slate: Slate, error: PipelineError, now: datetime) -> None:
        """Write down, once an hour at most, that what stands could not be read back: nobody knows that it is as proven."""
        cause = STORE if slate == DOCUMENTS else WAREHOUSE
        if cause in self._told and now - self._told[cause] < SOON:
            return
        self._told[cause] = now
        output, day = slate if slate != DOCUMENTS else (DOCUMENTS[0], league_day(now))
        again = f"is tried again within {SOON}, as is what else cannot be until then"
        note = f"{output} of {day} could not be recounted, and {again}: {error} ({error.hint})"
        row = finding((self._league.name, "", day), "what_stands_is_recounted", cause, Severity.WARNING, note, now=now)
        self._stores.ledger.add("findings", row)

    def _tell_damaged(self, now: datetime) -> None:
        for error in _taken(self._damaged):
            self._stores.ledger.add("findings", damage_finding(self._league.name, error, now))

    def _next(self, proofs: dict[Slate, Proof], now: datetime) -> Slate | None:
        today = league_day(now)
        tables = {step.name for step in self._league.steps if step.phase is not Phase.PUBLISHED}
        slates = [slate for slate, proof in proofs.items() if slate[0] in tables and proof.n_rows]
        never = datetime.min.replace(tzinfo=now.tzinfo)
        due = {
            slate: min(self._counted.get(slate, never), now) + _period(slate, today) for slate in (*slates, DOCUMENTS)
        }
        first = min(due, key=lambda slate: due[slate])
        return first if due[first] <= now else None

    def _recount(self, slate: Slate, proofs: dict[Slate, Proof]) -> None:
        """Hold a slate against its proof. All that is found is handed over at once: a look may come meanwhile."""
        if slate != DOCUMENTS:
            losses, damaged = recounted(self._league, self._stores, proofs[slate]), list[Damaged]()
        else:
            published = {step.name for step in self._league.steps if step.phase is Phase.PUBLISHED}
            known = [proof for proof in proofs.values() if proof.output in published]
            losses, damaged = lost_documents(self._league, known, (), self._stores)
            losses += self._stores.published.losses(self._league.steps)
        self._damaged.extend(damaged)
        lost = [loss for loss in losses if (loss.output, loss.day) in proofs]
        self._found.extend([(proofs[loss.output, loss.day], loss) for loss in lost])


def recounted(league: League, stores: Instance | OpenStores, proof: Proof) -> list[Loss]:
    """Read a slate's rows back, and return what of it is other than proven."""
    counted = stores.warehouse.recount(league.table(proof.output), proof.day)
    now = stores.loaded[proof.output].version  # what another made may have had other columns
    other = {
        name
        for name, unit in proof.units.items()
        if unit.n_rows and not stands(unit, *counted.get(name, (0, "")), by_hash=proof.version_of(unit) == now)
    }
    how = f"a recount of {len(proof.units)} units found {len(other)} other than proven"
    return [Loss(output=proof.output, day=proof.day, how=how, units=frozenset(other))] if other else []


def lost_documents(
    league: League, known: Iterable[Proof], stored: Iterable[Proof], stores: Instance | OpenStores
) -> tuple[list[Loss], list[Damaged]]:
    """Return what no document, nor one of the `stored` proofs, has of what is known; and the documents that cannot be read."""
    published, damaged = stores.published.survey(league.name)
    told = {(error.output, error.day) for error in damaged}
    return list(lost_by_stores(known, [*stored, *published], told)), damaged


def lost_in_all(league: League, stores: Instance | OpenStores, day: date) -> list[str]:
    """Hold every store against the ledger's proofs: rows counted, those of `day` and all documents read back."""
    outputs = {step.name: step.phase for step in league.steps}
    known = [proof for proof in stores.ledger.load(league.name).proofs if proof.output in outputs]
    gone, damaged = lost_documents(league, known, stores.warehouse.proofs(), stores)
    rows = [one for one in known if one.day == day and one.n_rows and outputs[one.output] is not Phase.PUBLISHED]
    losses = {
        (loss.output, loss.day): loss.how
        for loss in (
            *(loss for proof in rows for loss in recounted(league, stores, proof)),
            *stores.published.losses(league.steps),
            *stores.warehouse.losses(league.name),
            *gone,
        )
    }
    unread = {(error.output, error.day): str(error) for error in damaged}
    return [f"{output} of {day}: {how}" for (output, day), how in sorted((losses | unread).items())]


def stands(unit: UnitProof, n_rows: int, content_hash: str, *, by_hash: bool) -> bool:
    """Whether the rows are those that were proven: by hash, or by count where the hash may be of other columns."""
    return n_rows == unit.n_rows and (content_hash == unit.content_hash or not by_hash)


def _period(slate: Slate, today: date) -> timedelta:
    return OPEN if slate == DOCUMENTS or today - slate[1] <= OPEN_DAYS else OLD


def _taken(found: list[T]) -> list[T]:
    """Take out what has been found so far; it stays the same list, into which a chore may be putting more."""
    taken = found[:]
    del found[: len(taken)]
    return taken


def _stands_as(counted: Proof, known: Proof | None, loss: Loss) -> bool:
    """Whether nothing of what is lost was written since it was counted: what was made again as it was has another fence."""
    if known is None:
        return False
    names = loss.units or {*counted.units, *known.units}
    return all(_written(known, name) == _written(counted, name) for name in names)


def _written(proof: Proof, name: str) -> tuple[str, int] | None:
    unit = proof.units.get(name)
    return (unit.content_hash, unit.fence) if unit else None
