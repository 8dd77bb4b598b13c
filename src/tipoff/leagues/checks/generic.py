"""What is claimed of every table, read off the catalog; a league says what rightly is otherwise: `Traits`, by table."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tipoff.core.check import Cadence, Check
from tipoff.core.obligation import Anchor
from tipoff.core.schema import ColumnType, Phase, Table
from tipoff.core.step import SourceWork, SqlWork, Step
from tipoff.leagues.checks import probes, rowwise
from tipoff.leagues.checks.kinds import Words
from tipoff.leagues.checks.usual import looks_alive, looks_usual

_READS = re.compile(r"\b(slate|before|known|latest|season|last\d+|seasons\d+)\.([a-z_0-9]+)")
_ON_HISTORY = frozenset({Phase.FEATURES, Phase.PREDICTIONS, Phase.PUBLISHED, Phase.GRADES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """In what a table is otherwise than most, rightly.

    `irregular`: columns that change from one slate to the next. `alike`: columns that all rows may have the same for weeks;
    `unknown`: columns that may be NULL, or empty, in a whole game. `slow`: numbers that all rows of a slate may have the
    same. `rates`: least and most share of rows in which a flag is set. `known_of`: a table and its count of what was known
    of whom a row is about; while that is zero for half of a slate, numbers and texts may all be the same, and no mean is usual.
    `usual`: whether days are like each other at all, `sizes`: whether they have about as many rows. `covers`: whether every
    game that is on has rows; `history`: once both its clubs have games in this table. `remade`: whether it is cheap enough
    to be made anew.
    """

    irregular: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()
    rates: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    known_of: tuple[str, str] | None = None
    usual: bool = True
    sizes: bool = True
    covers: bool = True
    history: str = ""
    remade: bool = True


def generic(steps: Sequence[Step], words: Words, traits: Mapping[str, Traits]) -> list[Check]:
    """Return the checks of every step's table, in the catalog's order."""
    tables = {step.name: step.table for step in steps}
    return [check for step in steps for check in _of_step(step, words, traits.get(step.name, Traits()), tables)]


def reads(step: Step, *windows: str) -> tuple[str, ...]:
    """Return the tables that a step reads, in the order in which it names them; through some windows alone, or any."""
    work = step.work
    named = [] if isinstance(work, SqlWork) else [(read.window.name, read.table) for read in work.inputs]
    found = _READS.findall(work.sql) if isinstance(work, SqlWork) else named
    return tuple(
        dict.fromkeys(name for window, name in found if name != step.name and (not windows or window in windows))
    )


def _of_step(step: Step, words: Words, traits: Traits, tables: Mapping[str, Table]) -> list[Check]:
    table, names = step.table, step.table.names
    found = [
        probes.columns_are_declared(table),
        rowwise.unique(table),
        rowwise.declared(table, filled=table.floor.filled if table.phase is not Phase.PUBLISHED else ()),
        probes.has_run(table),
        probes.zero_is_signed(table),
        probes.is_still_there(table),
    ]
    if traits.usual:
        found += looks_usual(
            table, irregular=traits.irregular, unknown=traits.unknown, sizes=traits.sizes, known_of=traits.known_of
        )
        shapes = {name: getattr(traits, name) for name in ("alike", "slow", "rates", "known_of")}
        found.append(looks_alive(table, **shapes, cadence=_cadence(step)))
    if "known_at" in names:
        found.append(probes.known_when_it_came(table))
    if "game_id" in names:
        found += _of_games(step, words, traits)
    if traits.remade and not isinstance(step.work, SourceWork) and step.phase is not Phase.MODELS:
        found.append(probes.is_remade(table, reads(step)))
    sources = [tables[name] for name in reads(step, "slate", "known")]
    keys = Counter(source.key for source in sources)  # of two sources with one key it is not known which is copied
    found += [copied for source in sources if keys[source.key] == 1 for copied in _copies(table, source)]
    return found


def _cadence(step: Step) -> Cadence:
    """Return when the slate's rows are all there to be looked at first: before its first game, or after its games."""
    is_late = step.timing.opens.anchor is Anchor.LAST_START or step.timing.due.anchor is Anchor.OWN_START
    return Cadence.MORNING if is_late else Cadence.PREGAME


def _of_games(step: Step, words: Words, traits: Traits) -> list[Check]:
    table, found = step.table, []
    found.append(rowwise.game_ids(table, words.game_id))
    if table.name == words.schedule:
        return found
    found.append(rowwise.only_scheduled(table, words.schedule))
    if words.side[0] in table.names:
        found.append(rowwise.sides(table, words))
    if step.units.by_game and isinstance(step.work, SourceWork):
        found.append(probes.not_all_is_excused(table, optional=step.optional))
    if step.units.by_game and traits.covers:
        cadence = _cadence(step)
        found.append(
            rowwise.covers(
                table,
                words,
                played=words.played if cadence is Cadence.MORNING else words.on,
                optional=step.optional,
                cadence=cadence,
                history=traits.history or (words.history if table.phase in _ON_HISTORY else ""),
                both=bool(traits.history),
            )
        )
    return found


def _copies(table: Table, source: Table) -> list[Check]:
    """Return the check that what has the name of an input's column is its copy, where both rows are of the same thing."""
    if not set(source.key) <= set(table.key):
        return []
    shared = [
        column.name
        for column in source.columns
        if column.name in table.names and column.name not in {"day", "known_at", *table.key}
        if column.type is table.column(column.name).type and column.type is not ColumnType.DATE
        if not column.volatile and not column.may_empty  # what may rightly turn NULL changes after it was copied
    ]
    if not shared:
        return []
    return [
        rowwise.agrees(
            table,
            source,
            on=source.key,
            columns=shared,
            name=f"copies_{source.name}",
            claim=f"what {table.name} shares with {source.name} is a copy, NULL included",
            both=False,
        )
    ]
