"""MLB's live steps over real sockets, and the answers of the providers that only they ask."""

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from benchmarks.world_server import WorldHandler, serve_world
from sqlalchemy import select
from tests.live import over_sockets

from tipoff.config import Settings
from tipoff.core.clock import SimClock, midnight
from tipoff.core.errors import SourceError
from tipoff.core.payload import Payload, Request
from tipoff.core.rows import arrow_schema, table_from_records
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context
from tipoff.leagues.mlb import lines, tables
from tipoff.leagues.mlb.columns import CHANCES
from tipoff.leagues.mlb.lines import STRIKEOUTS
from tipoff.leagues.mlb.live import LIVE_STEPS
from tipoff.leagues.mlb.sources import seasons
from tipoff.leagues.mlb.world.sample import SampleMlb
from tipoff.ledger import Ledger, schema
from tipoff.store.duck import DuckWarehouse

FIRST = date(2030, 4, 8)
SEASON = Season("2030", FIRST, FIRST + timedelta(days=2))
NOW = datetime(2030, 4, 9, 12, tzinfo=UTC)
KEYS = {"odds_api_key": "a", "bettingpros_key": "b"}


@pytest.fixture
def clock() -> SimClock:
    return SimClock(midnight(FIRST) - timedelta(hours=10))


@pytest.fixture
def served(clock: SimClock) -> Iterator[tuple[str, type[WorldHandler]]]:
    server, handler = serve_world(0, [SampleMlb(SEASON)], clock)
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()


def test_days_that_go_otherwise_are_whole_over_real_sockets_with_lines_and_their_grades(
    tmp_path: Path, clock: SimClock, served: tuple[str, type[WorldHandler]]
) -> None:
    states = over_sockets(
        "mlb", SEASON, tmp_path, served[0], clock, keys=KEYS, until=midnight(FIRST) + timedelta(days=5)
    )

    assert [state for state in states if state.rpartition(" ")[2] not in {"proven", "excused"}] == []
    for output in ("published_predictions", "published_lines", "line_grades", "grades"):
        assert states[f"{output} proven"] == 3
    for output in ("pitches", "parks", "weather", "agreed_lines"):  # what no one reads is there, and raw
        assert states[f"{output} proven"] == 3
    assert graded_when_it_went_on(tmp_path) == [FIRST + timedelta(days=1)] * 2  # of both starters
    ledger = Ledger(Settings(home=tmp_path).place.ledger, read_only=True)
    found = schema.findings
    bad = ledger.rows(select(found.c.output, found.c.note).where(~found.c.ok, found.c.severity >= 2))
    ledger.close()
    assert [dict(row) for row in bad] == []


def graded_when_it_went_on(home: Path) -> list[date]:
    """Return on which day each game began of which lines are graded on a later one, the last."""
    warehouse = DuckWarehouse(Settings(home=home).place.warehouse)
    warehouse.prepare(LIVE_STEPS)
    sql = "SELECT s.resumed_from FROM slate.line_grades AS l JOIN slate.schedule AS s ON s.game_id = l.game_id "
    graded = warehouse.ask(
        f"{sql} WHERE s.resumed_from IS NOT NULL", league="mlb", day=SEASON.last_day, season=SEASON, as_of=NOW
    )
    warehouse.close()
    return [row["resumed_from"] for row in graded.to_pylist()]


def test_without_a_key_all_but_the_lines_is_made_and_nobody_is_asked_for_them(
    tmp_path: Path, clock: SimClock, served: tuple[str, type[WorldHandler]]
) -> None:
    url, handler = served

    states = over_sockets("mlb", SEASON, tmp_path, url, clock, keys={}, until=midnight(FIRST) + timedelta(days=2))

    assert states["published_predictions proven"] >= 1
    assert states["grades proven"] >= 1
    assert states["player_lines proven"] == states["published_lines proven"] == 0
    free = {"statsapi.mlb.com", "baseballsavant.mlb.com", "api.open-meteo.com"}
    assert {path.partition("/")[0] for path in handler.asked} == free


class Refusing(httpx.BaseTransport):
    """A world that refuses one season's players and totals until an instant. `asked`: how often each season was asked for."""

    def __init__(self, world: httpx.BaseTransport, season: str, clock: SimClock, until: datetime) -> None:
        self._world, self._season, self._clock, self._until = world, season, clock, until
        self.asked: Counter[tuple[str, str]] = Counter()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        season, what = request.url.params.get("season", ""), request.url.path.rpartition("/")[2]
        if what in {"players", "stats"}:
            self.asked[what, season] += 1
            if season == self._season and self._clock.now() < self._until:
                return httpx.Response(403)
        return self._world.handle_request(request)


