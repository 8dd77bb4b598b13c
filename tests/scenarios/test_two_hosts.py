"""Two controllers on one ledger, as two processes and as two in network and process namespaces: one works at a time."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, select, text
from tests.live import SECOND, since_days, wait_until
from tests.postgres import fresh
from tests.samples import Samples
from tests.support import tipoff

from tipoff.app.holder import gone, holder_here
from tipoff.config import Settings
from tipoff.core.clock import RealClock, pause
from tipoff.core.errors import LedgerError, UsageError
from tipoff.ledger import Lease, Ledger, connect, schema
from tipoff.ledger.alerts import AlertChanges, AlertStore

LEASE_S = 8  # a busy machine keeps whoever works from it for some seconds
APART = ["unshare", "--net", "--uts", "--pid", "--fork", "--kill-child"]  # as two containers are


def can_be_apart() -> bool:
    """Whether this machine lets namespaces be made."""
    return (
        bool(shutil.which("unshare"))
        and not subprocess.run([*APART, "true"], capture_output=True, check=False).returncode
    )


@contextmanager
def controllers(uri: str, homes: list[Path], *, apart: bool) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run a controller in each home, all on one ledger; `apart`: each in namespaces of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
    environment |= {"TIPOFF_LEDGER_URL": uri, "TIPOFF_TICK_EVERY_S": "0.3", "TIPOFF_HISTORY": "false"}
    environment["TIPOFF_WORLD"] = "sample"
    command = [*(APART if apart else []), sys.executable, "-m", "tests.short_lease", str(LEASE_S)]
    running = []
    try:
        for home in homes:
            mine = environment | {"TIPOFF_HOME": str(home)}
            with home.with_suffix(".log").open("wb") as log:
                running.append(subprocess.Popen(command, env=mine, start_new_session=True, stdout=log))
        wait_until(lambda: all(b"live in" in home.with_suffix(".log").read_bytes() for home in homes), 120 * SECOND)
        yield running
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGCONT)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=30)


def holder(ledger: Ledger) -> str:
    lease = ledger.lease("controller nba")
    return lease.holder if lease is not None and lease.until > RealClock().now() else ""


def spans(ledger: Ledger) -> Mapping[str, list[tuple[datetime, datetime]]]:
    """Return when each worker's runs began and ended."""
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for row in ledger.rows(select(schema.runs).where(schema.runs.c.ended_at.is_not(None))):
        found.setdefault(row["worker"], []).append((row["started_at"], row["ended_at"]))
    return found


@pytest.mark.parametrize("apart", [False, True], ids=["two processes", "two namespaces"])
def test_one_works_and_the_other_takes_over_within_a_lease(server: str, tmp_path: Path, *, apart: bool) -> None:
    """The one that works is frozen: the other takes over; thawed it stands by; the other is killed: it works again."""
    if apart and not can_be_apart():
        pytest.skip("this machine lets no namespaces be made: shown with two processes alone")
    uri = fresh(server)
    since_days(uri, 3)
    ledger = Ledger(uri)
    held: list[tuple[datetime, str]] = []

    def look() -> None:
        held.append((RealClock().now(), holder(ledger)))

    with controllers(uri, [tmp_path / "one", tmp_path / "two"], apart=apart) as running:
        wait_until(lambda: bool(holder(ledger)), 60 * SECOND, look)
        first = holder(ledger)
        wait_until(lambda: len(spans(ledger)) == 1, 30 * SECOND, look)
        groups = {process.pid: process for process in running}
        of_first = next(pid for pid in groups if is_of(first, pid, apart=apart))
        os.killpg(of_first, signal.SIGSTOP)
        frozen_at = RealClock().now()
        wait_until(lambda: holder(ledger) not in {"", first}, 3 * LEASE_S * SECOND, look)
        taken_over_at, second = RealClock().now(), holder(ledger)
        os.killpg(of_first, signal.SIGCONT)
        wait_until(lambda: RealClock().now() - taken_over_at > 2 * LEASE_S * SECOND, 60 * SECOND, look)
        assert holder(ledger) in {second, ""}  # or just not renewed: who took it is asked below
        os.killpg(next(pid for pid in groups if pid != of_first), signal.SIGKILL)
        wait_until(lambda: holder(ledger) == first, 3 * LEASE_S * SECOND, look)
        look()
    worked = spans(ledger)
    ledger.close()

    assert taken_over_at - frozen_at <= (LEASE_S + 2) * SECOND
    changes = [name for name, _ in itertools.groupby(name for _, name in held if name)]
    assert changes == [first, second, first]
    assert worked.keys() <= {first, second}
    if second in worked:
        begun, ended = min(begin for begin, _ in worked[second]), max(end for _, end in worked[second])
        # before it, or after it was killed
        assert all(end <= begun or begin >= ended for begin, end in worked.get(first, []))


