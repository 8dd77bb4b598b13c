"""Status of a home whose ledger cannot be read: what is wrong and since when, first, and an exit code that alerts."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support import tipoff

from tipoff.core.clock import RealClock
from tipoff.core.incident import Incident
from tipoff.core.severity import Severity
from tipoff.ledger.alerts import AlertChanges, AlertStore


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    (tmp_path / "ledger.db").write_bytes(b"this was a ledger" * 1000)
    return tmp_path


def test_it_says_that_nothing_is_known_and_since_when_the_sentinel_finds_it_so(broken: Path) -> None:
    opened_at = RealClock().now() - timedelta(hours=3)
    store = AlertStore(broken / "sentinel.db", create=True)
    incident = Incident(
        id=1,
        league="nba",
        cause="ledger",
        check="ledger_is_readable",
        what="the ledger cannot be read",
        severity=Severity.CRITICAL,
        opened_at=opened_at,
        changed_at=opened_at,
        effects={"|2024-03-09|ledger_is_readable": None},
    )
    store.write(AlertChanges(incidents=[incident]))
    store.close()

    done, told = tipoff("status", home=broken), json.loads(tipoff("status", "--json", home=broken).stdout)

    first = done.stdout.splitlines()[:2]
    assert done.returncode == 1
    assert f"the ledger cannot be read, since {opened_at:%m-%d %H:%M} UTC" in first[0]
    assert "file is not a database" in first[1]
    assert (told["ok"], told["since"]) == (False, opened_at.isoformat())


def test_it_says_so_to_programs_by_the_names_that_every_command_uses(broken: Path) -> None:
    status, grid = (
        json.loads(tipoff(*command, "--json", home=broken).stdout) for command in (["status"], ["grid", "nba"])
    )

    assert {name: status[name] for name in grid} == grid
    assert grid.keys() == {"ok", "error", "hint"}


def test_a_first_start_that_was_stopped_at_once_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()

    done = tipoff("status", home=tmp_path)
    again = tipoff("replay", "nba", "sample:1", "--world", "sample", home=tmp_path)

    assert done.returncode == 1
    assert done.stdout.splitlines()[1].endswith("ledger.db holds nothing")
    assert "start it again" in done.stdout.splitlines()[2]
    assert again.returncode == 0, again.stderr


def test_without_a_sentinel_it_says_that_nobody_knows_since_when(broken: Path) -> None:
    done = tipoff("status", home=broken)

    assert done.returncode == 1
    assert "no sentinel has said since when" in done.stdout
