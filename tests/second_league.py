"""A second league for tests: double-headers, unknown starts, a suspended game, a late postponement, line-ups by game."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pyarrow as pa

from tipoff.core.clock import Clock, midnight
from tipoff.core.fault import Fault
from tipoff.core.league import League
from tipoff.core.obligation import AT_START, SLATE_UNIT, Anchor, Moment, Timing
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.schema import DAY, KNOWN_AT, WHOLE_SLATE, Phase, Table, instant, integer, number, text
from tipoff.core.slate import Game, GameStatus, Season
from tipoff.core.step import Context, Edge, SourceWork, SqlWork, Step
from tipoff.core.window import SLATE, Input
from tipoff.leagues.entries import read_json
from tipoff.sources.world import WorldTransport

HOUR, TEAMS = timedelta(hours=1), ("ash", "elm", "fir", "oak", "yew", "bay")
FIRST = date(2030, 1, 7)
PUT_OFF, BROKEN_OFF = timedelta(days=4), timedelta(days=2)  # when a game is put off late, and when one is broken off


def _table(name: str, phase: Phase, *columns: Any, units: tuple[str, ...] = ("game_id",)) -> Table:
    kept = (DAY, text("game_id", required=True), *columns, *((KNOWN_AT,) if phase is Phase.RAW else ()))
    key = ("game_id", "team") if any(column.name == "team" for column in columns) else ("game_id",)
    return Table(league="bats", phase=phase, name=name, columns=kept, key=key, unit_columns=units)


SCHEDULE = _table("schedule", Phase.RAW, text("home"), text("away"), instant("starts_at"), text("status"), units=())
LINEUPS = _table("lineups", Phase.RAW, text("team", required=True), text("leads_off"))
RESULTS = _table("results", Phase.RAW, text("team", required=True), integer("runs", 0, 40))
FORM = _table("form", Phase.FEATURES, text("team", required=True), number("runs_avg", 0, 40), integer("n_games", 0))


def ask(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    return [Request(source="bats", url="https://bats.test/", params=(("day", str(context.slate.day)),))]


def _read(payload: Payload, context: Context, what: str) -> list[dict[str, Any]]:
    return [row | {"day": context.slate.day} for row in read_json(payload)[what]]


def read_schedule(payload: Payload, context: Context, _inputs: Mapping[str, pa.Table]) -> Parsed:
    rows = _read(payload, context, "schedule")
    for row in rows:
        row["starts_at"] = datetime.fromisoformat(row["starts_at"]) if row["starts_at"] else None
    return Parsed(rows=rows, excused={} if rows else {WHOLE_SLATE: "no games"})


def read_lineups(payload: Payload, context: Context, _inputs: Mapping[str, pa.Table]) -> Parsed:
    return Parsed(rows=_read(payload, context, "lineups"))


def read_results(payload: Payload, context: Context, _inputs: Mapping[str, pa.Table]) -> Parsed:
    return Parsed(rows=_read(payload, context, "results"))


def read_games(rows: pa.Table) -> Sequence[Game]:
    kept = rows.select(["game_id", "day", "home", "away", "starts_at", "status"]).to_pylist()
    return [Game(**row | {"status": GameStatus(row["status"])}) for row in kept]


def _at(hours: float) -> Moment:
    return Moment(Anchor.MIDNIGHT, hours * HOUR)


def _own(hours: float) -> Moment:
    return Moment(Anchor.OWN_START, hours * HOUR)


_ON, _BY_GAME = Edge(table="schedule", cascades=False), Edge(table="lineups", minimum=0.0, patience=0 * HOUR)
_SOURCE: dict[str, Any] = {"source": "bats", "inputs": (Input("schedule", SLATE),)}
STEPS = (
    Step(
        table=SCHEDULE,
        work=SourceWork(source="bats", requests=ask, parse=read_schedule),
        timing=Timing(opens=_at(-6), due=_at(10), settles=_at(36), refresh=6 * HOUR),
        units=SLATE_UNIT,
    ),
    Step(
        table=LINEUPS,
        work=SourceWork(requests=ask, parse=read_lineups, **_SOURCE),
        timing=Timing(opens=_own(-4), due=_own(-1), closes=AT_START, poll=HOUR / 4, poll_max=HOUR / 2),
        edges=(_ON,),
    ),
    Step(
        table=RESULTS,
        work=SourceWork(requests=ask, parse=read_results, **_SOURCE),
        timing=Timing(opens=_own(3), due=_at(34), poll_max=HOUR),
        edges=(_ON,),
    ),
    Step(
        table=FORM,
        work=SqlWork(
            sql="SELECT l.day, l.game_id, l.team, AVG(r.runs) AS runs_avg, COUNT(r.runs) AS n_games"
            " FROM slate.lineups AS l LEFT JOIN before.results AS r ON r.team = l.team GROUP BY l.day, l.game_id, l.team"
        ),
        timing=Timing(opens=_own(-4), due=_own(-0.5), closes=AT_START),
        edges=(_BY_GAME, Edge(table="results", minimum=0.5, patience=0 * HOUR)),
    ),
)
BATS = League(name="bats", steps=STEPS, schedule="schedule", read_games=read_games, summary_sql={})


@dataclass(slots=True)
class BatsWorld:
    """Three games a day, two of them a double-header every third day; each ninth day is free."""

    days: int
    first: date = FIRST
    name: str = "sample"
    faults: Sequence[Fault] = ()

    @property
    def fingerprint(self) -> str:
        return f"bats {self.days}"

    def describe(self) -> dict[str, str]:
        return {"games": "made up"}

    def game_days(self, first: date, last: date) -> int:
        return sum(bool(self.games(first + timedelta(days=n))) for n in range((last - first).days + 1))

    def transport(self, clock: Clock) -> httpx.BaseTransport:
        return WorldTransport(self, clock)

    def games(self, day: date) -> list[tuple[str, str, str, datetime]]:
        n = (day - self.first).days
        if n % 9 == 8 or not 0 <= n < self.days:
            return []
        one, two, three = ((TEAMS[(n + k) % 6], TEAMS[(n + k + 3) % 6]) for k in range(3))
        games = [
            (f"{n:03d}a", *one, 13.0),
            (f"{n:03d}b", *(one if n % 3 == 0 else two), 18.0),
            (f"{n:03d}c", *three, 19.0),
        ]
        return [(game, home, away, midnight(day) + hour * HOUR) for game, home, away, hour in games]

    def _shown(self, day: date, now: datetime) -> list[dict[str, Any]]:
        found = []
        for game, home, away, start in self.games(day):
            is_second = game.endswith("b") and int(game[:3]) % 3 == 0
            status = "final" if now >= start + 3 * HOUR else "live" if now >= start else "scheduled"
            if day == self.first + PUT_OFF and game.endswith("c") and now >= start + HOUR / 12:
                status = "postponed"
            if day == self.first + BROKEN_OFF and game.endswith("c") and now >= start + HOUR:
                status = "suspended"
            known = start if not is_second or now >= midnight(day) + 12 * HOUR else None
            found.append({"game_id": game, "home": home, "away": away, "starts_at": known, "status": status})
        again = midnight(day) + 11 * HOUR
        broken_off = self.first + BROKEN_OFF
        if day == broken_off + timedelta(days=1) and now >= again - 14 * HOUR:
            [(game, home, away, _)] = self.games(broken_off)[2:]
            status = "final" if now >= again + 3 * HOUR else "live" if now >= again else "scheduled"
            found.append({"game_id": game, "home": home, "away": away, "starts_at": again, "status": status})
        return found

    def answer(self, request: httpx.Request, now: datetime) -> httpx.Response:
        day = date.fromisoformat(request.url.params["day"])
        said: dict[str, list[dict[str, Any]]] = {"schedule": self._shown(day, now), "lineups": [], "results": []}
        for row in said["schedule"]:
            for own in ({"game_id": row["game_id"], "team": row[side]} for side in ("home", "away")):
                if row["starts_at"] and now >= row["starts_at"] - 2 * HOUR:
                    said["lineups"].append(own | {"leads_off": f"{own['team']} {day.day}"})
                if row["status"] == "final":
                    said["results"].append(own | {"runs": sum(map(ord, row["game_id"] + own["team"])) % 11})
        return httpx.Response(200, content=json.dumps(said, default=lambda at: at.astimezone(UTC).isoformat()))


def bats_season(days: int) -> Season:
    return Season("sample", FIRST, FIRST + timedelta(days=days - 1))
