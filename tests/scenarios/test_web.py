"""The page, /health and /ready by a real server: what they tell, to whom, and when a home is not ready."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from tests.samples import Samples

from tipoff.app.web import run_web, served_of
from tipoff.config import ChannelSettings, Settings
from tipoff.core.build import build, commit
from tipoff.core.clock import Stop
from tipoff.core.errors import UsageError
from tipoff.core.home import Home
from tipoff.core.secret import Secret
from tipoff.leagues.catalog import live_content
from tipoff.ledger import Batch, Ledger, schema
from tipoff.ledger.alerts import AlertChanges, AlertStore
from tipoff.ledger.migrate import HEAD
from tipoff.views.running import read_running
from tipoff.web.serve import is_loopback
from tipoff.web.site import SiteFacts

DAYS = 10  # of the sample league: the home that the reports are read from, too
EVERYWHERE = "0.0.0.0"  # noqa: S104 -- that this is refused is what is tested
NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
Told = tuple[int, dict[str, Any]]


class Hands:
    """A clock whose hands are set."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


def ask(url: str, token: str = "") -> Told:
    answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=10)
    return answer.status_code, answer.json()


@contextmanager
def serving(home: Path, clock: Hands, **more: Any) -> Iterator[str]:
    served = served_of(Settings(home=home, web_port=0, **more), clock)
    served.begin()
    try:
        yield served.url
    finally:
        served.end()


def ticked(home: Path, at: datetime) -> None:
    home.mkdir(exist_ok=True)
    ledger = Ledger(home / "ledger.db")
    batch = Batch()
    counts = dict.fromkeys(("n_judged", "n_run", "n_held", "n_late", "n_quiet"), 0)
    batch.add("ticks", {"league": "nba", "at": at, "build": build(), "settings_hash": "abc"} | counts)
    ledger.commit(batch)
    ledger.close()
    store = AlertStore(home / "ledger.db")
    store.write(AlertChanges(), beat=("controller nba", at, build(), "{}"))
    store.close()


def test_facts_are_read_anew_after_the_clock_was_put_back(tmp_path: Path) -> None:
    clock = Hands()
    facts = SiteFacts(Home(tmp_path), lambda ledger, _: read_running(ledger), clock)
    found = []

    for at in (NOW, NOW - timedelta(hours=1)):
        clock.at = at
        ticked(tmp_path, at)
        running, _, _ = facts.read()
        assert running is not None
        found.append([part.at for part in running.parts])

    assert found == [[NOW], [NOW - timedelta(hours=1)]]


def test_a_ticking_home_is_healthy_and_ready_and_says_what_runs(tmp_path: Path) -> None:
    clock = Hands()
    ticked(tmp_path, NOW - timedelta(seconds=42))
    ledger, batch = Ledger(tmp_path / "ledger.db"), Batch()
    batch.fact("off", json.dumps(["lines: off, the key is not set"]), league="nba")
    ledger.commit(batch)
    ledger.close()

    with serving(tmp_path, clock) as url:
        health, ready = ask(f"{url}/health"), ask(f"{url}/ready")

    assert health == (
        200,
        {
            "status": "ok",
            "build": build(),
            "commit": commit(),
            "config_hash": Settings(home=tmp_path).hash,
            "schema_version": HEAD,
            "last_tick_age_s": 42.0,
            "parts": {"controller nba": {"build": build(), "age_s": 42.0}},
            "off": {"nba": ["lines: off, the key is not set"]},
        },
    )
    assert (ready[0], ready[1]["ready"], ready[1]["reasons"]) == (200, True, [])


def test_hours_of_quiet_ticks_are_no_age_of_the_last_one(tmp_path: Path) -> None:
    ticked(tmp_path, NOW - timedelta(hours=3))
    store = AlertStore(tmp_path / "ledger.db")
    store.write(AlertChanges(), beat=("controller nba", NOW - timedelta(seconds=7), build(), "{}"))
    store.close()

    with serving(tmp_path, Hands()) as url:
        _, ready = ask(f"{url}/ready")

    assert (ready["ready"], ready["last_tick_age_s"]) == (True, 7.0)


def test_a_home_without_a_ledger_is_healthy_and_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path, Hands()) as url:
        health, ready = ask(f"{url}/health"), ask(f"{url}/ready")

    assert (health[0], health[1]["ledger"]) == (200, "there is no ledger yet")
    assert (ready[0], ready[1]["reasons"]) == (503, ["there is no ledger yet"])


