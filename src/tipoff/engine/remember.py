"""Taking up the past at a start: games, proofs and obligations from the ledger; the stores are believed over it."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from tipoff.core.league import League
from tipoff.core.obligation import State, Verb
from tipoff.core.proof import Proof, proof_row
from tipoff.core.schema import WHOLE_SLATE
from tipoff.engine.book import Book, Conflict, Entry
from tipoff.engine.findings import NOT_MET
from tipoff.engine.ledger_rows import arrival_rows
from tipoff.engine.losses import is_in_parts_now
from tipoff.engine.plan import grown
from tipoff.engine.questions import remember_questions
from tipoff.engine.results import Results
from tipoff.ledger import Batch, LedgerSnapshot

DIGEST = "digest"  # a message, owed by no step


def remember(  # noqa: PLR0913 -- from where, into what
    book: Book,
    results: Results,
    known: LedgerSnapshot,
    stored: Iterable[Proof],
    batch: Batch,
    *,
    days: tuple[date, date],
    now: datetime,
) -> int:
    """Take into the book what is known of `days`, of the season, and of those before it that windows reach.

    Returns the highest fence.

    A proof that the stores have and the ledger has not was written just before a crash: it is adopted, in `batch` too.
    """
    league, season = book.league, book.season
    book.seasons = (*(other for other in known.seasons if other.name != season.name), season)
    known, stored = _renamed(league, known, stored, batch)
    reach, games = book.reach, known.games
    for day in {game.day for game in games if days[0] <= game.day <= days[1] or reach <= game.day < season.first_day}:
        book.open_day(day)
        book.set_games(day, grown((), [game for game in games if game.day == day])[0])
    for proof in known.proofs:
        if reach <= proof.day <= season.last_day:
            if (proof.output, proof.day) not in book.entries and proof.output == league.schedule:
                book.open_day(proof.day)  # also where no game is known of it: what it owes is to be excused
                book.set_games(proof.day, grown((), [game for game in games if game.day == proof.day])[0])
            book.set_proof(proof)
    highest = adopt(book, results, stored, batch, now, last_run=known.last_run)
    _obligations(book, known.obligations)
    _starts(book, known.changes, now)
    book.gaps = dict(known.gaps)
    for row in known.blames:
        entry = book.entries.get((row["output"], row["day"]))
        if entry is not None:
            entry.blame = row["cause"]
            entry.met_at = None if entry.state in NOT_MET else row["met_at"] or entry.since
    remember_questions(book, known.questions)
    for row in known.open_conflicts:
        entry = book.entries.get((row["output"], row["day"]))
        if entry is not None:
            entry.conflict = Conflict(**{field.name: row[field.name] for field in dataclasses.fields(Conflict)})
    return highest


def _renamed(
    league: League, known: LedgerSnapshot, stored: Iterable[Proof], batch: Batch
) -> tuple[LedgerSnapshot, list[Proof]]:
    """Return what is known under the names and by the units that the catalog has; what it has no more owes nothing.

    The rows under a former name stay as they were; those under the new one are written in `batch`.
    """
    names = {name: step.name for step in league.steps for name in step.names}
    obligations = []
    there = {(row["output"], row["day"]) for row in known.obligations}
    for row in known.obligations:
        name = names.get(row["output"], row["output"])
        if name != row["output"] and (name, row["day"]) not in there:
            obligations.append(row | {"output": name})
        elif name == row["output"]:
            obligations.append(row)
        if name != row["output"] or (name not in names and name != DIGEST):
            _retire(row, name if name in names else "", batch)
    proofs = []
    proven = {(proof.output, proof.day) for proof in known.proofs}
    for proof in known.proofs:
        name = names.get(proof.output, proof.output)
        if name != proof.output and (name, proof.day) not in proven:
            proofs.append(dataclasses.replace(proof, output=name))
            batch.add("proofs", proof_row(proofs[-1]))
        elif name == proof.output:
            proofs.append(proof)
    found = [dataclasses.replace(proof, output=names.get(proof.output, proof.output)) for proof in stored]
    stands = {(proof.output, proof.day): proof for proof in found if proof.league == league.name}
    proofs = [_in_parts(proof, stands.get((proof.output, proof.day)), batch) for proof in proofs]
    return dataclasses.replace(known, obligations=obligations, proofs=proofs), found


def _in_parts(proof: Proof, beside: Proof | None, batch: Batch) -> Proof:
    """Return a proof of a whole slate by the parts by which its store counts it now."""
    if beside is None or not is_in_parts_now(proof, beside):
        return proof
    found = dataclasses.replace(proof, units=beside.units)
    batch.add("proofs", proof_row(found))
    return found


def _retire(row: Mapping[str, Any], now_called: str, batch: Batch) -> None:
    """Excuse what an output still owed that the catalog has no more, or under another name."""
    reason = f"it is {now_called} now" if now_called else "the catalog has it no more"
    if row["state"] in {State.PROVEN.value, State.EXCUSED.value} or row["reason"] == reason:
        return
    excused = row["excused"] | dict.fromkeys(row["missing"], reason)
    changes = {
        "state": State.EXCUSED.value,
        "missing": "[]",
        "excused": json.dumps(excused),
        "n_excused": row["n_excused"] + len(row["missing"]),
        "attempted": json.dumps(row["attempted"]),
        "verb": Verb.SKIP.value,
        "reason": reason,
    }
    batch.add("obligations", {**row, **changes})


def outputs_since(league: League, known: LedgerSnapshot, since: datetime, now: datetime) -> dict[str, datetime]:
    """Return since when each output is kept in this home: since the home is, or since its step was added to the catalog.

    One that was of the slate and is in parts now is kept since then: what it lacks of them was owed by nobody.
    """
    whole = {proof.output for proof in known.proofs if WHOLE_SLATE in proof.units}
    seen = {row["output"] for row in known.obligations} | {proof.output for proof in known.proofs}
    found = {}
    for step in league.steps:
        is_new = known.last_tick is not None and (
            not seen.intersection(step.names) or (step.units.parts is not None and not whole.isdisjoint(step.names))
        )
        found[step.name] = known.since_outputs.get(step.name, now if is_new else since)
    return found


def take_since(book: Book, known: LedgerSnapshot, since: datetime, batch: Batch, now: datetime) -> None:
    """Take up since when each output is kept; that of what came after the home is written down."""
    book.since = outputs_since(book.league, known, since, now)
    for output, at in book.since.items():
        if at > since:
            batch.fact(f"since {output}", at.isoformat(), league=book.league.name)


def adopt(  # noqa: PLR0913 -- from where, into what
    book: Book, results: Results, stored: Iterable[Proof], batch: Batch, now: datetime, *, last_run: int
) -> int:
    """Believe the stores over the ledger; returns the highest fence that they have.

    What a run of this ledger wrote, `last_run` at the most, arrived as it was made; when the rest came, a ledger that was lost or
    is an older copy cannot tell: stores know when a unit was last looked at.
    """
    highest, schedule, reach = 0, book.league.schedule, book.reach
    for proof in sorted(stored, key=lambda proof: proof.fence):
        highest = max(highest, proof.fence)
        if proof.league != book.league.name or not reach <= proof.day <= book.season.last_day:
            continue
        entry = book.entries.get((proof.output, proof.day))
        fence = entry.proof.fence if entry and entry.proof else 0
        if fence >= proof.fence or (entry is None and proof.output != schedule):
            continue
        if proof.output == schedule:
            book.open_day(proof.day)
        known = entry.proof if entry else None
        taken = _looked_at(proof, book.entries[proof.output, proof.day], now, is_own=proof.fence <= last_run)
        book.set_proof(taken)
        batch.add("proofs", proof_row(taken))
        owed = book.entries[proof.output, proof.day].obligation
        came = [unit.unit for unit in proof.units.values() if unit.n_rows and proof.fence <= last_run]
        for row in arrival_rows(proof, came, known, owed, dict.fromkeys(came, proof.made_at).__getitem__):
            batch.add("arrivals", row)
        if proof.output == schedule:
            results.read_games(proof.day, now, batch)
    return highest


def _looked_at(proof: Proof, entry: Entry, now: datetime, *, is_own: bool) -> Proof:
    """Return a store's proof without when it was last said that there is nothing of what has closed: only a ledger knows it.

    What a run of this ledger wrote just before a crash says nothing of the units that it was not asked for: the ledger does.
    """
    times, known = entry.obligation.times, entry.proof.units if is_own and entry.proof else {}
    closed = {
        name for name, unit in proof.units.items() if unit.excuse and name in times and times[name].is_closed(now)
    }
    seen = {
        name: max(filter(None, (known[name].as_of, proof.units[name].as_of)), default=None)
        for name in closed & known.keys()
    }
    units = {name: dataclasses.replace(proof.units[name], as_of=seen.get(name)) for name in closed}
    return dataclasses.replace(proof, units={**proof.units, **units})


def _starts(book: Book, changes: Mapping[tuple[date, str], datetime], now: datetime) -> None:
    """Have made anew what tells the start of a game that has changed since: whether that was its start, who ended knew."""
    for entry in filter(book.tells_starts, book.entries.values()):
        units, times = entry.obligation.units, entry.obligation.times
        for unit, proof in entry.proof.units.items() if entry.proof else ():
            game = units.get(unit)
            changed_at = changes.get((game.day, game.game_id)) if game else None
            if changed_at and proof.as_of and proof.as_of < changed_at and not times[unit].is_closed(now):
                entry.moved[unit] = proof


def _obligations(book: Book, rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        entry = book.entries.get((row["output"], row["day"]))
        if entry is not None:
            entry.state, entry.since, entry.reason = State(row["state"]), row["since"], row["reason"]
            entry.failures, entry.polls, entry.not_before = row["failures"], row["polls"], row["not_before"]
            entry.attempted, entry.missing = row["attempted"], tuple(row["missing"])
            entry.tries = dict.fromkeys(entry.missing, entry.failures) if entry.failures else {}
            entry.excused, entry.decided = row["excused"], (row["verb"], row["reason"])
