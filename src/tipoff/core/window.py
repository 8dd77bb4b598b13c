"""Windows: which rows of an input a step may see, relative to its slate. A step cannot read wider."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from tipoff.core.slate import Season


class WindowKind(Enum):
    """How an input's rows are narrowed."""

    SLATE = "slate"  # day = D
    BEFORE = "before"  # season's first day <= day < D
    LAST = "last"  # D - n days <= day < D, within the season
    LATEST = "latest"  # the newest proven day <= D of the season
    KNOWN = "known"  # day = D and known_at <= the run's instant


@dataclass(frozen=True, slots=True)
class Window:
    """A kind of narrowing, with its length in days where it has one."""

    kind: WindowKind
    days: int = 0

    @classmethod
    def parse(cls, name: str) -> "Window":
        """Read a window from its name in SQL: slate, before, latest, known, last14.

        Raises:
            ValueError: There is no such window.
        """
        if name.startswith("last") and name[4:].isdigit():
            return cls(WindowKind.LAST, int(name[4:]))
        return cls(WindowKind(name))

    @property
    def name(self) -> str:
        """The window's name in SQL."""
        return f"last{self.days}" if self.kind is WindowKind.LAST else self.kind.value

    def bounds(self, day: date, season: Season) -> tuple[date, date]:
        """Return the first and last day, both inclusive, that the window may touch for the slate of `day`.

        An empty window has its first day after its last.
        """
        if self.kind in {WindowKind.SLATE, WindowKind.KNOWN}:
            return day, day
        if self.kind is WindowKind.LATEST:
            return season.first_day, day
        before = day - timedelta(days=1)
        if self.kind is WindowKind.LAST:
            return max(season.first_day, day - timedelta(days=self.days)), before
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
