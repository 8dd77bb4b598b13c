"""What a sport brings: calendar, tables, steps in order, and how its schedule is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tipoff.core.check import Check
from tipoff.core.errors import PipelineError, UsageError, what_of
from tipoff.core.parsing import BROKEN
from tipoff.core.schema import Table
from tipoff.core.slate import Game
from tipoff.core.step import Step

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class League:
    """A league, always named, never a default.

    `steps` stands in the order of the day. The step named `schedule` makes one row a game and owes the slate as its one
    unit; `read_games` turns its rows (one day) into games. `summary_sql` are queries, each giving one row, by the name
    under which a report shows them; their windows are `season.<table>`: every day of the season. `checks` are what is claimed of
    a slate's data. `funnel_sql` gives a row for each man known before a slate, with the columns that `views/funnel.py` names,
    and for each output on the way to a prediction a truth value by its name; `entry_rule` says in words who comes in at all.
    """

    name: str
    steps: tuple[Step, ...]
    schedule: str
    read_games: Callable[["pa.Table"], Sequence[Game]]
    summary_sql: Mapping[str, str]
    checks: tuple[Check, ...] = ()
    funnel_sql: str = ""
    entry_rule: str = ""

    def step(self, name: str) -> Step:
        """Return the step that makes `name`; raises `UsageError` where the league has no such output."""
        for step in self.steps:
            if step.name == name:
                return step
        msg = f"{self.name} has no output named {name!r}"
        raise UsageError(msg, hint="outputs: " + ", ".join(step.name for step in self.steps))

    def table(self, name: str) -> Table:
        """Return the table `name`; raises UsageError as `step` does."""
        return self.step(name).table

    def games(self, rows: "pa.Table") -> Sequence[Game]:
        """Return the games that one day's rows of the schedule name; raises `PipelineError` where `read_games` cannot."""
        try:
            return self.read_games(rows)
        except BROKEN as error:
            msg = f"the games of {self.name} cannot be read from the rows of {self.schedule}: {what_of(error)}"
            raise PipelineError(msg, hint="read_games of the league is at fault, or these rows are") from error
