"""What the ledger knows of each league in a home: its world, how far its clock has come, since when it is worked on."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from tipoff.core import lateness
from tipoff.core.clock import RealClock
from tipoff.core.errors import UsageError
from tipoff.core.home import Home
from tipoff.core.slate import Season
from tipoff.ledger import schema
from tipoff.ledger.ledger import Ledger
from tipoff.ledger.rows import read_seasons

if TYPE_CHECKING:
    from tipoff.core.league import League  # heavy; who only reads facts needs none

SEASON_UNKNOWN = "which season it is cannot be learned"
LOADS = "loads"  # the key of the fact
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSeason:
    """A controller that waits for the schedule to say which season it is: since when, and why."""

    since: datetime
    why: str

    @property
    def text(self) -> str:
        """What it means, in one sentence."""
        return f"{SEASON_UNKNOWN} since {self.since:%Y-%m-%d %H:%M} UTC, so nothing is planned: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeagueFacts:
    """What is known of one league in a home; empty and None for what is not."""

    league: str
    world: str
    clock_at: datetime | None  # the last instant of its replay, or of its controller
    live_since: date | None  # its first day, where it runs on the real clock
    since: datetime | None  # when it was first worked on here
    is_over: bool  # its days have ended and nothing is owed
    no_season: NoSeason | None  # live, while the schedule cannot be asked
    off: tuple[str, ...]  # what is not made for want of a key or of earlier seasons, or not yet
    loads: str  # a replay that has not begun: the days of earlier seasons that are loaded first
    goes_on: bool  # a replay that has loaded the seasons before its own, as it is done live
    kept: Mapping[str, str]  # every fact by its key

    def of_season(self, key: str, season: str) -> str:
        """Return what is kept of one of its seasons."""
        return self.kept.get(f"{key} {season}", "")


def league_facts(ledger: Ledger, league: str) -> LeagueFacts:
    """Return what is known of `league`."""
    kept = ledger.facts(league)

    def instant(key: str) -> datetime | None:
        return datetime.fromisoformat(kept[key]) if kept.get(key) else None

    since, _, why = kept.get("no season", "").partition(" ")
    return LeagueFacts(
        league=league,
        world=kept.get("world", ""),
        clock_at=instant("clock_at"),
        live_since=date.fromisoformat(kept["live since"]) if kept.get("live since") else None,
        since=instant("since"),
        is_over=bool(kept.get("over")),
        no_season=NoSeason(since=datetime.fromisoformat(since), why=why) if since else None,
        off=tuple(json.loads(kept.get("off", "[]"))),
        loads=kept.get(LOADS, ""),
        goes_on=bool(kept.get("goes on")),
        kept=kept,
    )


def must_be_worked_on(leagues: Iterable[str], home: Home, known: Sequence[str]) -> None:
    """Refuse with a `UsageError` leagues that a home does not have (`known` are those it has): no news of them is not good."""
    strangers = [league for league in leagues if league not in known]
    if strangers:
        msg = f"{', '.join(strangers)} has never been worked on in the home {home.root}"
        raise UsageError(msg, hint=f"there: {', '.join(known) or 'nothing yet'}; is TIPOFF_HOME right?")


def seasons_of(ledger: Ledger, league: str) -> list[Season]:
    """Return the league's seasons that are known in this home, oldest first, each with the first days of those before it."""
    table = schema.seasons
    return read_seasons(ledger.rows(select(table).where(table.c.league == league).order_by(table.c.first_day)))


def days_around(ledger: Ledger, league: str, season: Season) -> tuple[date, date]:
    """Return the days that are nearer to this season than to another: after the one before it, until the next one."""
    known = [other for other in seasons_of(ledger, league) if other.name != season.name]
    before = [other.last_day + _DAY for other in known if other.last_day < season.first_day]
    after = [other.first_day - _DAY for other in known if other.first_day > season.last_day]
    return max(before, default=date.min), min(after, default=date.max)


def season_of(ledger: Ledger, league: str, day: date) -> Season:
    """Return the season that `day` lies in; raises `UsageError` where it lies in none that is known here."""
    known = seasons_of(ledger, league)
    for season in known:
        if season.first_day <= day <= season.last_day:
            return season
    msg = f"{day} lies in no season of {league} that is known here"
    shown = ", ".join(f"{season.name} ({season.first_day} to {season.last_day})" for season in known)
    raise UsageError(msg, hint=f"known are: {shown or 'none yet'}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BetweenSeasons:
    """A day that lies in no season: which ended before it, which is to come, and when the schedule last said so."""

    ended: Season | None
    coming: Season | None  # None while the schedule names none
    seen_at: datetime
    evidence: str


def between_seasons(ledger: Ledger, league: str, day: date) -> BetweenSeasons | None:
    """Return between which seasons `day` lies; None where it lies in one, or none is known here."""
    table = schema.seasons
    rows = ledger.rows(select(table).where(table.c.league == league).order_by(table.c.first_day))
    seasons = read_seasons(rows)
    if not rows or any(season.first_day <= day <= season.last_day for season in seasons):
        return None
    newest = max(rows, key=lambda row: row["known_at"])
    return BetweenSeasons(
        ended=next((season for season in reversed(seasons) if season.last_day < day), None),
        coming=next((season for season in seasons if season.first_day > day), None),
        seen_at=newest["known_at"],
        evidence=newest["evidence"],
    )


def season_row(league: str, season: Season, *, now: datetime, evidence: str) -> dict[str, object]:
    """Return the row of a season as its schedule tells it."""
    days = {"first_day": season.first_day, "last_day": season.last_day}
    return {"league": league, "name": season.name, **days, "known_at": now, "evidence": evidence[:160]}


def home_now(ledger: Ledger) -> datetime:
    """Return the last instant of a home's replays; the machine's where nothing was replayed, or where anything runs live."""
    known = [league_facts(ledger, league) for league in ledger.leagues()]
    replayed = [facts.clock_at for facts in known if facts.clock_at]
    return max(replayed) if replayed and not any(facts.live_since for facts in known) else RealClock().now()


def learned_lateness(ledger: Ledger, league: "League", *, since: datetime, now: datetime) -> dict[str, timedelta]:
    """Return after which time from a game's start each output is late whose step learns it, by the games since an instant."""
    learning, begin = [step.name for step in league.steps if step.timing.learns], max(now - lateness.LOOKED_BACK, since)
    if not learning:
        return {}
    came, games = schema.arrivals, schema.games
    of_game = (games.c.league == came.c.league) & (games.c.day == came.c.day) & (games.c.game_id == came.c.unit)
    query = select(came.c.output, came.c.first_at, games.c.starts_at).join(games, of_game)
    waits: dict[str, list[timedelta]] = {}
    for row in ledger.rows(
        query.where(came.c.league == league.name, came.c.output.in_(learning), games.c.starts_at >= begin)
    ):
        waits.setdefault(row["output"], []).append(row["first_at"] - row["starts_at"])
    return {output: after for output, seen in waits.items() if (after := lateness.learned(seen)) is not None}
