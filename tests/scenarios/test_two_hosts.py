"""Two controllers as two processes on one ledger, each in network and process namespaces of its own: one works at a time."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.live import SECOND, since_days, wait_until
from tests.postgres import fresh, server
from tests.support import tipoff

from tipoff.app.holder import gone, holder_here
from tipoff.config import Settings
from tipoff.core.clock import RealClock
from tipoff.ledger import Ledger, schema

__all__ = ["server"]  # a fixture

LEASE_S = 4
APART = ["unshare", "--net", "--uts", "--pid", "--fork", "--kill-child"]  # as two containers are


def can_be_apart() -> bool:
    """Whether this machine lets namespaces be made."""
    return (
        bool(shutil.which("unshare"))
        and not subprocess.run([*APART, "true"], capture_output=True, check=False).returncode
    )


@contextmanager
def controllers(uri: str, homes: list[Path]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run a controller in each home, all on one ledger."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
    environment |= {"TIPOFF_LEDGER_URL": uri, "TIPOFF_TICK_EVERY_S": "0.3", "TIPOFF_HISTORY": "false"}
    environment["TIPOFF_WORLD"] = "sample"
    command = [*(APART if can_be_apart() else []), sys.executable, "-m", "tests.short_lease", str(LEASE_S)]
    running = []
    try:
        for home in homes:
            mine = environment | {"TIPOFF_HOME": str(home)}
            running.append(subprocess.Popen(command, env=mine, start_new_session=True))
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


def test_one_works_and_the_other_takes_over_within_a_lease(server: str, tmp_path: Path) -> None:
    """The one that works is frozen: the other takes over; thawed it stands by; the other is killed: it works again."""
    uri = fresh(server)
    since_days(uri, 3)
    ledger = Ledger(uri)
    held: list[tuple[datetime, str]] = []

    def look() -> None:
        held.append((RealClock().now(), holder(ledger)))

    with controllers(uri, [tmp_path / "one", tmp_path / "two"]) as running:
        wait_until(lambda: bool(holder(ledger)), 60 * SECOND, look)
        first = holder(ledger)
        wait_until(lambda: len(spans(ledger)) == 1, 30 * SECOND, look)
        groups = {process.pid: process for process in running}
        of_first = next(pid for pid in groups if is_of(first, pid))
        os.killpg(of_first, signal.SIGSTOP)
        frozen_at = RealClock().now()
        wait_until(lambda: holder(ledger) not in {"", first}, 3 * LEASE_S * SECOND, look)
        taken_over_at, second = RealClock().now(), holder(ledger)
        os.killpg(of_first, signal.SIGCONT)
        wait_until(lambda: RealClock().now() - taken_over_at > 2 * LEASE_S * SECOND, 60 * SECOND, look)
        assert holder(ledger) == second
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
        assert all(end <= begun or begin >= ended for begin, end in worked[first])  # before it, or after it was killed


def is_of(name: str, group: int) -> bool:
    """Whether a holder is a process of a group: by its namespace of process numbers."""
    machine = name.split(" ")[1]
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
def test_a_replay_on_a_damaged_ledger_ends_with_a_sentence(tmp_path: Path, table: str) -> None:
    home = tmp_path / "home"
    tipoff("replay", "nba", "sample:1", "--world", "sample", home=home)
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