def test_silence_makes_a_home_not_ready_and_a_tick_makes_it_ready_again(tmp_path: Path) -> None:
    clock = Hands()
    ticked(tmp_path, NOW)

    with serving(tmp_path, clock) as url:
        clock.at = NOW + timedelta(minutes=6)
        silent = ask(f"{url}/ready")
        ticked(tmp_path, clock.at)
        clock.at += timedelta(seconds=2)
        again = ask(f"{url}/ready")

    assert (silent[0], silent[1]["reasons"]) == (503, ["no tick of nba for 6 min"])
    assert again[0] == 200


def test_a_ledger_that_is_none_is_told_without_its_text(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("this is no database, and a-secret stands in it")

    with serving(tmp_path, Hands()) as url:
        code, said = ask(f"{url}/ready")

    assert code == 503
    assert said["reasons"] == ["the ledger cannot be read: UsageError"]


def test_the_ledger_is_read_once_a_second_however_many_ask(tmp_path: Path) -> None:
    clock = Hands()

    with serving(tmp_path, clock) as url:
        before = ask(f"{url}/ready")[0]
        ticked(tmp_path, NOW)
        same_second = ask(f"{url}/ready")[0]
        clock.at += timedelta(seconds=1)
        after = ask(f"{url}/ready")[0]

    assert (before, same_second, after) == (503, 503, 200)


def test_without_the_token_an_answer_says_only_whether(tmp_path: Path) -> None:
    ticked(tmp_path, NOW)

    with serving(tmp_path, Hands(), web_token=Secret("a-secret")) as url:
        assert ask(f"{url}/health") == (200, {"status": "ok"})
        assert ask(f"{url}/ready") == (200, {"ready": True})
        assert ask(f"{url}/health", "another") == (401, {"error": "this token is not known"})
        code, said = ask(f"{url}/health", "a-secret")

    assert (code, said["build"]) == (200, build())
    assert "a-secret" not in json.dumps(said)


def test_nothing_else_is_served_and_nothing_can_be_sent(tmp_path: Path) -> None:
    with serving(tmp_path, Hands()) as url:
        assert [httpx.get(f"{url}/{page}").status_code for page in ("docs", "page.css", "ledger.db")] == [404] * 3
        assert httpx.post(f"{url}/health", content=b"x").status_code == 405


def test_what_is_no_request_is_answered_and_is_no_news(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(tmp_path, Hands()) as url:
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(b"what is here?\r\n\r\n")
            said = connection.recv(1000)
        asked = httpx.get(url, headers={"Upgrade": "websocket", "Connection": "Upgrade"})
        slash = httpx.get(f"{url}/health/", headers={"Host": "elsewhere.example"})

    assert (said[:12], asked.status_code, slash.status_code) == (b"HTTP/1.1 400", 200, 404)
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_the_page_says_how_each_league_stands_and_asks_nobody_else(samples: Samples, tmp_path: Path) -> None:
    with serving(samples.copy(DAYS, tmp_path), Hands()) as url:
        told = httpx.get(url)

    assert told.status_code == 200
    assert "<h2>NBA is complete</h2>" in told.text
    assert 'title="grades of 2030-01-1' in told.text
    assert "default-src 'none'" in told.headers["content-security-policy"]
    assert re.findall(r"(?:src|href)=.(.{5})", told.text) == ["data:"]


def test_the_page_of_a_home_of_which_nothing_can_be_known_says_so(tmp_path: Path) -> None:
    with serving(tmp_path, Hands()) as url:
        before = httpx.get(url).text
    (tmp_path / "ledger.db").write_text("this is no database, and a-secret stands in it")
    with serving(tmp_path, Hands()) as url:
        broken = httpx.get(url).text

    assert "<h2>Nothing yet</h2><p>there is no ledger yet:" in before
    assert "the ledger cannot be read: UsageError" in broken
    assert "a-secret" not in broken


def test_the_page_of_a_home_whose_ledger_is_gone_says_so(tmp_path: Path) -> None:
    (tmp_path / "published").mkdir()

    with serving(tmp_path, Hands()) as url:
        page, ready = httpx.get(url).text, httpx.get(f"{url}/ready").json()

    assert "<h2>Not known</h2><p>the ledger is gone, and what was made with it stands:" in page
    assert ready["reasons"] == ["the ledger is gone, and what was made with it stands"]


def test_a_page_with_a_token_is_shown_to_whoever_gives_it_as_a_password(tmp_path: Path) -> None:
    ticked(tmp_path, NOW)
    with serving(tmp_path, Hands(), web_token=Secret("a-secret:x")) as url:
        asked = httpx.get(url)
        codes = [httpx.get(url, auth=("me", given)).status_code for given in ("a-secret:x", "a-secret", "")]
        odd = [httpx.get(url, headers={"Authorization": given}).status_code for given in ("Basic ?", "Digest x", "")]
        bearer = httpx.get(url, headers={"Authorization": "Bearer a-secret:x"}).status_code

    assert (asked.status_code, asked.headers["www-authenticate"][:6]) == (401, "Basic ")
    assert (codes, odd, bearer) == ([200, 401, 401], [401, 401, 401], 200)


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("localhost", 200),
        ("127.0.0.1:80", 200),
        ("[::1]:80", 200),
        ("evil.example", 421),
        ("", 421),
        ("[", 421),
        ("x@localhost", 421),
        ("localhost/x", 421),
    ],
)
def test_without_a_token_the_page_is_shown_under_no_other_name(tmp_path: Path, host: str, code: int) -> None:
    with serving(tmp_path, Hands()) as url:
        assert httpx.get(url, headers={"Host": host}).status_code == code


