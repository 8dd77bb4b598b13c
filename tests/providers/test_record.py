"""A season recorded from providers over real sockets: replayed it is the season that they served; cut off it goes on."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from benchmarks.world_server import WorldHandler, serve_world
from tests.support import tipoff

from tipoff.app.providers import told
from tipoff.app.record import Recording, record
from tipoff.config import ProviderTold, Settings
from tipoff.core.clock import SimClock, midnight
from tipoff.core.errors import SourceError, UsageError
from tipoff.leagues.nba.providers import PROVIDERS
from tipoff.leagues.nba.world.sample import SampleNba
from tipoff.sources.live import LiveWorld

FIRST, NAME, DAYS = date(2030, 1, 7), "2029-30", 4
Served = tuple[str, type[WorldHandler], SimClock, SampleNba]


@pytest.fixture
def served() -> Iterator[Served]:
    clock = SimClock(midnight(FIRST) + timedelta(days=DAYS + 1))
    world = SampleNba(first_day=FIRST, days=DAYS, season=NAME)
    server, handler = serve_world(0, [world], clock)
    yield f"http://127.0.0.1:{server.server_port}", handler, clock, world
    server.shutdown()
    server.server_close()


def recorded(tmp_path: Path, served: Served, span: str = NAME, said: list[str] | None = None) -> Recording:
    url, _, clock, _ = served
    bases = {provider.host: ProviderTold(base=f"{url}/{provider.host}") for provider in PROVIDERS}
    world = LiveWorld(
        providers=told(PROVIDERS, bases), secret=lambda _name: "", dice=lambda: 0.0, wait=lambda _length: None
    )
    settings = Settings(home=tmp_path / "home", data=tmp_path / "data")
    return record(settings, "nba", span, world, clock, (said if said is not None else []).append)


def test_a_recorded_season_is_replayed_as_it_was_played(tmp_path: Path, served: Served) -> None:
    said: list[str] = []

    done = recorded(tmp_path, served, said=said)
    replay = tipoff("replay", "nba", NAME, "--json", home=tmp_path / "replay", TIPOFF_DATA=str(tmp_path / "data"))

    games = served[3].data.games
    assert (done.whole, done.days, done.not_whole) == (len({game.day for game in games}), done.whole, {})
    assert "min left" in said[0]
    assert replay.returncode == 0, replay.stderr
    assert json.loads(replay.stdout)["games"]["proven"] == len(games)
    with duckdb.connect(str(tmp_path / "replay" / "warehouse.duckdb"), read_only=True) as warehouse:
        query = "SELECT game_id, player_id, minutes, points, reb, ast, plus_minus FROM nba_raw.nba_player_boxscores"
        stored = set(warehouse.execute(query).fetchall())
        starts = warehouse.execute("SELECT DISTINCT game_id, epoch(tipoff_at) FROM nba_raw.schedule").fetchall()
    names = ("GAME_ID", "PLAYER_ID", "MIN", "PTS", "REB", "AST", "PLUS_MINUS")
    assert stored == {tuple(row[name] for name in names) for game in games for row in game.players}
    assert set(starts) == {(game.game_id, game.tipoff_at.timestamp()) for game in games}


def test_what_is_kept_is_not_asked_for_again_and_a_days_recording_goes_on(tmp_path: Path, served: Served) -> None:
    _, handler, _, _ = served
    first = recorded(tmp_path, served, f"{FIRST}..{FIRST + timedelta(days=1)}")
    boxes = [path for path in handler.asked if "boxscore" in path]

    second = recorded(tmp_path, served)

    again = [path for path in handler.asked if "boxscore" in path][len(boxes) :]
    assert (first.whole, second.whole, second.days) == (first.days, second.days, second.days)
    assert second.whole > first.whole
    assert not set(again) & set(boxes)


def test_providers_that_do_not_answer_leave_what_was_kept_and_say_which_days_lack(
    tmp_path: Path, served: Served
) -> None:
    _, handler, _, _ = served
    recorded(tmp_path, served, f"{FIRST}..{FIRST}")
    files = {path.name: path.read_bytes() for path in (tmp_path / "data" / "nba").glob("*.*")}
    handler.down |= {"stats.nba.com", "cdn.nba.com"}

    with pytest.raises(SourceError):
        recorded(tmp_path, served)

    assert {path.name: path.read_bytes() for path in (tmp_path / "data" / "nba").glob("*.*")} == files


def test_a_season_that_came_from_elsewhere_is_left_as_it_is(tmp_path: Path, served: Served) -> None:
    there = tmp_path / "data" / "nba" / f"player_gamelogs_{NAME}.csv.gz"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"mine")

    with pytest.raises(UsageError, match="from elsewhere"):
        recorded(tmp_path, served)

    assert there.read_bytes() == b"mine"


@pytest.mark.parametrize(
    "span", ["2029", "2029-31", "2030-01-07..x", "2030-01-09..2030-01-07", "2029-07-01..2029-10-01"]
)
def test_what_is_no_season_and_no_days_of_one_is_refused(tmp_path: Path, served: Served, span: str) -> None:
    with pytest.raises(UsageError):
        recorded(tmp_path, served, span)
