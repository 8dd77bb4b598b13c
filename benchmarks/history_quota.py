"""The claim about history: a season of a million events reaches the warehouse within its quotas, exactly, though killed."""

import random
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import func, select
from tests.emulator.double import running
from tests.history import Jobs, looks, ticks

from benchmarks.history_season import DAYS, FIRST, n_events, place
from tipoff.core.clock import stopwatch
from tipoff.core.home import Profile
from tipoff.core.quota import LIMITS, Kind, fullest
from tipoff.history.outbox import Outbox
from tipoff.history.pace import PACE, Pace
from tipoff.ledger import Ledger, schema
from tipoff.ledger.history import history_batches, quota_use
from tipoff.ledger.quota_use import read_used
from tipoff.ledger.streams import STREAMS
from tipoff.store.bigquery.client import Client

Measured = tuple[bool, dict[str, Any]]
TICKS = [stream for stream in STREAMS if stream.name == "ticks"]
KILLS = 12


def history_quota(days: int = DAYS, kills: int = KILLS, emulated: int = 4) -> Measured:
    """Hold a season with kills, two storms with the guard, and the outbox on an emulator against what they must give."""
    with tempfile.TemporaryDirectory() as folder:
        season = _season(Path(folder) / "season", days, kills)
        emulator = _on_emulator(Path(folder), emulated)
        jobs = _storm_of_jobs(Path(folder) / "jobs")
        partitions = _storm_of_partitions(Path(folder) / "partitions")
    ok = (
        season["exact"]
        and (days < DAYS or season["events"] >= 1_000_000)
        and season["most_load_jobs_of_a_table_in_a_day"] <= 720
        and season["killed"] >= min(kills, 8)
        and emulator["exact"]
        and emulator["killed"] >= 1
        and emulator["answers_lost"] >= 20
        and jobs["sent"] == jobs["stops_at"] == 1_425
        and partitions["changed"] == partitions["stops_at"] == 28_500
        and all(storm["said"] and storm["all_arrived_later"] for storm in (jobs, partitions))
    )
    return ok, {"season": season, "emulator": emulator, "storm_of_jobs": jobs, "storm_of_partitions": partitions}


def _season(home: Path, days: int, kills: int) -> dict[str, Any]:
    """Play the season in processes that are killed at random moments, then count what arrived."""
    began = stopwatch()
    killed = _killed(home, days, kills, longest_s=15)
    expected = n_events(days)
    arrived = _arrived(home / "warehouse.duckdb", list(expected))
    found = _jobs(home / "ledger.db")
    return {
        "days": days,
        "events": sum(expected.values()),
        "killed": killed,
        "expected": expected,
        "arrived": arrived,
        "exact": all(arrived[name] == {"rows": n, "distinct": n} for name, n in expected.items()),
        **found,
        "wall_s": round(stopwatch() - began, 1),
    }


def _killed(home: Path, days: int, kills: int, *, longest_s: float, url: str = "") -> int:
    """Play the season to its end, with so many kills at most, each after a time by dice; returns how many there were."""
    command = [sys.executable, "-m", "benchmarks.history_season", str(home), str(days), *([url] if url else [])]
    dice = random.Random(5)  # noqa: S311 -- seeded choice of moments
    for killed in range(kills + 1):
        process = subprocess.Popen(command)
        try:
            code = process.wait(dice.uniform(3, longest_s) if killed < kills else None)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            continue
        if code:
            sys.exit(f"the season ended with {code}")
        return killed
    return kills


FAULTS = ("lost", "503", "reset", "serialize", "rate", "lost")


def _on_emulator(folder: Path, days: int) -> dict[str, Any]:
    """Play a few days into BigQuery's emulator, with a fault at every third upload, and kills."""
    with running(folder) as double:
        for n in range(60):
            double.fault(FAULTS[n % len(FAULTS)], match="POST /upload", skip=2 * n)
        killed = _killed(folder / "emulated", days, 4, longest_s=5, url=double.url)
        expected, port = n_events(days), Client(place(double.url))
        arrived = {}
        for name in expected:
            own = " WHERE `check` = 'c'" if name == "findings" else ""
            sql = f"SELECT COUNT(*) AS n, COUNT(DISTINCT event_id) AS m FROM season_tipoff_history.{name}_log{own}"  # noqa: S608 -- declared names
            [row] = port.query(sql, {}, {}).to_pylist()
            arrived[name] = {"rows": row["n"], "distinct": row["m"]}
        port.close()
        seen = double.seen()
    return {
        "days": days,
        "events": sum(expected.values()),
        "killed": killed,
        "arrived": arrived,
        "exact": all(arrived[name] == {"rows": n, "distinct": n} for name, n in expected.items()),
        "answers_lost": seen.get("fault lost", 0),
        "seen": seen,
    }