def test_of_the_seasons_before_one_that_is_refused_is_asked_again_by_itself_until_it_is_there(
    tmp_path: Path, clock: SimClock, served: tuple[str, type[WorldHandler]]
) -> None:
    url, handler = served
    world = SampleMlb(SEASON).transport(clock)
    handler.transport = refusing = Refusing(world, "2029", clock, midnight(FIRST) + timedelta(hours=30))

    first = over_sockets("mlb", SEASON, tmp_path, url, clock, keys={}, until=midnight(FIRST) + timedelta(hours=25))
    then = over_sockets("mlb", SEASON, tmp_path, url, clock, keys={}, until=midnight(FIRST) + timedelta(days=2))

    assert (first["players proven"], first["batter_splits proven"]) == (0, 0)
    assert (then["players proven"], then["batter_splits proven"]) == (1, 1)
    assert {refusing.asked["players", f"{season}"] for season in range(2021, 2031) if season != 2029} == {1}
    assert all(2 <= refusing.asked[what, "2029"] <= 40 for what in ("players", "stats"))


# --- which season it is


def payload(document: Any, *, unit: str = "", at: datetime = NOW, **asked: str) -> Payload:
    body = json.dumps(document).encode()
    request = Request(source="provider", url="https://provider.test", unit=unit, params=tuple(asked.items()))
    return Payload(request=request, body=body, sha256=hashlib.sha256(body).hexdigest(), status=200, fetched_at=at)


@pytest.mark.data
@pytest.mark.parametrize(
    ("at", "season"),
    [
        (datetime(2024, 1, 15, tzinfo=UTC), Season("2024", date(2024, 3, 20), date(2024, 9, 30))),  # it comes next
        (
            datetime(2024, 10, 20, tzinfo=UTC),
            Season("2024", date(2024, 3, 20), date(2024, 9, 30)),
        ),  # its post-season is on
        (datetime(2024, 10, 31, 12, tzinfo=UTC), Season("2025", date(2025, 3, 18), date(2025, 9, 28))),
        (
            datetime(2029, 1, 1, tzinfo=UTC),
            Season("2026", date(2026, 3, 25), date(2026, 9, 27)),
        ),  # no later one is known
    ],
)
def test_a_recorded_list_of_seasons_says_which_is_on_or_comes_next(at: datetime, season: Season, data: Path) -> None:
    [document] = recorded(data, "stub_allSeasons_*")

    assert seasons.season_of(payload(document, at=at)) == season


def test_a_list_without_a_season_that_can_be_read_is_not_believed() -> None:
    broken = {"seasonId": "2030", "regularSeasonStartDate": "2030-09-01", "regularSeasonEndDate": "2030-04-01"}

    for found in ([], [broken], [broken | {"seasonEndDate": "2030-11-01"}]):
        with pytest.raises(SourceError):
            seasons.season_of(payload({"seasons": found}))


# --- players


def recorded(data: Path, pattern: str) -> list[Any]:
    found = sorted((data / "payloads" / "statsapi.mlb.com").glob(pattern))
    documents = [json.loads(gzip.decompress(path.read_bytes())) for path in found]
    return [one.get("body") or one.get("response") or one for one in documents]


@pytest.mark.data
def test_recorded_totals_by_hand_and_people_are_read_whole(data: Path) -> None:
    totals = [
        seasons.parse_splits(payload(one, season=one["stats"][0]["splits"][0]["season"]), context(), {})
        for one in recorded(data, "cache_batter_splits_*")
    ]
    people = [
        seasons.parse_players(payload(one, season="2026"), context(), {})
        for pattern in ("fixture_people_*", "stub_person_*")
        for one in recorded(data, pattern)
    ]

    assert not [reject for parsed in (*totals, *people) for reject in parsed.rejects]
    rows: list[dict[str, Any]] = [row for parsed in totals for row in parsed.rows]
    assert {row["against"] for row in rows} == {"L", "R"}
    assert all(0 <= row["strikeouts"] <= row["plate_appearances"] for row in rows)
    men: list[dict[str, Any]] = [row for parsed in people for row in parsed.rows]
    assert len(men) == len(people) > 1
    assert all(row["bats"] in {"L", "R", "S"} and row["throws"] in {"L", "R"} and row["birth_date"] for row in men)


