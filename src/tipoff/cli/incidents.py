"""`tipoff incident`: what is wrong, what became of it, and taking it on."""

from datetime import datetime, timedelta

import click

from tipoff.cli.show import WORDS, answer, as_json, by_option, now_here, open_ledger
from tipoff.config import read_settings
from tipoff.core.errors import UsageError
from tipoff.core.incident import Incident
from tipoff.core.wording import counted
from tipoff.ledger.alerts import AlertStore
from tipoff.ledger.facts import must_be_worked_on
from tipoff.watch.messages import event_of, story, title_of

_DIGITS = 10  # of a number at most


@click.group("incident")
def incident_group() -> None:
    """See what is wrong, and take it on. Acknowledge, snooze, write down what was done."""


def _stores() -> list[tuple[str, AlertStore]]:
    open_ledger().close()
    home = read_settings().place
    found = [("", AlertStore(home.ledger))]
    return [*found, ("s", AlertStore(home.sentinel))] if home.has_sentinel else found


@incident_group.command("list")
@click.argument("league", required=False, default="")
@click.option("--all", "every", is_flag=True, help="Also those that ended in the last two days.")
@as_json
def list_command(league: str, *, every: bool, as_json: bool) -> None:
    """Show the open incidents. Those of the sentinel have an s before their number."""
    now, shown = now_here(), []
    if league:
        with open_ledger() as ledger:
            must_be_worked_on([league], read_settings().place, ledger.leagues())
    for prefix, store in _stores():
        shown += [(prefix, i) for i in store.incidents(league, now=now) if i.is_open or every]
        store.close()
    lines = []
    for prefix, incident in shown:
        acked = f", taken on by {incident.acked_by}" if incident.is_acked(now) else ""
        ended = f", ended {incident.closed_at:%m-%d %H:%M}" if incident.closed_at else ""
        since = f"since {incident.opened_at:%Y-%m-%d %H:%M} UTC"
        lines.append(f"{prefix}{incident.id:<5} {title_of(incident, 'opened')} {since}{ended}{acked}")
    told = [{"number": f"{prefix}{incident.id}", "incident": incident} for prefix, incident in shown]
    ok = not any(incident.is_open for _, incident in shown)
    answer({"incidents": told}, lines or ["no open incidents"], ok=ok, as_json=as_json)


@incident_group.command("show")
@click.argument("number")
@as_json
def show_command(number: str, *, as_json: bool) -> None:
    """Show one incident, and what to do about it. All that became of it; exits with 1 while it is open."""
    store, incident = _one(number)
    with store:
        acts = store.acts(incident.id)
    lines = story(incident, acts, now_here(), by="sentinel" if number.startswith("s") else "monitor")
    answer({"incident": incident, "acts": acts}, lines, ok=not incident.is_open, as_json=as_json)


@incident_group.command("ack")
@click.argument("number")
@click.option(
    "--hours", type=click.FloatRange(0.1, 24 * 30), default=24.0, show_default=True, help="How long it is yours."
)
@by_option
@click.option("--note", type=WORDS, default="", help="What is being done.")
def ack_command(number: str, hours: float, by: str, note: str) -> None:
    """Take an incident on: it is not raised by age until then."""
    until = now_here() + timedelta(hours=hours)

    _act(number, "acked", by, note or f"taken on until {until:%Y-%m-%d %H:%M} UTC", acked_by=by, acked_until=until)


@incident_group.command("snooze")
@click.argument("number")
@click.option("--hours", type=click.FloatRange(0.1, 24 * 7), required=True, help="How long nothing of it is sent.")
@by_option
@click.option("--reason", type=WORDS, required=True, help="Why.")
def snooze_command(number: str, hours: float, by: str, reason: str) -> None:
    """Send nothing of an incident for a while but its end. It stays open and in the digest."""
    until = now_here() + timedelta(hours=hours)
    _act(number, "snoozed", by, f"silent until {until:%Y-%m-%d %H:%M} UTC: {reason}", snoozed_until=until)


@incident_group.command("accept")
@click.argument("number")
@by_option
@click.option("--reason", type=WORDS, required=True, help="Why it is right, or cannot be mended.")
def accept_command(number: str, by: str, reason: str) -> None:
    """Say that what an incident's checks fail on is right as it is. It ends where nothing else of it is wrong."""
    store, incident = _one(number)
    with store:
        n = 0 if number.startswith("s") else store.accept(incident, event_of("accepted", by, reason, now_here()))
    if not n:
        msg = f"no check of data fails in incident {number}"
        raise UsageError(
            msg, hint="what has stopped or closed is over when it works again; take it on: tipoff incident ack"
        )
    click.echo(
        f"incident {number}: accepted by {by}: {reason} ({counted(n, 'measurement')}; it ends where nothing else of it is wrong)"
    )


@incident_group.command("note")
@click.argument("number")
@click.argument("text", type=WORDS)
@by_option
def note_command(number: str, text: str, by: str) -> None:
    """Write down what was done."""
    _act(number, "note", by, text)


def _one(number: str) -> tuple[AlertStore, Incident]:
    prefix, digits = ("s", number[1:]) if number.startswith("s") else ("", number)
    if not (digits.isascii() and digits.isdigit() and len(digits) < _DIGITS):
        msg = f"{number!r} is no incident's number"
        raise UsageError(msg, hint="write it as tipoff incident list shows it: 3, or s3 for one of the sentinel's")
    stores = dict(_stores())
    if prefix not in stores:
        msg = "this home has no sentinel"
        raise UsageError(msg, hint="see: tipoff incident list")
    store = stores.pop(prefix)
    for other in stores.values():
        other.close()
    try:
        return store, store.incident(int(digits))
    except UsageError:
        store.close()
        raise


def _act(number: str, kind: str, by: str, note: str, **values: datetime | str | None) -> None:
    store, incident = _one(number)
    with store:
        store.act(incident.id, event_of(kind, by, note, now_here()), **values)
    ended = "" if incident.is_open else " (it has ended already)"
    click.echo(f"incident {number}: {kind} by {by}: {note}{ended}")
