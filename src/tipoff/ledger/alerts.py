"""Who watches, keeps here what it has found and told: incidents, what was done about them, notices, heartbeats.

The monitor's are in the ledger, the sentinel's in a file of its own; each may read the other's.
"""

import dataclasses
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Update, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from tipoff.core.errors import LedgerError, UsageError
from tipoff.core.home import Profile
from tipoff.core.incident import Incident, IncidentEvent
from tipoff.ledger import watching
from tipoff.ledger.asking import CompiledSelect, read_all
from tipoff.ledger.connect import NOT_OURS, Held, doing, engine_of, hint_of, making, one_maker, shown, why
from tipoff.ledger.looks import one_of
from tipoff.ledger.reader import Ask
from tipoff.ledger.schema import metadata
from tipoff.ledger.statements import upsert

Row = dict[str, Any]

CLAIM = timedelta(minutes=5)  # after which a notice that was claimed and neither sent nor given back is claimed again
HANDS = frozenset({"acked_by", "acked_until", "snoozed_until"})  # what people write, and watchers only read
_NONE_WAITS = timedelta(hours=9)  # the longest wait between two attempts at a notice is of eight hours
SINCE_CLOSED = timedelta(days=2)  # an incident is still read then: its cause may come again


@cache
def _stuck(channels: tuple[str, ...], attempts: int) -> CompiledSelect:
    """Return the SELECT that every look asks; see `AlertStore.stuck`."""
    table = watching.notices
    sent = select(table.c.channel, func.max(table.c.sent_at).label("at")).group_by(table.c.channel).subquery()
    given_up = (table.c.state == "failed") & or_(sent.c.at.is_(None), sent.c.at < table.c.not_before)
    tried = (table.c.state != "sent") & (table.c.attempts >= attempts)
    query = select(table).join(sent, sent.c.channel == table.c.channel).where(one_of(table.c.channel, channels))
    is_stuck = or_(given_up, tried & or_(sent.c.at.is_(None), sent.c.at < table.c.at))
    return CompiledSelect(query.where(is_stuck).order_by(table.c.id))


@cache
def _incidents(league: str) -> CompiledSelect:
    table = watching.incidents
    query = select(table).where(or_(table.c.closed_at.is_(None), table.c.closed_at > bindparam("since")))
    return CompiledSelect((query.where(table.c.league == league) if league else query).order_by(table.c.id))


def _waiting() -> CompiledSelect:
    table, now = watching.notices, bindparam("now", type_=watching.notices.c.not_before.type)
    absurd = bindparam("absurd", type_=now.type)
    ready = (table.c.state == "waiting") & or_(table.c.not_before <= now, table.c.not_before > absurd)
    forsaken = (table.c.state == "claimed") & or_(table.c.claimed_until <= now, table.c.claimed_until > absurd)
    return CompiledSelect(select(table).where(or_(ready, forsaken)).order_by(table.c.id))


def _again() -> Update:
    table = watching.heartbeats
    names = ("at", "build", "note")
    return update(table).where(table.c.name == bindparam("of")).values({name: bindparam(name) for name in names})


_WAITING, _BEATS_AGAIN = _waiting(), _again()


