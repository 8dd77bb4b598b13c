"""What runs: which build each part shows itself with, how old the last tick is, and whether the home is ready."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tipoff.core.clock import is_ahead, is_fresh
from tipoff.core.records import BeatRecord
from tipoff.ledger import Ledger
from tipoff.ledger.facts import league_facts
from tipoff.ledger.home_reader import newest_ticks
from tipoff.ledger.reader import read_beats


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What the ledger says of what runs."""

    last_tick_at: datetime | None  # of any league
    ticked_at: Mapping[str, datetime] = field(default_factory=dict)  # by league: its newest tick
    last_tick_settings: str = ""
    parts: tuple[BeatRecord, ...] = ()
    # by league: what is not made for want of a key, or not yet
    off: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_running(ledger: Ledger) -> Running:
    """Return what runs, as the ledger says; the newest tick and each part's heartbeat."""
    ticks = newest_ticks(ledger.rows)
    last = max(ticks.values(), key=lambda tick: tick.at, default=None)
    return Running(
        last_tick_at=last.at if last else None,
        ticked_at={league: tick.at for league, tick in ticks.items()},
        last_tick_settings=last.settings_hash if last else "",
        parts=tuple(read_beats(ledger.rows).values()),
        off={league: off for league in ledger.leagues() if (off := league_facts(ledger, league).off)},
    )


def why_not_ready(running: Running, now: datetime, *, silent_after: timedelta) -> tuple[str, ...]:
    """Return the reasons for which a home is not ready: no decision yet, or none for too long."""
    if running.last_tick_at is None:
        return ("nothing has been decided yet",)
    beats = {part.name: part.at for part in running.parts}
    found = []
    for league, ticked_at in running.ticked_at.items():
        signs = (ticked_at, beats.get(f"controller {league}", ticked_at))
        last = max((at for at in signs if not is_ahead(at, now)), default=None)
        if last is None:
            found.append(f"the last tick of {league} lies in the future: which clock is wrong?")
        elif now - last > silent_after:
            found.append(f"no tick of {league} for {(now - last).total_seconds() / 60:.0f} min")
    return tuple(found)


def builds_differ(running: Running, mine: str, now: datetime, *, alive: timedelta) -> Iterator[str]:
    """Yield, for each part that lives, in which build it differs from this one."""
    for part in running.parts:
        if is_fresh(part.at, now, alive) and part.build != mine:
            yield f"{part.name} runs {part.build}, this is {mine}"
