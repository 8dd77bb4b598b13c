"""What a league's folder hands over: one value, and nothing outside that folder names a league, a team or its columns."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Protocol

from tipoff.core.check import Check
from tipoff.core.fault import Fault
from tipoff.core.league import League
from tipoff.core.payload import Payload, Request
from tipoff.core.provider import Provider
from tipoff.core.report import Explanation, SeasonReport
from tipoff.core.slate import Season
from tipoff.core.step import Step
from tipoff.sources.world import World


class Recorded(Protocol):
    """A league's recorded seasons in a data folder, found by looking."""

    def names(self, data: Path) -> Sequence[str]:
        """Return the seasons whose files are there, oldest first."""

    def season(self, data: Path, name: str) -> Season:
        """Return a season as its own schedule tells it, with the first days of those before it; raises `UsageError` for none."""

    def world(self, data: Path, name: str, *, seed: int, disturbed: bool, faults: Sequence[Fault] = ()) -> World:
        """Return a season's world, with these faults, or `disturbed` as a whole season may be; raises as `season`."""


class Sample(Protocol):
    """A league's synthetic world: seeded, invented people, the providers' own wire formats."""

    @property
    def season(self) -> Season:
        """The longest season that there is."""

    def world(self, season: Season, *, seed: int, faults: Sequence[Fault]) -> World:
        """Return the world of a season, which may lie on any days."""


class Recorder(Protocol):
    """How a league's season is fetched into the layout that its recorded world reads."""

    @property
    def outputs(self) -> Sequence[str]:
        """Return the live steps whose rows make the files, beside the schedule."""

    def season_named(self, day: date) -> str:
        """Return the name of the season that a day lies in."""

    def schedule_requests(self, season: str) -> Sequence[Request]:
        """Return what to ask for a season's schedule, in turn; raises `UsageError` for what is no season's name."""

    def season_of(self, payload: Payload) -> Season:
        """Return the season that a schedule is of."""

    def files(self, season: str, days: Iterable[Mapping[str, Sequence[dict[str, Any]]]]) -> Mapping[str, bytes]:
        """Return the season's files by name, of the rows of each whole day by output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierSeasons:
    """What a live season needs of those before it: `output` loads it once, on the season's first day; without one nothing does.

    `missing` names the seasons that are needed and not known; `what` is off until they are there.
    """

    missing: Callable[[Season], Sequence[str]]
    what: str
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveContent:
    """What a league brings to be run live: who is asked, with which keys, by which steps, and where its season is written.

    `keys` are the settings' names, each with what is off without it. `season_of` reads the answer to `season_request`.
    `checks` are claimed beside the league's own, of what only the live steps make.
    """

    providers: Sequence[Provider]
    keys: Mapping[str, str]
    steps: tuple[Step, ...]
    season_request: Request
    season_of: Callable[[Payload], Season]
    recorder: Recorder | None = None
    earlier: EarlierSeasons | None = None
    checks: tuple[Check, ...] = ()

    def of(self, league: League) -> League:
        """Return the league as it runs live."""
        return replace(league, steps=self.steps, checks=(*league.checks, *self.checks))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelContract:
    """What a trained model must fit: the table that holds it, with columns `library` and `features` of what it was made with.

    `doubt` says of a row why its model is not to serve here; nothing where it may.
    `lacks` names the extra without which no model can be trained here; empty where it is installed.
    """

    table: str
    doubt: Callable[[Mapping[str, Any]], str]
    lacks: Callable[[], str] = lambda: ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A league, and what the app needs of it beyond what the machine does.

    `report_lines` renders what the league's summaries say of a season, by their names in the report; a league without predictions
    has none. `drills` is the folder of its drills. `report` and `explain` are what it says of a season and of one prediction.
    `shipped` tells of each model that comes with the build, the newest first: the last `day` that it was trained on, and more.
    """

    league: League
    sample: Sample | None = None
    recorded: Recorded | None = None
    report_lines: Callable[[Mapping[str, Any]], Sequence[str]] = lambda _report: ()
    live: LiveContent | None = None
    models: tuple[ModelContract, ...] = ()
    shipped: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    drills: Traversable | None = None
    report: SeasonReport | None = None
    explain: Explanation | None = None

    def going_on(self) -> League:
        """Return the league with what loads, as it does live, the seasons before this one that no model of the build knows."""
        if self.live is None or self.live.earlier is None or not self.live.earlier.output:
            return self.league
        output = self.live.earlier.output
        steps = {step.name: step for step in self.league.steps}
        steps |= {step.name: step for step in self.live.steps if any(edge.table == output for edge in step.edges)}
        loads = next(step for step in self.live.steps if step.name == output)
        return replace(self.league, steps=(*steps.values(), loads))
