"""When a batch is sealed, when it may be sent, and how long one that failed waits: decisions without I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from tipoff.core.errors import ErrorKind

_BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15, 30))
_LONG = {ErrorKind.QUOTA: timedelta(hours=1), ErrorKind.PERMANENT: timedelta(hours=6)}
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast history goes.

    A batch is sealed when `rows` wait, or `every` after the one before. A table gets one load job per `slot`, and `saved` slots
    that were not used may be used later: in any 24 hours at most 24 h / slot + saved = 720, where 1,500 are allowed,
    however Google counts a day. `unsent`: batches that may wait; then sealing stops and rows stay where they are.
    """

    rows: int = 5_000
    every: timedelta = timedelta(seconds=120)
    slot: timedelta = timedelta(seconds=131)
    saved: int = 60
    unsent: int = 20
    days: int = 100  # partitions that one batch may touch


PACE = Pace()


def is_due(pace: Pace, *, n_waiting: int, n_unsent: int, sealed_at: datetime | None, now: datetime) -> bool:
    """Whether a batch is to be sealed."""
    if not n_waiting or n_unsent >= pace.unsent:
        return False
    return n_waiting >= pace.rows or sealed_at is None or now - sealed_at >= pace.every


def take_slot(pace: Pace, paced_until: datetime | None, now: datetime) -> datetime | None:
    """Return what is to be remembered once a job is sent at `now`, or None where none may be sent yet.

    `paced_until` is the instant up to which slots are used; it may lie ahead of now by the saved ones at most.
    """
    begins = max(paced_until or now, now)
    if begins - now > (pace.saved - 1) * pace.slot:
        return None
    return begins + pace.slot


def wait_after(kind: ErrorKind, tries: int) -> timedelta:
    """Return how long a batch waits after its `tries`-th failure in a row: bounded, and never for ever."""
    return _LONG.get(kind, _BACKOFF[min(max(tries, 1), len(_BACKOFF)) - 1])


class LoadOutcome(Enum):
    """What the warehouse says of a batch."""

    APPLIED = "applied"  # its rows are there, once
    RUNNING = "running"  # its job goes on
    BURNT = "burnt"  # its job has failed, and the job's id can never be used again
    MISSING = "missing"  # no job of that id ever arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """What becomes of a batch: its state, the attempt, failures in a row, when it is looked at again."""

    state: str
    attempt: int
    tries: int
    not_before: datetime | None


def after_outcome(outcome: LoadOutcome, *, attempt: int, tries: int, now: datetime) -> After:
    """Return what becomes of a batch after the warehouse's word about it."""
    if outcome is LoadOutcome.APPLIED:
        return After(state="applied", attempt=attempt, tries=0, not_before=None)
    if outcome is LoadOutcome.RUNNING:
        return After(state="sent", attempt=attempt, tries=tries, not_before=now + MINUTE)
    if outcome is LoadOutcome.MISSING:
        return After(state="sealed", attempt=attempt, tries=tries, not_before=None)
    tries += 1
    return After(
        state="sealed", attempt=attempt + 1, tries=tries, not_before=now + wait_after(ErrorKind.TRANSIENT, tries)
    )


def after_error(kind: ErrorKind, *, attempt: int, tries: int, now: datetime) -> After:
    """Return what becomes of a batch after an error: it may have arrived all the same, so it is looked for before it is sent."""
    tries += 1
    return After(state="sent", attempt=attempt, tries=tries, not_before=now + wait_after(kind, tries))
