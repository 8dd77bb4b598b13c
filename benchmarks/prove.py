"""`make prove`: every figure that the documents name. Resumable: what stands in docs/evidence for this code is not done again.

Each claim is a function that returns what it measured and whether that is what was required; long ones keep their pieces.
`make prove CLAIMS="drills stops"` measures only some of them.
"""

import argparse
import hashlib
import json
import math
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.support import killed_home, ledger_rows, proofs, published, tipoff

from benchmarks import bigquery_claims, nba_predictions
from benchmarks.audit_code_bases import audit_code_bases
from benchmarks.audit_install import audit_install
from benchmarks.audit_planted import audit_planted
from benchmarks.audit_score import audit_score
from benchmarks.audit_speed import audit_speed
from benchmarks.before_after import before_after
from benchmarks.checks_cost import checks_cost
from benchmarks.clean_seasons import SEASONS, clean_season, postponed
from benchmarks.command_fuzz import command_fuzz
from benchmarks.conformance import conformance
from benchmarks.costs import command_costs, predicting, season_costs
from benchmarks.engine_cost import engine_cost
from benchmarks.evidence_page import EVIDENCE, NEVER, git, paths_of, stale_since
from benchmarks.games import games_are_found
from benchmarks.guided_fuzz import guided_fuzz
from benchmarks.history_quota import history_quota
from benchmarks.idle_tick import idle_tick
from benchmarks.live_run import live_days, live_minutes
from benchmarks.long_tests import long_tests
from benchmarks.look_ahead import look_ahead
from benchmarks.mlb_accuracy import accuracy, every_season, first_season
from benchmarks.mlb_june_2025 import june_2025
from benchmarks.mlb_seasons import GAMES as MLB_GAMES
from benchmarks.mlb_seasons import april_of_both, mlb_season
from benchmarks.mutation_score import mutation_scores
from benchmarks.names import names_are_resolved
from benchmarks.neutral_season import neutral_season
from benchmarks.payload_fuzz import fuzz as fuzz_payloads
from benchmarks.pieces import Pieces, dice_of
from benchmarks.recorded_runs import recorded_runs
from benchmarks.rehearsals import controls, drills, fuzz, watched_drills
from benchmarks.season_faults import season_faults
from benchmarks.season_replay import season_replay
from benchmarks.sentinel_cost import sentinel_cost
from benchmarks.slate_fetch import slate_fetch
from benchmarks.stops import stops
from benchmarks.two_sources import two_sources
from tipoff.core.clock import RealClock
from tipoff.drills.faults.hooks import POINTS

RANDOM_KILLS = 200
GUIDED_S = 600
MARCH = "2024-03-01..2024-03-31"
Measured = tuple[bool, dict[str, Any]]


def data() -> Path:
    """Return the folder of recorded seasons."""
    named = os.environ.get("TIPOFF_DATA")
    if not named:
        sys.exit("TIPOFF_DATA is not set: the figures are measured on recorded seasons")
    return Path(named).resolve()


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command on the recorded seasons."""
    return tipoff(*arguments, home=home, TIPOFF_DATA=str(data()))


def season(name: str) -> Measured:
    """Replay one season through the command line; all of its games must be proven and nothing lost or late."""
    with tempfile.TemporaryDirectory() as folder:
        done = run(Path(folder), "replay", "nba", name, "--json")
        if done.returncode:
            return False, {
                "season": name,
                "exit": done.returncode,
                "stderr": done.stderr[-2000:],
                "out": done.stdout[-3000:],
            }
        report = json.loads(done.stdout)
        before = proofs(Path(folder))
        again = json.loads(run(Path(folder), "replay", "nba", name, "--json").stdout)
        report["again"] = again["this_time"] | {"same_hashes": proofs(Path(folder)) == before}
        report["postponed"] = postponed(Path(folder))
    ok = (
        report["games"]["proven"] == SEASONS[name]
        and not report["games"]["missing"]
        and not report["obligations"].get("lost")
        and report["predictions"]["made_after_tipoff"] == 0
        and again["this_time"]["finished"] == 0
        and report["again"]["same_hashes"]
        and not report["postponed"]["unproven"]
    )
    return ok, report


def this_season() -> Measured:
    """Hold the season 2023-24 against its bounds: accuracy, time, memory."""
    ok, report = season("2023-24")
    made = report.get("predictions", {})
    bounds = {
        "player_games": report.get("rows", {}).get("player_games") == 26401,
        "graded": made.get("graded", 0) >= 25_000,
        "baseline_mae": made.get("baseline_mae", 9) <= 4.70,
        "mae": made.get("mae", 9) <= made.get("baseline_mae", math.nan),
        "lined": made.get("lined", 0) >= 2300,
        "line_mae": 5.1 <= made.get("line_mae", math.nan) <= 5.4,
        "wall_s": report.get("wall_s", 999) <= 120,
        "peak_rss_mb": report.get("peak_rss_mb", 9999) <= 1000,
    }
    return ok and all(bounds.values()), report | {"bounds": bounds}


def season_cost() -> Measured:
    """Where a season's time goes; the layers must account for nine tenths of it, or the table would mislead."""
    measured = season_replay("2023-24")
    told = sum(layer["s"] for layer in measured["layers"].values())
    return told >= 0.9 * measured["wall_s"], measured


