"""Controller, monitor and sentinel as real processes on the real clock, with thresholds of seconds: whoever stops is missed."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from benchmarks.stops import SHORT, sides
from tests.receivers import Received, http_receiver
from tests.samples import Samples
from tests.support import tipoff

from tipoff.core.clock import RealClock, pause, stopwatch
from tipoff.core.severity import Severity
from tipoff.ledger.alerts import AlertStore
from tipoff.watch.messages import event_of
from tipoff.watch.sentinel import LIVE, Sentinel

_NOTHING_OF = (
    "tipoff.engine",
    "tipoff.leagues",
    "tipoff.checks",
    "tipoff.drills",
    "tipoff.app.instance",
    "tipoff.app.replay",
    "tipoff.app.live",
)
_HEAVY = ("duckdb", "pyarrow", "numpy", "lightgbm", "sqlglot", "apprise")


@pytest.fixture
def received() -> Iterator[Received]:
    with http_receiver() as server:
        yield server


@pytest.fixture(scope="module")
def a_day(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which one day of the sample league was replayed."""
    return samples.copy(1, tmp_path_factory.mktemp("day") / "home")


def wait_for(received: Received, text: str, *, within: float = 60) -> str:
    """Return the first message that holds `text`."""
    began = stopwatch()
    while stopwatch() - began < within:
        found = next((body["text"] for body in list(received.bodies) if text in body["text"]), "")
        if found:
            return found
        pause(timedelta(milliseconds=100))
    said = [body["text"] for body in received.bodies]
    msg = f"nobody said {text!r} within {within} s, only {said}"
    raise AssertionError(msg)


@pytest.mark.prove  # each of the three: the claim `stops`
def test_each_side_that_is_stopped_or_killed_is_told_by_another(tmp_path: Path, received: Received) -> None:
    url = f"slackhook+http://127.0.0.1:{received.port}/hook"
    pinged = {name: f"http://127.0.0.1:{received.port}/{name}" for name in ("monitor", "sentinel")}
    pings = {"TIPOFF_PING_URL": pinged["monitor"], "TIPOFF_SENTINEL_PING_URL": pinged["sentinel"]}
    with sides(tmp_path / "home", url, SHORT | pings) as running:
        pause(timedelta(seconds=6))
        prove = partial(tipoff, "prove-alive", "nba", home=tmp_path / "home", **SHORT)
        proved = prove("sentinel", "--within", "60", "--json")
        too_short = prove("monitor", "--within", "10")
        doubted = tipoff("prove-alive", "mlb", "monitor", home=tmp_path / "home", **SHORT)
        running["controller"].send_signal(signal.SIGSTOP)
        wait_for(received, "the controller does not decide")
        running["controller"].send_signal(signal.SIGCONT)
        wait_for(received, "OVER: the controller does not decide")

        running["monitor"].kill()
        wait_for(received, "the monitor does not look")
        refused = tipoff("sentinel", "nba", "--once", home=tmp_path / "home")

    assert json.loads(proved.stdout)["told_by"] == "monitor", proved.stderr
    assert json.loads(proved.stdout)["after_s"] < 60
    assert (too_short.returncode, doubted.returncode) == (2, 2)
    assert "is told after 0:00:12, and 0:00:10 are to be waited" in too_short.stderr
    assert "mlb has never been worked on" in doubted.stderr
    assert {"/monitor", "/sentinel"} <= set(received.paths)
    assert (refused.returncode, "another sentinel works in the home" in refused.stderr) == (2, True)


def test_a_side_that_does_not_run_cannot_be_proved(a_day: Path) -> None:
    done = tipoff("prove-alive", "nba", "monitor", home=a_day)

    assert done.returncode == 2
    assert "no monitor has shown itself" in done.stderr


# --- one look, as a timer would do it


def test_a_look_at_a_home_that_is_well_says_so(a_day: Path) -> None:
    done = tipoff("sentinel", "nba", "--once", home=a_day)

    assert (done.returncode, done.stdout) == (0, "nba: nothing is wrong\n")


