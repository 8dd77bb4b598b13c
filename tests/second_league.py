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
from tipoff.core.parsing import read_json
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.schema import DAY, KNOWN_AT, WHOLE_SLATE, Phase, Table, instant, integer, number, text
from tipoff.core.slate import Game, GameStatus, Season
from tipoff.core.step import Context, Edge, SourceWork, SqlWork, Step
from tipoff.core.window import SLATE, Input
from tipoff.sources.content import Content
from tipoff.sources.world import WorldTransport

HOUR, TEAMS = timedelta(hours=1), ("ash", "elm", "fir", "oak", "yew", "bay")
FIRST = date(2030, 1, 7)
PUT_OFF, BROKEN_OFF = (
    FIRST + timedelta(days=4),
    FIRST + timedelta(days=2),
)  # days of the late postponement, the suspension


def _table(name: str, phase: Phase, *columns: Any, units: tuple[str, ...] = ("game_id",)) -> Table:
    kept = (DAY, text("game_id", required=True), *columns, *((KNOWN_AT,) if phase is Phase.RAW else ()))
    key = ("game_id", "team") if any(column.name == "team" for column in columns) else ("game_id",)
    return Table(league="bats", phase=phase, name=name, columns=kept, key=key, unit_columns=units)


SCHEDULE = _table("schedule", Phase.RAW, text("home"), text("away"), instant("starts_at"), text("status"), units=())
LINEUPS = _table("lineups", Phase.RAW, text("team", required=True), text("leads_off"))
RESULTS = _table("results", Phase.RAW, text("team", required=True), integer("runs", 0, 40))
FORM = _table("form", Phase.FEATURES, text("team", required=True), number("runs_avg", 0, 40), integer("n_games", 0))


def _asks(what: str) -> Any:
    def requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
        return [Request(source="bats", url=f"https://bats.test/{what}", params=(("day", str(context.slate.day)),))]

    return requests


def _read_schedule(payload: Payload, context: Context, _inputs: Mapping[str, pa.Table]) -> Parsed:
    rows = [row | {"day": context.slate.day, "starts_at": _instant(row["starts_at"])} for row in read_json(payload)]
    return Parsed(rows=rows, excused={} if rows else {WHOLE_SLATE: "no games"})


def _instant(said: str | None) -> datetime | None:
    return None if said is None else datetime.fromisoformat(said)


def _read_rows(payload: Payload, context: Context, _inputs: Mapping[str, pa.Table]) -> Parsed:
    return Parsed(rows=[row | {"day": context.slate.day} for row in read_json(payload)])


def read_games(rows: pa.Table) -> Sequence[Game]:
    """Return the games of one day's schedule."""
    names = ("game_id", "day", "home", "away", "starts_at")
    return [
        Game(**{name: row[name] for name in names}, status=GameStatus(row["status"]), evidence=row["status"])
        for row in rows.to_pylist()
    ]


def _at(hours: float) -> Moment:
    return Moment(Anchor.MIDNIGHT, hours * HOUR)


def _own(hours: float) -> Moment:
    return Moment(Anchor.OWN_START, hours * HOUR)


_ON, _BY_GAME = Edge(table="schedule", cascades=False), Edge(table="lineups", minimum=0.0, patience=0 * HOUR)
_SOURCE: dict[str, Any] = {"source": "bats", "inputs": (Input("schedule", SLATE),)}
STEPS = (
    Step(
        table=SCHEDULE,
        work=SourceWork(source="bats", requests=_asks("schedule"), parse=_read_schedule),
        timing=Timing(opens=_at(-6), due=_at(10), settles=_at(36), refresh=6 * HOUR),
        units=SLATE_UNIT,
    ),
    Step(
        table=LINEUPS,
        work=SourceWork(requests=_asks("lineups"), parse=_read_rows, **_SOURCE),
        timing=Timing(opens=_own(-4), due=_own(-1), closes=AT_START, poll=HOUR / 4, poll_max=HOUR / 2),
        edges=(_ON,),
    ),
    Step(
        table=RESULTS,
        work=SourceWork(requests=_asks("results"), parse=_read_rows, **_SOURCE),
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
    name: str = "sample"
    faults: Sequence[Fault] = ()

    @property
    def fingerprint(self) -> str:
        """A name for what it is."""
        return f"bats {self.days}"

    def describe(self) -> dict[str, str]:
        """Say what it is."""
        return {"games": "made up"}

    def game_days(self, first: date, last: date) -> int:
        """Return on how many days there are games."""
        return sum(bool(self.games(first + timedelta(days=n))) for n in range((last - first).days + 1))

    def transport(self, clock: Clock) -> httpx.BaseTransport:
        """Return the provider."""
        return WorldTransport(self, clock)

    def games(self, day: date) -> list[tuple[str, str, str, datetime]]:
        """Return the games first drawn for a day: id, home, away, start."""
        n = (day - FIRST).days
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
            if day == PUT_OFF and game.endswith("c") and now >= start + HOUR / 12:
                status = "postponed"
            if day == BROKEN_OFF and game.endswith("c") and now >= start + HOUR:
                status = "suspended"
            known = start if not is_second or now >= midnight(day) + 12 * HOUR else None
            found.append({"game_id": game, "home": home, "away": away, "starts_at": known, "status": status})
        again = midnight(day) + 11 * HOUR
        if day == BROKEN_OFF + timedelta(days=1) and now >= again - 14 * HOUR:
            [(game, home, away, _)] = self.games(BROKEN_OFF)[2:]
            status = "final" if now >= again + 3 * HOUR else "live" if now >= again else "scheduled"
            found.append({"game_id": game, "home": home, "away": away, "starts_at": again, "status": status})
        return found

    def answer(self, request: httpx.Request, now: datetime) -> httpx.Response:
        """Answer as the provider would now."""
        day, what = date.fromisoformat(request.url.params["day"]), request.url.path.strip("/")
        shown = self._shown(day, now)
        if what == "schedule":
            said = [
                row | {"starts_at": row["starts_at"] and row["starts_at"].astimezone(UTC).isoformat()} for row in shown
            ]
            return httpx.Response(200, content=json.dumps(said))
        rows: list[dict[str, Any]] = []
        for row in shown:
            for team in (row["home"], row["away"]):
                own: dict[str, Any] = {"game_id": row["game_id"], "team": team}
                if what == "lineups" and row["starts_at"] and now >= row["starts_at"] - 2 * HOUR:
                    rows.append(own | {"leads_off": f"{team} {day.day}"})
                if what == "results" and row["status"] == "final":
                    rows.append(own | {"runs": sum(map(ord, row["game_id"] + team)) % 11})
        return httpx.Response(200, content=json.dumps(rows))


def bats_season(days: int) -> Season:
    """Return a season of so many days."""
    return Season("sample", FIRST, FIRST + timedelta(days=days - 1))


BATS_CONTENT = Content(league=BATS)
