"""Catching up: what a home still lacks of earlier days and of earlier seasons, said as it goes, with an estimate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tipoff.core.clock import league_day, stopwatch
from tipoff.core.obligation import State
from tipoff.core.slate import Season
from tipoff.core.step import SourceWork
from tipoff.engine.book import Entry
from tipoff.engine.controller import Controller
from tipoff.sources.content import EarlierSeasons

LEAST = 50  # outputs of earlier days: fewer are made before anybody has read of them
EVERY = timedelta(seconds=30)
STANDS = timedelta(minutes=5)  # after which it has no pace any more
_MADE = frozenset({State.PROVEN, State.EXCUSED, State.LOST})


@dataclass(slots=True)
class Loading:
    """Says which earlier seasons are not known yet. `line` is what is off for want of them; empty when all are there."""

    league: str
    season: Season
    earlier: EarlierSeasons | None
    said: Callable[[str], None]
    line: str = ""

    def look(self, controllers: Sequence[Controller]) -> None:
        """Say what has changed."""
        if self.earlier is None or not (names := self.earlier.missing(self.season)):
            return
        key = self.earlier.output, self.season.first_day
        entry = next((one.book.entries[key] for one in controllers if key in one.book.entries), None)
        line = lacking(self.earlier, names, entry, self.season.first_day)
        if line != self.line:
            self.said(f"{self.league}: {line or f'{self.earlier.what}: {_are(names)} loaded'}")
        self.line = line


@dataclass(slots=True)
class CatchingUp:
    """Says how much of the earlier days is made. `most` is the largest number that was seen to be left, `line` the last word."""

    league: str
    said: Callable[[str], None]
    loading: Loading
    most: int = 0
    begun_s: float = 0.0
    said_s: float = 0.0
    line: str = ""
    left: int = 0
    moved: tuple[float, datetime] | None = None  # when `left` was last another number

    def look(self, controllers: Sequence[Controller], now: datetime) -> None:
        """Say how it goes, where there is much to be made: what has changed, and once that nothing does."""
        left, at_s = sum(n_left(controller, now) for controller in controllers), stopwatch()
        if self.moved is None or left != self.left:
            self.left, self.moved = left, (at_s, now)
        if left > self.most:
            self.most, self.begun_s, self.said_s = left, at_s, at_s - EVERY.total_seconds()
        if self.most < LEAST or (left and at_s - self.said_s < EVERY.total_seconds()):
            return
        self.said_s = at_s
        moved_s, moved_at = self.moved
        since = moved_at if at_s - moved_s >= STANDS.total_seconds() else None
        line = progress(left, self.most, at_s - self.begun_s, since)
        if line != self.line:
            self.said(f"{self.league}: {line}")
        self.line = line
        if not left:
            self.most, self.line = 0, ""

    def until(self, controllers: Sequence[Controller]) -> list[str]:
        """Return what is off until it has been loaded, or made."""
        self.loading.look(controllers)
        return [line for line in (self.loading.line, self.line) if line]


def n_left(controller: Controller, now: datetime) -> int:
    """Return how many outputs of days before yesterday are owed and not made."""
    yesterday = league_day(now) - timedelta(days=1)
    entries = controller.book.entries.values()
    return sum(
        entry.obligation.day < yesterday and not entry.step.optional and entry.state not in _MADE for entry in entries
    )


def progress(left: int, most: int, took_s: float, stands_since: datetime | None = None) -> str:
    """Return how far it has come, and about how long the rest takes at this pace, or since when nothing more was made."""
    if not left:
        return f"the earlier days are made: {most} outputs in {max(1, round(took_s / 60))} min"
    made = most - left
    so_far = f"{made} of {most} outputs of earlier days are made"
    if not made and stands_since is None:
        return f"{left} outputs of earlier days are to be made; today's follow what they rest on, and nothing is published before"
    if stands_since is not None:
        return f"{so_far}, none since {stands_since:%Y-%m-%d %H:%M} UTC: tipoff status says what the rest waits for"
    return f"{so_far}, about {max(1, round(took_s / made * left / 60))} min left"


def lacking(earlier: EarlierSeasons, names: Sequence[str], entry: Entry | None, begins: date) -> str:
    """Return what is off until the seasons `names`, each a unit, are loaded, and how that goes; empty when it is done."""
    there = entry.proof.units.keys() - entry.gone.keys() if entry is not None and entry.proof is not None else set()
    names = [name for name in names if name not in there]
    if not names:
        return ""
    if not earlier.output:
        return f"{earlier.what}: off, {_are(names)} not in this home, and nothing loads them"
    if entry is None:
        return f"{earlier.what}: off until {_are(names)} loaded, on {begins}, the season's first day"
    if not (entry.failures or entry.polls or there):
        return f"{earlier.what}: off until {_are(names)} loaded, a request each: about {len(names)} min at the most"
    source = entry.step.work.source if isinstance(entry.step.work, SourceWork) else entry.step.name
    again = "it is asked again" if entry.not_before else "it is not asked again by itself"
    return f"{earlier.what}: off, {source} has not given {_and(names)}; {again}"


def _are(names: Sequence[str]) -> str:
    return f"{_and(names)} {'is' if len(names) == 1 else 'are'}"


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