@pytest.mark.parametrize("how", ["no file", "no database", "cut", "locked away"])
def test_a_ledger_that_cannot_be_read_is_critical_and_is_told(
    a_day: Path, tmp_path: Path, received: Received, how: str
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    content = (a_day / "ledger.db").read_bytes()
    if how == "no database":
        (home / "ledger.db").write_bytes(b"this was a ledger" * 1000)
    if how == "cut":
        (home / "ledger.db").write_bytes(content[:20_000])
    if how == "locked away":
        (home / "ledger.db").mkdir()

    done = tipoff(
        "sentinel", "nba", "--once", home=home, TIPOFF_NOTIFY_URL=f"slackhook+http://127.0.0.1:{received.port}/hook"
    )

    assert done.returncode == 1
    assert done.stdout.startswith("CRITICAL nba: the ledger cannot be read"), done.stdout
    assert [body["text"] for body in received.bodies] == ["[nba] CRITICAL: the ledger cannot be used"]


def test_a_damaged_ledger_never_ends_the_sentinel(a_day: Path, tmp_path: Path) -> None:
    """A hundred times some of its pages are overwritten: a look gives what is wrong, or nothing, and never an error."""
    dice = random.Random(11)  # noqa: S311 -- it need not be secret
    with closing(sqlite3.connect(a_day / "ledger.db")) as ledger:
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = (a_day / "ledger.db").read_bytes()
    outcomes = set()
    for n in range(100):
        content = bytearray(whole)
        for _ in range(dice.randint(1, 20)):
            place, length = dice.randrange(100, len(content)), dice.choice((1, 8, 4096))
            content[place : place + length] = dice.randbytes(min(length, len(content) - place))
        (tmp_path / "ledger.db").write_bytes(content)
        with sentinel(tmp_path, n) as one:
            found = one.look(RealClock().now())
        outcomes.add(max((trouble.severity for trouble in found), default=Severity.INFO))

    assert Severity.CRITICAL in outcomes


@contextmanager
def sentinel(folder: Path, n: int) -> Iterator[Sentinel]:
    one = Sentinel(
        ledger=folder / "ledger.db",
        leagues=["nba"],
        store=AlertStore(folder / f"sentinel{n}.db", create=True),
        channels=[],
        send=lambda _channel, _message: None,
        build="test",
        limits=LIVE,
    )
    try:
        yield one
    finally:
        one.close()


def test_a_ledger_that_is_taken_away_while_it_is_looked_at_is_told_at_once_and_until_it_is_back(
    a_day: Path, tmp_path: Path
) -> None:
    for name in ("ledger.db", "ledger.db-wal"):
        if (a_day / name).exists():
            (tmp_path / name).write_bytes((a_day / name).read_bytes())
    told = []
    with sentinel(tmp_path, 0) as one:
        now = RealClock().now()
        for n, step in enumerate(("here", "away", "away", "back")):
            if n in {1, 3}:
                ends = ("ledger.db", "elsewhere") if step == "away" else ("elsewhere", "ledger.db")
                (tmp_path / ends[0]).rename(tmp_path / ends[1])
            found = one.look(now + n * timedelta(minutes=6))
            told.append([trouble.note for trouble in found if trouble.cause == "ledger"])

    assert told[0] == told[3] == []
    assert ["was moved, removed or replaced" in "".join(said) for said in told] == [False, True, False, False]
    assert "there is no ledger" in told[2][0]


def test_a_damaged_store_of_its_own_is_a_clear_error(a_day: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "ledger.db").write_bytes((a_day / "ledger.db").read_bytes())
    (home / "sentinel.db").write_bytes(b"this was a store" * 1000)

    done = tipoff("sentinel", "nba", "--once", home=home)

    assert done.returncode == 2
    assert "sentinel.db cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_league_that_the_home_does_not_have_is_refused(a_day: Path) -> None:
    done = tipoff("sentinel", "nab", "--once", home=a_day)

    assert done.returncode == 2
    assert "there: nba" in done.stderr


# --- it is small


def test_the_sentinel_imports_nothing_of_the_engine() -> None:
    script = "import sys, tipoff.cli.main as m; m.cli.get_command(None, 'sentinel'); print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)

    imported = set(done.stdout.split())
    assert "tipoff.watch.sentinel" in imported
    strangers = {name for name in imported if name.startswith(_NOTHING_OF) or name.split(".")[0] in _HEAVY}
    assert strangers == set()


def test_a_status_imports_nothing_of_what_its_home_does_not_have(a_day: Path) -> None:
    script = (
        "import sys\nsys.argv = ['tipoff', 'status']\nfrom tipoff.cli.main import main\n"
        "try:\n    main()\nfinally:\n    print('\\n'.join(sys.modules))"
    )
    environment = {**os.environ, "TIPOFF_HOME": str(a_day)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False, env=environment
    )

    imported = set(done.stdout.split())
    assert "tipoff.views.status" in imported
    absent = {f"tipoff.{name}" for name in ("ledger.batches", "ledger.questions", "store.archive", "core.payload")}
    assert imported & absent == set()
    assert {name for name in imported if name.split(".")[0] in _HEAVY} == set()


def test_a_look_stays_in_sixty_megabytes(a_day: Path) -> None:
    script = (
        "import sys\nsys.argv = ['tipoff', 'sentinel', 'nba', '--once']\n"
        "from tipoff.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    environment = dict(os.environ) | {"TIPOFF_HOME": str(a_day)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True
    )

    assert int(done.stdout.split()[-1]) / 1024 <= 60


# --- taking it on, while it looks


def test_what_a_person_writes_is_seen_by_a_sentinel_that_runs(tmp_path: Path) -> None:
    """Its ledger is gone; it is acknowledged from another process, and the next look does not write that away."""
    with sentinel(tmp_path, 0) as one:
        now = RealClock().now()
        one.look(now)
        one.look(now + timedelta(minutes=6))
        other = AlertStore(tmp_path / "sentinel0.db")
        [incident] = other.incidents(now=now)
        other.act(
            incident.id, event_of("acked", "ada", "mine", now), acked_by="ada", acked_until=now + timedelta(days=9)
        )
        one.forget()
        for hour in range(1, 100):
            one.forget()
            one.look(now + timedelta(hours=hour))
        [after] = other.incidents(now=now)
        kinds = [act["kind"] for act in other.acts(incident.id)]
        other.close()

    assert after.acked_by == "ada"
    assert "escalated" not in kinds
