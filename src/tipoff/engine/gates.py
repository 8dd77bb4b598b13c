"""Gates as the engine applies them: what an input window should hold for a unit, and what is known of it."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from tipoff.core.gate import Evidence, Verdict, decide
from tipoff.core.obligation import NOT_KEPT_YET, UnitTimes
from tipoff.core.records import WaiverRecord
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import Game
from tipoff.core.step import Edge, PublishWork, SourceWork
from tipoff.core.window import WindowKind
from tipoff.engine import rules
from tipoff.engine.book import SAME_DAY, Book, Entry, Reading

_PRESENT = (Evidence.PROVEN, Evidence.EXCUSED)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What one unit waits for on one edge: input units with what is known of each, and the one that it cannot do without.

    `minimum`: the share of them at which the gate opens once patience has ended. `is_own`: they are the unit's own alone.
    """

    units: Mapping[str, Evidence]
    minimum: float
    own: str | None = None
    is_own: bool = False


def gates(
    book: Book, entry: Entry, now: datetime, todo: Mapping[str, str]
) -> tuple[dict[str, Verdict], dict[str, list[Verdict]]]:
    """Return the worst verdict for each input, and all verdicts by unit."""
    worst: dict[str, Verdict] = {}
    by_unit: dict[str, list[Verdict]] = {unit: [] for unit in todo}
    slates: dict[tuple[str, bool], dict[str, Evidence]] = {}
    for reading in book.readings[entry.step.name]:
        edge = reading.edge
        if edge.optional:
            continue
        quality = (_quality(book, entry, reading) if edge.quality else 1.0, edge.quality)
        for unit in todo:
            over = patience_is_over(entry.obligation.times[unit], edge, now)
            expected = _expected(book, entry, reading, unit, over, slates, now)
            verdict = decide(
                expected=expected.units,
                minimum=expected.minimum,
                patience_over=over,
                needs_own=expected.own,
                quality=quality,
            )
            verdict = waived(verdict, book.waivers.get((*entry.key, edge.table)), now)
            by_unit[unit].append(lacking_alone(verdict, reading, expected))
            known = worst.get(edge.table)
            if known is None or (verdict.is_open, verdict.coverage) < (known.is_open, known.coverage):
                worst[edge.table] = verdict
    return worst, by_unit


def patience_is_over(times: UnitTimes, edge: Edge, now: datetime) -> bool:
    """Whether a unit need not wait for all of its input any more: its edge's patience has ended, or it is due."""
    return times.is_due(now) or (times.opens_at is not None and now >= times.opens_at + edge.patience)


def waived(verdict: Verdict, waiver: WaiverRecord | None, now: datetime) -> Verdict:
    """Return the verdict, or the opening that somebody has signed for and that has not expired."""
    if waiver is None or verdict.is_open or now >= waiver.until:
        return verdict
    reason = f"waived by {waiver.by} until {waiver.until:%Y-%m-%d %H:%M} UTC: {waiver.reason}"
    return dataclasses.replace(verdict, is_open=True, reason=reason)


def lacking_alone(verdict: Verdict, reading: Reading, expected: Expected) -> Verdict:
    """Return the verdict with what the unit itself lacks: what others lack, or another input stands in for, takes nothing."""
    if not reading.is_aligned or expected.own is not None or (expected.is_own and reading.edge.needed):
        return verdict
    return dataclasses.replace(verdict, missing=())


def without_hope(book: Book, entry: Entry, units: Iterable[str]) -> list[str]:
    """Return those of `units` for which an input that they need is lost: it closed before it was made, and will not come."""
    needed = [r for r in book.readings[entry.step.name] if r.is_aligned and r.edge.needed and not r.edge.optional]
    ways = [ways_to(book, entry, reading) for reading in needed]
    return [unit for unit in units if any(all(_is_lost(book, entry, way, unit) for way in one) for one in ways)]


def ways_to(book: Book, entry: Entry, reading: Reading) -> list[Reading]:
    """Return the inputs of `entry` of which one is as good as `reading`, itself among them."""
    name = reading.edge.one_of
    return [other for other in book.readings[entry.step.name] if other.edge.one_of == name] if name else [reading]


def _is_lost(book: Book, entry: Entry, reading: Reading, unit: str) -> bool:
    table, game = reading.input.table, entry.obligation.units[unit]
    source = book.entries.get((table, entry.obligation.day))
    if source is None or game is None or not source.lost:
        return False
    return own_lacking(book, table, game, unit) is not None and source.lost.issuperset(
        name for name in own_units(book, table, game, unit) if book.evidence(table, game.day, name) not in _PRESENT
    )


