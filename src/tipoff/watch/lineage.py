"""Which incident a finding belongs to though it names another cause: what reads what on a slate, what a side has cut off."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from tipoff.core.incident import Incident, Trouble
from tipoff.ledger.reader import LeagueRecords

Slate = tuple[str, str]  # output and day, as effects name them

_PROCESSES = frozenset({"controller", "executor"})  # whose end cuts runs off
_MAKING = _PROCESSES | {"source", "step", "store", "table", "warehouse"}  # whose trouble leaves wrong data behind
_LONGEST_RUN = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What a league's slates are made of.

    `inputs(output, day)` are the outputs of the same day that it reads; `cut_off(begin, end)` are the slates with a run that
    was cut off in that time.
    """

    inputs: Callable[[str, str], AbstractSet[str]]
    cut_off: Callable[[datetime, datetime], AbstractSet[Slate]]


UNKNOWN = Lineage(inputs=lambda _output, _day: frozenset(), cut_off=lambda _begin, _end: frozenset())


def lineage_of(records: LeagueRecords) -> Lineage:
    """Return what the ledger knows of a league's slates: its gates name what each output reads."""

    @cache
    def read_on(day: str) -> AbstractSet[tuple[str, str]]:
        return {(gate.output, gate.input) for gate in records.gates(day=date.fromisoformat(day))}

    def cut_off(begin: datetime, end: datetime) -> AbstractSet[Slate]:
        runs = records.runs(since=begin - _LONGEST_RUN, before=end)
        ended = [run for run in runs if run.state == "expired" and run.ended_at is not None]
        return {(run.output, str(run.day)) for run in ended if run.ended_at and begin <= run.ended_at <= end}

    return Lineage(
        inputs=lambda output, day: {read for reader, read in read_on(day) if reader == output}, cut_off=cut_off
    )


def table_of(cause: str) -> str:
    """Return the table that a check blames; empty for a cause that is no table's data."""
    kind, _, name = cause.partition(":")
    return name if kind == "data" else ""


def owner(incident: Incident, trouble: Trouble, lineage: Lineage, now: datetime) -> str:
    """Return the cause of which an incident and a trouble of different causes both are; empty where each has its own.

    Wrong data belong to the trouble of what makes them, or what they were made from, on the same slate. A step's trouble
    belongs to the wrong data that it reads, where these explain all of it and are no lesser trouble.
    """
    if incident.league != trouble.league or bool(table_of(incident.cause)) == bool(table_of(trouble.cause)):
        return ""
    day, mine = str(trouble.day), _slates(incident)
    if table := table_of(trouble.cause):
        if _is_left_by(incident.cause, [*mine, *_cut_off(incident, lineage, now)], (table, day), lineage):
            return incident.cause
        is_explained = trouble.severity >= incident.severity and _suffer(mine, (table, day), lineage)
        return trouble.cause if is_explained and incident.cause.startswith("step:") else ""
    table, own = table_of(incident.cause), (trouble.output, day)
    if trouble.output and all(_is_left_by(trouble.cause, [own], (table, of), lineage) for _, of in mine):
        return trouble.cause
    is_less = own in mine or trouble.severity <= incident.severity
    is_explained = is_less and day in incident.days and _suffer([own], (table, day), lineage)
    return incident.cause if is_explained and trouble.cause.startswith("step:") else ""


def _slates(incident: Incident) -> list[Slate]:
    return [(output, day) for output, days in incident.outputs().items() if output for day in days]


def _cut_off(incident: Incident, lineage: Lineage, now: datetime) -> AbstractSet[Slate]:
    if incident.cause not in _PROCESSES:
        return frozenset()
    return lineage.cut_off(incident.opened_at, incident.closed_at or now)


def _is_left_by(cause: str, slates: Iterable[Slate], data: Slate, lineage: Lineage) -> bool:
    """Whether trouble of making `slates` explains wrong data: it is one of them, or was made from one of the same day."""
    if cause.partition(":")[0] not in _MAKING:
        return False
    table, day = data
    return any(of == day and (output == table or output in lineage.inputs(table, day)) for output, of in slates)


def _suffer(slates: Iterable[Slate], data: Slate, lineage: Lineage) -> bool:
    """Whether wrong data explain the trouble of every one of `slates`: each reads them, or another that does."""
    table, day = data
    reached, left = {table}, {output for output, of in slates if of == day}
    if not left or any(of != day for _, of in slates):
        return False
    while found := {output for output in left if lineage.inputs(output, day) & reached}:
        reached |= found
        left -= found
    return not left
