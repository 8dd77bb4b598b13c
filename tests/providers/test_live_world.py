"""The NBA's live steps over real sockets: a server that answers as the providers do, on a clock that is moved on."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from benchmarks.world_server import WorldHandler, serve_world
from sqlalchemy import select
from tests.live import over_sockets
from tests.support import tipoff

from tipoff.app.live import real_live
from tipoff.app.providers import OffTold, told
from tipoff.config import ProviderTold, Settings, read_settings
from tipoff.core.clock import RealClock, SimClock, midnight
from tipoff.core.errors import UsageError
from tipoff.core.outside import Answer, Credits, ProxyChange, ProxyHealth
from tipoff.core.payload import Fetched, Request
from tipoff.core.severity import Severity
from tipoff.core.slate import Season
from tipoff.leagues.catalog import league_named
from tipoff.leagues.nba.providers import PROVIDERS, REFERENCE
from tipoff.leagues.nba.world.sample import SampleNba
from tipoff.ledger import Ledger, schema
from tipoff.ledger.facts import league_facts
from tipoff.ledger.outside import MOST_ANSWERS, OutsideStore
from tipoff.sources.ask import Asker

FIRST = date(2030, 1, 7)
SEASON = Season("2029-30", FIRST, FIRST + timedelta(days=3))
NOW = datetime(2030, 1, 7, tzinfo=UTC)


@pytest.fixture
def clock() -> SimClock:
    return SimClock(midnight(FIRST))


@pytest.fixture
def served(clock: SimClock) -> Iterator[tuple[str, type[WorldHandler]]]:
    world = SampleNba(first_day=FIRST, days=4, season=SEASON.name)
    server, handler = serve_world(0, [world], clock)
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()


def run(home: Path, url: str, clock: SimClock, *, keys: dict[str, str], until: timedelta) -> Counter[str]:
    """Run the live steps until so long after the season's first day; returns which outputs are in which state."""
    return over_sockets("nba", SEASON, home, url, clock, keys=keys, until=midnight(FIRST) + until)


KEYS = {"odds_api_key": "a", "balldontlie_key": "b", "bettingpros_key": "c"}


def test_days_are_complete_over_real_sockets_from_the_leagues_own_files(
    tmp_path: Path, clock: SimClock, served: tuple[str, type[WorldHandler]]
) -> None:
    url, handler = served

    states = run(tmp_path, url, clock, keys=KEYS, until=timedelta(days=4))

    assert not [state for state in states if state.rpartition(" ")[2] not in {"proven", "excused", "waiting", "open"}]
    assert "nba_plays" in tipoff("grid", "nba", home=tmp_path).stdout
    assert states["published_predictions proven"] >= 2
    assert states["nba_player_boxscores proven"] >= 3
    assert states["nba_absences proven"] + states["nba_absences excused"] >= 3
    assert states["nba_plays proven"] >= 3
    assert states["bdl_injuries proven"] >= 3
    assert states["nba_injury_report proven"] >= 3
    assert states["espn_games proven"] >= 3
    assert states["br_boxscores proven"] >= 2
    assert states["agreed_lines proven"] >= 3
    injuries = [path for path in handler.asked if path.startswith("api.balldontlie.io/v1/player_injuries")]
    assert len(injuries) >= 2 * states["bdl_injuries proven"]  # two pages each
    assert states["nba_earlier_games proven"] == 1
    logs = [path for path in handler.asked if path.startswith("stats.nba.com/stats/leaguegamelog")]
    assert len(logs) == 2  # of the two seasons before, and of no day of this one


class Refusing(httpx.BaseTransport):
    """A world that refuses the log of one whole season until an instant. `asked`: how often each was asked for."""

    def __init__(self, world: httpx.BaseTransport, season: str, clock: SimClock, until: datetime) -> None:
        self._world, self._season, self._clock, self._until = world, season, clock, until
        self.asked: Counter[str] = Counter()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        season = request.url.params.get("Season", "")
        if request.url.path.endswith("/leaguegamelog"):
            self.asked[season] += 1
            if season == self._season and self._clock.now() < self._until:
                return httpx.Response(403)
        return self._world.handle_request(request)