def _expected(  # noqa: PLR0913 -- all that an edge is judged on
    book: Book,
    entry: Entry,
    reading: Reading,
    unit: str,
    over: bool,  # noqa: FBT001 -- as `decide` calls it
    slates: dict[tuple[str, bool], dict[str, Evidence]],
    now: datetime,
) -> Expected:
    """Return what the input window should hold for `unit`; `slates` keeps what is the same for all units of one judgement."""
    edge, table, kind, day = reading.edge, reading.input.table, reading.input.window.kind, entry.obligation.day
    game = entry.obligation.units[unit]
    if kind is WindowKind.LATEST:
        newest = book.newest_owed(table, day)
        owed = book.entries[table, newest].obligation.units if newest else ()
        names = {f"{newest}" if own == WHOLE_SLATE else f"{newest} {own}": own for own in owed}
        evidence = {name: book.evidence(table, newest, own) for name, own in names.items()} if newest else {}
        return Expected(units=evidence, minimum=edge.minimum)
    if kind not in SAME_DAY:
        return Expected(units=_history(book, entry, reading, game, over=over), minimum=edge.minimum)
    if not reading.units_by_game:
        return Expected(
            units={WHOLE_SLATE: book.evidence(table, day, WHOLE_SLATE)}, minimum=edge.minimum, own=WHOLE_SLATE
        )
    if game is not None and edge.aligned:
        own = _lacking(book, entry, reading, game, unit) if edge.needed else None
        if over and (table, day) in book.entries:
            return Expected(units=_own(book, table, game, unit), minimum=0.0, own=own, is_own=True)
        so_far = _slate(book, table, entry, slates, now) | _own(book, table, game, unit)
        return Expected(units=so_far, minimum=edge.minimum, own=own)
    return Expected(units=_slate(book, table, entry, slates, None), minimum=edge.minimum)


def _history(book: Book, entry: Entry, reading: Reading, game: Game | None, *, over: bool) -> dict[str, Evidence]:
    """Return what is known of earlier games: the last ones of both teams and all of yesterday's; for a slate's own unit, all.

    Nothing once patience is over where there are none but the day's own: a second game need not know of the first.
    """
    table, day = reading.input.table, entry.obligation.day
    first, last = reading.input.window.bounds(day, book.season_of(day))
    games = book.earlier_games(day) if game is None else book.recent_games(game, reading.edge.last_games)
    if over and all(other == day for other, _ in games):  # the first of two, with nothing before it
        return {}
    return {
        f"{other} {own}": book.evidence(table, other, own)
        for other, game_id in games
        if first <= other <= last or other == day
        for own in book.units_of_game(table, other, game_id)
    }


def _slate(
    book: Book, table: str, entry: Entry, slates: dict[tuple[str, bool], dict[str, Evidence]], now: datetime | None
) -> dict[str, Evidence]:
    """Return what is known of the input's slate; at `now`, as far as it can be there by then."""
    key = (table, now is None)
    if key not in slates:
        source = book.entries.get((table, entry.obligation.day))
        if source is None:
            slates[key] = dict.fromkeys(entry.obligation.units, Evidence.UNKNOWN)
        else:
            times = source.obligation.times
            known = {unit: book.evidence(table, entry.obligation.day, unit) for unit in source.obligation.units}
            ready = (u for u, seen in known.items() if now is None or times[u].is_open(now) or seen in _PRESENT)
            slates[key] = {unit: known[unit] for unit in ready}
    return slates[key]


def _own(book: Book, table: str, game: Game, unit: str) -> dict[str, Evidence]:
    return {own: book.evidence(table, game.day, own) for own in own_units(book, table, game, unit)}


def own_units(book: Book, table: str, game: Game, unit: str) -> list[str]:
    """Return the input's units that `unit` of `game` rests on."""
    units = book.units_of_game(table, game.day, game.game_id)
    return [unit] if unit in units else units


def excusing_inputs(book: Book, entry: Entry) -> list[Reading]:
    """Return the inputs that may excuse a unit; what can be made without its own is not: another may stand in."""
    needed = [r for r in book.readings[entry.step.name] if r.is_aligned and r.edge.needed and not r.edge.optional]
    return [reading for reading in needed if _has_excused(book, reading.input.table, entry.obligation.day)]


def _has_excused(book: Book, table: str, day: date) -> bool:
    entry = book.entries.get((table, day))
    if entry is None:
        return False
    return bool(entry.excused) or (entry.proof is not None and any(u.excuse for u in entry.proof.units.values()))


def is_excused(book: Book, table: str, game: Game, unit: str) -> bool:
    """Whether all that `unit` of `game` rests on in this input owes nothing."""
    units = own_units(book, table, game, unit)
    return bool(units) and all(book.evidence(table, game.day, own) is Evidence.EXCUSED for own in units)


def may_be_empty(book: Book, entry: Entry, unit: str) -> bool:
    """Whether a unit may rightly have no row: it has no history, or nothing of what one could stand in for another will come."""
    if has_no_history(book, entry, unit):
        return True
    game = entry.obligation.units[unit]
    ways = [r for r in book.readings[entry.step.name] if r.is_aligned and (r.edge.optional or not r.edge.needed)]
    if game is None or all(way.edge.needed for way in ways):
        return False
    return all(_will_not_come(book, way.input.table, game, unit) for way in ways)


