"""Gates as the engine applies them: what an input window should hold for a unit, and what is known of it."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime

from tipoff.core.gate import Evidence, Verdict, decide
from tipoff.core.obligation import State
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import Game
from tipoff.core.window import WindowKind
from tipoff.engine.book import SAME_DAY, Book, Entry, Reading


def gates(
    book: Book, entry: Entry, now: datetime, todo: Mapping[str, str]
) -> tuple[dict[str, Verdict], dict[str, list[Verdict]]]:
    """Return the worst verdict for each input, and all verdicts by unit."""
    worst: dict[str, Verdict] = {}
    by_unit: dict[str, list[Verdict]] = {unit: [] for unit in todo}
    obligation = entry.obligation
    slates: dict[str, dict[str, Evidence]] = {}
    for reading in book.readings[entry.step.name]:
        edge = reading.edge
        if edge.optional:
            continue
        over = now >= min(obligation.due_at, obligation.opens_at + edge.patience)
        for unit in todo:
            expected, own = _expected(book, entry, reading, unit, slates)
            verdict = decide(
                expected=expected,
                minimum=edge.minimum,
                patience_over=over,
                needs_own=own,
                quality=(_quality(book, entry, reading) if edge.quality else 1.0, edge.quality),
            )
            waiver = book.waivers.get((*entry.key, edge.table))
            if waiver is not None and now < waiver.until and not verdict.is_open:
                reason = f"waived by {waiver.by} until {waiver.until:%Y-%m-%d %H:%M} UTC: {waiver.reason}"
                verdict = dataclasses.replace(verdict, is_open=True, reason=reason)
            is_whole = reading.is_aligned and own is None  # what other units lack takes nothing from this one
            by_unit[unit].append(dataclasses.replace(verdict, missing=()) if is_whole else verdict)
            known = worst.get(edge.table)
            if known is None or (verdict.is_open, verdict.coverage) < (known.is_open, known.coverage):
                worst[edge.table] = verdict
    return worst, by_unit


def without_hope(book: Book, entry: Entry, now: datetime, units: Iterable[str]) -> list[str]:
    """Return those of `units` for which an input that they need is lost: it closed before it was made, and will not come."""
    day, found = entry.obligation.day, []
    needed = [r for r in book.readings[entry.step.name] if r.is_aligned and r.edge.needed and not r.edge.optional]
    for unit in units:
        game = entry.obligation.units[unit]
        for reading in needed if game is not None else ():
            source = book.entries.get((reading.input.table, day))
            if source is None or source.state is not State.LOST or game is None:
                continue
            own = own_units(book, reading.input.table, game, unit)
            gone = (name for name in own if not source.obligation.closes_at or source.obligation.closed(name, now))
            if any(book.evidence(reading.input.table, day, name) is Evidence.MISSING for name in gone):
                found.append(unit)
                break
    return found


def _expected(
    book: Book, entry: Entry, reading: Reading, unit: str, slates: dict[str, dict[str, Evidence]]
) -> tuple[dict[str, Evidence], str | None]:
    """Return what the input window should hold for `unit`, with what is known of it, and the one it cannot do without.

    `slates` keeps what is known of each input's slate, which is the same for all units of one judgement.
    """
    table, kind, day = reading.input.table, reading.input.window.kind, entry.obligation.day
    game = entry.obligation.units[unit]
    if kind is WindowKind.LATEST:
        newest = book.newest_owed(table, day)
        return ({f"{newest}": book.evidence(table, newest, WHOLE_SLATE)} if newest else {}), None
    if kind in SAME_DAY:
        if not reading.units_by_game:
            return {WHOLE_SLATE: book.evidence(table, day, WHOLE_SLATE)}, WHOLE_SLATE
        if table not in slates:
            slates[table] = _whole_slate(book, table, entry)
        if game is not None and reading.edge.aligned:
            units = own_units(book, table, game, unit)
            lacking = (u for u in units if book.evidence(table, day, u) is Evidence.MISSING)
            own = next(lacking, None) if reading.edge.needed else None
            return slates[table], own
        return slates[table], None
    games = book.earlier_games(day) if game is None else book.recent_games(game, reading.edge.last_games)
    first, last = reading.input.window.bounds(day, book.season)
    return {
        f"{other} {own}": book.evidence(table, other, own)
        for other, game_id in games
        if first <= other <= last
        for own in book.units_of_game(table, other, game_id)
    }, None


def _quality(book: Book, entry: Entry, reading: Reading) -> float:
    """Return the share of the input's proven units that were made on whole input; 1 when none is proven."""
    first, last = reading.input.window.bounds(entry.obligation.day, book.season)
    whole = n_units = 0
    for (table, day), source in book.entries.items():
        if table == reading.input.table and first <= day <= last and source.proof is not None:
            n_units += len(source.proof.units)
            whole += sum(not unit.partial for unit in source.proof.units.values())
    return whole / n_units if n_units else 1.0


def _whole_slate(book: Book, table: str, entry: Entry) -> dict[str, Evidence]:
    day = entry.obligation.day
    source = book.entries.get((table, day))
    if source is None:
        return dict.fromkeys(entry.obligation.units, Evidence.UNKNOWN)
    return {unit: book.evidence(table, day, unit) for unit in source.obligation.units}


def own_units(book: Book, table: str, game: Game, unit: str) -> list[str]:
    """Return the input's units that `unit` of `game` rests on."""
    units = book.units_of_game(table, game.day, game.game_id)
    return [unit] if unit in units else units


def has_no_history(book: Book, entry: Entry, unit: str) -> bool:
    """Whether no side of the unit's game has played on an earlier day, so that it may rightly be empty."""
    game = entry.obligation.units[unit]
    if game is None:
        return not book.earlier_games(entry.obligation.day)
    return not book.own_games(game, 1)