def test_of_two_earlier_seasons_one_that_is_refused_for_two_days_is_asked_again_until_it_is_there(
    tmp_path: Path, clock: SimClock, served: tuple[str, type[WorldHandler]]
) -> None:
    url, handler = served
    other, refused = "2027-28", "2028-29"
    world = SampleNba(first_day=FIRST, days=4, season=SEASON.name).transport(clock)
    handler.transport = refusing = Refusing(world, refused, clock, midnight(FIRST) + timedelta(days=2))

    first = run(tmp_path, url, clock, keys=KEYS, until=timedelta(days=1))
    then = run(tmp_path, url, clock, keys=KEYS, until=timedelta(days=2, hours=12))  # another process

    assert (first["nba_earlier_games proven"], then["nba_earlier_games proven"]) == (0, 1)
    assert refusing.asked[other] == 1
    assert 3 <= refusing.asked[refused] <= 40
    assert then["published_predictions proven"] >= 1  # nothing waits for it


class Killed(BaseException):
    """What ends a process at once: nothing catches it."""


def test_killed_between_the_answers_of_two_earlier_seasons_it_asks_for_the_other_alone(
    tmp_path: Path, clock: SimClock, served: tuple[str, type[WorldHandler]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, handler = served
    world = SampleNba(first_day=FIRST, days=4, season=SEASON.name).transport(clock)
    handler.transport = refusing = Refusing(world, "none", clock, midnight(FIRST))
    ask = Asker.__call__

    def until_killed(self: Asker, request: Request, *, now: Callable[[], datetime]) -> Fetched:
        if dict(request.params).get("Season") == "2028-29":
            raise Killed
        return ask(self, request, now=now)

    with monkeypatch.context() as patched:
        patched.setattr(Asker, "__call__", until_killed)
        with pytest.raises(Killed):
            run(tmp_path, url, clock, keys=KEYS, until=timedelta(days=1))
    asked = refusing.asked.copy()
    states = run(tmp_path, url, clock, keys=KEYS, until=timedelta(days=1))

    assert asked == {"2027-28": 1}
    assert states["nba_earlier_games proven"] == 1
    assert refusing.asked == {"2027-28": 1, "2028-29": 1}


class Blocking(httpx.BaseTransport):
    """A world of which one host answers nobody for a day, beginning anew with each request that comes meanwhile."""

    def __init__(self, world: httpx.BaseTransport, host: str, clock: SimClock) -> None:
        self._world, self._host, self._clock = world, host, clock
        self.until: datetime | None = None
        self.refused: list[datetime] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        now = self._clock.now()
        if request.url.host == self._host and (self.until is None or now < self.until):
            self.until = now + timedelta(hours=23, minutes=59)
            self.refused.append(now)
            return httpx.Response(429)
        return self._world.handle_request(request)


def test_a_provider_that_blocks_for_a_day_is_asked_once_and_its_pages_come_when_the_block_is_over(
    tmp_path: Path, clock: SimClock, served: tuple[str, type[WorldHandler]]
) -> None:
    url, handler = served
    world = SampleNba(first_day=FIRST, days=4, season=SEASON.name).transport(clock)
    handler.transport = blocking = Blocking(world, REFERENCE.host, clock)

    run(tmp_path, url, clock, keys={}, until=timedelta(days=2, hours=6))
    shown = tipoff("sources", "nba", home=tmp_path).stdout
    states = run(tmp_path, url, clock, keys={}, until=timedelta(days=3, hours=6))  # another process

    assert len(blocking.refused) == 1
    assert f"{REFERENCE.host} is left alone until 01-10 02:00 UTC, as it asked" in shown
    assert states["br_boxscores proven"] >= 1
    assert states["br_boxscores lost"] == 0


def test_without_a_key_box_scores_and_grades_are_made_lines_are_excused_and_nobody_is_told(
    tmp_path: Path, clock: SimClock, served: tuple[str, type[WorldHandler]]
) -> None:
    url, handler = served

    states = run(tmp_path, url, clock, keys={}, until=timedelta(days=3))

    assert states["nba_player_boxscores proven"] >= 2
    assert states["published_predictions proven"] >= 1
    assert states["player_lines proven"] == 0
    of_keys = ("player_lines", "main_lines", "bdl_player_boxscores", "source_agreement", "bdl_injuries", "agreed_lines")
    assert all(states[f"{output} excused"] >= 2 for output in of_keys)
    assert not [path for path in handler.asked if path.startswith("api.")]
    assert troubles(tmp_path) == []


def test_when_keys_come_what_can_still_be_had_is_asked_for_and_nobody_is_told_of_what_closed_without_them(
    tmp_path: Path, clock: SimClock, served: tuple[str, type[WorldHandler]]
) -> None:
    run(tmp_path, served[0], clock, keys={}, until=timedelta(days=2, hours=15))

    states = run(tmp_path, served[0], clock, keys=KEYS, until=timedelta(days=4))

    # the second, and the day that had begun
    assert (states["player_lines excused"], states["player_lines proven"]) == (
        2,
        2,
    )
    assert states["main_lines proven"] == 2
    assert states["bdl_player_boxscores proven"] >= 2
    assert states["source_agreement proven"] >= 2
    assert troubles(tmp_path) == []


def test_where_the_leagues_files_are_gone_the_log_gives_the_same_box_scores(
    tmp_path: Path, clock: SimClock, served: tuple[str, type[WorldHandler]]
) -> None:
    url, handler = served
    for name in ("files", "log"):
        (tmp_path / name).mkdir()
    run(tmp_path / "files", url, clock, keys=KEYS, until=timedelta(days=1, hours=12))
    again = SimClock(midnight(FIRST))
    handler.transport = SampleNba(first_day=FIRST, days=4, season=SEASON.name).transport(again)
    handler.down.add("cdn.nba.com")

    states = run(tmp_path / "log", url, again, keys=KEYS, until=timedelta(days=1, hours=12))

    assert states["nba_player_boxscores proven"] >= 1
    assert proofs(tmp_path / "files", "player_boxscores") == proofs(tmp_path / "log", "player_boxscores")
    assert any(path.startswith("stats.nba.com/stats/leaguegamelog") for path in handler.asked)


class Lacking(httpx.BaseTransport):
    """A world whose schedule file does not name some of its games."""

    def __init__(self, world: httpx.BaseTransport, games: Collection[str]) -> None:
        self._world, self._games = world, games

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._world.handle_request(request)
        if "/schedule" not in request.url.path or answer.status_code != 200:
            return answer
        document = json.loads(answer.read())
        for day in document["leagueSchedule"]["gameDates"]:
            day["games"] = [game for game in day["games"] if game["gameId"] not in self._games]
        return httpx.Response(200, json=document)


@pytest.mark.parametrize("n_lacking", [1, 100], ids=["one of a day's", "all of a day's"])
def test_games_that_the_schedule_lacks_are_told_without_any_key_by_the_second_list(
    tmp_path: Path, clock: SimClock, served: tuple[str, type[WorldHandler]], n_lacking: int
) -> None:
    url, handler = served
    world = SampleNba(first_day=FIRST, days=4, season=SEASON.name)
    missing = [game for game in world.data.games if game.day == FIRST][:n_lacking]
    handler.transport = Lacking(world.transport(clock), {game.game_id for game in missing})

    run(tmp_path, url, clock, keys={}, until=timedelta(hours=12))

    ledger = Ledger(Settings(home=tmp_path).place.ledger, read_only=True)
    told = ledger.rows(select(schema.findings).where(schema.findings.c["check"] == "games_are_expected"))
    ledger.close()
    assert {(row["output"], row["severity"]) for row in told} == {("espn_games", Severity.ERROR.value)}
    assert set(json.loads(told[0]["missing"])) == {
        f"no game {game.away} at {game.home} stands on {FIRST}" for game in missing
    }


NOTHING: dict[str, dict[str, object]] = {
    "site.api.espn.com": {"leagues": [{"slug": "nba"}], "events": []},
    "api.bettingpros.com": {"events": [], "props": []},
    "/v1/player_injuries": {"data": [], "meta": {}},
}


class Empty(httpx.BaseTransport):
    """A world in which those beside the league's own files answer well and name nothing."""

    def __init__(self, world: httpx.BaseTransport) -> None:
        self._world = world

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        nothing = NOTHING.get(request.url.host) or NOTHING.get(request.url.path)
        return self._world.handle_request(request) if nothing is None else httpx.Response(200, json=nothing)


def test_empty_lists_day_after_day_excuse_nothing_hold_nothing_up_and_are_told_as_warnings(
    tmp_path: Path, clock: SimClock, served: tuple[str, type[WorldHandler]]
) -> None:
    url, handler = served
    handler.transport = Empty(handler.transport)
    lists = {"espn_games": "espn", "agreed_lines": "bettingpros", "bdl_injuries": "balldontlie"}

    states = run(tmp_path, url, clock, keys=KEYS, until=timedelta(days=3))

    assert {name: (states[f"{name} lost"], states[f"{name} excused"]) for name in lists} == dict.fromkeys(lists, (3, 0))
    assert states["published_predictions proven"] >= 1
    assert states["published_predictions lost"] == 0
    ledger = Ledger(Settings(home=tmp_path).place.ledger, read_only=True)
    findings = ledger.rows(select(schema.findings).where(schema.findings.c.severity >= Severity.WARNING.value))
    ledger.close()
    assert {(row["output"], row["cause"], row["severity"]) for row in findings} == {
        (name, f"source:{source}", Severity.WARNING.value) for name, source in lists.items()
    }
    for name, told_of in (("espn_games", "names no game"), ("agreed_lines", "none of"), ("bdl_injuries", "nobody")):
        assert any(told_of in row["note"] for row in findings if row["output"] == name)


def troubles(home: Path) -> list[str]:
    """Return what of a home is more than a note, and which runs failed of what was there."""
    ledger = Ledger(Settings(home=home).place.ledger, read_only=True)
    found = ledger.rows(select(schema.findings).where(schema.findings.c.severity >= int(Severity.WARNING)))
    failed = ledger.rows(select(schema.runs).where(schema.runs.c.error_kind != "not yet"))
    ledger.close()
    return [f"{row['check']} {row['output']} {row['day']}: {row['note']}" for row in found] + [
        f"run of {row['output']} {row['day']} {row['state']}" for row in failed
    ]


def proofs(home: Path, output: str) -> dict[date, str]:
    ledger = Ledger(Settings(home=home).place.ledger, read_only=True)
    found = ledger.rows(select(schema.proofs.c.day, schema.proofs.c.digest).where(schema.proofs.c.output == output))
    ledger.close()
    return {row["day"]: row["digest"] for row in found}


def test_a_key_that_comes_while_it_runs_is_used_without_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "key"
    settings = read_settings({"TIPOFF_ODDS_API_KEY_FILE": str(file)}, file=tmp_path / "none")

    assert settings.secret("odds_api_key") == ""
    file.write_text("first\n")
    assert settings.secret("odds_api_key") == "first"
    file.write_text("second")
    assert settings.secret("odds_api_key") == "second"
    assert "second" not in repr(settings)


def test_a_key_whose_file_is_being_replaced_serves_until_the_next_one_is_there(tmp_path: Path) -> None:
    file = tmp_path / "key"
    settings = read_settings({"TIPOFF_ODDS_API_KEY_FILE": str(file)}, file=tmp_path / "none")

    def with_file(content: bytes) -> str:
        file.write_bytes(content)
        return settings.secret("odds_api_key")

    assert [with_file(content) for content in (b"", b"first", b"", b"\xff", b"second")] == [
        "",
        *["first"] * 3,
        "second",
    ]
    file.unlink()
    assert (settings.secret("odds_api_key"), with_file(b"")) == ("", "")


def test_what_is_off_for_want_of_a_key_is_kept_for_each_page_until_it_comes(tmp_path: Path) -> None:
    file, said = tmp_path / "key", list[str]()
    settings = read_settings({"TIPOFF_ODDS_API_KEY_FILE": str(file)}, file=tmp_path / "none")
    ledger = Ledger(tmp_path / "ledger.db")
    keys = OffTold(settings, "nba", said.append)

    keys.look(ledger)
    without = league_facts(ledger, "nba").off
    file.write_text("a key")
    keys.look(ledger)
    with_one = league_facts(ledger, "nba").off
    keys.look(ledger, "9 of 12 outputs of earlier days are made, about 1 min left")
    meanwhile = league_facts(ledger, "nba").off
    ledger.close()

    assert without[0] == "lines and main lines: off, TIPOFF_ODDS_API_KEY is not set"
    assert with_one == without[1:]
    assert meanwhile == (*with_one, "9 of 12 outputs of earlier days are made, about 1 min left")
    assert said == ["nba: lines and main lines: a key is there"]


def test_what_is_off_at_a_start_is_said_of_its_league(tmp_path: Path) -> None:
    said, settings = list[str](), Settings(home=tmp_path / "home")

    for league in ("nba", "mlb"):
        real_live(settings, league_named(league), RealClock(), said=said.append)

    assert "nba: lines and main lines: off, TIPOFF_ODDS_API_KEY is not set" in said
    assert Counter(line.partition(":")[0] for line in said) == {"nba": 3, "mlb": 2}


def test_what_is_off_is_written_down_anew_by_who_takes_over_and_a_key_that_has_gone_is_said(tmp_path: Path) -> None:
    said, ledger = list[str](), Ledger(tmp_path / "ledger.db")
    with_key, without = tmp_path / "key", tmp_path / "none"
    with_key.write_text("a key")
    here, there = (
        OffTold(read_settings({"TIPOFF_ODDS_API_KEY_FILE": str(file)}, file=tmp_path / "none"), "nba", said.append)
        for file in (with_key, without)
    )
    here.look(ledger)
    of_here = league_facts(ledger, "nba").off
    there.look(ledger)

    here.forget()
    here.look(ledger)

    assert (league_facts(ledger, "nba").off, said) == (of_here, [])
    with_key.unlink()
    here.look(ledger)
    assert said == ["nba: lines and main lines: off, TIPOFF_ODDS_API_KEY is not set any more"]
    ledger.close()


def test_a_provider_that_there_is_not_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"no provider 'cdn\.nba\.org'"):
        told(PROVIDERS, {"cdn.nba.org": ProviderTold()})


def test_every_provider_that_there_is_not_is_named() -> None:
    with pytest.raises(UsageError, match=r"no provider 'cdn\.nba\.org', 'stats\.nba\.org'") as refused:
        told(PROVIDERS, dict.fromkeys(("stats.nba.org", "cdn.nba.org"), ProviderTold()))

    assert refused.value.hint == "did you mean 'cdn.nba.com' and 'stats.nba.com'?"


# --- what is remembered


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OutsideStore]:
    Ledger(tmp_path / "ledger.db").close()
    found = OutsideStore(tmp_path / "ledger.db")
    yield found
    found.close()


