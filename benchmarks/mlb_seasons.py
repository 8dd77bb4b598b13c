"""Seasons of MLB replayed, and MLB beside the NBA for a month, watched: `python -m benchmarks.mlb_seasons YEAR…|april`."""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import fmean
from typing import Any

from msgspec import structs
from sqlalchemy import select

from benchmarks.mutation_score import home_of
from tipoff.app import replay as app
from tipoff.config import read_settings
from tipoff.core.home import Home
from tipoff.core.severity import Severity
from tipoff.ledger import Ledger, schema, watching
from tipoff.ledger.alerts import AlertStore

GAMES = {2015: 2429, 2016: 2428, 2017: 2430, 2018: 2429, 2019: 2429, 2020: 898, 2021: 2429, 2022: 2430, 2023: 2430}
APRIL = "2023-03-30..2023-04-30"  # from MLB's first day on, on which what it owes once a season is made; the NBA plays to the 9th
Measured = tuple[bool, dict[str, Any]]


def mlb_season(year: int) -> Measured:
    """Replay a season with its checks; every game is proven, two men start each, strikeouts add up, nothing is lost or wrong.

    No finding is an error, and nothing is sent but digests. What a run took is told by month.
    """
    with home_of(str(year), "mlb") as home:
        settings = structs.replace(read_settings(), home=home)
        spec = app.replay_spec(settings, "mlb", str(year), world="recorded", seed=7)
        report = app.together_report(settings, [spec], progress=lambda _: None)[
            0
        ]  # of what was replayed: nothing is left to do
        report["findings"], report["sent"], report["cost"] = _findings(home), dict(_sent(home)), _cost(home)
        report["not_ok"], report["warned"] = _not_ok(home), _not_ok(home, Severity.WARNING)
    totals, games = report["totals"], report["games"]
    ok = (
        totals["games"] == games["proven"] == GAMES[year]
        and totals["starts"] == 2 * GAMES[year]
        and totals["strikeouts"] == totals["strikeouts_of_clubs"]
        and not games["missing"]
        and report["obligations"].keys() <= {"proven", "excused"}
        and not report["findings"].get("ERROR", 0) + report["findings"].get("CRITICAL", 0)
        and report["sent"].keys() == {"mlb digest"}
    )
    return ok, report


def _cost(home: Path) -> dict[str, Any]:
    """Return the CPU seconds of all runs, and by month how many there were and what one took."""
    ledger = Ledger(Home(home).ledger, read_only=True)
    rows = ledger.rows(select(schema.runs.c.day, schema.runs.c.cpu_ms).where(schema.runs.c.cpu_ms.is_not(None)))
    ledger.close()
    months: dict[str, list[float]] = {}
    for row in rows:
        months.setdefault(f"{row['day']:%Y-%m}", []).append(row["cpu_ms"])
    by_month = {month: {"runs": len(took), "cpu_ms": round(fmean(took), 2)} for month, took in sorted(months.items())}
    return {"runs_cpu_s": round(sum(map(sum, months.values())) / 1000, 1), "by_month": by_month}


def april_of_both() -> Measured:
    """Replay both leagues in one home on one clock, watched: a digest a day of each, and nothing else is sent."""
    with tempfile.TemporaryDirectory() as folder:
        settings = structs.replace(read_settings(), home=Path(folder))
        specs = [
            app.replay_spec(settings, league, APRIL, world="recorded", seed=7, together=True)
            for league in ("nba", "mlb")
        ]
        reports = app.together_report(settings, specs, progress=lambda _: None, watched=True)
        sent = _sent(Path(folder))
        findings, not_ok = _findings(Path(folder)), _not_ok(Path(folder))
    wanted = {f"{spec.league.name} digest": (spec.days[1] - spec.days[0]).days + 1 for spec in specs}
    measured = {"sent": dict(sent), "wanted": wanted, "findings": findings, "not_ok": not_ok}
    measured["games"] = {report["league"]: report["games"] for report in reports}
    measured["obligations"] = {report["league"]: report["obligations"] for report in reports}
    bad = findings.get("ERROR", 0) + findings.get("CRITICAL", 0)
    return dict(sent) == wanted and not bad, measured


def _sent(home: Path) -> Counter[str]:
    """Return how many messages of each kind were sent of each league."""
    sent: Counter[str] = Counter()
    for path in (Home(home).ledger, Home(home).sentinel):
        store = AlertStore(path)
        sent.update(f"{row['league']} {row['kind']}" for row in store.rows(select(watching.notices)))
        store.close()
    return sent


def _not_ok(home: Path, *severities: Severity) -> dict[str, int]:
    """Return which checks failed as an error, or as severe as is told, and how often, most often first."""
    ledger = Ledger(Home(home).ledger, read_only=True)
    found = schema.findings.c
    wanted = found.severity.in_(severities or (Severity.ERROR, Severity.CRITICAL))
    rows = ledger.rows(select(found.league, found.check).where(~found.ok, wanted))
    ledger.close()
    return dict(Counter(f"{row['league']} {row['check']}" for row in rows).most_common())


def _findings(home: Path) -> dict[str, int]:
    ledger = Ledger(Home(home).ledger, read_only=True)
    rows = ledger.rows(select(schema.findings.c.severity).where(~schema.findings.c.ok))
    ledger.close()
    return dict(Counter(Severity(row["severity"]).name for row in rows))


def main() -> None:
    """Print what was measured."""
    for name in sys.argv[1:]:
        ok, measured = april_of_both() if name == "april" else mlb_season(int(name))
        print(name, ok, json.dumps(measured, indent=1, default=str), flush=True)


if __name__ == "__main__":
    main()
