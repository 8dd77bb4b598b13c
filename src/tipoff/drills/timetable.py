"""Runs against a timetable: which slots were lost, when one would have been told, in how many messages.

A job that fails leaves no row, so absence is the only evidence: a slot is lost when no run of its job begins within its grace.
"""

import csv
import gzip
import io
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tipoff.core.errors import UsageError
from tipoff.core.wording import counted

GRACE = timedelta(minutes=90)
EARLY = timedelta(minutes=5)  # a clock that is a little ahead begins a run before its slot


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedJob:
    """One line of a timetable: a job's times of day in its zone, on every day from `first` to `last` but the paused ones."""

    job: str
    at: tuple[time, ...]
    first: date
    last: date | None = None
    paused: tuple[tuple[date, date], ...] = ()
    zone: tzinfo = UTC

    def slots(self, until: datetime) -> Iterator[datetime]:
        """Yield the instants up to `until`, in order."""
        day = self.first
        while day <= min(self.last or until.date(), until.date()):
            if not any(begin <= day <= end for begin, end in self.paused):
                for at in self.at:
                    slot = datetime.combine(day, at, self.zone).astimezone(UTC)
                    if slot <= until:
                        yield slot
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A slot without a run; `told_at` is when its grace was over."""

    job: str
    slot: datetime
    told_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LostSlots:
    """Lost slots of one job in a row: one message when it opens, one when a run comes again."""

    job: str
    opened_at: datetime
    closed_at: datetime | None
    lost: tuple[datetime, ...]

    @property
    def n_messages(self) -> int:
        """How many messages it makes."""
        return 1 if self.closed_at is None else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the timetable says of the runs."""

    n_slots: int
    n_runs: int
    lost: tuple[Lost, ...]
    late: Mapping[str, tuple[timedelta, ...]]  # by job: how late each run in its grace was
    incidents: tuple[LostSlots, ...]
    extra: int  # runs that no slot expected


def judge_runs(timetable: Sequence[ExpectedJob], runs: Mapping[str, Sequence[datetime]], until: datetime) -> Judged:
    """Hold `runs` (instants by job) against the timetable; slots whose grace is not over at `until` are left open."""
    lost: list[Lost] = []
    late: dict[str, list[timedelta]] = {}
    incidents: list[LostSlots] = []
    n_slots = used = 0
    for job in dict.fromkeys(expected.job for expected in timetable):
        slots = sorted({s for line in timetable if line.job == job for s in line.slots(until - GRACE)})
        times = sorted(runs.get(job, ()))
        n_slots += len(slots)
        served = serve(slots, times)
        if served:
            late[job] = [max(times[place] - slot, timedelta(0)) for slot, place in served.items()]
        used += len(served)
        lost += (Lost(job=job, slot=slot, told_at=slot + GRACE) for slot in slots if slot not in served)
        incidents += _folded(job, slots, served, times)
    n_runs = sum(len(times) for times in runs.values())
    return Judged(
        n_slots=n_slots,
        n_runs=n_runs,
        lost=tuple(sorted(lost, key=lambda found: found.slot)),
        late={job: tuple(found) for job, found in late.items()},
        incidents=tuple(sorted(incidents, key=lambda incident: incident.opened_at)),
        extra=n_runs - used,
    )


def serve(slots: Sequence[datetime], times: Sequence[datetime]) -> dict[datetime, int]:
    """Return which run serves each slot, by its place: none serves two, as many slots as can be are served, and those soonest.

    `slots` and `times` are in order. A run serves a slot up to `EARLY` before it and until its grace is over.
    """
    # by the first run that is still free: how many slots are served, how late in all, and by which runs
    best: dict[int, tuple[int, timedelta, _Served]] = {0: (0, timedelta(0), None)}
    for slot in slots:
        first, last = bisect_left(times, slot - EARLY), bisect_right(times, slot + GRACE)
        found: dict[int, tuple[int, timedelta, _Served]] = {}
        for free, (n, wait, served) in best.items():
            ways = [(free, (n, wait, served))]
            ways += (
                (place + 1, (n + 1, wait + abs(times[place] - slot), (slot, place, served)))
                for place in range(max(free, first), last)
            )
            for at, way in ways:
                known = found.get(max(at, first))
                if known is None or (way[0], -way[1]) > (known[0], -known[1]):
                    found[max(at, first)] = way
        best = found
    _, _, served = max(best.values(), key=lambda way: (way[0], -way[1]))
    pairs: dict[datetime, int] = {}
    while served is not None:
        slot, place, served = served
        pairs[slot] = place
    return dict(reversed(pairs.items()))


