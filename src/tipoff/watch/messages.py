"""What people read of an incident: a title, the facts, what Tipoff does itself, what they should do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tipoff.core.clock import LEAGUE_ZONE
from tipoff.core.incident import Incident, IncidentEvent
from tipoff.core.severity import Severity
from tipoff.ledger.facts import BetweenSeasons

_SHOWN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """One kind of cause: what it says of its `name`, what it means, what Tipoff does itself, what a person should do."""

    says: str
    means: str
    itself: str
    you: str


RUNBOOKS: Mapping[str, Runbook] = {
    "controller": Runbook(
        says="the controller does not decide",
        means="nobody decides what is to be made: the controller's process is gone, stands still, or died in its work",
        itself="whatever starts it again makes everything that can still be made; what closed at tip-off is lost and listed",
        you="start it (tipoff up LEAGUE), or look why its supervisor does not: a full disk, a machine asleep",
    ),
    "executor": Runbook(
        says="decided runs are not executed",
        means="runs are decided and nothing comes of them",
        itself="each run has a lease; when it ends the run is expired and made again",
        you="look at the newest expired runs (tipoff check workflow LEAGUE); restart the workers",
    ),
    "ledger": Runbook(
        says="the ledger cannot be used",
        means="the ledger cannot be read or written",
        itself="the controller stops rather than work without a record, and is started again each minute",
        you="is the disk full or the file locked? df, lsof; restore the file only if it is damaged",
    ),
    "clock": Runbook(
        says="a clock is wrong",
        means="an instant was written that lies in the future: a host's clock is wrong, or was put back",
        itself="signs of life of the future are not believed; a part is alive while its signs change",
        you="compare the clocks (date -u on each host, chronyc tracking); start what was stopped meanwhile",
    ),
    "store": Runbook(
        says="what was proven is gone or changed",
        means="rows or documents that were proven are gone, or were changed by another hand",
        itself="they are made again: from the archive, from their inputs; what closed only if it comes out as it was",
        you="who else writes there, and was a file lost or restored? what cannot be made again is listed (tipoff why)",
    ),
    "warehouse": Runbook(
        says="a store refuses (warehouse, archive or published files)",
        means="the warehouse, the archive or the published files refuse what is asked of them",
        itself="nothing is half written; each run is tried again after 5, 10, 20 and 40 min",
        you="read the newest error (tipoff why): a full disk, a quota that is used up",
    ),
    "monitor": Runbook(
        says="the monitor does not look",
        means="nobody looks from inside: incidents and digests are not sent",
        itself="the sentinel tells what it can see from outside until the monitor is back",
        you="start it (tipoff monitor LEAGUE), or the controller that it lives in",
    ),
    "sentinel": Runbook(
        says="the sentinel does not look",
        means="nobody looks from outside: a stop of the controller would go unnoticed",
        itself="the monitor goes on telling everything else",
        you="start it, with every league of this home: tipoff sentinel LEAGUE",
    ),
    "source": Runbook(
        says="{name} gives no usable answers",
        means="a provider does not answer, or answers what cannot be used",
        itself="it is asked again with growing waits; every answer is in the archive; what follows is held until data comes",
        you="nothing in the first hours; then read its answers (tipoff why), and open its page in a browser",
    ),
    "step": Runbook(
        says="the step {name} fails",
        means="a transform raises, or makes rows that are refused",
        itself="what stands is kept; it is tried again when its input or its code changes",
        you="read the error (tipoff why); mend the step, and start the new build",
    ),
    "table": Runbook(
        says="{name} does not take rows",
        means="a table's rows are held by an earlier write",
        itself="the write is parked and tried again after 5, 10, 20 and 40 min; then it is told as unmet",
        you="find who else writes to the table; nothing else may",
    ),
    "data": Runbook(
        says="the data of {name} do not look right",
        means="what stands in a table does not look right, and nothing before it is wrong",
        itself="it is measured again each morning, and made anew when its inputs change",
        you="read the failing keys (tipoff check health LEAGUE --date DAY); where they are right: tipoff incident accept NUMBER",
    ),
    "build": Runbook(
        says="another build or other settings run",
        means="another build or other settings run than before",
        itself="open days are made again where a step has changed",
        you="nothing, if you deployed it; else find out who did",
    ),
    "history": Runbook(
        says="history does not reach the warehouse",
        means="the ledger's history does not reach the warehouse",
        itself="its batches are kept with their content and tried again; the rows stay in the ledger; nothing else waits for it",
        you="read the newest error (tipoff status LEAGUE): may the service account load into tipoff_history",
    ),
    "quota": Runbook(
        says="a daily limit of the warehouse fills up",
        means="a daily limit of the warehouse fills up",
        itself="history stops at 95 % and goes on when there is room again; the day's work goes on",
        you="look what fills it (tipoff digest LEAGUE): a table that is written too often, or another user of the project",
    ),
    "channel": Runbook(
        says="messages to {name} do not go out",
        means="messages to a channel do not go out",
        itself="they wait and are tried again; the other channels tell of it",
        you="test it: tipoff notify test --channel NAME",
    ),
    "check": Runbook(
        says="{name} does not hold",
        means="something that should hold of the data does not",
        itself="it is measured again each morning",
        you="read it: tipoff check health LEAGUE --date DAY",
    ),
}


_OF_CHECKS = RUNBOOKS["check"]  # a cause without a runbook of its own is one that a check has seen


def runbook_of(cause: str) -> Runbook:
    """Return what is to be done about a cause."""
    return RUNBOOKS.get(cause.partition(":")[0], _OF_CHECKS)


def named(cause: str) -> str:
    """Return a cause as a sentence's subject and verb."""
    kind, _, name = cause.partition(":")
    return runbook_of(cause).says.format(name=name or kind)


