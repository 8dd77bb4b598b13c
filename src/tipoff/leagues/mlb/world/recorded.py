"""The recorded MLB as a world."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

import httpx

from tipoff.core.clock import Clock
from tipoff.core.errors import UsageError
from tipoff.core.fault import Fault
from tipoff.leagues.mlb.world.data import WorldGame, appeared, read_season, splits_of
from tipoff.leagues.mlb.world.files import Files
from tipoff.leagues.mlb.world.people import People
from tipoff.leagues.mlb.world.wire import MlbProviders
from tipoff.sources.world import WorldTransport


class RecordedMlb:
    """Real seasons. Games, line-ups and numbers are recorded; when each became known is modelled, by `seed`."""

    name = "recorded"

    def __init__(self, data: Path, season: str, *, seed: int = 7) -> None:
        """Read the season.

        Raises:
            UsageError: The folder or the season is not there, or a file cannot be read.
        """
        self._files, self._seed, self._year = Files(data), seed, int(season)
        if self._year not in self._files.seasons:
            msg = f"{data} holds no MLB season {season}"
            raise UsageError(msg, hint="it holds: " + ", ".join(map(str, self._files.seasons)))
        self._people = People.read(self._files)
        # one season is tens of megabytes; the earlier ones are read in turn
        self.games = lru_cache(maxsize=2)(self._games)
        totals = splits_of(self._files)
        self._unknown = [year for year in range(min(totals, default=self._year), self._year) if year not in totals]
        for year in self._unknown:
            totals[year] = totals[year - 1]
        self._providers = MlbProviders(self.games, self._people, totals, appeared=self._appeared)
        self.faults: Sequence[Fault] = ()

    def _games(self, year: int) -> list[WorldGame]:
        """Return a season's games; none of a season that is not recorded."""
        return read_season(self._files, self._people, year, self._seed) if year in self._files.seasons else []

    def _appeared(self, year: int) -> set[int]:
        """Return who played in a season: of one that is not recorded those of the last that is, before the first nobody."""
        known = max((other for other in self._files.seasons if other <= year), default=None)
        return set() if known is None else appeared(self._files, self._people, known)

    @property
    def fingerprint(self) -> str:
        """A hash of the files, the season and the seed."""
        return self._files.fingerprint(self._year, self._seed)

    def describe(self) -> dict[str, str]:
        """Return what is recorded and what is modelled."""
        unknown = ", ".join(map(str, self._unknown))
        return {
            "batters_totals": f"those of the season before stand in for {unknown}" if unknown else "recorded",
            "box_scores": "recorded (Retrosheet)",
            "starts": "recorded, first pitch for the announced start",
            "game_ids": "numbers of our own: Retrosheet does not have statsapi's",
            "line_ups": "recorded; that they come 95 to 220 min before is modelled",
            "probable_pitchers": "modelled: 6 % are not the man who starts",
            "postponements": "inferred from double-headers",
            "suspensions": "recorded; the hours are modelled",
            "lines": "none for this season",
        }

    def game_days(self, first: date, last: date) -> int:
        """Return on how many days games began, from `first` to `last`."""
        return len({game.day for game in self.games(self._year) if first <= game.day <= last})

    def transport(self, clock: Clock) -> httpx.BaseTransport:
        """Return the transport that an HTTP client is given."""
        return WorldTransport(self._providers, clock)


def days_of(files: Files, year: int) -> tuple[date, date]:
    """Return a regular season's first and last day."""
    days = sorted(row["date"] for row in files.season("gameinfo", year) if row["gametype"] == "regular")
    if not days:
        msg = f"{files.path_of('gameinfo', year)} has no game of the regular season"
        raise UsageError(msg, hint="restore the file; it may have been cut short")
    return date.fromisoformat(days[0]), date.fromisoformat(days[-1])