def answer(key: str, n: int = 0) -> Answer:
    at = NOW + timedelta(seconds=n)
    return Answer(key=key, source="s", sha256="0" * 64, status=200, at=at, etag='"\xe9"', last_modified="then")


def test_what_is_remembered_of_the_outside_outlives_the_process(tmp_path: Path, store: OutsideStore) -> None:
    health = ProxyHealth(proxy="http://p:1", host="h", score=40.0, n_asked=9, rests_until=NOW, at=NOW)
    turn = ProxyChange(proxy="http://p:1", host="h", at=NOW, was="working", now="resting", score=40.0)
    left = Credits(provider="h", used=812, remaining=188, at=NOW)
    store.keep_answer(answer("k"))
    store.keep_credits(left)
    store.keep_proxy(health, turn)

    other = OutsideStore(tmp_path / "ledger.db", read_only=True)

    assert (other.answer("k"), other.answer("none")) == (answer("k"), None)
    assert other.credits("h") == left
    assert other.proxies("h") == {"http://p:1": health}
    assert other.changes() == [turn]
    other.close()


def test_many_threads_write_what_they_learned_and_nothing_is_lost(store: OutsideStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: store.keep_answer(answer(f"k{n}", n)), range(40)))

    assert all(store.answer(f"k{n}") for n in range(40))


def test_the_newest_answers_are_kept_and_the_oldest_forgotten(
    store: OutsideStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tipoff.ledger.outside.MOST_ANSWERS", 3)
    for n in range(5):
        store.keep_answer(answer(f"k{n}", n))

    assert [store.answer(f"k{n}") is not None for n in range(5)] == [False, False, True, True, True]
    assert MOST_ANSWERS > 1000


def test_the_command_shows_who_is_asked_and_what_is_off(
    tmp_path: Path, clock: SimClock, served: tuple[str, type[WorldHandler]]
) -> None:
    run(tmp_path, served[0], clock, keys=KEYS, until=timedelta(days=1, hours=12))

    shown = tipoff("sources", "nba", home=tmp_path)
    document = json.loads(tipoff("sources", "nba", "--json", home=tmp_path).stdout)

    assert shown.returncode == 0
    assert "TIPOFF_ODDS_API_KEY: not set; off without it: lines" in shown.stdout
    assert "credits api.the-odds-api.com: 19000 of 20000 left" in shown.stdout
    assert {found["source"] for found in document["outside"]["requests"]} >= {"cdn.nba.com", "the-odds-api"}
    assert document["keys"] == dict.fromkeys(KEYS, False)
