"""The grid: days × outputs, each cell the state of one obligation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tipoff.core.clock import midnight
from tipoff.core.obligation import State
from tipoff.ledger import Ledger
from tipoff.ledger.reader import LeagueRecords
from tipoff.views.status import Status, live_waivers, waiver_line

if TYPE_CHECKING:
    from tipoff.core.league import League  # heavy; `status` needs none

SIGNS: Mapping[State, str] = {
    State.PROVEN: "■",
    State.EXCUSED: "·",
    State.WAITING: "-",
    State.OPEN: "o",
    State.RUNNING: "r",
    State.HELD: "H",
    State.LATE: "L",
    State.LOST: "X",
}


@dataclass(frozen=True, slots=True)
class Grid:
    """Days down, outputs across; a cell that is not there was never planned."""

    league: str
    outputs: tuple[str, ...]
    days: tuple[date, ...]
    cells: Mapping[tuple[str, date], State]
    waivers: tuple[str, ...] = ()

    @property
    def has_gaps(self) -> bool:
        """Whether some output is not owed on some day."""
        return any((output, day) not in self.cells for output in self.outputs for day in self.days)

    @property
    def wrong(self) -> list[tuple[str, date, State]]:
        """The cells that a person should look at."""
        bad = {State.LATE, State.LOST}
        return [(output, day, state) for (output, day), state in self.cells.items() if state in bad]


def read_grid(ledger: Ledger, league: "League", *, days: tuple[date, date] | None = None) -> Grid:
    """Return the league's grid, of `days` (both inclusive) or of every day known."""
    cells = _cells(ledger.of(league.name).within(*(days or (date.min, date.max))))
    return Grid(
        league.name,
        tuple(step.name for step in league.steps),
        tuple(sorted({day for _, day in cells})),
        cells,
        tuple(waiver_line(row) for row in live_waivers(ledger, league.name)),
    )


def _cells(records: LeagueRecords) -> dict[tuple[str, date], State]:
    return {slate: State(state) for slate, state in records.states().items()}


def newest_grid(ledger: Ledger, status: Status, n_days: int) -> Grid:
    """Return the last days of a league up to its newest; the outputs in the order in which their newest day owes them."""
    last = status.home.today
    if last is None:
        return Grid(status.league, (), (), {})
    days = last - timedelta(days=n_days - 1), last
    records = ledger.of(status.league).within(*days)
    cells = _cells(records)
    after = {output: at - midnight(day) for output, day, at in records.due()}
    outputs = sorted({output for output, _ in cells}, key=lambda name: (after.get(name, timedelta.max), name))
    return Grid(status.league, tuple(outputs), tuple(sorted({day for _, day in cells})), cells)


def grid_lines(grid: Grid) -> list[str]:
    """Return the grid as text, readable without colour; the outputs' names stand slanting above their columns."""
    return [*grid_heads(grid.outputs), *(grid_row(grid, day) for day in grid.days), "", *grid_legend(grid)]


def grid_row(grid: Grid, day: date) -> str:
    """Return one day's cells as text."""
    cells = [SIGNS[grid.cells[o, day]] if (o, day) in grid.cells else " " for o in grid.outputs]
    return f"{day:%a} {day}  " + " ".join(cells)


def grid_legend(grid: Grid) -> list[str]:
    """Return what the signs mean that the grid shows, and what is waived."""
    used = [state for state in SIGNS if state in set(grid.cells.values())]
    signs = [*(f"{SIGNS[state]} {state.value}" for state in used), *(["blank: not owed"] if grid.has_gaps else [])]
    return ["  ".join(signs), *grid.waivers]


def grid_heads(outputs: Sequence[str]) -> list[str]:
    """Name each column by a line that leads down to it."""
    indent = " " * 16
    return [indent + "│ " * number + "┌ " + outputs[number] for number in reversed(range(len(outputs)))]