@pytest.mark.parametrize("sends", [False, True], ids=["in silence", "while it sends rows"])
def test_who_is_frozen_in_the_midst_of_a_transaction_holds_nobody_off(
    server: str, monkeypatch: pytest.MonkeyPatch, *, sends: bool
) -> None:
    """Many rows are sent in a pipeline: to the server, who is frozen before its end is not idle."""
    uri, now = fresh(server), RealClock().now()
    other, taken = Ledger(uri), list[Lease | None]()
    monkeypatch.setattr(connect, "SILENT_S", 1)
    monkeypatch.setattr(connect, "LONGEST_S", 2)
    frozen = Ledger(uri)
    frozen.take_lease("controller nba", "frozen", now=now, length=SECOND)

    def writes_and_falls_silent() -> None:
        with frozen.writing() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            with raw.pipeline() if sends else nullcontext():
                raw.execute("UPDATE leases SET until = %s", (now + SECOND,))
                _has_changed_something(server, raw.info.backend_pid)  # or the other one comes before it
                taken.append(other.take_lease("controller nba", "other", now=now + 2 * SECOND, length=SECOND))

    with pytest.raises(LedgerError):
        writes_and_falls_silent()

    assert [lease.holder for lease in taken if lease] == ["other"]
    other.close()
    frozen.close()


