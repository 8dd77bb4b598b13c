"""The quiet season, watched: a digest on each of its calendar days, and nothing else is ever sent.

`python -m benchmarks.quiet_season DATA`
"""

import json
import sys
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select
from tests.support import ledger_rows, tipoff

from tipoff.leagues.nba.league import NBA
from tipoff.store.ledger import watching
from tipoff.store.ledger.tellings import Tellings

SEASON, DIGESTS = "2023-24", 174


def _rows(path: Path, table: Table) -> list[dict[str, Any]]:
    store = Tellings(path)
    found = store.rows(select(table))
    store.close()
    return found


def quiet_season(data: Path) -> tuple[bool, dict[str, Any]]:
    """Replay 2023-24 with the watchers and every check on, and count what was sent."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        done = tipoff("replay", "nba", SEASON, "--watch", "--json", home=home, TIPOFF_DATA=str(data))
        if done.returncode:
            return False, {"exit": done.returncode, "stderr": done.stderr[-2000:], "out": done.stdout[-2000:]}
        report = json.loads(done.stdout)
        notices = [row for name in ("ledger.db", "sentinel.db") for row in _rows(home / name, watching.notices)]
        incidents = [row for name in ("ledger.db", "sentinel.db") for row in _rows(home / name, watching.incidents)]
        digests = ledger_rows(home, "obligations")
    days = sorted(str(row["day"]) for row in digests if row["output"] == "digest" and row["state"] == "proven")
    season = NBA.season(SEASON)
    n_days = (season.last_day - season.first_day).days + 1
    wanted = [str(season.first_day + timedelta(days=n)) for n in range(n_days)]
    sent = Counter(row["kind"] for row in notices if row["state"] == "sent")
    unsent = sum(row["state"] != "sent" for row in notices)
    measured = {
        "digests": sent["digest"],
        "other_messages": sum(sent.values()) - sent["digest"],
        "unsent": unsent,
        "first": days[0] if days else "",
        "last": days[-1] if days else "",
        "every_day": days == wanted,
        "incidents_not_told": Counter(row["cause"].partition(":")[0] for row in incidents),
        "wall_s": report["wall_s"],
        "peak_rss_mb": report["peak_rss_mb"],
    }
    ok = sent == {"digest": DIGESTS} and not unsent and days == wanted and len(wanted) == DIGESTS
    return ok, measured


if __name__ == "__main__":
    print(json.dumps(quiet_season(Path(sys.argv[1])), indent=1, default=str))
