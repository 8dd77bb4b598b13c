"""The runs that an obligation needs now: which units go together, what each is told."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tipoff.core.gate import Evidence, Verdict
from tipoff.engine.book import Book, Entry
from tipoff.engine.gates import may_be_empty, own_units


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """One run to be made: its units with the digest of what each is made from, and the one instant that it sees."""

    units: Mapping[str, str]
    as_of: datetime
    may_be_empty: frozenset[str]
    partial: Mapping[str, tuple[str, ...]]  # units let through without all input, with what is missing
    expected: frozenset[str] = frozenset()  # every unit of the obligation
    closes: Mapping[str, datetime] = field(default_factory=dict)  # when each may no longer be written
    least_rows: Mapping[str, int] = field(default_factory=dict)
    retrospective: bool = False
    earlier: tuple[str, ...] = ()  # games of the slate itself that are history for these units
    is_fresh: bool = False  # an answer kept from before will not do
    lost: Mapping[str, str] = field(default_factory=dict)  # units made again, with the hash that closed ones must have


def run_plans(
    book: Book, entry: Entry, now: datetime, work: Mapping[str, str], verdicts: Mapping[str, list[Verdict]]
) -> tuple[RunPlan, ...]:
    """Return the runs that make `work`: units by what each is made from.

    One run sees one instant and one history: what has closed is made as of its close, a team's second game of a day apart where
    the step reads history.
    """
    groups: dict[tuple[datetime, tuple[str, ...], bool], dict[str, str]] = {}
    obligation = entry.obligation
    reads_history = any(reading.input.window.is_history for reading in book.readings[entry.step.name])
    for unit, made in work.items():
        closes_at = obligation.times[unit].closes_at
        as_of = closes_at if closes_at is not None and closes_at <= now else now
        was = entry.gone.get(unit)
        if was is not None:
            as_of = was.as_of or as_of
        earlier = book.earlier(obligation.units[unit]) if reads_history else ()
        groups.setdefault((as_of, earlier, was is not None), {})[unit] = made
    return tuple(
        RunPlan(
            units=units,
            as_of=as_of,
            may_be_empty=frozenset(unit for unit in units if may_be_empty(book, entry, unit)),
            partial={
                unit: tuple(name for verdict in verdicts[unit] for name in verdict.missing)
                for unit in units
                if any(verdict.is_partial for verdict in verdicts[unit])
            },
            expected=frozenset(obligation.units),
            closes={
                u: at
                for u in units
                if as_of == now and not is_lost and (at := obligation.times[u].closes_at) is not None
            },
            least_rows=_least_rows(book, entry, units),
            retrospective=any(entry.gone[u].retrospective for u in units) if is_lost else as_of != now,
            earlier=earlier,
            is_fresh=entry.look_by is not None or obligation.day in book.lacking,
            lost={u: entry.gone[u].content_hash if obligation.closed(u, now) else "" for u in units} if is_lost else {},
        )
        for (as_of, earlier, is_lost), units in sorted(groups.items())
    )


def _least_rows(book: Book, entry: Entry, units: Iterable[str]) -> dict[str, int]:
    """Return how many rows each unit must have at the least: as many as its own units of all `rows_as` are proven with.

    A table that is not read itself counts where what is read, and made of it, stands: without that another stands in, with fewer.
    """
    found, day = Counter[str](), entry.obligation.day
    read = {reading.input.table for reading in book.readings[entry.step.name]}
    for table in entry.step.rows_as:
        source = book.entries.get((table, day))
        proven = source.proof.units if source is not None and source.proof is not None else {}
        made_of_it = {name for name in read if any(one.input.table == table for one in book.readings.get(name, ()))}
        between = made_of_it if table not in read else ()
        for unit in units:
            game = entry.obligation.units[unit]
            own = own_units(book, table, game, unit) if game else list(proven)
            parts = [(name, part) for name in between if game for part in own_units(book, name, game, unit)]
            if all(book.evidence(name, day, part) is Evidence.PROVEN for name, part in parts):
                found[unit] += sum(proven[name].n_rows for name in own if name in proven)
    return +found  # without those of which nothing is proven
