"""Folding what was found into incidents: one for each broken cause, with what it explains, and what of it people are told."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tipoff.core.clock import is_ahead
from tipoff.core.incident import NOT_TOLD, Incident, Trouble
from tipoff.core.records import FindingRecord
from tipoff.core.severity import Severity
from tipoff.core.wording import length

Inputs = Callable[[str], AbstractSet[str]]
"""Returns the outputs of the same day that an output reads."""

_MAKERS = frozenset({"source", "step"})


def nothing_known(_output: str) -> AbstractSet[str]:
    """Return no inputs: only the same slate explains anything."""
    return frozenset()


def is_of_table(check: str) -> bool:
    """Whether a check is one of a table's data; the engine's own and the watchers' have names without a dot."""
    return "." in check


def is_of_home(cause: str) -> bool:
    """Whether a cause concerns a home and none of its leagues alone: told once, as of the first of them, on every channel."""
    return cause in {"sentinel", "ledger", "clock"} or cause.startswith("channel:")


def is_left_with_data(incident: Incident) -> bool:
    """Whether only wrong data keep an incident open: what its own cause had broken is in order."""
    own = [met_at for effect, met_at in incident.effects.items() if not is_of_table(effect.split("|", 2)[2])]
    return bool(own) and None not in own and bool(incident.unmet)


def explains(incident: Incident, trouble: Trouble, inputs: Inputs) -> bool:
    """Whether wrong data belong to an open incident of another cause: its provider or step failed on what they were made from.

    Only what it names itself counts, no wrong data that it has taken in; what is in doubt has an incident of its own.
    """
    kind, _, table = trouble.cause.partition(":")
    is_data = kind == "data" and is_of_table(trouble.check) and trouble.severity >= Severity.ERROR
    if not is_data or incident.league != trouble.league or incident.cause.partition(":")[0] not in _MAKERS:
        return False
    of = {table, *inputs(table)}
    own = [effect.split("|", 2) for effect in incident.effects]
    return any(output in of and day == str(trouble.day) for output, day, check in own if not is_of_table(check))


SETTLE = timedelta(hours=3)  # nothing new for so long, and all that it touched met: it has ended
REOPENS = timedelta(hours=24)  # the same cause so soon after its end is the same incident again
TOLD_FROM = Severity.ERROR  # what is less stands in the digest, and wakes nobody

SIDES = frozenset({"controller", "executor", "monitor", "sentinel"})
ORCHESTRATION = SIDES | {"clock", "ledger", "store", "warehouse"}
DIGEST = "digest "  # before who told: of what a stop has left behind the digest tells, and no message
LADDER = (timedelta(hours=24), timedelta(days=3), timedelta(days=7), timedelta(days=14))
STEEP_LADDER = (timedelta(hours=6), *LADDER)
CRITICAL_FROM = {LADDER: 2, STEEP_LADDER: 1}  # the step from which an incident is critical, whatever it was
GROWS_UP = timedelta(days=7)  # a warning that lasts so long is an error
STANDS = 4  # slates that a warning about data touches before it is taken for one that lasts
FADES = timedelta(days=3)  # a warning about data that stands as it is: by then it has been in three digests

_OF_A_NIGHT = 2  # days that any night touches: the results of one, the schedule of the next