def _has_changed_something(server: str, pid: int) -> None:
    """Wait until the server has begun to do what a connection sent it, or has ended it."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        asked = text("SELECT backend_xid IS NOT NULL FROM pg_stat_activity WHERE pid = :pid")
        while connection.execute(asked, {"pid": pid}).scalar() is False:
            pause(SECOND / 100)
    engine.dispose()


ENDED = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type ~ 'client'"


@pytest.fixture
def other(server: str) -> Iterator[Engine]:
    """Another connection to an empty ledger."""
    Ledger(fresh(server)).close()
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@contextmanager
def ending_after(statement: str, other: Engine) -> Iterator[None]:
    """Have the server end the connection once, after such a statement, and before the transaction is over."""
    broken = list[int]()

    def ends(_connection: object, cursor: Any, text_of_it: str, *_more: object) -> None:
        if not broken and statement in text_of_it:
            broken.append(cursor.connection.info.backend_pid)
            with other.connect() as server_side:
                server_side.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": broken[0]})

    event.listen(Engine, "after_cursor_execute", ends)
    yield
    event.remove(Engine, "after_cursor_execute", ends)
    assert broken


def test_a_store_that_let_go_after_an_outage_writes_at_once(server: str, other: Engine) -> None:
    with AlertStore(server) as store:
        with other.connect() as server_side:
            server_side.execute(text(ENDED))
        store.let_go()

        store.write(AlertChanges(), beat=("controller nba", RealClock().now(), "build", ""))

        assert "controller nba" in store.heartbeats()


@pytest.mark.parametrize("of", [Ledger, AlertStore])
def test_a_connection_that_ends_between_a_read_and_its_end_is_told_and_the_next_read_connects_anew(
    server: str, other: Engine, of: type[Ledger | AlertStore]
) -> None:
    """So it is found by who was frozen there for longer than the server waits."""
    store = of(server)

    with ending_after("leases", other), pytest.raises(LedgerError, match="read"):
        store.rows(select(schema.leases))

    assert store.rows(select(schema.leases)) == []
    store.close()


def test_a_connection_that_ends_while_a_ledger_is_opened_is_told_as_one_that_cannot_be(
    server: str, other: Engine
) -> None:
    with ending_after("version_num", other), pytest.raises(UsageError, match="cannot be opened"):
        Ledger(server, read_only=True)


def test_what_every_tick_asks_connects_anew_after_its_connection_has_ended(
    server: str, other: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(server)
    with other.connect() as server_side:
        server_side.execute(text(ENDED))
    with pytest.raises(LedgerError, match="could not be read"):
        ledger.of("nba").halts()

    assert ledger.of("nba").halts() == []
    ledger.close()
    assert [record.levelname for record in caplog.records] == []


def test_a_server_whose_machine_vanishes_is_waited_for_a_minute(server: str) -> None:
    """It sends no end: what is not answered for so long is given up by the system."""
    engine = connect.engine_of(fresh(server))
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        told = raw.info.get_parameters()
    engine.dispose()

    alive = int(told["keepalives_idle"]) + int(told["keepalives_interval"]) * int(told["keepalives_count"])
    assert alive == int(told["tcp_user_timeout"]) // 1000 == connect.GONE_S


def test_a_server_that_takes_what_it_is_asked_and_never_answers_is_given_up_and_connected_to_anew(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its disk hangs, or a relay between has lost it: its machine says that all is well."""
    target = fresh(server)
    monkeypatch.setattr(connect, "LONGEST_S", 1)
    ledger = Ledger(target)
    with ledger.transaction() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(LedgerError, match="no answer for 1 s"):
            ledger.of("nba").halts()
        assert ledger.of("nba").halts() == []
    finally:
        os.kill(pid, signal.SIGCONT)
        ledger.close()


def is_of(name: str, group: int, *, apart: bool) -> bool:
    """Whether a holder is a process of a group: by its number, or by its namespace of process numbers."""
    _, machine, number, _ = name.split(" ")
    if not apart:
        return os.getpgid(int(number)) == group
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) == group and machine.endswith(f".{(folder / 'ns/pid').stat().st_ino:x}"):
                return True
        except (OSError, ProcessLookupError):
            continue
    return False


def test_a_holder_is_gone_where_that_is_certain() -> None:
    mine = holder_here()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    machine = mine.split(" ")[1]

    anywhere, here = gone(holds_the_file=False), gone(holds_the_file=True)

    assert len(mine) <= 64
    assert mine != holder_here()
    assert anywhere(f"host {machine} {ended.pid} abcd")
    assert not anywhere(f"host {machine} {os.getpid()} abcd")
    assert not anywhere("host another.1 1 abcd")
    assert not anywhere("one")
    assert here("whoever it was")


@pytest.mark.parametrize("table", ["proofs", "obligations"])
def test_a_replay_on_a_damaged_ledger_ends_with_a_sentence(samples: Samples, tmp_path: Path, table: str) -> None:
    home = samples.copy(1, tmp_path / "home")
    ledger = Ledger(home / "ledger.db")
    with ledger.transaction() as connection:
        named = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        [(root,)] = connection.exec_driver_sql(named, (table,)).fetchall()
    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()
    content = bytearray((home / "ledger.db").read_bytes())
    content[(root - 1) * 4096 : root * 4096] = b"\x07" * 4096
    (home / "ledger.db").write_bytes(content)

    done = tipoff("replay", "nba", "sample:1", "--world", "sample", home=home)

    assert done.returncode in {1, 2}
    assert "damaged" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_settings_hash_does_not_depend_on_how_a_path_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()

    assert Settings(home=Path("x")).hash == Settings(home=tmp_path / "x").hash
    assert Settings(data=Path("data")).hash == Settings(data=tmp_path / "data").hash != Settings().hash
