"""The report of a replay: one JSON object, and the same in words."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tipoff.core.league import League
from tipoff.core.slate import OFF, Season
from tipoff.ledger import Ledger
from tipoff.ledger.facts import days_around, league_facts
from tipoff.ledger.reader import LeagueRecords
from tipoff.watch.digest import without_rows

NOT_RECORDED = "none for this season"  # as a recorded world says it of what its data folder does not hold


def replay_report(ledger: Ledger, league: League, season: Season) -> dict[str, Any]:
    """Return what the ledger says of a league's season: games, obligations by state, runs, rows, gates."""
    records = ledger.of(league.name).within(*days_around(ledger, league.name, season))
    gates = records.gates()
    return {
        "league": league.name,
        "season": season.name,
        "world": _world(ledger, league, season),
        "games": games(records, league),
        "obligations": records.counts("obligations", "state"),
        "runs": {"finished": 0, "failed": 0, "expired": 0} | records.counts("runs", "state"),
        "rows": records.rows_by_output(),
        "gates": {
            "held": sum(gate.held_at is not None for gate in gates),
            "opened": sum(gate.opened_at is not None for gate in gates),
        },
        "marks": records.counts("marks", "kind"),
        "findings": records.counts("findings", "check"),
        "off": league_facts(ledger, league.name).off,
        "not_known": _not_known(records, season),
        "without_rows": _without_rows(records, league),
    }


def _not_known(records: LeagueRecords, season: Season) -> str:
    """Return what a home that was begun in mid-season lacks, for its predictions rest on it; empty where it lacks nothing."""
    first = min((game.day for game in records.games()), default=season.first_day)
    if first <= season.first_day:
        return ""
    return f"begun in mid-season: of the season's days before {first}, with which it would predict better, it knows nothing"


def _without_rows(records: LeagueRecords, league: League) -> list[str]:
    played = {game.day for game in records.games() if game.status not in OFF}
    return without_rows(
        league, (one for one in records.obligations(states=["excused"]) if one.day in played), records.proof
    )


def games(records: LeagueRecords, league: League) -> dict[str, Any]:
    """Count the games that had to be played and are proven in every required output; the others by name."""
    rows = records.games()
    required = {step.name for step in league.steps if not step.optional}
    on = {game.game_id for game in rows if game.status not in OFF}
    off = [game for game in rows if game.status in OFF]
    unmet = (unit for owed in records.obligations() if owed.output in required for unit in owed.missing)
    missing = {unit.partition("|")[0] for unit in unmet} & on
    return {"expected": len(on), "proven": len(on - missing), "excused": len(off), "missing": sorted(missing)}


def _world(ledger: Ledger, league: League, season: Season) -> dict[str, Any]:
    facts = league_facts(ledger, league.name)
    about: dict[str, Any] = json.loads(facts.of_season("about", season.name) or "{}")
    return {"name": facts.world, "fingerprint": facts.of_season("fingerprint", season.name)} | about


def _not_recorded(world: Mapping[str, Any]) -> list[str]:
    lacks = [what.replace("_", " ") for what, said in world.items() if said == NOT_RECORDED]
    return [f"not recorded in this data for the season, and not replayed: {', '.join(lacks)}"] if lacks else []


def render_text(report: Mapping[str, Any], accuracy: Sequence[str] = ()) -> list[str]:
    """Return the lines that a person reads after a replay; `accuracy` is what its league says of its predictions."""
    found = report["games"]
    world, n_missing = report["world"]["name"], len(found["missing"])
    lines = [
        f"{report['league']} {report['season']}: {report['simulated_days']} days, {report['slates']} slates, world {world}",
        f"games       {found['proven']} of {found['expected']} proven, {found['excused']} excused, {n_missing} missing",
        "obligations " + ", ".join(f"{n} {state}" for state, n in sorted(report["obligations"].items())),
        "runs        " + ", ".join(f"{n} {state}" for state, n in sorted(report["runs"].items())),
        f"gates       {report['gates']['opened']} opened, {report['gates']['held']} of them held at first",
        *report["off"],
        *([report["not_known"]] if report["not_known"] else []),
        *_not_recorded(report["world"]),
        *report["without_rows"],
    ]
    lines += accuracy
    loading = f", {report['loading_s']:.1f} s of it for earlier seasons" if report["loading_s"] else ""
    lines.append(f"took {report['wall_s']:.1f} s{loading}, at most {report['peak_rss_mb']:.0f} MB of memory")
    return lines