def damaged(home: Path) -> None:
    ledger = Ledger(home / "ledger.db")
    with ledger.writing() as connection:
        connection.execute(update(schema.obligations).values(state="weird"))
    ledger.close()


def test_what_cannot_be_told_is_said_so_and_nothing_old_is_told_as_of_now(samples: Samples, tmp_path: Path) -> None:
    clock = Hands()
    with serving(samples.copy(DAYS, tmp_path), clock) as url:
        before = httpx.get(url)
        damaged(tmp_path)
        clock.at += timedelta(seconds=2)
        after = [httpx.get(url) for _ in range(2)]

    assert before.status_code == 200
    assert [answer.status_code for answer in after] == [500, 500]
    assert "cannot be told (ValueError)" in after[1].text


def test_whoever_waited_for_a_look_that_took_long_needs_none_of_his_own(tmp_path: Path) -> None:
    ticked(tmp_path, NOW)
    clock, looks = Hands(), []

    def slow(ledger: Ledger, _: datetime) -> int:
        looks.append(ledger)
        clock.at += timedelta(seconds=30)
        return len(looks)

    facts = SiteFacts(Home(tmp_path), slow, clock)

    assert [facts.read()[0], facts.read()[0]] == [1, 1]


def test_what_the_sentinel_keeps_hides_nothing_where_it_cannot_be_read(samples: Samples, tmp_path: Path) -> None:
    home = samples.copy(DAYS, tmp_path)
    (home / "sentinel.db").write_text("garbage")
    with serving(home, Hands()) as url:
        text = httpx.get(url).text

    assert "<h2>NBA is complete</h2>" in text
    assert "what the sentinel keeps cannot be read" in text


@pytest.mark.parametrize("given", [b"Basic \xff\xff", b"\xff", b"Basic", b"Bearer \xff", b"Basic " + b"=" * 9])
def test_what_is_no_token_is_refused_whatever_its_bytes(tmp_path: Path, given: bytes) -> None:
    with serving(tmp_path, Hands(), web_token=Secret("t")) as url:
        codes = [httpx.get(f"{url}/{name}", headers={b"Authorization": given}).status_code for name in ("", "health")]

    assert codes == [401, 401]


def test_a_token_of_any_letters_is_known_by_both_ways(tmp_path: Path) -> None:
    with serving(tmp_path, Hands(), web_token=Secret("pärt:é")) as url:
        bearer = httpx.get(url, headers={b"Authorization": "Bearer pärt:é".encode()})
        basic = httpx.get(url, auth=("me", "pärt:é"))

    assert (bearer.status_code, basic.status_code) == (200, 200)


def test_asked_by_a_strange_name_without_a_token_it_says_only_whether(tmp_path: Path) -> None:
    with serving(tmp_path, Hands()) as url:
        strange = httpx.get(f"{url}/health", headers={"Host": "evil.example"})

    assert strange.json() == {"status": "ok"}


