"""What people were told in a drill: one incident for each cause, two messages, and what escalated."""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from pathlib import Path

from tipoff.core.home import Home
from tipoff.drills.truth import Truth
from tipoff.ledger.alerts import AlertStore
from tipoff.watch.incidents import REOPENS, teller_of

BEYOND = frozenset({"worsened", "spread", "escalated", "renamed", "reopened"})  # told once each, by rule


def look_at_alerts(truth: Truth, home: Home) -> None:
    """Read what the monitor and the sentinel told: incidents by cause, messages by cause and kind."""
    for path in (home.ledger, home.sentinel):
        if isinstance(path, Path) and not path.exists():
            continue
        with AlertStore(path) as store:
            incidents, messages = store.every_incident(), store.messages()
            acts = {incident.id: store.acts(incident.id) for incident in incidents}
        for incident in incidents:
            if teller_of(incident.told_by) in {"", "monitor" if path == home.ledger else "sentinel"}:
                truth.incidents.append((incident.cause, incident.opened_at, incident.closed_at))
            if incident.is_open or any(act["kind"] == "closed" and "LOST" in act["note"] for act in acts[incident.id]):
                touched = [effect.split("|", 2)[:2] for effect in incident.effects]
                truth.named |= {(output, date.fromisoformat(day)) for output, day in touched}
        causes = {incident.id: incident.cause for incident in incidents}
        truth.messages.update((causes.get(number, ""), kind) for number, kind in messages)


def too_many(truth: Truth, twin: Truth, n_faults: int, beside: AbstractSet[str] = frozenset()) -> list[str]:
    """Return what people were told too often: two incidents of one cause, more causes than faults, more than two messages.

    What comes back so long after its end that it is another incident by rule is none too many. Causes `beside` the faults'
    own are not counted.
    """
    found = []
    by_cause, was = _by_cause(truth), _by_cause(twin)
    found += [f"{n} incidents of {cause}" for cause, n in by_cause.items() if n > max(1, was[cause])]
    new = [cause for cause in by_cause if cause not in was]
    own = sorted(cause for cause in new if cause not in beside)
    if len(own) > max(1, n_faults):
        found.append(f"{len(own)} incidents, where {n_faults} faults are: {', '.join(own)}")
    for cause in new:
        n_messages = sum(n for (of, kind), n in truth.messages.items() if of == cause and kind not in BEYOND)
        n_messages -= truth.messages[cause, "reopened"]  # each of them ends once more
        # each is opened and closed; a second fault may open one again that had ended
        n_incidents = sum(of == cause for of, _, _ in truth.incidents)
        if n_messages > 2 * max(n_incidents, n_faults):
            found.append(f"{n_messages} messages of {cause}: {_kinds(truth.messages, cause)}")
    return found


def _by_cause(truth: Truth) -> Counter[str]:
    """Return how many incidents of each cause, at the most, followed one another sooner than would part them."""
    ends: dict[str, datetime | None] = {}
    running, most = Counter[str](), Counter[str]()
    for cause, opened_at, closed_at in sorted(truth.incidents, key=lambda incident: incident[1]):
        end = ends.get(cause)
        running[cause] = 1 if end is not None and opened_at - end >= REOPENS else running[cause] + 1
        most[cause] = max(most[cause], running[cause])
        ends[cause] = closed_at
    return most


def _kinds(messages: Mapping[tuple[str, str], int], cause: str) -> str:
    return ", ".join(f"{n} {kind}" for (of, kind), n in messages.items() if of == cause)