def _make_whole(target: Path) -> None:
    """Make a new file under another name: whoever looks for it finds it with its tables, or not yet."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with one_maker(target):
        if target.exists():
            return
        new = target.with_name(f"{target.name}.new")
        engine = engine_of(new)
        metadata.create_all(engine, tables=list(watching.ALERTS))
        engine.dispose()
        new.replace(target)


@dataclass(slots=True)
class AlertChanges:
    """What one look leaves behind, written together."""

    incidents: list[Incident] = field(default_factory=list)
    acts: list[tuple[Incident, IncidentEvent]] = field(default_factory=list)
    notices: list[Row] = field(default_factory=list)
    of_incident: dict[str, Incident] = field(default_factory=dict)  # by the notice's key


class AlertStore(Held):
    """One store of alerts: the ledger itself, or the sentinel's file."""

    def __init__(
        self, target: Path | str, *, profile: Profile = Profile.LIVE, create: bool = False, read_only: bool = False
    ) -> None:
        """Open it, or raise `UsageError`; `create` makes the tables of a store that is no ledger."""
        try:
            if create and isinstance(target, Path):
                _make_whole(target)
            self._engine = engine_of(target, profile=profile, read_only=read_only)
            if create:
                with one_maker(self._engine), making(self._engine) as connection:
                    metadata.create_all(connection, tables=list(watching.ALERTS))
            self._connection = self._engine.connect()
            self.stands_with(target)
        except (OSError, DatabaseError) as error:
            msg = f"{shown(target)} cannot be opened: {why(error)}"
            raise UsageError(msg, hint=hint_of(error, f"is TIPOFF_HOME right, and {NOT_OURS}")) from error

    def let_go(self) -> None:
        """Have the next statement connect anew: a server that was away has ended what was connected."""
        self._connection.invalidate()

    def rows(self, statement: Any, values: Mapping[str, object] | None = None) -> list[Row]:  # noqa: ANN401 -- any select
        """Run a SELECT and return its rows as dictionaries."""
        with doing("what was told cannot be read", "does another process hold the file?"):
            return read_all(self._connection, statement, values)

    # --- incidents

    def incidents(self, league: str = "", *, now: datetime) -> list[Incident]:
        """Return the open incidents and those closed within two days, oldest first; of every league for none."""
        return read_incidents(self.rows, league, now)

    def every_incident(self) -> list[Incident]:
        """Return every incident that there ever was, oldest first."""
        return [_incident(row) for row in self.rows(select(watching.incidents).order_by(watching.incidents.c.id))]

    def incident(self, number: int) -> Incident:
        """Return one incident; raises `UsageError` where there is none with that number."""
        found = self.rows(select(watching.incidents).where(watching.incidents.c.id == number))
        if not found:
            msg = f"there is no incident {number}"
            raise UsageError(msg, hint="see: tipoff incident list")
        return _incident(found[0])

    def number(self, incidents: Iterable[Incident]) -> None:
        """Give each incident that has none its number; only one watcher writes to a store."""
        table = watching.incidents
        new = [incident for incident in incidents if not incident.id]
        if new:
            [row] = self.rows(select(func.coalesce(func.max(table.c.id), 0).label("id")))
            for place, incident in enumerate(new, start=1):
                incident.id = int(row["id"]) + place

    def acts(self, number: int) -> list[Row]:
        """Return what became of an incident and what was done about it, in order."""
        table = watching.acts
        return self.rows(select(table).where(table.c.incident_id == number).order_by(table.c.id))

    def write(self, to_store: AlertChanges, *, beat: tuple[str, datetime, str, str] | None = None) -> None:
        """Write a look's incidents, acts and notices, and the looker's heartbeat (name, instant, build, note); or nothing.

        Each incident has its number (see `number`). A notice whose key is known is not written again.
        """
        hint = "is the disk full, or does another process hold the file?"
        with doing("what was found could not be written down", hint), self._connection.begin():
            for incident in to_store.incidents:
                self._save(incident)
            for incident, act in to_store.acts:
                values = {"incident_id": incident.id, **dataclasses.asdict(act)}
                self._connection.execute(insert(watching.acts).values(**values))
            for row in to_store.notices:
                self._add_notice(row, to_store.of_incident.get(row["key"]))
            if beat is not None:
                _beat(self._connection, *beat)

    def act(self, number: int, act: IncidentEvent, **values: datetime | str | None) -> None:
        """Write down what a person did about an incident; `values` are the columns that are theirs, and change nothing else."""
        table = watching.incidents
        hint = "does another process hold the file? then try again"
        with doing(f"incident {number} could not be changed", hint), self._connection.begin():
            if values:
                self._connection.execute(update(table).where(table.c.id == number).values(**values))
            self._connection.execute(insert(watching.acts).values(incident_id=number, **dataclasses.asdict(act)))

    def accept(self, incident: Incident, act: IncidentEvent) -> int:
        """Write down that a person finds what an incident's checks fail on right as it is; returns how many that are."""
        table, n = watching.measured, 0
        hint = "does another process hold the file? then try again"
        with doing(f"incident {incident.id} could not be changed", hint), self._connection.begin():
            for effect in incident.unmet:
                _, day, check = effect.split("|", 2)
                mine = (table.c.league == incident.league, table.c.check == check, table.c.status == "failed")
                fails = update(table).where(*mine, table.c.day == date.fromisoformat(day))
                n += self._connection.execute(fails.values(status="accepted")).rowcount
            if n:
                self._connection.execute(
                    insert(watching.acts).values(incident_id=incident.id, **dataclasses.asdict(act))
                )
        return n

    def _save(self, incident: Incident) -> None:
        """Write an incident; what is a person's to change is not a watcher's to write back, who read it before."""
        values = {f.name: getattr(incident, f.name) for f in dataclasses.fields(incident)}
        values["effects"] = json.dumps({k: v.isoformat() if v else None for k, v in incident.effects.items()})
        values["severity"], values["told"] = int(incident.severity), int(incident.told)
        self._connection.execute(upsert(watching.incidents, self._engine.dialect.name, HANDS).values(**values))

    def _add_notice(self, row: Row, incident: Incident | None) -> None:
        known = select(watching.notices.c.id).where(watching.notices.c.key == row["key"])
        if self._connection.execute(known).first() is None:
            values = row | {"incident_id": incident.id if incident else row.get("incident_id")}
            self._connection.execute(insert(watching.notices).values(**values))

    # --- notices

    def waiting(self, now: datetime) -> list[Row]:
        """Return the notices that are to be sent: waiting, or claimed by one who did not come back; oldest first.

        One that is to wait longer than any does was written by a clock that has been put back since.
        """
        return self.rows(_WAITING, {"now": now, "absurd": now + _NONE_WAITS})

    def claim(self, notice: Row, now: datetime) -> bool:
        """Take a notice for sending; returns False where another sender was quicker."""
        table = watching.notices
        same = (table.c.id == notice["id"]) & (table.c.attempts == notice["attempts"])
        values = {"state": "claimed", "claimed_until": now + CLAIM, "attempts": notice["attempts"] + 1}
        return self._change(update(table).where(same).values(**values)) == 1

    def sent(self, number: int, now: datetime) -> None:
        """Mark a notice as sent."""
        table = watching.notices
        self._change(update(table).where(table.c.id == number).values(state="sent", sent_at=now, error=None))

    def not_sent(self, number: int, error: str, *, again_at: datetime | None) -> None:
        """Put a notice back until `again_at`, or give it up for None."""
        table = watching.notices
        values: Row = {"state": "waiting" if again_at else "failed", "error": error[:500]}
        if again_at:
            values["not_before"] = again_at
        self._change(update(table).where(table.c.id == number).values(**values))

    def stuck(self, channels: Sequence[str], *, attempts: int) -> list[Row]:
        """Return of each of these channels that takes none any more the last notice given up, or tried `attempts` times."""
        stuck = self.rows(_stuck(tuple(channels), attempts)) if channels else []
        return list({row["channel"]: row for row in stuck}.values())

    def messages(self) -> list[tuple[int, str]]:
        """Return of every message that there ever was the incident that it tells of, 0 for none, and its kind."""
        table = watching.notices
        rows = self.rows(select(table.c.incident_id, table.c.kind).order_by(table.c.id))
        return [(row["incident_id"] or 0, row["kind"]) for row in rows]

    def n_sent(self, channel: str, since: datetime) -> int:
        """Return how many notices a channel was sent since an instant."""
        table = watching.notices
        query = select(func.count().label("n")).where(table.c.channel == channel, table.c.sent_at > since)
        return int(self.rows(query)[0]["n"])

    def _change(self, statement: Any) -> int:  # noqa: ANN401 -- any SQLAlchemy update
        with doing("a notice could not be marked", "it is sent again when its claim ends"), self._connection.begin():
            return int(self._connection.execute(statement).rowcount)

    # --- heartbeats

    def heartbeats(self) -> dict[str, Row]:
        """Return who looked when, by name."""
        return {row["name"]: row for row in self.rows(select(watching.heartbeats))}


