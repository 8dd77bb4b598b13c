"""The oracle: what stands in the end, held against a quiet twin; when it was noticed; what came too late.

It reads the warehouse, the published files and the ledger's times, never the controller.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.league import League
from tipoff.core.schema import WHOLE_SLATE, Phase
from tipoff.core.severity import Severity
from tipoff.core.slate import OFF
from tipoff.core.step import Edge, PublishWork, PythonWork, SourceWork, Step
from tipoff.core.window import SLATE
from tipoff.drills.alerts import too_many
from tipoff.drills.drill import Drill
from tipoff.drills.evening import Evening, spans_of
from tipoff.drills.truth import Told, Truth, Unit
from tipoff.leagues.catalog import league_named
from tipoff.leagues.checks.probes import REMADE
from tipoff.ledger import Ledger
from tipoff.ledger.reader import LeagueRecords
from tipoff.store.rows import hash_units, key_text
from tipoff.store.warehouse import Warehouse

_TOLD_OUTSIDE = (Phase.PREDICTIONS, Phase.PUBLISHED)
_UNMET = frozenset({"late", "lost", "held", "open", "running"})
_NEVER = datetime.max.replace(tzinfo=UTC)


def look_at(league: League, days: tuple[date, date], warehouse: Warehouse, ledger: Ledger, published: Path) -> Truth:
    """Read what stands."""
    truth, records = Truth(), ledger.of(league.name)
    _games(truth, records, league.schedule)
    for step in league.steps:
        if step.phase is Phase.PUBLISHED:
            _published(truth, published / league.name / step.name, step.table.key)
            continue
        sql = f"SELECT {', '.join(step.table.names)} FROM season.{step.name}"  # noqa: S608 -- declared names
        rows = warehouse.query(sql, [step.table], {"season_start": days[0], "season_end": days[1]})
        if not rows.num_rows:
            continue
        keys = key_text(step.table, rows)
        truth.duplicates += rows.num_rows - pc.count_distinct(_with_day(rows, keys)).as_py()
        for day in pc.unique(rows.column("day")).to_pylist():
            of_day = rows.filter(pc.equal(rows.column("day"), pa.scalar(day, pa.date32())))
            for unit, found in hash_units(step.table, of_day).items():
                truth.content[step.name, day, unit] = found
    _ledger(truth, records)
    for day in sorted({day for _, day, _ in truth.arrivals}):
        for output, proof in records.proofs(day).items():
            truth.seen |= {(output, day, name): unit.as_of for name, unit in proof.units.items() if unit.as_of}
    truth.past_gate += sum(_before_its_input(truth, step) for step in league.steps if step.phase in _TOLD_OUTSIDE)
    return truth


def _games(truth: Truth, records: LeagueRecords, schedule: str) -> None:
    for game in records.games():
        truth.tips[game.game_id] = truth.starts[game.day, game.game_id] = game.starts_at
        if game.status in OFF:
            truth.off.add((game.day, game.game_id))
    for run in records.runs(output=schedule):
        if run.n_changed:
            truth.changes.setdefault(run.day, []).append(run.as_of)


def _before_its_input(truth: Truth, step: Step) -> int:
    """Count the units that arrived before their own game's units of an input of the same day without which they cannot be.

    Of inputs that are ways to the same thing one must have been there.
    """
    work = step.work
    read = work.inputs if isinstance(work, PythonWork | PublishWork) else ()
    edges = [step.edge(i.table) for i in read if i.window == SLATE]
    needed = [edge for edge in edges if not edge.optional and edge.cascades]
    ways = [[other.table for other in needed if (other.one_of or other.table) == name] for name in _ways(needed)]
    first: dict[tuple[str, date, str], datetime] = {}
    for (output, day, unit), at in truth.arrivals.items():
        key = output, day, unit.partition("|")[0]
        first[key] = min(at, first.get(key, at))
    mine = [(day, game, at) for (output, day, game), at in first.items() if output == step.name]
    return sum(
        at < min(first.get((table, day, game), _NEVER) for table in tables) for day, game, at in mine for tables in ways
    )


def _ways(edges: Iterable[Edge]) -> set[str]:
    return {edge.one_of or edge.table for edge in edges}


def _with_day(rows: pa.Table, keys: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(rows.column("day").cast(pa.string()), keys, "|")


def _published(truth: Truth, folder: Path, key: tuple[str, ...]) -> None:
    for path in sorted(folder.glob("[!.]*.json")):
        document = json.loads(path.read_text("utf-8"))
        rows = document["rows"]
        truth.duplicates += len(rows) - len({tuple(row[name] for name in key) for row in rows})
        day = date.fromisoformat(document["day"])
        units: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            units.setdefault(row["game_id"], []).append(row)
        for unit, mine in units.items():
            text = json.dumps([{n: v for n, v in row.items() if n != "made_at"} for row in mine], sort_keys=True)
            truth.content[document["output"], day, unit] = len(mine), hashlib.sha256(text.encode()).hexdigest()
            written_at = datetime.fromisoformat(document["written_at"][unit])
            starts_at = truth.starts.get((day, unit))
            truth.too_late += starts_at is not None and written_at >= starts_at


def _ledger(truth: Truth, records: LeagueRecords) -> None:
    for arrival in records.arrivals():
        truth.arrivals[arrival.output, arrival.day, arrival.unit] = arrival.first_at
    for finding in sorted(records.findings(), key=lambda finding: finding.at):
        truth.told.setdefault((finding.check, finding.cause, finding.output, str(finding.day)), finding.at)
        if finding.severity >= Severity.WARNING and not finding.cause.startswith("data:"):
            # whose incident wrong data belong to the watch decides: `too_many` counts it
            truth.causes.add(finding.cause)
    owed = records.obligations()
    truth.due = {(one.output, one.day): one.due_at for one in owed}
    truth.unmet = {(one.output, one.day) for one in owed if one.state in _UNMET}
    truth.losses = {(one.output, one.day): one.missing for one in owed if one.state == "lost"}
    proven = {(one.output, one.day): one.excused for one in owed if one.state == "proven"}
    for gate in records.gates(is_open=False):  # one that held a game until it was excused has held it
        excused = proven.get((gate.output, gate.day))
        is_excused = bool(gate.missing) and excused is not None and excused.keys() >= set(gate.missing)
        truth.past_gate += excused is not None and not is_excused
    runs = records.runs()
    truth.trouble_at = min((run.ended_at for run in runs if run.is_failure and run.ended_at), default=None)
    truth.n_runs = len(runs)
    truth.n_running = sum(run.state == "started" for run in runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillVerdict:
    """What the oracle says of one drill; `why` names everything that is not as it must be."""

    name: str
    fault: str
    passed: bool
    detected_after_s: float | None = None
    found_by: str = ""
    healed_after_s: float | None = None
    units_lost: int = 0
    duplicates: int = 0
    wrong_or_late: int = 0
    notices: int = 0
    incidents: int = 0
    cpu_s: float = 0.0  # of the process that ran it
    why: tuple[str, ...] = ()


NOTICED_WITHIN = timedelta(minutes=30)


def judge_drill(drill: Drill, twin: Truth, truth: Truth, alarms: Mapping[str, datetime]) -> DrillVerdict:
    """Hold what came of a drill against what should have."""
    why: list[str] = []
    new = {told: at for told, at in truth.told.items() if told not in twin.told}
    detected, found_by = _detected(drill, new, alarms)
    detectable_at = truth.trouble_at if drill.fuzzed else drill.detectable_at
    after = max(timedelta(0), detected - detectable_at) if detected and detectable_at else None
    why += _noticing(drill, truth, new, alarms, after)
    lost, wrong, untold = _unlike(drill, twin, truth)
    why += untold
    if lost:
        why.append(f"lost: {', '.join(' '.join(map(str, unit)) for unit in lost[:6])}")
    if wrong:
        why.append(f"other content than the twin's: {', '.join(' '.join(map(str, unit)) for unit in wrong[:6])}")
    if twin.unmet:
        why.append(f"the quiet twin itself owes {len(twin.unmet)}")
    causes = {told[1] for told in new if told[1] in truth.causes} - drill.beside
    if len(causes) > max(1, len(drill.faults)):
        why.append(f"more than one root: {', '.join(sorted(causes))}")
    why += _never_allowed(drill, twin, truth)
    why += too_many(truth, twin, len(drill.faults), drill.beside)
    return DrillVerdict(
        name=drill.name,
        fault=drill.fault,
        passed=not why,
        detected_after_s=after.total_seconds() if after is not None else None,
        found_by=found_by,
        healed_after_s=_healed(drill, twin, truth),
        units_lost=len(lost),
        duplicates=truth.duplicates,
        wrong_or_late=len(wrong) + truth.too_late,
        notices=sum(n for (cause, _), n in truth.messages.items() if cause),
        incidents=len([cause for cause, _, _ in truth.incidents if cause not in {told[0] for told in twin.incidents}]),
        why=tuple(why),
    )


def _unlike(drill: Drill, twin: Truth, truth: Truth) -> tuple[list[Unit], list[Unit], list[str]]:
    """Return what is lost and what stands otherwise though it may not, and what is wrong with how losses were told."""
    lost, wrong = _lost(drill, twin, truth), _wrong(drill, twin, truth)
    if not drill.fuzzed:
        return sorted(lost), sorted(wrong), []
    other = _may_differ(drill, twin, truth)
    evening = Evening(
        league_named(drill.league),
        spans_of(drill.faults) if drill.evening else [],  # where nothing closes all can be made, and nothing is lost
        twin,
        truth,
        lambda unit: any(apart.covers(unit) for apart in other),
    )
    evening.explain()
    if not drill.evening:
        return sorted(lost), sorted(wrong - evening.apart), []
    told = {(output, day, "") for output, day in truth.losses}  # each of them is looked at by its units
    return sorted(lost - evening.apart - told), sorted(wrong - evening.apart), evening.wrong()


def _noticing(
    drill: Drill, truth: Truth, new: Mapping[Told, datetime], alarms: Mapping[str, datetime], after: timedelta | None
) -> list[str]:
    """Return what is wrong with how the fault was noticed: not at all, too late, or though it is none."""
    if drill.quiet:
        return [f"told of what is no fault: {', '.join(sorted({told[0] for told in new}))}"] if new else []
    if drill.fuzzed:
        untold = [
            f"{output} of {day}"
            for (output, day, unit), at in truth.arrivals.items()
            if at > truth.due[output, day] + NOTICED_WITHIN
            and not any(told[0] == "obligation_is_met" and told[2:] == (output, str(day)) for told in truth.told)
        ]
        if untold:
            return [f"late and not told: {', '.join(sorted(set(untold))[:4])}"]
        if truth.trouble_at is None:
            return []
    if after is None:
        seen = sorted({f"{told[0]} ({told[1]})" for told in new}) + sorted(alarms)
        return [f"never noticed by {drill.check} of {drill.cause}; seen: {', '.join(seen) or 'nothing'}"]
    return [f"noticed {after} after it could be"] if after > NOTICED_WITHIN else []


def _never_allowed(drill: Drill, twin: Truth, truth: Truth) -> list[str]:
    """Return what must not be, whatever the fault: duplicates, late or unfounded publications, phantom runs, storms."""
    counted = (
        (truth.duplicates, "duplicate keys"),
        (truth.too_late, "units published after tip-off"),
        (max(0, truth.past_gate - twin.past_gate), "units made past a closed gate"),
        (truth.n_running, "runs that are running for ever"),
    )
    found = [f"{n} {what}" for n, what in counted if n]
    if truth.n_runs > twin.n_runs * drill.storm:
        found.append(f"a storm: {truth.n_runs} runs, where a quiet day has {twin.n_runs}")
    if drill.fuzzed and (
        over := sorted({f"{told[2]} of {told[3]}" for told in truth.told if told[0] == "runs_are_bounded"})
    ):
        found.append(f"made over and over: {', '.join(over)}")
    return found


def _detected(
    drill: Drill, new: Mapping[Told, datetime], alarms: Mapping[str, datetime]
) -> tuple[datetime | None, str]:
    if drill.fuzzed:
        first = min(new, key=lambda told: new[told], default=None)
        return (new[first], f"{first[0]} ({first[1]})") if first else (None, "")
    times = [at for told, at in new.items() if told[0] == drill.check and told[1] == drill.cause]
    if drill.check in alarms:
        times.append(alarms[drill.check])
    return (min(times), f"{drill.check} ({drill.cause})") if times else (None, "")


def _excepted(drill: Drill, truth: Truth, unit: Unit) -> bool:
    output, _, name = unit
    lost = drill.unavoidable
    if lost is None or output not in lost.outputs:
        return False
    tip = truth.tips.get(name.partition("|")[0])
    return tip is None or lost.begin <= tip < lost.end


def _lost(drill: Drill, twin: Truth, truth: Truth) -> set[Unit]:
    lost = {unit for unit, (n_rows, _) in twin.content.items() if n_rows and unit not in truth.content}
    unmet = {(output, day, "") for output, day in truth.unmet - twin.unmet}
    named = {(output, day) for output, day, _ in lost}
    lost |= {unit for unit in unmet if unit[:2] not in named}
    return {
        unit
        for unit in lost
        if not _excepted(drill, truth, unit)
        and not (unit[2] == "" and drill.unavoidable and unit[0] in drill.unavoidable.outputs)
    }


def _wrong(drill: Drill, twin: Truth, truth: Truth) -> set[Unit]:
    return {
        unit
        for unit, found in truth.content.items()
        if found != twin.content.get(unit) and unit[0] not in drill.differs
    }


@dataclass(frozen=True, slots=True)
class _Apart:
    """What may have other content: a game of a day in some outputs (any game, where none is named), and their days after it."""

    outputs: AbstractSet[str]
    day: date
    game: str = ""

    def covers(self, unit: Unit) -> bool:
        """Whether a unit may."""
        output, day, name = unit
        is_of_game = not self.game or name.partition("|")[0] in {self.game, WHOLE_SLATE}
        return output in self.outputs and (day > self.day or (day == self.day and is_of_game))


def _may_differ(drill: Drill, twin: Truth, truth: Truth) -> list[_Apart]:
    """Return what may have other content: what stands in the catalog behind something, and it.

    That is what a check has told of, made anew; what predicts with what need not be there, where that came after it was made;
    and what a source says until a game's start, where its last look was another than the twin's, and no older than it may be.
    """
    steps = list(league_named(drill.league).steps)
    behind = {step.name: {other.name for other in steps[place:]} for place, step in enumerate(steps)}
    found = [
        _Apart(behind[output], date.fromisoformat(day))
        for check, _, output, day in truth.told
        if check == f"{output}.{REMADE}"
    ]
    late = {unit: at for unit, at in truth.arrivals.items() if at > twin.arrivals.get(unit, at)}
    starts = [(day, game, start) for (day, game), start in truth.starts.items() if start is not None]
    for step in steps:
        free = {edge.table for edge in step.edges if edge.optional and not edge.cascades}
        if step.phase is Phase.PREDICTIONS:
            came = [(day, at) for (output, day, _), at in late.items() if output in free]
            made = [(day, unit, at) for (output, day, unit), at in truth.seen.items() if output == step.name]
            games = {
                (day, unit.partition("|")[0]) for day, unit, at in made if any(of < day and at <= it for of, it in came)
            }
            found += [_Apart(behind[step.name], *one) for one in sorted(games)]
        refresh = step.timing.refresh if step.timing.closes is not None else None
        if isinstance(step.work, SourceWork) and refresh is not None:
            looks = [(unit, start) for day, game, start in starts if (unit := (step.name, day, game)) in truth.seen]
            looks = [(unit, start) for unit, start in looks if truth.seen[unit] != twin.seen.get(unit)]
            found += [
                _Apart(behind[step.name], *unit[1:])
                for unit, start in looks
                if start - truth.seen[unit] <= refresh and truth.content.get(unit) != twin.content.get(unit)
            ]
    return found


def _healed(drill: Drill, twin: Truth, truth: Truth) -> float | None:
    """Return how long after it could be noticed the last of what came late had come; None where nothing did."""
    late = [
        at
        for unit, at in truth.arrivals.items()
        if unit in twin.arrivals and at - twin.arrivals[unit] > timedelta(minutes=2)
    ]
    if not late or drill.detectable_at is None:
        return None
    return max(0.0, (max(late) - drill.detectable_at).total_seconds())


def line_of(verdict: DrillVerdict, *, control: bool) -> str:
    """Return what is said of a drill: whether it passed, who noticed its fault when, and when it was over."""
    if verdict.passed is control:
        sign = "PASSED WITHOUT ITS MECHANISM" if control else "FAILED"
    else:
        sign = "fails without" if control else "ok"
    noticed = ""
    if verdict.found_by:
        after = (verdict.detected_after_s or 0) / 60
        noticed = f"noticed after {after:.0f} min by {verdict.found_by}"
    if verdict.healed_after_s is not None:
        noticed += f", healed after {verdict.healed_after_s / 3600:.1f} h"
    return f"{sign:<7} {verdict.name:<40} {noticed or 'nothing to notice'}" + "".join(
        f"\n          {w}" for w in verdict.why
    )
