"""Windows: which rows of an input a step may see, relative to its slate. A step cannot read wider."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import Enum

from tipoff.core.slate import Season


class WindowKind(Enum):
    """How an input's rows are narrowed."""

    SLATE = "slate"  # day = D
    BEFORE = "before"  # season's first day <= day < D
    SEASONS = "seasons"  # first day of the season n seasons ago <= day < D
    LAST = "last"  # D - n days <= day < D, within the season
    LATEST = "latest"  # the newest proven day <= D of the season
    KNOWN = "known"  # day = D and known_at <= the run's instant

    __hash__ = object.__hash__  # a kind is looked up for every window of every judgement, and the name's hash is slow


@dataclass(frozen=True, slots=True)
class Window:
    """A kind of narrowing, with its length where it has one: in days, or in seasons before this one.

    `games`: the ids of the slate's own games that are history too, for they began before the ones that are made (a
    double-header); set by the engine for a run, never by a declaration.
    """

    kind: WindowKind
    days: int = 0
    games: tuple[str, ...] = field(default=(), repr=False)  # of a run, no part of what a step is

    @classmethod
    def parse(cls, name: str) -> "Window":
        """Read a window from its name in SQL (slate, before, latest, known, last14, seasons2); raises `ValueError` for others."""
        for kind in (WindowKind.LAST, WindowKind.SEASONS):
            length = name.removeprefix(kind.value)
            if length != name and length.isdigit():
                return cls(kind, int(length))
        kind = WindowKind(name)
        if kind in {WindowKind.LAST, WindowKind.SEASONS}:
            msg = f"{name} needs its length, as in {name}2"
            raise ValueError(msg)
        return cls(kind)

    @property
    def name(self) -> str:
        """The window's name in SQL."""
        has_length = self.kind in {WindowKind.LAST, WindowKind.SEASONS}
        return f"{self.kind.value}{self.days}" if has_length else self.kind.value

    @property
    def is_history(self) -> bool:
        """Whether it reads what was before the slate's games."""
        return self.kind in {WindowKind.BEFORE, WindowKind.LAST, WindowKind.SEASONS}

    def with_games(self, games: tuple[str, ...]) -> "Window":
        """Return the window of a run for which these games of the slate are history too."""
        return replace(self, games=games) if games and self.is_history else self

    def bounds(self, day: date, season: Season) -> tuple[date, date]:
        """Return the first and last day, both inclusive, that the window may touch for the slate of `day`.

        An empty window has its first day after its last. Seasons that nobody knows of are not read.
        """
        if self.kind in {WindowKind.SLATE, WindowKind.KNOWN}:
            return day, day
        if self.kind is WindowKind.LATEST:
            return season.first_day, day
        before = day - timedelta(days=1)
        if self.kind is WindowKind.LAST:
            return max(season.first_day, day - timedelta(days=self.days)), before
        if self.kind is WindowKind.SEASONS and season.earlier:
            return season.earlier[: self.days][-1], before
        return season.first_day, before


SLATE = Window(WindowKind.SLATE)
BEFORE = Window(WindowKind.BEFORE)
LATEST = Window(WindowKind.LATEST)
KNOWN = Window(WindowKind.KNOWN)


@dataclass(frozen=True, slots=True)
class Input:
    """A table that a step reads, the window through which it reads it, and which columns (none named: all)."""

    table: str  # the name within the league, without dataset
    window: Window
    columns: tuple[str, ...] = ()
