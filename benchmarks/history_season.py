"""A season of history on a simulated clock, as a process that can be killed: `… -m benchmarks.history_season HOME DAYS [URL]`.

It flows into DuckDB, or into BigQuery's emulator at URL. Each instant writes rows of every busy stream, with the clock's instant
in the same commit, and lets the outbox look. Killed and started again it goes on from the ledger's clock. On the storm's day
something is written every 30 seconds, and there is a look each minute; on any other day there are 8 busy hours.
"""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from tipoff.core.clock import stopwatch
from tipoff.core.home import Profile
from tipoff.history.bigquery import BigQuerySink
from tipoff.history.duck import DuckSink
from tipoff.history.outbox import Outbox
from tipoff.history.sink import HistorySink
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.batches import standings
from tipoff.ledger.streams import STREAMS
from tipoff.store.bigquery.target import Target

FIRST = datetime(2023, 10, 24, tzinfo=UTC)
DAYS = 174
STORMS = (60,)  # days, counted from the first
CHECKS = 272
BUSY = {"ticks": 18, "decisions": 234, "fetches": 150, "findings": 18, "runs": 72, "proofs": 72}  # rows in an hour
STORM = {"ticks": 1, "decisions": 4, "fetches": 2, "findings": 1, "runs": 1, "proofs": 1}  # rows in 30 s
Row = dict[str, Any]


def instants(day: int) -> Iterator[tuple[datetime, dict[str, int], bool]]:
    """Yield when something is written on a day, how many rows of each stream, and whether the checks are measured too."""
    begin = FIRST + timedelta(days=day)
    if day in STORMS:
        for n in range(2880):
            yield begin + n * timedelta(seconds=30), STORM, False
        return
    for hour in range(8):
        yield begin + timedelta(hours=8 + 2 * hour), BUSY, hour in {0, 3, 6}


def n_events(days: int) -> dict[str, int]:
    """Return how many events the first days give, by stream: a run is started and then finished, which are two."""
    found = dict.fromkeys([*BUSY, "measured"], 0)
    for day in range(days):
        for _, rows, is_measured in instants(day):
            for name, n in rows.items():
                found[name] += n * (2 if name == "runs" else 1)
            found["measured"] += CHECKS if is_measured else 0
    return found


class Season:
    """Writes the rows; numbers and contents follow from the day alone, so that a repeated instant writes the same."""

    def __init__(self, ledger: Ledger) -> None:
        known = ledger.facts()
        self._ledger = ledger
        self.n = int(known.get("season n", 0))
        self.half = known.get("season half", "")
        self.at = datetime.fromisoformat(known["clock_at"]) if "clock_at" in known else None

    def write(self, at: datetime, rows: dict[str, int], *, is_measured: bool) -> None:
        """Write one instant's rows; runs are started in one commit and finished in the next, as the controller does."""
        batch, ends, day = Batch(), Batch(), at.date()
        slate = {"league": "x", "output": "o", "day": day}
        for name, n in rows.items():
            for k in range(n):
                number = self.n * 1000 + k + 1
                batch.add(name, _ROWS[name](number, at, slate))
                if name == "runs":
                    ends.run_ends.append(
                        {"id": number, "state": "finished", "ended_at": at, "n_rows": k, "cpu_ms": k / 3}
                    )
        if is_measured:
            for k in range(CHECKS):
                batch.add("measured", _measured(k, at, day))
        batch.fact("season half", at.isoformat())
        if self.half != at.isoformat():  # else it was killed between the two
            self._ledger.commit(batch)
        self.n += 1
        ends.fact("clock_at", at.isoformat())
        ends.fact("season n", str(self.n))
        self._ledger.commit(ends)


def _tick(number: int, at: datetime, _slate: Row) -> Row:
    counts = dict.fromkeys(("n_judged", "n_run", "n_held", "n_late", "n_quiet"), 1)
    return {"id": number, "at": at, "build": "b", "settings_hash": "s", **counts}


def _decision(number: int, at: datetime, slate: Row) -> Row:
    said = {"verb": "WAIT", "reason": f"waits for the slate {number}", "until": at, "run_id": None}
    return {"id": number, "at": at, **slate, **said}


def _fetch(number: int, at: datetime, _slate: Row) -> Row:
    counts = {"n_bytes": 4700, "n_rows": 20, "n_rejects": 0, "status": 200}
    told = {"source": "s", "url": "http://a/b", "sha256": f"{number:064x}", "outcome": "rows", "note": ""}
    return {"id": number, "run_id": number, "at": at, **counts, **told}


def _finding(number: int, at: datetime, slate: Row) -> Row:
    measured = {"severity": 0, "ok": True, "coverage": 1.0, "required": 0.8, "missing": "[]"}
    return {"id": number, "at": at, **slate, "check": "c", "cause": "", **measured, "note": ""}


def _run(number: int, at: datetime, slate: Row) -> Row:
    times = {"as_of": at, "started_at": at, "lease_until": at}
    return {"id": number, **slate, "units": "[]", "state": "started", **times, "attempt": 1, "worker": "w"}


def _proof(number: int, at: datetime, slate: Row) -> Row:
    made = {"fence": number, "made_at": at, "step_version": "v", "n_rows": 20, "digest": f"{number:064x}"}
    return slate | {"output": f"o{number % 1000}", **made, "units": "[]", "inputs": "[]"}


def _measured(k: int, at: datetime, day: date) -> Row:
    told = {"status": "ok", "severity": 1, "value": k / 7, "required": 1.0, "measure": "share", "failing": "[]"}
    return {"league": "x", "day": day, "check": f"check {k}", **told, "note": "", "cause": "", "at": at, "took_ms": 0.5}


_ROWS = {
    "ticks": _tick,
    "decisions": _decision,
    "fetches": _fetch,
    "findings": _finding,
    "runs": _run,
    "proofs": _proof,
}


def place(url: str) -> Target:
    """Return where the emulator keeps the season."""
    return Target(project="test-project", prefix="season_", endpoint=url)


def _sink(home: Path, url: str) -> HistorySink:
    if url:
        return BigQuerySink(place(url))
    db = duckdb.connect(str(home / "warehouse.duckdb"))
    db.execute("SET threads=1; SET TimeZone='UTC'; SET fsync_mode='NONE'")
    return DuckSink(db)


def play(home: Path, days: int, url: str = "") -> None:
    """Play the season on from where the home stands; it ends when all is applied."""
    ledger = Ledger(home / "ledger.db", profile=Profile.REPLAY)
    season = Season(ledger)
    outbox = Outbox(ledger=ledger, sink=_sink(home, url), home="season", league="x", stopwatch=stopwatch)
    outbox.begin(FIRST)
    for day in range(days):
        for at, rows, is_measured in instants(day):
            if season.at is not None and at < season.at:
                continue
            if at != season.at:
                season.write(at, rows, is_measured=is_measured)
            outbox.look(at)
            if day not in STORMS:
                outbox.look(at + timedelta(minutes=2))
    end = FIRST + timedelta(days=days)
    for n in range(3 * 720):
        if not any(found.n_waiting or found.unsent for found in standings(ledger, STREAMS).values()):
            break
        outbox.look(end + n * timedelta(minutes=2))
    ledger.close()


def main(arguments: Sequence[str]) -> None:
    """Play so many days in a home."""
    home = Path(arguments[0])
    home.mkdir(parents=True, exist_ok=True)
    play(home, int(arguments[1]), *arguments[2:])


if __name__ == "__main__":
    main(sys.argv[1:])