Elsewhere = Mapping[tuple[str, str], Incident]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of an incident in one look; `is_told`: people are to hear of it."""

    incident: Incident
    kind: str  # opened, reopened, joined, worsened, spread, renamed, escalated, put back, closed
    note: str
    is_told: bool


def fold(  # noqa: PLR0913 -- what was known, what was found, what others told
    known: Sequence[Incident],
    troubles: Iterable[Trouble],
    *,
    is_met: Callable[[str, str], bool],
    elsewhere: Elsewhere,
    now: datetime,
    by: str,
    settle: timedelta = SETTLE,
    left: Callable[[Incident], str] = lambda _incident: "",
    may_end: Callable[[Incident], bool] = lambda _incident: True,
    inputs: Inputs = nothing_known,
) -> list[Change]:
    """Take the troubles up into incidents, end those that are over, and return what became of them.

    `known` are the open incidents and those that ended lately; they are changed in place, new ones come in the changes.
    `is_met(league, effect)` says whether what showed an incident is in order again; `elsewhere` is what another watcher has
    told of the same causes, which is not told twice; `left` says what an incident has cost for good, or who
    found right what it tells.
    `may_end` says no while all is met, but only because it was lost; `inputs` name what the wrong data were made from.
    """
    open_by = {(i.league, i.cause): i for i in known if i.is_open}
    ended = {(i.league, i.cause): i for i in known if not i.is_open}
    changes: list[Change] = []
    for trouble in troubles:
        if trouble.severity < Severity.WARNING:
            continue
        incident = open_by.get((trouble.league, trouble.cause))
        if incident is None:
            incident = _begin(trouble, open_by, ended, changes, now, by, inputs, elsewhere)
            open_by[incident.league, incident.cause] = incident
        _take_up(incident, trouble, open_by.values())
    for incident in list(open_by.values()):
        _put_back(incident, now, changes)
        _adopt(incident, elsewhere, now, by)
        _meet(incident, is_met, now)
        _age(incident, now, changes, by)
        _tell(incident, now, changes, by)
        _end(incident, now, changes, by, settle, left, may_end)
    return list(_once(changes))


def _put_back(incident: Incident, now: datetime, changes: list[Change]) -> None:
    """Let an incident that a clock ahead has written be one of now: it would not end until then."""
    if is_ahead(incident.changed_at, now):
        note = f"a clock that was ahead says {incident.changed_at:%Y-%m-%d %H:%M} UTC"
        incident.opened_at, incident.changed_at = min(incident.opened_at, now), now
        changes.append(Change(incident=incident, kind="put back", note=note, is_told=False))


def _once(changes: Sequence[Change]) -> Iterator[Change]:
    """Yield the changes; of one incident's in one look only one is told: its message says how it stands after all of them.

    That is the first, or its end where it has ended; what begins and ends in the same look is told as both.
    """
    for change in changes:
        told = [other for other in changes if other.incident is change.incident and other.is_told]
        chosen = told[:1]
        if told and told[-1].kind == "closed":
            chosen = [other for other in told if other.kind in {"opened", "reopened", "closed"}]
        yield replace(change, is_told=any(change is one for one in chosen))


def _begin(  # noqa: PLR0913 -- what is open, what has ended, what becomes of it
    trouble: Trouble,
    open_by: dict[tuple[str, str], Incident],
    ended: Mapping[tuple[str, str], Incident],
    changes: list[Change],
    now: datetime,
    by: str,
    inputs: Inputs,
    elsewhere: Elsewhere,
) -> Incident:
    """Return the incident of a cause that has no open one: an old one, one that turns out to be the same, or a new one."""
    old = ended.get((trouble.league, trouble.cause))
    if old is not None and old.closed_at is not None and trouble.at - old.closed_at < REOPENS:
        old.closed_at, old.changed_at = None, now
        is_left, other = _is_left_behind(trouble), elsewhere.get((trouble.league, trouble.cause))
        is_its = other is not None and _tells_of(other, trouble, by)
        is_told = trouble.severity >= TOLD_FROM and not is_left and not is_its
        old.severity, old.told = trouble.severity, int(trouble.severity) if is_told or is_left or is_its else NOT_TOLD
        if is_told:
            old.told_by = by  # who says that it is back says that it is over
        elif is_left:
            old.told_by = f"{DIGEST}{teller_of(old.told_by) or by}"
        elif other is not None and is_its:
            old.told_by = other.told_by
        old.step = max(old.step, _step(old, now))  # it says that it is back; its age says no more
        changes.append(Change(incident=old, kind="reopened", note=trouble.note, is_told=is_told))
        return old
    for other in open_by.values():
        if other.league == trouble.league and other.unmet == [trouble.effect] and other.cause != trouble.cause:
            note = f"the cause is {trouble.cause}, not {other.cause}"
            del open_by[other.league, other.cause]
            other.cause, other.check, other.what, other.changed_at = trouble.cause, trouble.check, trouble.note, now
            is_told = other.told != NOT_TOLD and _is_mine(other, by) and not _is_snoozed(other, now)
            changes.append(Change(incident=other, kind="renamed", note=note, is_told=is_told))
            return other
        if explains(other, trouble, inputs):
            note = f"{trouble.cause}: {trouble.note}"
            changes.append(Change(incident=other, kind="joined", note=note, is_told=False))
            return other
    return Incident(
        league=trouble.league,
        cause=trouble.cause,
        check=trouble.check,
        what=trouble.note,
        severity=trouble.severity,
        opened_at=trouble.at,
        changed_at=trouble.at,
    )


def _is_told_itself(other: Incident) -> bool:
    """Whether people were told that the cause fails, and no digest of what it has left behind."""
    return other.told != NOT_TOLD and not other.told_by.startswith(DIGEST) and not is_left_with_data(other)


def _tells_of(other: Incident, trouble: Trouble, by: str) -> bool:
    """Whether another watcher has told of this very trouble: what it told had not ended by then."""
    is_its = other.told_by not in {"", by} and _is_told_itself(other)
    return is_its and other.opened_at <= trouble.at and (other.closed_at is None or trouble.at <= other.closed_at)


def trouble_of(finding: FindingRecord) -> Trouble:
    """Return the trouble that a finding tells of."""
    return Trouble(
        league=finding.league,
        cause=finding.cause or f"check:{finding.check}",
        check=finding.check,
        output=finding.output,
        day=finding.day,
        severity=Severity(finding.severity),
        note=finding.note,
        at=finding.at,
    )


def teller_of(told_by: str) -> str:
    """Return the watcher that told an incident, whoever tells of what it left behind."""
    return told_by.removeprefix(DIGEST)


def _is_left_behind(trouble: Trouble) -> bool:
    """Whether a check finds missing what a side or source that works again has missed: told at its stop, and in the digest."""
    is_outage = trouble.cause in SIDES or trouble.cause.startswith("source:")
    return is_outage and is_of_table(trouble.check) and bool(trouble.output)


def _take_up(incident: Incident, trouble: Trouble, others: Iterable[Incident]) -> None:
    is_in_digest, is_loud = incident.told_by.startswith(DIGEST), trouble.severity >= TOLD_FROM
    is_back = is_in_digest and not _is_left_behind(trouble)
    fails_anew = incident.cause == trouble.cause and not is_of_table(trouble.check) and is_left_with_data(incident)
    if is_loud and (is_back or fails_anew):
        incident.told, incident.told_by = NOT_TOLD, ""  # the cause itself fails again
    elif is_in_digest:
        # what else is found of the same stop wakes nobody either
        incident.told = max(incident.told, int(trouble.severity))
    for other in others:
        if other is not incident and other.league == incident.league and len(other.effects) > 1:
            other.effects.pop(trouble.effect, None)
    incident.effects[trouble.effect] = None
    incident.changed_at = max(incident.changed_at, trouble.at)
    incident.n_findings += 1
    if trouble.severity > incident.severity:
        incident.severity, incident.check, incident.what = trouble.severity, trouble.check, trouble.note


def _adopt(incident: Incident, elsewhere: Elsewhere, now: datetime, by: str) -> None:
    """Take over what another watcher has told of the same cause: it is not told twice.

    What the other has long called over, or knows nothing of any more, and is not over here, is this one's to tell again.
    """
    if incident.told_by.startswith(DIGEST):
        if now - incident.changed_at < REOPENS:
            return
        incident.told, incident.told_by = NOT_TOLD, teller_of(incident.told_by)
    other = elsewhere.get((incident.league, incident.cause))
    is_its = other is not None and (other.closed_at is None or now - other.closed_at < REOPENS)
    if not _is_mine(incident, by):
        if not is_its:
            incident.told_by = by
        return
    if other is not None and is_its and _is_told_itself(other) and not incident.told_by:
        incident.told, incident.told_by = max(other.told, incident.severity), other.told_by
        incident.radius_told = len(incident.days)


def _meet(incident: Incident, is_met: Callable[[str, str], bool], now: datetime) -> None:
    for effect in incident.unmet:
        if is_met(incident.league, effect):
            incident.effects[effect] = now


def ladder_of(incident: Incident) -> tuple[timedelta, ...]:
    """Return the ages at which an incident is told again while nobody has taken it on."""
    return STEEP_LADDER if incident.cause in ORCHESTRATION else LADDER


def _age(incident: Incident, now: datetime, changes: list[Change], by: str) -> None:
    age = now - incident.opened_at
    # days of their own, that stay as they are
    is_chance = incident.cause.startswith("data:") and len(incident.days) < STANDS
    if incident.severity == Severity.WARNING and age >= GROWS_UP and incident.unmet and not is_chance:
        incident.severity = Severity.ERROR
    is_hushed = incident.is_acked(now) or _is_snoozed(incident, now)  # afterwards it is told how old it has become
    if incident.told == NOT_TOLD or is_hushed or not incident.unmet or not _is_mine(incident, by):
        return
    ladder = ladder_of(incident)
    step = _step(incident, now)
    if step <= incident.step:
        return
    incident.step = step
    if step >= CRITICAL_FROM[ladder]:
        incident.severity = Severity.CRITICAL
    incident.told = max(incident.told, incident.severity)
    note = f"nobody has acknowledged it for {length(age)}"
    if incident.acked_by is not None:
        note = f"{incident.acked_by} took it on, that time is over, and it has lasted {length(age)}"
    changes.append(Change(incident=incident, kind="escalated", note=note, is_told=True))


def _step(incident: Incident, now: datetime) -> int:
    return sum(now - incident.opened_at >= rung for rung in ladder_of(incident))


def _tell(incident: Incident, now: datetime, changes: list[Change], by: str) -> None:
    if incident.id == 0 and incident.n_findings:
        is_told = incident.severity >= TOLD_FROM and incident.told == NOT_TOLD
        _said(incident, changes, "opened", incident.what, is_told=is_told, by=by)
    elif incident.severity >= TOLD_FROM and incident.severity > incident.told and _is_mine(incident, by):
        kind = "worsened" if incident.told != NOT_TOLD else "opened"
        incident.step = max(incident.step, _step(incident, now))
        _said(incident, changes, kind, incident.what, is_told=not _is_snoozed(incident, now), by=by)
    elif any(change.incident is incident for change in changes):
        return
    elif (
        incident.told != NOT_TOLD
        and len(incident.days) >= max(_OF_A_NIGHT + 1, 2 * incident.radius_told)
        and _is_mine(incident, by)
    ):
        note = f"it now touches {len(incident.days)} days"
        _said(incident, changes, "spread", note, is_told=not _is_snoozed(incident, now), by=by)


def _said(  # noqa: PLR0913 -- all of one message
    incident: Incident, changes: list[Change], kind: str, note: str, *, is_told: bool, by: str
) -> None:
    if is_told:
        incident.told, incident.told_by = int(incident.severity), by
        if incident.severity == Severity.CRITICAL:  # what is told as critical need not be raised to it again
            incident.step = max(incident.step, CRITICAL_FROM[ladder_of(incident)])
        incident.radius_told = max(1, len(incident.days))
    if is_told or (kind == "opened" and incident.id == 0):
        changes.append(Change(incident=incident, kind=kind, note=note, is_told=is_told))


def _end(  # noqa: PLR0913 -- all of one rule
    incident: Incident,
    now: datetime,
    changes: list[Change],
    by: str,
    settle: timedelta,
    left: Callable[[Incident], str],
    may_end: Callable[[Incident], bool],
) -> None:
    quiet = now - incident.changed_at
    is_faded = incident.severity == Severity.WARNING and incident.cause.startswith("data:") and quiet >= FADES
    if (incident.unmet and not is_faded) or quiet < settle or not may_end(incident):
        return
    incident.closed_at = now
    note = f"all that it touched is in order again, after {length(now - incident.opened_at)}"
    if leaves := left(incident):
        note = f"it is over, after {length(now - incident.opened_at)}; {leaves}"
    if incident.unmet:
        note = f"it was a warning, and stood in the digests for {length(quiet)}; nothing new was found"
    told = incident.told != NOT_TOLD and _is_mine(incident, by)
    changes.append(Change(incident=incident, kind="closed", note=note, is_told=told))


def _is_mine(incident: Incident, by: str) -> bool:
    return incident.told_by in {"", by}


def _is_snoozed(incident: Incident, now: datetime) -> bool:
    return incident.snoozed_until is not None and now < incident.snoozed_until