_Served = tuple[datetime, int, "_Served"] | None


def _folded(
    job: str, slots: Sequence[datetime], served: Mapping[datetime, int], times: Sequence[datetime]
) -> Iterator[LostSlots]:
    for is_lost, group in groupby(slots, key=lambda slot: slot not in served):
        if is_lost:
            yield _incident(job, [Lost(job=job, slot=slot, told_at=slot + GRACE) for slot in group], times)


def _incident(job: str, group: Sequence[Lost], times: Sequence[datetime]) -> LostSlots:
    place = bisect_left(times, group[-1].told_at)
    closed_at = times[place] if place < len(times) else None
    slots = tuple(found.slot for found in group)
    return LostSlots(job=job, opened_at=group[0].told_at, closed_at=closed_at, lost=slots)


def read_timetable(path: Path) -> tuple[ExpectedJob, ...]:
    """Read a timetable (TOML): `[[job]]` with name, at, from, perhaps to, paused and zone (UTC); else raises `UsageError`."""
    try:
        said = tomllib.loads(path.read_text("utf-8"))["job"]
        return tuple(_expected(line) for line in said)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, ZoneInfoNotFoundError) as error:
        msg = f"{path} is no timetable: {type(error).__name__}: {error}"
        raise UsageError(msg, hint='write: [[job]] name = "…", at = ["12:00"], from = 2025-12-06') from error


def _expected(line: Mapping[str, Any]) -> ExpectedJob:
    return ExpectedJob(
        job=line["name"],
        at=tuple(time.fromisoformat(at) for at in line["at"]),
        first=line["from"],
        last=line.get("to"),
        paused=tuple((begin, end) for begin, end in line.get("paused", ())),
        zone=ZoneInfo(line["zone"]) if "zone" in line else UTC,
    )


def read_runs(path: Path) -> dict[str, list[datetime]]:
    """Read run times by job from a CSV with the columns `job` and `committed_at`, gzipped or not; else raises `UsageError`."""
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
        found: dict[str, list[datetime]] = {}
        for row in csv.DictReader(io.StringIO(text)):
            instant = datetime.fromisoformat(row["committed_at"])
            found.setdefault(row["job"], []).append(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
    except (OSError, EOFError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        msg = f"{path} cannot be read as runs: {type(error).__name__}: {error}"
        raise UsageError(msg, hint="a CSV with the columns job and committed_at") from error
    return found


def render_text(judged: Judged) -> Iterable[str]:
    """Yield what a person reads: what would have been told, when, in how many messages."""
    n_messages = sum(incident.n_messages for incident in judged.incidents)
    yield (
        f"{judged.n_runs} runs against {judged.n_slots} slots: {len(judged.lost)} lost, "
        f"in {counted(len(judged.incidents), 'incident')}, "
        f"{n_messages} messages"
    )
    for job, late in judged.late.items():
        ordered = sorted(late)
        minutes = [int(wait.total_seconds() // 60) for wait in (ordered[len(ordered) // 2], ordered[-1])]
        yield f"  {job}: {len(late)} on time; half within {minutes[0]} min, the latest after {minutes[1]} min"
    for incident in judged.incidents:
        closed = f"closed {incident.closed_at:%Y-%m-%d %H:%M}" if incident.closed_at else "still open"
        first, last = incident.lost[0], incident.lost[-1]
        what = f"{first:%Y-%m-%d %H:%M}" + (
            f" to {last:%m-%d %H:%M}, {len(incident.lost)} slots" if first != last else ""
        )
        yield f"  LOST {incident.job} {what}: told {incident.opened_at:%Y-%m-%d %H:%M} UTC, {closed}"
