"""What the ledger knows of each league in a home: its world, how far its clock has come, since when it is worked on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from tipoff.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class LeagueFacts:
    """What is known of one league in a home; empty and None for what is not."""

    league: str
    world: str
    clock_at: datetime | None  # the last instant of its replay, or of its controller
    live_since: date | None  # its first day, where it runs on the real clock
    since: datetime | None  # when it was first worked on here
    is_over: bool  # its days have ended and nothing is owed
    kept: Mapping[str, str]  # every fact by its key

    def of_season(self, key: str, season: str) -> str:
        """Return what is kept of one of its seasons."""
        return self.kept.get(f"{key} {season}", "")


def league_facts(ledger: Ledger, league: str) -> LeagueFacts:
    """Return what is known of `league`."""
    kept = ledger.facts(league)

    def instant(key: str) -> datetime | None:
        return datetime.fromisoformat(kept[key]) if kept.get(key) else None

    return LeagueFacts(
        league=league,
        world=kept.get("world", ""),
        clock_at=instant("clock_at"),
        live_since=date.fromisoformat(kept["live since"]) if kept.get("live since") else None,
        since=instant("since"),
        is_over=bool(kept.get("over")),
        kept=kept,
    )


def home_clock(ledger: Ledger) -> datetime | None:
    """Return the last instant of a home's replays; None where nothing was replayed, or where anything runs live."""
    known = [league_facts(ledger, league) for league in ledger.leagues()]
    if any(facts.live_since for facts in known):
        return None
    return max((facts.clock_at for facts in known if facts.clock_at), default=None)
