"""What is asked of a whole home's ledger, whatever the league."""

import json
from datetime import date, datetime

from sqlalchemy import exists, func, literal, or_, select

from tipoff.core.records import TickRecord
from tipoff.ledger import schema, watching
from tipoff.ledger.history import history_streams, quota_use
from tipoff.ledger.looks import columns_of
from tipoff.ledger.reader import Ask


def newest_ticks(ask: Ask) -> dict[str, TickRecord]:
    """Return each league's newest tick in this home."""
    table = schema.ticks
    newest = select(func.max(table.c.id)).group_by(table.c.league)
    rows = ask(select(table.c.league, *columns_of(TickRecord, table)).where(table.c.id.in_(newest)))
    return {row["league"]: TickRecord(**{n: v for n, v in row.items() if n != "league"}) for row in rows}


def unsent(ask: Ask) -> list[datetime]:
    """Return since when each message waits that is not sent yet."""
    table = watching.notices
    return [row["at"] for row in ask(select(table.c.at).where(table.c.state.in_(["waiting", "claimed"])))]


def sends_history(ask: Ask) -> bool:
    """Whether history has ever begun to flow from this home, or anything of a warehouse's daily limits was used."""
    is_any = or_(exists(select(history_streams)), exists(select(quota_use)))
    return bool(ask(select(literal(1).label("one")).where(is_any)))


def digest_notices(ask: Ask, league: str, day: date) -> set[str]:
    """Return how the messages stand that carry the digest of a day."""
    table = watching.notices
    rows = ask(select(table.c.state).where(table.c.key.like(f"%|{league}|digest|{day}")))
    return {row["state"] for row in rows}


def incident_causes(ask: Ask) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return of every incident that there ever was its league, its cause, and what it showed in."""
    table = watching.incidents
    rows = ask(select(table.c.league, table.c.cause, table.c.effects).order_by(table.c.id))
    return [(row["league"], row["cause"], tuple(json.loads(row["effects"]))) for row in rows]
