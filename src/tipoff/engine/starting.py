"""What a starting controller tells of the time before it: silence, a bad end, another build or other settings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tipoff.core.clock import is_ahead, league_day
from tipoff.core.errors import Damaged
from tipoff.core.severity import Severity
from tipoff.engine.findings import CLOCK, CONTROLLER, STORE
from tipoff.ledger import LedgerSnapshot
from tipoff.ledger.rows import finding

GAP = timedelta(hours=2)  # a longer silence of the controller is told when it comes back


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What runs: the build and the settings, written into every tick; the worker, into every run; who holds the lease.

    `is_gone` says of another holder that it certainly works no more, so that its lease need not be waited for.
    """

    build: str
    settings_hash: str
    worker: str
    holder: str
    is_gone: Callable[[str], bool] = lambda _holder: False


def silence_before(known: LedgerSnapshot, now: datetime) -> tuple[datetime, datetime] | None:
    """Return from when to when nothing was decided, if that was long and anything was to be decided.

    Quiet ticks are written down with the next busy one; of those that a kill took with it, the controller's sign of life tells.
    """
    last = known.last_tick
    if last is None or known.is_over:
        return None
    seen_at = max(last["at"], known.beat_at or last["at"])
    return (seen_at, now) if now - seen_at > GAP else None


def ahead_by(last: datetime | None, now: datetime) -> timedelta:
    """Return by how much the clock was put back since `last`; nothing where it was not."""
    return last - now if last is not None and is_ahead(last, now) else timedelta(0)


def last_seen(known: LedgerSnapshot) -> datetime | None:
    """Return when a controller last ticked or showed itself."""
    last = known.last_tick
    return max(last["at"], known.beat_at or last["at"]) if last is not None else known.beat_at


def silence_finding(league: str, begin: datetime, end: datetime) -> dict[str, Any]:
    """Return the finding that nothing was decided from `begin` to `end`."""
    note = f"nothing was decided from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    return finding((league, "", league_day(end)), "controller_decides", CONTROLLER, Severity.CRITICAL, note, now=end)


def clock_finding(league: str, last: datetime, now: datetime) -> dict[str, Any]:
    """Return the finding that an earlier tick lies in the future."""
    note = (
        f"the last tick was at {last:%Y-%m-%d %H:%M:%S} UTC, ahead of {now:%H:%M:%S}: a clock is wrong, or was put back"
    )
    return finding((league, "", league_day(now)), "clocks_agree", CLOCK, Severity.ERROR, note, now=now)


def findings_between_ticks(league: str, last: datetime | None, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield a finding where a clock was put back since the last tick, or where that is long ago: this process was frozen."""
    if last is not None and is_ahead(last, now):
        yield clock_finding(league, last, now)
    if last is not None and now - last > GAP:
        yield silence_finding(league, last, now)


def damage_finding(league: str, error: Damaged, now: datetime) -> dict[str, Any]:
    """Return the finding that something published cannot be read: whoever reads it gets nothing, or what is wrong."""
    where, note = (league, error.output, error.day), f"{error} ({error.hint})"
    return finding(where, "documents_are_readable", f"data:{error.output}", Severity.ERROR, note, now=now)


def unknown_runs_finding(league: str, fence: int, now: datetime) -> dict[str, Any]:
    """Return the finding that the stores hold rows of runs up to `fence`, of which the ledger knows nothing."""
    note = (
        f"the stores hold what runs up to number {fence} made, of which this ledger knows nothing: it was lost or is an older "
        "copy, and halts, waivers and names that people said since are not in it; or another home works in these stores"
    )
    return finding((league, "", league_day(now)), "ledger_knows_its_stores", STORE, Severity.ERROR, note, now=now)


def findings_on_the_past(
    known: LedgerSnapshot, identity: Identity, league: str, after: str, *, now: datetime
) -> Iterator[dict[str, Any]]:
    """Yield a finding on each; `after` is `cause: what`, where the last controller of this process ended badly."""
    where = (league, "", league_day(now))
    last, silence = known.last_tick, silence_before(known, now)
    if last is not None and is_ahead(last["at"], now):
        yield clock_finding(league, last["at"], now)
    if silence:
        yield silence_finding(league, *silence)
    if after or known.unended_runs:
        cause, _, what = after.partition(": ")
        note = what or f"the last controller ended in the midst of its work, with {len(known.unended_runs)} runs"
        yield finding(where, "controller_ends_well", cause or CONTROLLER, Severity.ERROR, note, now=now)
    if last is not None and (last["build"], last["settings_hash"]) != (identity.build, identity.settings_hash):
        note = (
            f"build {last['build']} with settings {last['settings_hash']} ran until {last['at']:%Y-%m-%d %H:%M} UTC, "
            f"now {identity.build} with {identity.settings_hash}"
        )
        yield finding(where, "same_build_and_settings", "build", Severity.INFO, note, now=now)