def test_of_a_batter_who_was_traded_the_row_of_all_his_clubs_counts_once() -> None:
    def split(turns: int) -> dict[str, Any]:
        stat = {"plateAppearances": turns, "strikeOuts": turns // 5, "hits": 9, "baseOnBalls": 3, "hitByPitch": 0}
        return {"season": "2029", "stat": stat, "player": {"id": 7}, "split": {"code": "vr"}}

    document = {"stats": [{"splits": [split(40), split(100), split(60)]}]}
    parsed = seasons.parse_splits(payload(document, season="2029"), context(), {})

    [row] = list(parsed.rows)
    assert row["plate_appearances"] == 100


# --- lines


def scheduled(*games: tuple[str, datetime | None]) -> dict[str, pa.Table]:
    rows = [
        {
            "day": FIRST,
            "game_id": game_id,
            "home_team": "BOS",
            "away_team": "NYY",
            "first_pitch_at": starts_at,
            "status": "scheduled",
            "game_number": number,
            "double_header": "S",
            "kind": "regular season",
            "known_at": NOW,
        }
        for number, (game_id, starts_at) in enumerate(games, start=1)
    ]
    return {"schedule": table_from_records(tables.SCHEDULE, rows)}


def context(*units: str) -> Context:
    return Context(slate=Slate("mlb", SEASON, FIRST), units=frozenset(units), as_of=midnight(FIRST))


def event(name: str, begins: datetime) -> dict[str, Any]:
    sides = {"home_team": "Boston Red Sox", "away_team": "New York Yankees"}
    return {"id": name, "sport_key": "baseball_mlb", "commence_time": f"{begins:%Y-%m-%dT%H:%M:%SZ}"} | sides


NOON = datetime(2030, 4, 8, 17, 5, tzinfo=UTC)
LATER = timedelta(hours=6)


@pytest.mark.parametrize("second", [NOON + LATER, None])
def test_of_two_games_an_event_means_the_one_whose_start_is_nearest(second: datetime | None) -> None:
    document = [event("b", NOON + LATER), event("a", NOON + timedelta(minutes=5))]

    found: list[dict[str, Any]] = list(
        STRIKEOUTS.parse_events(payload(document), context(), scheduled(("1", NOON), ("2", second))).rows
    )

    assert {row["event_id"]: row["game_id"] for row in found} == {"a": "1", "b": "2"}


def test_two_events_of_one_game_are_one_and_told() -> None:
    document = [event("a", NOON), event("b", NOON)]

    parsed = STRIKEOUTS.parse_events(payload(document), context(), scheduled(("1", NOON), ("2", NOON + LATER)))

    assert [row["event_id"] for row in parsed.rows] == ["a"]
    assert parsed.notes == ("1 is named twice, as a and b: the first counts",)


def predicted(system: str = "blend", **changes: Any) -> dict[str, Any]:
    chances = dict.fromkeys(CHANCES, 0.0) | {"p_4": 0.25, "p_5": 0.25, "p_6": 0.5}
    row = {
        "day": FIRST,
        "game_id": "1",
        "pitcher_id": 7,
        "pitcher_name": "A",
        "pitcher_key": "a",
        "team": "BOS",
        "opponent": "NYY",
        "is_home": True,
        "system": system,
        "predicted_strikeouts": 5.2,
        "mean_strikeouts": 5.2,
        "raw_mean": 5.2,
        "variance": 2.0,
        "pass_reason": "",
        "first_pitch_at": NOON,
        "made_at": NOW,
    }
    return row | chances | changes


def told(line: float, *rows: dict[str, Any], projected: tuple[dict[str, Any], ...] = ()) -> list[dict[str, Any]]:
    quoted = {"over_price": 100, "under_price": -120, "quoted_at": NOW, "book": "b", "n_books": 3}
    main = {"day": FIRST, "game_id": "1", "player_key": "a", "player_name": "A", "pitcher_id": 7, "line": line} | quoted
    inputs = {
        "main_lines": pa.Table.from_pylist([main], schema=arrow_schema(lines.MAIN_LINES)),
        "predictions": pa.Table.from_pylist(list(rows), schema=arrow_schema(tables.PREDICTIONS)),
        "projected_predictions": pa.Table.from_pylist(
            list(projected), schema=arrow_schema(tables.PROJECTED_PREDICTIONS)
        ),
    }
    found: list[dict[str, Any]] = lines.tell_chances(context("1"), inputs).rows.to_pylist()
    return found


def test_the_chance_at_a_line_is_of_over_where_the_line_is_not_met_exactly() -> None:
    [half], [whole] = told(5.5, predicted()), told(5.0, predicted())

    assert (half["p_over"], half["recommendation"]) == (0.5, "pass")
    assert (whole["p_over"], whole["recommendation"]) == (pytest.approx(0.6667), "over")


def test_who_is_to_be_passed_for_a_reason_of_his_own_is_passed_at_any_line() -> None:
    [row] = told(2.5, predicted(pass_reason="first start"))  # noqa: S106 -- no password

    assert (row["recommendation"], row["reason"]) == ("pass", "first start")


def test_the_served_system_of_the_line_up_as_announced_is_asked_and_another_where_it_is_not_there() -> None:
    other = predicted("bottom_up", p_4=0.9, p_5=0.1, p_6=0.0)

    [served], [stands_in] = told(5.5, other, predicted()), told(5.5, other)
    [morning] = told(5.5, projected=(predicted(),))

    assert (served["p_over"], stands_in["p_over"]) == (0.5, 0.0)
    assert (served["line_up"], morning["line_up"]) == ("confirmed", "projected")