def title_of(incident: Incident, kind: str) -> str:
    """Return the one line of a message: what happened to what, how bad, how far it reaches."""
    severity = Severity(incident.severity).name
    before = {"escalated": "STILL ", "worsened": "NOW ", "reopened": "AGAIN ", "spread": "WIDER "}.get(kind, "")
    sign = "OVER" if kind == "closed" else f"{before}{severity}"
    reach = _reach(incident)
    return f"[{incident.league}] {sign}: {named(incident.cause)}" + (f" ({reach})" if reach else "")


def _reach(incident: Incident) -> str:
    outputs = [name for name in incident.outputs() if name]
    if not outputs:
        return ""
    days = incident.days
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"{len(outputs)} {'output' if len(outputs) == 1 else 'outputs'} of {when}"


def number_of(incident: Incident, by: str) -> str:
    """Return an incident's number as commands take it: the sentinel counts its own, with an s before it."""
    return f"{'s' if by == 'sentinel' else ''}{incident.id}"


def lines_of(incident: Incident, kind: str, note: str, now: datetime, *, by: str) -> list[str]:
    """Return a message's lines: the evidence, what stands behind it, what is done, what to do; `by` is who keeps it."""
    book = runbook_of(incident.cause)
    lines = [note]
    if note != incident.what and kind != "closed":
        lines.append(incident.what)
    lines.append(f"since {incident.opened_at:%Y-%m-%d %H:%M} UTC; found by {incident.check}")
    lines += [f"behind it: {name}, {_days(days)}" for name, days in list(incident.outputs().items())[:_SHOWN] if name]
    more = len(incident.outputs()) - _SHOWN
    if more > 0:
        lines.append(f"and {more} more outputs")
    if kind == "closed":
        return lines
    lines += [
        f"it means: {book.means}",
        f"Tipoff itself: {book.itself}",
        f"you: {book.you.replace('LEAGUE', incident.league)}",
    ]
    first = next((effect for effect in incident.unmet if not effect.startswith("|")), "")
    if first:
        output, day, _ = first.split("|", 2)
        lines.append(f"why: tipoff why {incident.league} {output} {day}")
    if incident.id:
        lines.append(f"take it on: tipoff incident ack {number_of(incident, by)}")
    if incident.is_acked(now):
        lines.append(f"acknowledged by {incident.acked_by}")
    return lines


def _days(days: Sequence[str]) -> str:
    return ", ".join(days[:3]) + (f" and {len(days) - 3} more days" if len(days) > 3 else "")  # noqa: PLR2004 -- a line's length


def story(incident: Incident, events: Sequence[Mapping[str, object]], now: datetime, *, by: str) -> list[str]:
    """Return an incident with all that became of it, as a person reads it."""
    state = "open" if incident.is_open else f"closed {incident.closed_at:%Y-%m-%d %H:%M} UTC"
    lines = [f"incident {number_of(incident, by)}, {state}: {title_of(incident, 'opened')}"]
    kind = "opened" if incident.is_open else "closed"  # of what is over nobody need do anything
    lines += [f"  {line}" for line in lines_of(incident, kind, incident.what, now, by=by)]
    lines += [f"  {one['at']:%Y-%m-%d %H:%M} {one['kind']} by {one['by']}: {one['note']}" for one in events]
    return lines


def event_of(kind: str, by: str, note: str, now: datetime) -> IncidentEvent:
    """Return one line of an incident's history."""
    return IncidentEvent(at=now, by=by, kind=kind, note=note[:2000])


def between_text(between: BetweenSeasons) -> str:
    """Return, in one line, between which seasons a league is, and who says so since when."""
    ended, coming = between.ended, between.coming
    parts = [f"{ended.name} ended on {ended.last_day:%a %d %b %Y}"] if ended else []
    parts.append(f"{coming.name} begins on {coming.first_day:%a %d %b %Y}" if coming else "no next one is published")
    seen = f"{between.seen_at.astimezone(LEAGUE_ZONE):%a %d %b %H:%M} New York"
    return f"between seasons: {'; '.join(parts)} ({between.evidence}, seen {seen})"