def _beat(connection: Connection, name: str, at: datetime, build: str, note: str) -> None:
    values = {"at": at, "build": build, "note": note}
    if connection.execute(_BEATS_AGAIN, values | {"of": name}).rowcount:
        return
    try:
        connection.execute(insert(watching.heartbeats).values(name=name, **values))
    except IntegrityError as error:  # two first looks at the same instant
        msg = f"the heartbeat of {name} was written by another process"
        raise LedgerError(msg, hint="only one of them should run in a home") from error


def _incident(row: Mapping[str, Any]) -> Incident:
    effects: dict[str, str | None] = json.loads(row["effects"])
    met = {name: datetime.fromisoformat(at) if at else None for name, at in effects.items()}
    return Incident(**{**row, "effects": met})


def read_incidents(ask: Ask, league: str, now: datetime) -> list[Incident]:
    """Return the open incidents and those closed within two days, oldest first; of every league for none."""
    return [_incident(row) for row in ask(_incidents(league), {"since": now - SINCE_CLOSED})]


def incidents_opened(ask: Ask, league: str, *, since: datetime, before: datetime) -> list[Incident]:
    """Return the incidents of a league that began in a time, oldest first."""
    table = watching.incidents
    here = (table.c.league == league, table.c.opened_at >= since, table.c.opened_at < before)
    return [_incident(row) for row in ask(select(table).where(*here).order_by(table.c.id))]


def touched_by_hand(ask: Ask, kinds: Collection[str]) -> set[int]:
    """Return the numbers of the incidents of which people did something of these kinds."""
    table = watching.acts
    return {row["incident_id"] for row in ask(select(table.c.incident_id).where(table.c.kind.in_(kinds)))}


def read_other(target: Path | str, now: datetime) -> tuple[Sequence[Incident], dict[str, Row]]:
    """Return the incidents and heartbeats of another's store, none where no file is; raises where it cannot be read."""
    if isinstance(target, Path) and not target.exists():
        return (), {}
    with AlertStore(target, read_only=True) as store:
        return store.incidents(now=now), store.heartbeats()


def by_cause(incidents: Iterable[Incident]) -> dict[tuple[str, str], Incident]:
    """Return the newest incident of each league and cause."""
    return {(incident.league, incident.cause): incident for incident in incidents}
