"""A recorded season, replayed and watched: every game proven, nothing lost, no check fails as an error, only digests are sent.

`python -m benchmarks.clean_seasons SEASON…`; needs TIPOFF_DATA. An angle of which no check could be measured all season is
shown as not measurable: it has not passed.
"""

import json
import sys
import tempfile
from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec import structs
from sqlalchemy import func, select
from tests.support import ledger_rows, proofs

from benchmarks.angles import ANGLES, by_angle
from benchmarks.seasons import season_named
from tipoff.app import replay as app
from tipoff.config import read_settings
from tipoff.core.check import CheckStatus
from tipoff.core.home import Home
from tipoff.core.severity import Severity
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Ledger, schema, watching
from tipoff.ledger.alerts import AlertStore
from tipoff.views.rules import rules

CHECKS = {check.name: check for check in NBA.checks}


SEASONS = {
    "2015-16": 1230,
    "2016-17": 1230,
    "2017-18": 1230,
    "2018-19": 1230,
    "2019-20": 1059,
    "2020-21": 1080,
    "2021-22": 1230,
    "2022-23": 1230,
    "2023-24": 1230,
}
_SAID = ("games", "obligations", "predictions", "peak_rss_mb")


def clean_season(season: str) -> tuple[bool, dict[str, Any]]:
    """Replay a season with its checks; no finding of theirs may be an error, every check must have been runnable.

    Every game is proven, nothing is lost or late, the same again makes no run, and nothing is sent but a digest each day.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = structs.replace(read_settings(), home=Path(folder))
        spec = app.replay_spec(settings, "nba", season, world="recorded", seed=7)
        report = app.together_report(settings, [spec], progress=lambda _: None, watched=True)[0]
        again = app.together_report(settings, [spec], progress=lambda _: None)[0]
        ledger = Ledger(Home(Path(folder)).ledger, read_only=True)
        try:
            measured = measured_in(ledger) | {"season": season, "wall_s": round(report["wall_s"], 1)}
        finally:
            ledger.close()
        measured |= sent_from(Path(folder), season) | {name: report[name] for name in _SAID}
        measured |= {"runs_of_the_same_again": again["this_time"]["finished"], "postponed": postponed(Path(folder))}
    return all(clean(measured).values()), measured


def clean(measured: dict[str, Any]) -> dict[str, bool]:
    """Return which demands a season meets."""
    return {
        "no check fails as an error": not measured["errors"],
        "every check can run": not measured["could_not_run"] and measured["days"] > 0,
        "every game is proven": measured["games"]["proven"] == SEASONS[measured["season"]],
        "no game is missing": not measured["games"]["missing"],
        "nothing is lost": not measured["obligations"].get("lost"),
        "no prediction after its tip-off": not measured["predictions"]["made_after_tipoff"],
        "the same again makes no run": not measured["runs_of_the_same_again"],
        "what was postponed is proven on its new day": not measured["postponed"]["unproven"],
        "nothing is sent but a digest a day": measured["sent"] == {"digest": measured["days_with_a_digest"]},
        "every day has its digest": measured["every_day"] and not measured["unsent"],
    }


def postponed(home: Path) -> dict[str, Any]:
    """Count the games that stand on a day on which they were not played; each must be excused there and proven elsewhere."""
    units: dict[str, set[str]] = {}
    for (output, day, unit), (n_rows, _) in proofs(home).items():
        if output == "player_boxscores" and n_rows:
            units.setdefault(unit, set()).add(str(day))
    off = [row for row in ledger_rows(home, "games") if row["status"] in {"postponed", "moved", "cancelled"}]
    bad = [
        f"{row['game_id']} of {row['day']}"
        for row in off
        if str(row["day"]) in units.get(row["game_id"], set())
        or (row["status"] != "cancelled" and not units.get(row["game_id"]))
    ]
    return {
        "off": len(off),
        "proven_on_another_day": sum(bool(units.get(row["game_id"])) for row in off),
        "unproven": bad,
    }


def measured_in(ledger: Ledger) -> dict[str, Any]:
    """Return what the checks found in a home: every finding for ever, and what each angle last measured of each day."""
    findings = [row for row in ledger.rows(select(schema.findings)) if not row["ok"]]
    of_checks = [row for row in findings if row["check"] in CHECKS]
    errors = [row for row in of_checks if row["severity"] >= Severity.ERROR]
    warnings = Counter(row["check"] for row in of_checks if row["severity"] == Severity.WARNING)
    states: defaultdict[str, Counter[str]] = defaultdict(Counter)
    table = watching.measured
    for row in ledger.rows(
        select(table.c.check, table.c.status, func.count().label("n")).group_by(table.c.check, table.c.status)
    ):
        states[row["check"]][row["status"]] += row["n"]
    totals: Counter[str] = sum(states.values(), Counter())
    words = Counter(rule.word for rule in rules(ledger, NBA) if rule.kind == "check")
    return {
        "days": ledger.rows(select(func.count(func.distinct(table.c.day)).label("n")))[0]["n"],
        "measurements": dict(totals),
        "errors": [f"{row['check']} {row['day']}: {row['note']}"[:300] for row in errors],
        "warnings": dict(sorted(warnings.items())),
        "could_not_run": [row["note"][:300] for row in findings if row["check"] == "checks_can_run"],
        "angles": _angles(states),
        "checks_never_measurable": sorted(name for name, n in states.items() if n.keys() == {_NOT}),
        "rules": dict(words),
    }


def sent_from(home: Path, season: str) -> dict[str, Any]:
    """Return what was sent from a home, by kind, by monitor and sentinel; and whether each calendar day had its digest."""
    sent: Counter[str] = Counter()
    unsent = 0
    for path in (home / "ledger.db", home / "sentinel.db"):
        store = AlertStore(path)
        notices = store.rows(select(watching.notices))
        store.close()
        sent.update(row["kind"] for row in notices if row["state"] == "sent")
        unsent += sum(row["state"] != "sent" for row in notices)
    ledger, table = Ledger(home / "ledger.db", read_only=True), schema.obligations
    owed = ledger.rows(select(table.c.day, table.c.state).where(table.c.output == "digest"))
    ledger.close()
    of = season_named(season)
    first, last = of.first_day, of.last_day
    wanted = {first + timedelta(days=n) for n in range((last - first).days + 1)}
    proven = {row["day"] for row in owed if row["state"] == "proven"}
    return {"sent": dict(sent), "unsent": unsent, "days_with_a_digest": len(proven), "every_day": proven == wanted}


_NOT = CheckStatus.NOT_MEASURABLE.value


def _angles(states: dict[str, Counter[str]]) -> dict[str, str | dict[str, int]]:
    """Return for each angle how often its checks passed, failed and could not be measured; or that none ever could."""
    found: dict[str, str | dict[str, int]] = {}
    covered = by_angle(NBA.checks)
    for angle in ANGLES:
        n: Counter[str] = sum(
            (states[check.name] for check in covered[angle.number] if check.name in states), Counter()
        )
        name = f"{angle.number} {angle.name}"
        found[name] = dict(sorted(n.items())) if n.keys() - {_NOT} else _NOT
    return found


def main() -> None:
    """Print what was measured of the named seasons."""
    for season in sys.argv[1:]:
        print(json.dumps(clean_season(season), indent=1))


if __name__ == "__main__":
    main()
