"""Which numbers events have: the ledger's own, until a ledger has gone back; then others, for the own ones are taken.

A ledger that was restored from a backup counts on from the backup, and would give new events the numbers of events that the
warehouse has had from the time after it. So at each start it is compared how far the warehouse has come with how far the ledger
has: nothing is handed over that was not sealed in the ledger before, so a warehouse that is further knows a ledger that is lost.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tipoff.ledger import Ledger
from tipoff.ledger.batches import last_numbers
from tipoff.ledger.streams import Stream

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
    """Remember up to where events stood before this start, until it is known whether the ledger has gone back."""
    if not ledger.facts().get(_BEGUN):
        ledger.keep_facts({_BEGUN: json.dumps(last_numbers(ledger, streams))})


def renumber(ledger: Ledger, streams: Iterable[Stream], reached: Mapping[str, int]) -> list[str]:
    """Give new events of streams in which the warehouse has come further than the ledger numbers behind those; returns these.

    `reached`: the greatest number that the warehouse has, by stream. Where the ledger cannot be written, the next start does it.
    """
    known, begun = read_numbers(ledger), json.loads(ledger.facts().get(_BEGUN) or "{}")
    shifts, behind = dict(known.shifts), []
    for stream in streams:
        last = begun.get(stream.name, 0)
        if reached.get(stream.name, 0) > known.of(stream.name, last):
            behind.append(stream.name)
            shifts[stream.name] = (*shifts.get(stream.name, ()), (last, reached[stream.name] - last))
    ledger.keep_facts({_SHIFTS: json.dumps(shifts), _BEGUN: ""})
    return behind
