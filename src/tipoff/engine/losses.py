"""What a store has lost of what was proven: noticed against the ledger, marked in the book, and made again."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime

from tipoff.core.payload import WITHOUT_IT
from tipoff.core.proof import Loss, Proof, UnitProof
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.severity import Severity
from tipoff.engine.book import Book, Entry, Key
from tipoff.engine.findings import CONTROLLER, STORE
from tipoff.ledger import Batch
from tipoff.ledger.rows import finding


def lost_by_stores(
    known: Iterable[Proof], stored: Iterable[Proof], but: Collection[tuple[str, date]] = ()
) -> Iterator[Loss]:
    """Yield what the ledger knows to be proven and no store has a proof of, only an older one of other content, or other rows.

    `but`: slates that are told of otherwise.
    """
    stands = {(proof.league, proof.output, proof.day): proof for proof in stored}
    for proof in known:
        beside = stands.get((proof.league, proof.output, proof.day))
        if not proof.n_rows or (proof.output, proof.day) in but:
            continue
        if beside is None:
            yield Loss(output=proof.output, day=proof.day, how="no store has anything, and the ledger knows it proven")
        elif beside.fence < proof.fence and beside.digest != proof.digest and not is_in_parts_now(proof, beside):
            other = {
                name
                for name, unit in proof.units.items()
                if name not in beside.units or beside.units[name].content_hash != unit.content_hash
            }
            how = f"the store has what run {beside.fence} left, and the ledger knows of run {proof.fence}"
            yield Loss(output=proof.output, day=proof.day, how=how, units=frozenset(other))
        elif beside.fence <= proof.fence and beside.n_rows != proof.n_rows:  # counted as they stand, in parts
            how = f"{beside.n_rows} rows stand where {proof.n_rows} are proven"
            yield Loss(output=proof.output, day=proof.day, how=how)


def is_in_parts_now(proof: Proof, beside: Proof) -> bool:
    """Whether a proof is of a whole slate, and its store counts by parts now."""
    return WHOLE_SLATE in proof.units and WHOLE_SLATE not in beside.units


def made_anew(entry: Entry) -> dict[str, UnitProof]:
    """Return the proven units of an entry, to be made anew and not as they were: a person asks for it."""
    units = entry.proof.units if entry.proof else {}
    return {name: replace(unit, content_hash="") for name, unit in units.items() if unit.n_rows}


def _of_others(units: Mapping[str, UnitProof]) -> dict[str, UnitProof]:
    """Return units that are to be made of whatever there is by now, and not as they were."""
    return {name: replace(unit, content_hash="", as_of=None) for name, unit in units.items()}


def take_losses(
    book: Book, losses: Iterable[Loss], batch: Batch, now: datetime, cut_off: Collection[Key] = ()
) -> list[Entry]:
    """Mark what is lost in the book, to be made again, with a finding for each slate; returns these, and what is asked anew.

    `cut_off`: slates whose runs ended with their controller, which is to blame for what they left half done.
    """
    found = []
    for loss in losses:
        entry = book.entries.get((loss.output, loss.day))
        if entry is None or entry.proof is None:
            continue
        if loss.anew:
            book.have_seen(*entry.key, now)
            found.append(entry)  # also where it said that there is nothing, so that no rows are lost
        units = {
            name: unit
            for name, unit in entry.proof.units.items()
            if unit.n_rows and name not in entry.gone and (not loss.units or name in loss.units)
        }
        if not units:
            continue
        entry.gone |= _of_others(units) if loss.anew else units
        entry.cause = CONTROLLER if entry.key in cut_off else STORE
        for name in units:
            entry.attempted.pop(name, None)
        where = (book.league.name, loss.output, loss.day)
        note = f"{loss.how}; {WITHOUT_IT if loss.anew else 'it is made again'}"
        batch.add(
            "findings",
            finding(
                where, "store_has_what_is_proven", entry.cause, Severity.ERROR, note, now=now, missing=sorted(units)
            ),
        )
        if not loss.anew:
            found.append(entry)
    return found
