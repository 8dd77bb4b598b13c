"""The skeleton's sample world: two games each evening but every seventh, invented, in the provider's own wire format."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import httpx

from tipoff.core.clock import Clock, midnight
from tipoff.core.fault import Fault
from tipoff.core.slate import GameStatus, Season
from tipoff.sources.world import World, WorldTransport, chance

_TEAMS = ("ASH", "ELM", "FIR", "OAK")
_FREE = 7  # the day in so many on which nobody plays
_LASTS = timedelta(hours=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleWorld:
    """See `tipoff.sources.world.World`."""

    season: Season
    seed: int
    faults: Sequence[Fault] = ()
    name: str = "sample"

    @property
    def fingerprint(self) -> str:
        """All that its answers depend on."""
        return f"skeleton|{self.season.name}|{self.season.first_day}|{self.season.last_day}|{self.seed}"

    def describe(self) -> dict[str, str]:
        """Say that nothing here is real."""
        return {"schedule": "synthetic, seeded"}

    def game_days(self, first: date, last: date) -> int:
        """Return on how many days games were played, from `first` to `last`."""
        return sum(first <= day <= last and bool(self._games(day, midnight(day))) for day in self.season.days())

    def transport(self, clock: Clock) -> httpx.BaseTransport:
        """Return the transport that an HTTP client is given."""
        return WorldTransport(self, clock)

    def answer(self, request: httpx.Request, now: datetime) -> httpx.Response:
        """Return the games of the day that is asked for, as they stand now."""
        day = date.fromisoformat(request.url.params["date"])
        return httpx.Response(200, json={"games": self._games(day, now)}, request=request)

    def _games(self, day: date, now: datetime) -> list[dict[str, Any]]:
        place = (day - self.season.first_day).days
        if day not in self.season.days() or place % _FREE == _FREE - 1:
            return []
        teams = sorted(_TEAMS, key=lambda team: chance(self.seed, day, team))
        games = []
        for number, (home, away) in enumerate((teams[:2], teams[2:])):
            start = midnight(day) + timedelta(hours=19 + number)
            is_over, is_on = now >= start + _LASTS, now >= start
            status = GameStatus.FINAL if is_over else GameStatus.LIVE if is_on else GameStatus.SCHEDULED
            told = {"id": f"{place:03d}{number}", "home": home, "away": away}
            games.append(told | {"start": start.isoformat(), "status": status.value})
        return games


class SampleSeasons:
    """See `tipoff.sources.content.Sample`."""

    season = Season("sample", date(2030, 1, 7), date(2030, 3, 7))  # far from every real season

    def world(self, season: Season, *, seed: int, faults: Sequence[Fault]) -> World:
        """Return the world of a season, which may lie on any days."""
        return SampleWorld(season=season, seed=seed, faults=tuple(faults))
