"""Which numbers events have: the ledger's own, until a ledger has gone back; then others, for the own ones are taken.

A ledger that was restored from a backup counts on from the backup, and would give new events the numbers of events that the
warehouse has had from the time after it. So at each start it is compared how far the warehouse has come with how far the ledger
has: nothing is handed over that was not sealed in the ledger before, so a warehouse that is further knows a ledger that is lost.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select

from tipoff.history.streams import Stream
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.history import history_streams, revisions

_SHIFTS, _BEGUN = "history shifts", "history begun at"  # facts of the home


@dataclass(frozen=True, slots=True)
class Numbers:
    """By stream: from behind which of the ledger's own numbers on how much is added, in order."""

    shifts: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def of(self, stream: str, own: int) -> int:
        """Return the number of the event whose number in the ledger is `own`."""
        return own + next((by for after, by in reversed(self.shifts.get(stream, ())) if own > after), 0)


def read_numbers(ledger: Ledger) -> Numbers:
    """Return the numbers as the ledger has them."""
    said: dict[str, list[tuple[int, int]]] = json.loads(ledger.facts().get(_SHIFTS) or "{}")
    return Numbers({stream: tuple((after, by) for after, by in shifts) for stream, shifts in said.items()})


def mark(ledger: Ledger, streams: Iterable[Stream]) -> None:
    """Remember up to where events stood before this start, until it is known whether the ledger has gone back.

    Raises:
        LedgerError: The ledger cannot be written.
    """
    if not ledger.facts().get(_BEGUN):
        _keep(ledger, {_BEGUN: json.dumps(_last(ledger, streams))})


def settle(ledger: Ledger, streams: Iterable[Stream], reached: Mapping[str, int]) -> list[str]:
    """Give new events of the streams in which the warehouse has come further than the ledger numbers behind those; returns these.

    `reached`: the greatest number that the warehouse has, by stream.

    Raises:
        LedgerError: The ledger cannot be written; it is done at the next start.
    """
    known, begun = read_numbers(ledger), json.loads(ledger.facts().get(_BEGUN) or "{}")
    shifts, behind = dict(known.shifts), []
    for stream in streams:
        last = begun.get(stream.name, 0)
        if reached.get(stream.name, 0) > known.of(stream.name, last):
            behind.append(stream.name)
            shifts[stream.name] = (*shifts.get(stream.name, ()), (last, reached[stream.name] - last))
    _keep(ledger, {_SHIFTS: json.dumps(shifts), _BEGUN: ""})
    return behind


def _last(ledger: Ledger, streams: Iterable[Stream]) -> dict[str, int]:
    sealed = {row["stream"]: row["sealed_to"] for row in ledger.rows(select(history_streams))}
    changed = ledger.rows(select(func.coalesce(func.max(revisions.c.id), 0).label("n")))[0]["n"]
    streams = list(streams)
    changed = max(changed, *(sealed.get(stream.name, 0) for stream in streams if stream.is_updated), 0)
    found = {}
    for stream in streams:
        grown = 0
        if not stream.is_updated:
            grown = ledger.rows(select(func.coalesce(func.max(stream.source.c.id), 0).label("n")))[0]["n"]
        found[stream.name] = changed if stream.is_updated else max(grown, sealed.get(stream.name, 0))
    return found


def _keep(ledger: Ledger, values: Mapping[str, str]) -> None:
    batch = Batch()
    for key, value in values.items():
        batch.fact(key, value)
    ledger.commit(batch)
