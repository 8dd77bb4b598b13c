"""Real run history against its timetable: what was lost, when one would have been told, in how many messages.

`python -m benchmarks.recorded_runs` prints docs/recorded-runs.md, from the evidence.
"""

import json
import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tipoff.drills.timetable import EARLY, GRACE, ExpectedJob, Judged, judge_runs, read_runs, read_timetable

ROOT = Path(__file__).parents[1]
TIMETABLE = ROOT / "benchmarks" / "timetable.toml"
EVIDENCE = ROOT / "docs" / "evidence" / "recorded_runs.json"
REMOVED = 200

Runs = Mapping[str, Sequence[datetime]]
Slot = tuple[str, datetime]


def recorded_runs(data: Path) -> tuple[bool, dict[str, Any]]:
    """Judge the recorded runs, then take 200 runs away by dice: what is lost must be found, and nothing else."""
    runs, timetable = read_runs(data / "orchestration" / "scheduled_runs.csv.gz"), read_timetable(TIMETABLE)
    until = max(at for times in runs.values() for at in times)
    judged = judge_runs(timetable, runs, until)
    lost = _lost(judged)
    expected = _lost_by_hand(timetable, runs, until)
    removed = _to_remove(timetable, runs, until, lost)
    after = judge_runs(timetable, _without(runs, removed), until)
    late = [wait for waits in judged.late.values() for wait in waits]
    measured = {
        "slots": judged.n_slots,
        "runs": judged.n_runs,
        "lost": len(lost),
        "lost_that_a_plain_count_finds": len(expected),
        "incidents": len(judged.incidents),
        "messages": sum(incident.n_messages for incident in judged.incidents),
        "told_after_the_slot_min": sorted({int((x.told_at - x.slot).total_seconds() // 60) for x in judged.lost}),
        "late_within_grace": sum(wait.total_seconds() > 0 for wait in late),
        "errors_on_late_runs": len(lost - expected),
        "removed": len(removed),
        "removed_and_found": len(removed & _lost(after)),
        "lost_after_removal_beyond": len(_lost(after) - lost - removed),
        "messages_after_removal": sum(incident.n_messages for incident in after.incidents),
        "by_job": {job: _of_job(job, timetable, judged, until) for job in judged.late},
        "longest": _longest(judged),
        "next_run_after_lost_slot": _came_after(judged, runs),
    }
    ok = (
        lost == expected
        and measured["removed_and_found"] == REMOVED
        and not measured["lost_after_removal_beyond"]
        and measured["told_after_the_slot_min"] == [90]
    )
    return ok, measured


def _lost(judged: Judged) -> set[Slot]:
    return {(found.job, found.slot) for found in judged.lost}


def _lost_by_hand(timetable: Sequence[ExpectedJob], runs: Runs, until: datetime) -> set[Slot]:
    """Count what is lost in the plainest way: for each slot, look at every run of its job."""
    return {
        (line.job, slot)
        for line in timetable
        for slot in line.slots(until - GRACE)
        if not any(slot - EARLY <= at <= slot + GRACE for at in runs.get(line.job, ()))
    }


def _to_remove(timetable: Sequence[ExpectedJob], runs: Runs, until: datetime, lost: set[Slot]) -> set[Slot]:
    """Return by dice the slots whose only run is taken away."""
    slots = {(line.job, slot) for line in timetable for slot in line.slots(until - GRACE)} - lost
    alone = [
        (job, slot) for job, slot in sorted(slots) if sum(slot - EARLY <= at <= slot + GRACE for at in runs[job]) == 1
    ]
    return set(random.Random(3).sample(alone, REMOVED))  # noqa: S311 -- seeded


def _without(runs: Runs, removed: set[Slot]) -> dict[str, list[datetime]]:
    return {
        job: [at for at in times if not any(j == job and slot - EARLY <= at <= slot + GRACE for j, slot in removed)]
        for job, times in runs.items()
    }


def _of_job(job: str, timetable: Sequence[ExpectedJob], judged: Judged, until: datetime) -> dict[str, Any]:
    slots = {slot for line in timetable if line.job == job for slot in line.slots(until - GRACE)}
    late = sorted(judged.late[job])
    mine = [incident for incident in judged.incidents if incident.job == job]
    return {
        "slots": len(slots),
        "lost": sum(found.job == job for found in judged.lost),
        "incidents": len(mine),
        "messages": sum(incident.n_messages for incident in mine),
        "half_within_min": int(late[len(late) // 2].total_seconds() // 60),
        "latest_min": int(late[-1].total_seconds() // 60),
    }


def _longest(judged: Judged) -> list[dict[str, Any]]:
    """Return the incidents that lost the most slots, and what closed them."""
    ordered = sorted(judged.incidents, key=lambda incident: (-len(incident.lost), incident.opened_at))
    return [
        {
            "job": incident.job,
            "first_slot": f"{incident.lost[0]:%Y-%m-%d %H:%M}",
            "lost": len(incident.lost),
            "told": f"{incident.opened_at:%Y-%m-%d %H:%M}",
            "closed": f"{incident.closed_at:%Y-%m-%d %H:%M}" if incident.closed_at else "open at the end",
        }
        for incident in ordered[:8]
    ]


def page() -> str:
    """Return docs/recorded-runs.md."""
    measured, timetable = json.loads(EVIDENCE.read_text())["measured"], read_timetable(TIMETABLE)
    lines = [
        "# Real runs against their timetable",
        "",
        (
            f"{measured['runs']:,} runs of real scheduled jobs, to 2026-03-31, against {measured['slots']:,} slots. A job that"
            " fails leaves no row, so absence is the only evidence: a slot is *lost* when no run of its job begins within 90"
            " minutes. `tipoff replay-incident RUNS --timetable FILE` does it for any file of run times;"
            " the page is generated from [its evidence](evidence/recorded_runs.json)."
        ),
        "",
        "## The timetable (UTC)",
        "",
        "| job | at | days | not on |",
        "|---|---|---|---|",
    ]
    lines += [_line(line) for line in timetable]
    lines += [
        "",
        "## What was lost, and when one would have been told",
        "",
        "| job | slots | lost | incidents | messages | half came within | latest that counts |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        (
            f"| {job} | {found['slots']} | {found['lost']} | {found['incidents']} | {found['messages']} | "
            f"{found['half_within_min']} min | {found['latest_min']} min |"
        )
        for job, found in measured["by_job"].items()
    ]
    lines += [
        "",
        (
            f"Each lost slot is told exactly 90 minutes after it, when its grace is over: {measured['incidents']} incidents "
            f"(lost slots in a row of one job are one) in {measured['messages']} messages, one that opens and one that closes. "
            f"{measured['late_within_grace']:,} runs came late but in time: none of them is called lost, and a plain count "
            f"of every slot against every run finds the same {measured['lost']}. {measured['removed']} runs taken away by "
            f"dice, each the only one of its slot, are all found ({measured['removed_and_found']}), and nothing else "
            f"({measured['lost_after_removal_beyond']}); that makes {measured['messages_after_removal']} messages."
        ),
        "",
        "How long after a lost slot the next run came: where the minutes lie just beyond the grace, the scheduler was late",
        "rather than dead, and a longer grace for that slot is the honest timetable. With the one given they are lost, and told.",
        "",
        "| job and slot | lost | soonest | median |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {found['lost']} | {found['soonest_min']} min | {found['median_min']} min |"
        for name, found in measured["next_run_after_lost_slot"].items()
    ]
    lines += [
        "",
        "## The longest",
        "",
        "| job | first slot lost | slots | told | closed |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {one['job']} | {one['first_slot']} | {one['lost']} | {one['told']} | {one['closed']} |"
        for one in measured["longest"]
    ]
    return "\n".join(lines) + "\n"


def _line(line: ExpectedJob) -> str:
    times = ", ".join(f"{at:%H:%M}" for at in line.at)
    days = f"from {line.first}" + (f" to {line.last}" if line.last else "")
    paused = ", ".join(f"{begin} to {end}" for begin, end in line.paused)
    return f"| {line.job} | {times} | {days} | {paused} |"


def _came_after(judged: Judged, runs: Runs) -> dict[str, dict[str, int]]:
    """Return, by job and hour of the slot, how many minutes after a lost slot the next run came."""
    found: dict[str, list[int]] = {}
    for one in judged.lost:
        times = sorted(runs[one.job])
        place = bisect_left(times, one.slot)
        if place < len(times):
            minutes = int((times[place] - one.slot).total_seconds() // 60)
            found.setdefault(f"{one.job} {one.slot:%H:%M}", []).append(minutes)
    return {
        name: {"lost": len(late), "soonest_min": min(late), "median_min": sorted(late)[len(late) // 2]}
        for name, late in sorted(found.items(), key=lambda item: -len(item[1]))
    }


if __name__ == "__main__":
    print(page(), end="")