def _arrived(file: Path, names: list[str]) -> dict[str, dict[str, int]]:
    db = duckdb.connect(str(file), read_only=True)
    found = {}
    for name in names:
        sql = f"SELECT count(*), count(DISTINCT event_id) FROM tipoff_history.{name}_log"  # noqa: S608 -- declared names
        [(rows, distinct)] = db.execute(sql).fetchall()
        if name == "findings":  # the outbox's own are told apart by their check
            own = db.execute("SELECT count(*) FROM tipoff_history.findings_log WHERE \"check\" <> 'c'").fetchall()[0][0]
            rows, distinct = rows - own, distinct - own
        found[name] = {"rows": rows, "distinct": distinct}
    db.close()
    return found


def _jobs(file: Path) -> dict[str, Any]:
    """Return the load jobs by table and simulated day (UTC), as the guard counted them, and what is not applied."""
    ledger = Ledger(file, read_only=True)
    days: Counter[tuple[str, object]] = Counter()
    by_kind: Counter[str] = Counter()
    for row in ledger.rows(select(quota_use)):
        by_kind[row["kind"]] += row["n"]
        if row["kind"] == Kind.LOAD:
            days[row["table"], row["hour"].date()] += row["n"]
    left = ledger.rows(select(func.count().label("n")).where(history_batches.c.state != "applied"))[0]["n"]
    ledger.close()
    (table, day), most = days.most_common(1)[0]
    return {
        "counted": dict(by_kind),
        "most_load_jobs_of_a_table_in_a_day": most,
        "of": [table, day],
        "not_applied": left,
    }


def _storm_of_jobs(home: Path) -> dict[str, Any]:
    """With the pacing switched off, something is written and sent every second: the guard must stop it."""
    box, ledger, jobs = _outbox(home, Pace(every=timedelta(0), slot=timedelta(seconds=1), saved=10**6))
    for number in range(1, 1_501):
        ledger.commit(ticks([number], FIRST))
        box.look(FIRST + number * timedelta(seconds=1), is_last=True)
    at = FIRST + timedelta(seconds=1_501)
    sent, stops_at = jobs.sent["ticks"], int(0.95 * LIMITS[0].per_day)
    told = _told(ledger, at)
    looks(box, FIRST + timedelta(hours=25), timedelta(hours=2))
    ledger.close()
    return {"written": 1_500, "sent": sent, "stops_at": stops_at, **told, "all_arrived_later": _all(jobs, 1_500)}


def _storm_of_partitions(home: Path) -> dict[str, Any]:
    """With the usual pace, rows of 30,000 different days: the limit of partitions must stop it before that of jobs."""
    box, ledger, jobs = _outbox(home, PACE)
    for first in range(0, 30_000, 1_000):
        ledger.commit(ticks([first + 1], FIRST - timedelta(days=first + 1)))
        for number in range(first + 2, first + 1_001):
            ledger.commit(ticks([number], FIRST - timedelta(days=number)))
    looks(box, FIRST, timedelta(hours=20))
    used = read_used(ledger.rows, FIRST + timedelta(hours=20))
    told = _told(ledger, FIRST + timedelta(hours=20))
    looks(box, FIRST + timedelta(hours=20), timedelta(hours=30), timedelta(minutes=2))
    ledger.close()
    return {
        "days_written": 30_000,
        "changed": used[Kind.PARTITION, TICKS[0].table],
        "load_jobs": used[Kind.LOAD, TICKS[0].table],
        "stops_at": 28_500,
        **told,
        "all_arrived_later": _all(jobs, 30_000),
    }


def _outbox(home: Path, pace: Pace) -> tuple[Outbox, Ledger, Jobs]:
    home.mkdir()
    ledger, jobs = Ledger(home / "ledger.db", profile=Profile.REPLAY), Jobs()
    box = Outbox(ledger=ledger, sink=jobs, home="h", league="x", stopwatch=stopwatch, pace=pace, streams=TICKS)
    box.begin(FIRST)
    return box, ledger, jobs


def _told(ledger: Ledger, now: datetime) -> dict[str, Any]:
    table = schema.findings
    notes = [row["note"] for row in ledger.rows(select(table.c.note).order_by(table.c.id))]
    held = [note for note in notes if "is held back" in note]
    return {"said": bool(held), "told": [*notes[:3], *held[:1]], "digest": fullest(read_used(ledger.rows, now))}


def _all(jobs: Jobs, n: int) -> bool:
    ids = jobs.ids("ticks")
    return len(ids) == len(set(ids)) == n