def predicting_cost(league: str) -> Measured:
    """Read of the replay that measures all cost what training, predicting and the slates of the league's season took."""
    name = f"{league}_cost"
    path = EVIDENCE / f"{name}.json"
    if not path.exists() or stale_since(json.loads(path.read_text())["commit"], paths_of(path.name)) != NEVER:
        claim(name, CLAIMS[name])
    return predicting(json.loads(path.read_text())["measured"])


def quiet_season() -> Measured:
    """Read of the season 2023-24, watched: a digest on each of its 174 calendar days, and nothing else is sent."""
    name = "clean_season_2023-24"
    ok = claim(name, CLAIMS[name])
    season = json.loads((EVIDENCE / f"{name}.json").read_text())["measured"]
    measured = {key: season[key] for key in ("sent", "unsent", "days_with_a_digest", "every_day", "wall_s")}
    return ok and measured["sent"] == {"digest": 174} and measured["every_day"] and not measured["unsent"], measured


def kills() -> Measured:
    """March 2024, killed by SIGKILL at ten random moments and at each named point: the same content in the end."""
    dice = random.Random(dice_of("kills"))  # noqa: S311 -- seeded choice of moments
    moments = [f"any:{dice.randint(50, 5500)}" for _ in range(10)] + [
        f"{point}:{dice.randint(20, 80)}" for point in POINTS
    ]
    pieces = Pieces("kills")
    quiet = pieces.once("quiet", lambda: _killed_in_march("")[1])
    results = {moment: pieces.once(moment, partial(_killed_in_march, moment)) for moment in moments}
    told = {moment: {"died": died, "same": content == quiet} for moment, (died, content) in results.items()}
    ok = "published" in quiet and all(found["died"] and found["same"] for found in told.values())
    return ok, {"moments": told, "content": quiet}


def _killed_in_march(moment: str) -> tuple[bool, dict[str, str]]:
    """Replay March 2024, killed at a moment and begun again; return whether it died, and what stands."""
    with tempfile.TemporaryDirectory() as folder:
        home, command = Path(folder), ("replay", "nba", MARCH, "--json")
        died = bool(moment) and run(home, *command, "--crash-at", moment).returncode == -9
        ended = run(home, *command)
        if ended.returncode:
            return died, {"stderr": ended.stderr[-2000:]}
        return died, content(home)


def nba_accuracy() -> Measured:
    """Hold the NBA's predictions of 2023-24, walk-forward, against their bounds; and what worthless outcomes would teach."""
    said = nba_predictions.measured(data(), "2023-24", with_controls=True)
    asked = nba_predictions.bounds(said)
    return all(met for _, _, met in asked.values()), said | {"asked": asked}


def faulty_season() -> Measured:
    """Hold the season with faults against the quiet one: what differs is what the faults say, in at most thrice the time."""
    measured = season_faults("2023-24")
    wrong = [name for name in ("not_expected", "expected_and_equal", "owed_beyond") if measured[name]]
    never = measured["duplicates"] + measured["published_after_tipoff"] + measured["running_for_ever"]
    return not wrong and not never and measured["wall_ratio"] <= 3, measured


def random_kills() -> Measured:
    """Two hundred SIGKILLs at random points of engine, writer, publication and migration, on three sample days."""
    pieces = Pieces("random_kills")
    quiet = pieces.once("quiet", lambda: _killed_on_sample_days("", 0)["content"])
    homes: list[dict[str, Any]] = []
    seed, left = dice_of("random_kills"), RANDOM_KILLS
    while left:
        n = len(homes) + 1
        homes.append(pieces.once(f"home {n}", partial(_killed_on_sample_days, f"{seed}:{n}", left)))
        left -= len(homes[-1]["kills"])
    told = [home | {"same": home["content"] == quiet} for home in homes]
    places = Counter(moment.rpartition(":")[0] for home in homes for moment in home["kills"])
    shown = [{name: home[name] for name in ("kills", "same", "running_for_ever")} for home in told]
    ok = all(home["same"] and not home["running_for_ever"] for home in told)
    return ok, {"seed": seed, "kills": places.total(), "places": dict(places), "homes": shown}


def _killed_on_sample_days(seed: str, kills: int) -> dict[str, Any]:
    """Replay three sample days in a home that is killed at most so often; return what killed it and what is left of it."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        dice = random.Random(seed)  # noqa: S311 -- seeded choice of moments
        killed_by = killed_home(home, "sample:3", dice, at_most=kills)
        running = [row["id"] for row in ledger_rows(home, "runs") if row["state"] == "started"]
        return {"kills": killed_by, "running_for_ever": running, "content": content(home)}


def content(home: Path) -> dict[str, str]:
    """Return one hash for each output's proofs, and one for all published documents."""
    parts: dict[str, list[Any]] = {"published": sorted(published(home).items())}
    for key, proven in sorted(proofs(home).items()):
        parts.setdefault(key[0], []).append((*key, *proven))
    return {name: hashlib.sha256(repr(rows).encode()).hexdigest()[:16] for name, rows in parts.items()}


