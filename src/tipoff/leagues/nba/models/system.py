"""A prediction system: one way to predict, with what it reads, what is trained for it, and a table of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tipoff.core.errors import PipelineError
from tipoff.core.schema import Table
from tipoff.core.step import Context, Edge, Made
from tipoff.core.window import LATEST, Input

if TYPE_CHECKING:
    import pyarrow as pa

Transform = Callable[[Context, "Mapping[str, pa.Table]"], Made]
OF_SYSTEMS = "systems"  # the edges of what takes whatever systems are there
_PATIENCE = timedelta(hours=3)  # for a model that is being trained


class WrongContract(PipelineError):
    """A model was trained on other features, or with another library, than the ones at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What is trained for a system: the table that keeps it, what it learns from, how, and what else the result rests on."""

    table: Table
    learns_from: tuple[Input, ...]
    train: Transform
    rests_on: tuple[object, ...] = ()
    same_as: tuple[str, ...] = ()  # earlier versions of the step that made the same


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One way to predict, in a file of its own. It shares no step and no table with another.

    `features`: what it predicts from. `table` holds what it predicts, a slate at a time. `trained`: what is trained for it, if
    anything; what it reads of that as the latest is waited for a while, and done without.
    """

    name: str
    about: str
    table: Table
    features: tuple[Input, ...]
    predict: Transform
    trained: Training | None = None
    rests_on: tuple[object, ...] = ()

    @property
    def edges(self) -> tuple[Edge, ...]:
        """What it waits for of models: a while."""
        models = [one.table for one in self.features if one.window == LATEST]
        return tuple(Edge(table=name, minimum=0.0, patience=_PATIENCE) for name in models)

    def edge(self, *, patience: timedelta = _PATIENCE) -> Edge:
        """Return how what takes all systems reads this one: it waits a while for each, and is made of those that are there."""
        return Edge(table=self.table.name, minimum=0.0, patience=patience, one_of=OF_SYSTEMS)