def test_the_web_as_a_process_says_nothing_of_channels_of_others(samples: Samples, tmp_path: Path) -> None:
    channels = {"pager": ChannelSettings(url_env="NOT_SET_HERE")}
    home = samples.copy(DAYS, tmp_path)
    found = []
    for sends in (False, True):
        served = served_of(Settings(home=home, web_port=0, channels=channels), Hands(), sends=sends)
        served.begin()
        found.append("NOT_SET_HERE" in httpx.get(served.url).text)
        served.end()

    assert found == [False, True]


def test_beyond_loopback_nothing_is_served_without_a_token(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can be reached from other machines"):
        served_of(Settings(home=tmp_path, web_host=EVERYWHERE, web_port=0), Hands())

    with serving(tmp_path, Hands(), web_host=EVERYWHERE, web_token=Secret("t")) as url:
        assert ask(url.replace(EVERYWHERE, "127.0.0.1") + "/health") == (200, {"status": "ok"})


def test_a_port_that_is_taken_is_told_before_anything_begins(tmp_path: Path) -> None:
    with serving(tmp_path, Hands()) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(UsageError, match=f"the port {port} of 127.0.0.1 cannot be had"):
            served_of(Settings(home=tmp_path, web_port=port), Hands())


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), (EVERYWHERE, False), ("10.0.0.1", False), ("a.b", False)],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, *, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_the_web_as_a_process_shows_itself_in_the_ledger(tmp_path: Path) -> None:
    ticked(tmp_path, NOW)
    stop, urls = Stop(), []

    def told(url: str) -> None:
        urls.append(ask(f"{url}/ready")[0])
        stop.set()

    run_web(Settings(home=tmp_path, web_port=0, look_every_s=0.01), Hands(), stop, told=told)

    assert urls == [200]


def test_up_serves_both_until_it_is_stopped(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
    environment |= {"TIPOFF_HOME": str(tmp_path), "TIPOFF_WEB_PORT": "0", "TIPOFF_TICK_EVERY_S": "0.2"}
    environment["TIPOFF_WORLD"] = "sample"
    running = subprocess.Popen(
        [sys.executable, "-u", "-m", "tipoff", "up", "nba"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        url = next(line.split("/ is the page")[0] for line in running.stdout if "/health" in line)
        health = ask(f"{url}/health")
        ready = _until_ready(running, url)
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)

    assert (health[0], health[1]["build"]) == (200, build())
    assert ready[1]["parts"]["controller nba"]["build"] == build()
    assert running.returncode == 0


def test_the_page_of_a_first_start_without_a_network_says_of_each_league_that_its_season_is_not_known(
    tmp_path: Path,
) -> None:
    hosts = {provider.host for league in ("nba", "mlb") for provider in live_content(league).providers}
    away = "".join(f'[providers."{host}"]\nbase = "http://127.0.0.1:9"\n' for host in hosts)
    (tmp_path / "tipoff.toml").write_text(away)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
    environment |= {"TIPOFF_HOME": str(tmp_path / "home"), "TIPOFF_WEB_PORT": "0", "TIPOFF_WORLD": "live"}
    command = [sys.executable, "-u", "-m", "tipoff", "up", "nba", "mlb"]
    running = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        url = next(line.split("/ is the page")[0] for line in running.stdout if "/health" in line)
        told = _until_told(running, f"{url}/", 2)
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)

    assert told.count("which season it is cannot be learned, so nothing is planned: ") == 2
    assert running.returncode == 0


def _until_told(running: "subprocess.Popen[str]", url: str, times: int) -> str:
    told: str = _until(
        running, lambda: httpx.get(url, timeout=60).text, lambda text: text.count("cannot be learned") >= times
    )
    return told


def _until_ready(running: "subprocess.Popen[str]", url: str) -> Told:
    told: Told = _until(
        running, lambda: ask(f"{url}/ready"), lambda said: said[0] == 200 and "controller nba" in said[1]["parts"]
    )
    return told


def _until(running: "subprocess.Popen[str]", asked: Callable[[], Any], is_it: Callable[[Any], bool]) -> Any:
    for _ in range(600):
        told = asked()
        if is_it(told):
            return told
        try:
            running.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    pytest.fail(f"it was never told, the last was: {told}")
