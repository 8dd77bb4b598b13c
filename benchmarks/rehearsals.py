"""The claims about drills: every drill, its control, all of them watched, and two hundred compositions a league by dice."""

import dataclasses
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.pieces import Pieces, dice_of
from tipoff.drills.drill import Drill, catalogue
from tipoff.drills.fuzz import GROUNDS, composed
from tipoff.drills.runner import rehearse

COMPOSITIONS = 200
LEAST = 60  # drills, and rows of the catalogue of faults
MOST_CPU_S = 10.0  # a drill: sixty of them within five minutes on two cores
NOTICED_WITHIN_S = 1800
# Drills in whose control the process ends, as it did where the fault really happened; any other that ends has shown nothing,
# and none where it is the control's own code that is wrong.
ENDS = frozenset(
    [
        "a-start-in-the-year-9999",
        "a-step-that-ends-its-process",
        "a-step-that-leaves",
        "an-error-that-cannot-be-told",
        "disk-full-while-writing",
        "poison-in-an-answer",
        "two-controllers",
    ]
)
_OWN_MISTAKES = ("AttributeError", "ImportError", "ModuleNotFoundError", "NameError")
Measured = tuple[bool, dict[str, Any]]


def shows_nothing(control: Mapping[str, Any]) -> str:
    """Return why a control is no proof; empty where its drill failed for want of the mechanism."""
    why = " ".join(control["why"])
    if not why:
        return "the drill passes without it"
    if "it ended with" in why:
        mistakes = [name for name in _OWN_MISTAKES if f"it ended with {name}" in why]
        if mistakes or control["name"] not in ENDS:
            return f"the control could not run: {why}"
    if "the quiet twin itself owes" in why:
        return "the days without the fault are not whole"
    return ""


def drills() -> Measured:
    """Every named drill passes: noticed within 30 simulated minutes, healed, nothing lost."""
    known = list(catalogue().values())
    told = _rehearsed("drills", known)
    rows = {row for drill in known for row in drill.rows}
    late = [drill["name"] for drill in told if (drill["detected_after_s"] or 0) > NOTICED_WITHIN_S]
    failed = [drill["name"] for drill in told if not drill["passed"]]
    cpu_s = sum(drill["cpu_s"] for drill in told)
    ok = not failed and not late and len(told) >= LEAST and len(rows) >= LEAST and cpu_s <= MOST_CPU_S * len(told)
    counted = {"n": len(told), "rows_of_the_catalogue": len(rows), "cpu_s": round(cpu_s, 1)}
    return ok, counted | {"failed": failed, "late": late, "drills": told}


def controls() -> Measured:
    """Every drill with its mechanism switched off: each must fail, and not because its control cannot run."""
    told = _rehearsed("drill_controls", list(catalogue().values()), control=True)
    nothing = {drill["name"]: reason for drill in told if (reason := shows_nothing(drill))}
    shown = [
        {"name": drill["name"], "failed": not drill["passed"], "why": drill["why"][:2], "nothing": shows_nothing(drill)}
        for drill in told
    ]
    return not nothing, {"n": len(told), "shows_nothing": nothing, "drills": shown}


def watched_drills() -> Measured:
    """Every drill with all checks measured and the watchers on: one incident for a cause, at most opened and closed."""
    told = _rehearsed("watched_drills", list(catalogue().values()), checks=True)
    failed = [drill for drill in told if not drill["passed"]]
    shown = ("name", "incidents", "notices", "found_by")
    return not failed and len(told) >= LEAST, {
        "n": len(told),
        "incidents": sum(drill["incidents"] for drill in told),
        "messages": sum(drill["notices"] for drill in told),
        "failed": failed,
        "drills": [{name: drill[name] for name in shown} for drill in told],
    }


def fuzz() -> Measured:
    """Two hundred compositions of each league under the same oracle, by dice that each code has of its own."""
    seed = dice_of("drill_fuzz")
    told = _rehearsed(
        "drill_fuzz", [composed(seed, number, league) for league in GROUNDS for number in range(COMPOSITIONS)]
    )
    failed = [drill for drill in told if not drill["passed"]]
    kinds = Counter(kind for drill in told for kind in drill["fault"].split(" + "))
    return not failed, {
        "n": len(told),
        "seed": seed,
        "noticed": sum(bool(drill["found_by"]) for drill in told),
        "failed": failed,
        "kinds": dict(kinds),
    }


def _is_good(verdict: Mapping[str, Any], *, control: bool) -> bool:
    return not shows_nothing(verdict) if control else bool(verdict["passed"])


def _rehearsed(
    claim: str, chosen: Sequence[Drill], *, control: bool = False, checks: bool = False
) -> list[dict[str, Any]]:
    """Return the verdicts on the chosen drills; those that were as they must be at this commit are not run again."""
    pieces = Pieces(claim)
    done = {name for name, verdict in pieces.kept.items() if _is_good(verdict, control=control)}
    left = [drill for drill in chosen if drill.name not in done]
    for verdict in rehearse(left, control=control, jobs=os.cpu_count() or 1, checks=checks):
        pieces.keep(verdict.name, dataclasses.asdict(verdict))
    return [pieces.kept[drill.name] for drill in chosen]
