"""Another future changes nothing that is predicted: slates replayed twice, then with other results from their day on."""

import dataclasses
import random
import tempfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support import proofs, recorded_spec, replayed

from benchmarks.pieces import Pieces
from tipoff.app.instance import ReplaySpec
from tipoff.app.replay import replay_spec
from tipoff.config import Settings
from tipoff.core.clock import midnight
from tipoff.core.league import League
from tipoff.core.schema import Phase
from tipoff.leagues.mlb.league import MLB
from tipoff.leagues.mlb.world.data import WorldGame
from tipoff.leagues.mlb.world.recorded import RecordedMlb
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.world.data import Alter, Row
from tipoff.leagues.nba.world.recorded import RecordedNba

NBA_SLATES, MLB_SLATES = 20, 5
MLB_SEASON = "2023"
EARLY = date(
    2023, 4, 3
)  # with whom trees serve: they are trained on the season's first day, of starts of the year before
TREES_FROM, NO_TREES_FROM = date(2022, 7, 1), date(2022, 9, 26)  # enough starts for trees; ten days
_MORE = ("p_k", "p_bfp", "p_ipouts")
BEFORE = timedelta(days=4)  # of history that a replay makes before the slate
BEFORE_THE_START = {Phase.MODELS, Phase.FEATURES, Phase.PREDICTIONS, Phase.PUBLISHED}
Specs = Callable[[date, datetime | None], ReplaySpec]
Measured = tuple[bool, dict[str, Any]]


def look_ahead(data: Path) -> Measured:
    """Random slates of both leagues: whatever is made before a game is bit for bit the same with another future."""
    pieces = Pieces("look_ahead")
    found: dict[str, dict[str, Any]] = {}
    for league, days, specs in ((NBA, _nba_days(data), _nba(data)), (MLB, _mlb_days(data), _mlb(data))):
        for day in days:
            name = f"{league.name} {day}"
            found[name] = pieces.once(name, lambda league=league, day=day, specs=specs: _seen(league, day, specs))  # type: ignore[misc]
    return all(one["same"] and one["units"] for one in found.values()), {"slates": found}


def _seen(league: League, day: date, specs: Specs) -> dict[str, Any]:
    outputs = {step.name for step in league.steps if step.phase in BEFORE_THE_START}
    stands = []
    for cut in (None, midnight(day)):
        with tempfile.TemporaryDirectory() as folder:
            replayed(Path(folder), specs(day, cut))
            every = proofs(Path(folder), league.name)
        stands.append({key: value for key, value in every.items() if key[1] == day and key[0] in outputs})
    one, other = stands
    return {"units": len(one), "same": one == other, "made": sorted({output for output, _, _ in one})}


# --- the NBA


def _nba_days(data: Path) -> list[date]:
    world = RecordedNba(data, "2023-24")
    return _some([day for day in world.season.days()[10:] if world.game_days(day, day)], NBA_SLATES)


def _some(days: Sequence[date], n: int) -> list[date]:
    return sorted(random.Random(11).sample(days, n))  # noqa: S311 -- seeded choice of slates


def other_future(cut: datetime) -> Alter:
    """Change every row of a game at or after `cut`, and every line quoted after its game began."""

    def alter(kind: str, at: datetime, row: Row) -> Row:
        if kind == "line":
            return row | {"line": row["line"] + 5} if at >= row["tipoff_at"] else row
        points = "pts" if kind == "second" else "PTS"
        return row | {points: row[points] + 7} if at >= cut and row[points] is not None else row

    return alter


def _nba(data: Path) -> Specs:
    def spec(day: date, cut: datetime | None) -> ReplaySpec:
        world = RecordedNba(data, "2023-24", alter=other_future(cut) if cut else None)
        return recorded_spec(world, (day - BEFORE, min(day + timedelta(days=1), world.season.last_day)))

    return spec


# --- the MLB


def _mlb_days(data: Path) -> list[date]:
    """Days without a double-header, whose first game is the second one's past, and EARLY."""
    games = RecordedMlb(data, MLB_SEASON).games(int(MLB_SEASON))
    twice = {game.day for game in games if game.double != "N"} | {game.last_day for game in games if game.resumed_on}
    return [EARLY, *_some(sorted({game.day for game in games} - twice)[10:], MLB_SLATES)]


class OtherMlb(RecordedMlb):
    """A season in which the pitchers of every game from an instant on strike out three more."""

    def __init__(self, data: Path, season: str, cut: datetime) -> None:
        """Read the season."""
        self._cut = cut
        super().__init__(data, season)

    def _games(self, year: int) -> list[WorldGame]:
        games = super()._games(year)
        for game in games:
            for club in (game.home, game.away) if game.starts_at >= self._cut else ():
                club.pitchers = [
                    (who, row | {name: str(int(row[name]) + 3) for name in _MORE}) for who, row in club.pitchers
                ]
        return games


def _mlb(data: Path) -> Specs:
    def spec(day: date, cut: datetime | None) -> ReplaySpec:
        began = TREES_FROM if day == EARLY else NO_TREES_FROM
        span = f"{day - BEFORE}..{day}"
        asked = replay_spec(Settings(home=Path(), data=data), MLB.name, span, world="recorded", seed=7)
        season = dataclasses.replace(asked.season, earlier=(began,))
        world = OtherMlb(data, MLB_SEASON, cut) if cut else asked.world
        return dataclasses.replace(asked, season=season, world=world)

    return spec
