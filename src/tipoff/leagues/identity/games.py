"""Which game is meant where somebody names two sides and a day: also where he has them swapped, or a day of his own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedGame:
    """A game as its league lists it; `other_days` are those on which it stood before it was moved."""

    game_id: str
    day: date
    home: str
    away: str
    other_days: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundGame:
    """A game, and by which rule it was found."""

    game: ListedGame
    rule: str


@dataclass(slots=True)
class GameIndex:
    """Games by day and sides. The rules, from strict to loose; of two games of one day (a double-header) the `number` is needed.

    As written; on the day as first drawn; with home and away swapped (neutral ground); each of these a day later, then a day
    earlier, for whoever tells days by another clock (`around`).
    """

    _games: Mapping[tuple[date, str, str], list[ListedGame]] = field(default_factory=dict)
    _moved: Mapping[tuple[date, str, str], list[ListedGame]] = field(default_factory=dict)

    @classmethod
    def of(cls, listed: Iterable[ListedGame]) -> "GameIndex":
        """Return the index of these games."""
        games: dict[tuple[date, str, str], list[ListedGame]] = {}
        moved: dict[tuple[date, str, str], list[ListedGame]] = {}
        for game in listed:
            games.setdefault((game.day, game.home, game.away), []).append(game)
            for day in {*game.other_days} - {game.day}:
                moved.setdefault((day, game.home, game.away), []).append(game)
        return cls(games, moved)

    def find(self, home: str, away: str, day: date, *, around: bool = False, number: int = 0) -> FoundGame | None:
        """Return the game of two sides on a day, or None; `number`: which of several of that day, counted from 1."""
        days = [(day, "")]
        if around:
            days += [(day - _ONE_DAY, ", the day before"), (day + _ONE_DAY, ", the day after")]
        for on, beside in days:
            for rule, known, sides in (
                ("as written", self._games, (home, away)),
                ("on the day first drawn", self._moved, (home, away)),
                ("sides swapped", self._games, (away, home)),
            ):
                found = known.get((on, *sides), [])
                if len(found) == 1:
                    return FoundGame(found[0], rule + beside)
                if 0 < number <= len(found):
                    return FoundGame(found[number - 1], f"{rule}, number {number}{beside}")
        return None