def idle() -> Measured:
    """Time ticks with nothing to do over a season's obligations: median at most 2 ms, longest at most 20 ms."""
    measured = idle_tick("2023-24")
    return measured["median_ms"] <= 2 and measured["max_ms"] <= 20, measured


def payload_fuzz() -> Measured:
    """Read a hundred thousand changed answers, then what atheris finds; whatever a reader lets through ends this."""
    found = fuzz_payloads(data(), 100_000, dice_of("payload_fuzz"))
    guided = guided_fuzz(GUIDED_S, data())
    return sum(found["ends"].values()) == found["answers"] and guided["ends"] == "well", found | {"guided": guided}


CLAIMS: dict[str, Callable[[], Measured]] = {
    "season_2023-24": this_season,
    "engine_cost": engine_cost,
    "season_cost": season_cost,
    "nba_cost": lambda: season_costs("nba", "2023-24"),
    "mlb_cost": lambda: season_costs("mlb", "2023"),
    "predicting_cost": lambda: predicting_cost("nba"),
    "predicting_cost_mlb": lambda: predicting_cost("mlb"),
    "command_costs": command_costs,
    "april_2023_of_both": april_of_both,
    "mlb_accuracy_2023": partial(accuracy, 2023),
    "mlb_accuracy_seasons": every_season,
    "mlb_first_season": partial(first_season, 2023),
    "mlb_june_2025": june_2025,
    "look_ahead": lambda: look_ahead(data()),
    "nba_accuracy": nba_accuracy,
    "kills": kills,
    "drills": drills,
    "drill_controls": controls,
    "drill_fuzz": fuzz,
    "season_with_faults": faulty_season,
    "random_kills": random_kills,
    "payload_fuzz": payload_fuzz,
    "slate_fetch": slate_fetch,
    "live_days": live_days,
    "live_minutes": live_minutes,
    "two_sources": lambda: two_sources(data(), "2023-24"),
    "names": lambda: names_are_resolved(data()),
    "games": lambda: games_are_found(data()),
    "command_fuzz": command_fuzz,
    "before_after": before_after,
    "idle_tick": idle,
    "sentinel_cost": sentinel_cost,
    "stops": stops,
    "watched_drills": watched_drills,
    "quiet_season": quiet_season,
    "recorded_runs": lambda: recorded_runs(data()),
    "conformance": conformance,
    "history_quota": history_quota,
    "long_tests": long_tests,
    "bigquery_contract": bigquery_claims.bigquery_contract,
    "exactly_100000": bigquery_claims.exactly_100000,
    "streaming_backfill_89": bigquery_claims.streaming_backfill_89,
    "emulator_replay": bigquery_claims.replay_on_the_emulator,
    "warehouse_bench": bigquery_claims.bench,
    "neutral_season": lambda: neutral_season(data()),
    "checks_cost": checks_cost,
    "mutation_score": lambda: mutation_scores("nba"),
    "mutation_score_mlb": lambda: mutation_scores("mlb"),
    "audit_score": audit_score,
    "audit_speed": audit_speed,
    "audit_install": audit_install,
    "audit_planted": audit_planted,
    "audit_code_bases": audit_code_bases,
}
CLAIMS |= {
    f"clean_season_{name}": partial(clean_season, name) for name in SEASONS
}  # each by itself: two can run at once
CLAIMS |= {f"mlb_season_{year}": partial(mlb_season, year) for year in MLB_GAMES}


def claim(name: str, measure: Callable[[], Measured]) -> bool:
    """Measure `name` unless it was shown on the code that there is; write it down either way it ends."""
    path = EVIDENCE / f"{name}.json"
    measured_commit = git(
        "rev-parse", "HEAD"
    ).stdout.strip()  # before the work, which may last longer than the commit does
    if path.exists():
        known = json.loads(path.read_text())
        if known["ok"] and stale_since(known["commit"], paths_of(path.name)) == NEVER:
            print(f"{name}: known for this code")
            return True
    ok, measured = measure()
    EVIDENCE.mkdir(parents=True, exist_ok=True)
    head = {"claim": name, "ok": ok, "commit": measured_commit}
    head["measured_at"] = RealClock().now().isoformat(timespec="seconds")
    path.write_text(json.dumps(head | {"measured": measured}, indent=1, default=str) + "\n")
    print(f"{name}: {'shown' if ok else 'NOT SHOWN'}", flush=True)
    return ok


def main() -> None:
    """Prove the claims named on the command line, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prove", description=f"Claims: {', '.join(CLAIMS)}.")
    parser.add_argument(
        "claims", nargs="*", metavar="CLAIM", help="one of the claims; all of them, where none is named"
    )
    names = parser.parse_args().claims or list(CLAIMS)
    if strange := sorted(set(names) - CLAIMS.keys()):
        parser.error(f"no claim is named {', '.join(strange)}; claims: {', '.join(CLAIMS)}")
    results = [claim(name, CLAIMS[name]) for name in names]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
