"""What is asked of a home on which several controllers stand: the one that works answers, and no other."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tipoff.app.chores import AtOnce
from tipoff.app.requests import Requests
from tipoff.core.home import Home
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Ledger
from tipoff.ledger.requests import leave_request, open_requests

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)


def test_who_stands_by_answers_nothing_and_who_works_does(tmp_path: Path) -> None:
    ledger, lost = Ledger(tmp_path / "ledger.db"), list[object]()
    leave_request(ledger, "nba", "set aside", {"sha256": "a"}, now=NOW)
    requests = Requests(NBA, Home(tmp_path), SimpleNamespace(ledger=ledger), AtOnce())
    waiting: Any = SimpleNamespace(stands_by=True, lose=lost.append)
    at_work: Any = SimpleNamespace(stands_by=False, lose=lost.append)

    requests.look(waiting, NOW)
    of_waiting = [request.taken_at for request in open_requests(ledger, "nba")]
    requests.look(at_work, NOW)
    of_working = open_requests(ledger, "nba")
    ledger.close()

    assert (of_waiting, list(of_working), len(lost)) == ([None], [], 1)
