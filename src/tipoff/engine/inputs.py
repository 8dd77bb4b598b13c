"""What a unit is made from: the content of its inputs as digests, so that a change of content is seen without reading a row."""

import hashlib
from collections.abc import Iterable
from datetime import date

from tipoff.core.gate import Evidence
from tipoff.core.proof import InputProof
from tipoff.core.slate import Game
from tipoff.core.step import SourceWork
from tipoff.core.window import WindowKind
from tipoff.engine.book import SAME_DAY, Book, Entry, Key, Reading
from tipoff.engine.gates import own_units
from tipoff.engine.questions import ruled


def made_from(parts: Iterable[str]) -> str:
    """Return the digest that a unit's proof records of what it was made from."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def shared_parts(book: Book, entry: Entry) -> list[str]:
    """Return the content of the inputs that all units of `entry` rest on, as digests."""
    day = entry.obligation.day
    parts = []
    for reading in book.readings[entry.step.name]:
        window, table = reading.input.window, reading.input.table
        if reading.is_aligned or not reading.edge.cascades:
            continue
        if window.kind in SAME_DAY:
            parts.append(book.digest(table, day))
        elif window.kind is WindowKind.LATEST:
            newest = book.newest_proven(table, day)
            parts.append(f"{newest}:{book.digest(table, newest) if newest else ''}")
        else:
            parts.append(book.window_digest(table, *window.bounds(day, book.season_of(day))))
    return parts


def own_parts(book: Book, entry: Entry, unit: str, game: Game | None) -> list[str]:
    """Return the content that `unit` alone rests on, as digests: its own units, its teams' earlier games of the day."""
    parts = []
    earlier = book.earlier(game)
    for reading in book.readings[entry.step.name]:
        table = reading.input.table
        if not reading.edge.cascades:
            continue
        if earlier and reading.input.window.is_history and game is not None:
            units = [own for other in earlier for own in book.units_of_game(table, game.day, other)]
            parts.append(book.unit_hashes(table, game.day, units))
        if not reading.is_aligned:
            continue
        if game is None:
            parts.append(book.digest(table, entry.obligation.day))
        elif _is_spared(book, reading, game, unit):
            parts.append("spared")
        else:
            parts.append(book.unit_hashes(table, game.day, own_units(book, table, game, unit)))
    return [*parts, *ruled(book, entry, unit)]


def _is_spared(book: Book, reading: Reading, game: Game, unit: str) -> bool:
    main = reading.edge.stands_in_for
    if not main:
        return False
    return all(book.evidence(main, game.day, own) is Evidence.PROVEN for own in own_units(book, main, game, unit))


def waits_for(book: Book, entry: Entry, busy: frozenset[Key]) -> bool:
    """Whether something that `entry` reads of its day is being made right now, or rests on what is: it may be made next."""
    if _has_nothing_yet(book, entry):
        return True
    if not busy:
        return False
    own = entry.obligation.day
    resting = _resting_on(book, own, busy)
    for reading in book.readings[entry.step.name]:
        if reading.input.table in resting and reading.input.window.kind in SAME_DAY:
            return True
        first, last = reading.input.window.bounds(own, book.season_of(own))
        is_double = reading.input.window.is_history and book.has_earlier_games(own)
        for table, day in busy:
            if table == reading.input.table and (first <= day <= last or (is_double and day == own)):
                return True
    return False


def _has_nothing_yet(book: Book, entry: Entry) -> bool:
    """Whether an input, and all that stand in for it, have no proof while one is being made: however long, it is all there is."""
    day, readings = entry.obligation.day, book.readings[entry.step.name]
    for main in (reading for reading in readings if reading.is_aligned and not reading.edge.needed):
        ways = [main, *(reading for reading in readings if reading.edge.stands_in_for == main.edge.table)]
        sources = [found for way in ways if (found := book.entries.get((way.input.table, day))) is not None]
        if any(source.running for source in sources) and not any(source.proof for source in sources):
            return True
    return False


def _resting_on(book: Book, day: date, busy: frozenset[Key]) -> set[str]:
    """Return the transforms that are being made of `day`, and what is made of them, of it in turn."""
    found = {table for table, of in busy if of == day and not isinstance(book.entries[table, of].step.work, SourceWork)}
    for step in book.league.steps:  # in the catalog's order
        read = (one for one in book.readings[step.name] if one.edge.cascades and one.input.window.kind in SAME_DAY)
        if any(reading.input.table in found for reading in read):
            found.add(step.name)
    return found


def input_proofs(book: Book, entry: Entry) -> tuple[InputProof, ...]:
    """Return what a run of `entry` would see of each input."""
    found, day = [], entry.obligation.day
    for reading in book.readings[entry.step.name]:
        window, table = reading.input.window, reading.input.table
        first, last = window.bounds(day, book.season_of(day))
        n_units, digest = book.count_units(table, first, last), book.window_digest(table, first, last)
        found.append(InputProof(table=table, window=window.name, n_units=n_units, digest=digest))
    return tuple(found)