def _will_not_come(book: Book, table: str, game: Game, unit: str) -> bool:
    source = book.entries.get((table, game.day))
    if source is None:
        return False
    own = {name: book.evidence(table, game.day, name) for name in own_units(book, table, game, unit)}
    return bool(own) and all(
        seen is Evidence.EXCUSED or (name in source.lost and seen is not Evidence.PROVEN) for name, seen in own.items()
    )


def came_too_late(book: Book, entry: Entry, unit: str, made: str) -> bool:
    """Whether a unit was published without rows, and what it lays out closed before it was made, or was made after that.

    Or it is there, and was not published by its close: the unit was made from something else than is there now (`made`). What a
    source had nothing of must have been looked at again before its close.
    """
    if isinstance(entry.step.work, SourceWork) and entry.proof is not None:
        times, without = entry.obligation.times[unit], book.without.get(entry.step.name, ())
        return rules.was_seen_too_early(entry.step.timing, times, entry.proof.units[unit], without)
    game, changed = entry.obligation.units[unit], entry.proof is not None and entry.proof.units[unit].made_from != made
    if game is None or not isinstance(entry.step.work, PublishWork):
        return False
    for reading in book.readings[entry.step.name]:
        source = book.entries.get((reading.input.table, game.day)) if reading.is_aligned else None
        proven = source.proof.units if source is not None and source.proof else {}
        for own in own_units(book, reading.input.table, game, unit) if source is not None else ():
            there = proven.get(own)
            is_late = there is not None and (there.retrospective or (changed and there.n_rows > 0))
            if is_late or (source is not None and own in source.lost):
                return True
    return False


def out_of_sight(book: Book, entry: Entry, units: Iterable[str], now: datetime) -> set[str]:
    """Return those of `units` that are not to be published yet: whether their games have begun is not known."""
    day, games, timing = entry.obligation.day, entry.obligation.units, book.league.step(book.league.schedule).timing
    closes = isinstance(entry.step.work, PublishWork) and entry.step.timing.closes is not None
    if not closes or not rules.is_of_open_day(day, now):
        return set()
    seen_at, refresh = book.seen_at(day), rules.refresh_of(timing, book.slates.get(day), now)
    return {unit for unit in units if rules.may_have_begun(games[unit], seen_at, refresh, now)}


def not_kept(book: Book, entry: Entry, unit: str, now: datetime) -> str:
    """Return why an unmade unit is not owed here; empty where it is, or closed while the key that it needs was there."""
    name, times = entry.step.name, entry.obligation.times[unit]
    if entry.proof is not None and unit in entry.proof.units:
        return ""
    off, since = book.off.get(name, ""), book.since.get(name)
    if not times.is_closed(now) or not rules.is_lost_once_closed(entry.step.work):
        return off
    if rules.is_within(times.closes_at, book.without.get(name, ())) or (since and rules.closed_before(times, since)):
        return off or entry.excused.get(unit, NOT_KEPT_YET)
    return ""


def own_lacking(book: Book, table: str, game: Game, unit: str) -> str | None:
    """Return the input unit for want of which `unit` cannot be made at all; of several units a game, one is enough."""
    seen = _own(book, table, game, unit)
    if any(evidence is Evidence.PROVEN for evidence in seen.values()):
        return None
    return next((own for own, evidence in seen.items() if evidence not in _PRESENT), None)


def _lacking(book: Book, entry: Entry, reading: Reading, game: Game, unit: str) -> str | None:
    """Return what `own_lacking` does, unless another way to the same thing is proven."""
    own = own_lacking(book, reading.input.table, game, unit)
    if own is None or not reading.edge.one_of:
        return own
    others = (_own(book, way.input.table, game, unit) for way in ways_to(book, entry, reading))
    return None if any(Evidence.PROVEN in other.values() for other in others) else own


def _quality(book: Book, entry: Entry, reading: Reading) -> float:
    """Return the share of the input's proven units that were made on whole input; 1 when none is proven."""
    first, last = reading.input.window.bounds(entry.obligation.day, book.season_of(entry.obligation.day))
    whole = n_units = 0
    for day, source in book.of_output(reading.input.table):
        if first <= day <= last and source.proof is not None:
            n_units += len(source.proof.units)
            whole += sum(not unit.partial for unit in source.proof.units.values())
    return whole / n_units if n_units else 1.0


def has_no_history(book: Book, entry: Entry, unit: str) -> bool:
    """Whether no side of the unit's game has played an earlier one, so that it may rightly be empty."""
    game = entry.obligation.units[unit]
    if game is None:
        return not book.has_earlier_slates(entry.obligation.day, book.history_of(entry))
    since = book.history_of(entry)
    return not any(day >= since for day, _ in book.own_games(game, 1))
