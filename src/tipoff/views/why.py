"""Why something stands where it stands, an obligation, a game or a number: a walk upstream to the first thing that is broken."""

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.core.obligation import State
from tipoff.core.payload import WITHOUT_IT
from tipoff.core.records import ConflictRecord, FindingRecord, GateRecord, ObligationRecord, WaiverRecord
from tipoff.core.schema import Table
from tipoff.core.severity import Severity
from tipoff.core.wording import counted, some
from tipoff.ledger import Ledger
from tipoff.ledger.facts import league_facts, season_of
from tipoff.ledger.reader import LeagueRecords
from tipoff.views.status import live_waivers, waiver_line
from tipoff.watch.messages import named

_DEPTH = 12
_SHOWN = 12  # units in a line
_NAMED = 8  # checks that may be meant, keys that fail
STREAMS = "streaming-insert"  # the rule; see docs/audit-rules.md
_PLACES = 3


@dataclass(frozen=True, slots=True)
class Streamers:
    """The streaming inserts that `tipoff audit PATH --json` found, each with where it stands and what it says."""

    found: tuple[Mapping[str, Any], ...] = ()

    def into(self, table: Table) -> Iterator[str]:
        """Yield in words who streams into `table`; where nobody names it, who streams into a table that is not told."""
        named = [one for one in self.found if re.search(rf"\b{re.escape(table.name)}\b", one["text"])]
        for one in named[:_PLACES]:
            yield f"by the audit, {one['path']}:{one['line']}{_in(one)} streams into it"
        untold = [one for one in self.found if not re.search(r"""["'`]""", one["text"])]
        if untold and not named:
            places = ", ".join(f"{one['path']}:{one['line']}" for one in untold[:_PLACES])
            yield f"by the audit, {places} may: it streams into a table that is named elsewhere"


def _in(finding: Mapping[str, Any]) -> str:
    return f" ({finding['symbol']})" if finding.get("symbol") else ""


def read_streamers(report: Path | None) -> Streamers:
    """Return the streaming inserts of a report, none without one; raises `UsageError` where the file is no report."""
    if report is None:
        return Streamers()
    try:
        findings = json.loads(report.read_text("utf-8"))["findings"]
        found = [one for one in findings if one["rule"] == STREAMS]
        for one in found:
            str(one["path"]), int(one["line"]), str(one["text"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        msg = f"{report} is no report of an audit: {type(error).__name__}: {error}"
        raise UsageError(msg, hint="write it: tipoff audit PATH --json > FILE; TIPOFF_AUDIT_REPORT names it") from error
    return Streamers(tuple(found))


NOBODY = Streamers()


@dataclass(frozen=True, slots=True)
class Why:
    """The answer: sentences from the effect to the cause, and whether anything is wrong."""

    league: str
    output: str
    day: date
    state: str
    sentences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is owed."""
        return self.state in {State.PROVEN.value, State.EXCUSED.value, State.WAITING.value}


def why(ledger: Ledger, league: League, output: str, day: date, streamers: Streamers = NOBODY) -> Why:
    """Explain the obligation (`output`, `day`); raises `UsageError` for none. `streamers` may hold the rows of a conflict."""
    league.step(output)
    records = ledger.of(league.name)
    owed = records.obligation(output, day)
    if owed is None:
        return Why(league.name, output, day, "unplanned", tuple(_unplanned(ledger, league, output, day)))
    walk = _Walk(records, league, tuple(live_waivers(ledger, league.name)), streamers)
    return Why(league.name, output, day, owed.state, tuple(_walk(walk, owed, 0)))


@dataclass(frozen=True, slots=True)
class _Walk:
    records: LeagueRecords
    league: League
    waivers: tuple[WaiverRecord, ...]
    streamers: Streamers
    seen: set[tuple[str, date]] = field(default_factory=set)


def _walk(walk: _Walk, owed: ObligationRecord, depth: int) -> list[str]:
    output, day, records = owed.output, owed.day, walk.records
    if (output, day) in walk.seen or depth > _DEPTH:
        return []
    walk.seen.add((output, day))
    sentences = [_standing(owed)]
    sentences += [f"  {waiver_line(w)}" for w in walk.waivers if (w.output, w.day) == (output, day)]
    sentences += [f"  excused: {unit}: {reason}" for unit, reason in owed.excused.items()]
    sentences += _marks(records, owed)
    sentences += _conflicts(walk, owed)
    lost = records.findings(output=output, day=day, check="store_has_what_is_proven")
    sentences += [f"  {finding.note}" for finding in lost if WITHOUT_IT in finding.note]
    if not owed.missing:
        return sentences + _proof_sentences(records, owed)
    sentences.append(f"  missing: {_some(owed.missing)}")
    sentences.append(f"  last decision: {owed.verb}, {owed.reason}")
    upstream = records.gates(output=output, day=day, is_open=False)
    for gate in upstream:
        source = records.obligation(gate.input, _day_of(gate, day))
        if source is not None:
            sentences += _walk(walk, source, depth + 1)
        else:
            sentences.append(f"  waits for {gate.input}, of which nothing is known yet")
    if not upstream:
        sentences += _blamed(records, owed)
        sentences += _last_run(records, owed)
    return sentences


def _marks(records: LeagueRecords, owed: ObligationRecord) -> list[str]:
    """Return what is to be known of units that are there: made on part of their input, after their close, or overtaken since."""
    units: dict[tuple[str, str], list[str]] = {}
    for mark in records.marks(owed.day):
        if mark.output == owed.output:
            units.setdefault((mark.kind, mark.note), []).append(mark.unit)
    return [f"  {kind}: {_some(marked)}: {note}" for (kind, note), marked in units.items()]


def _some(units: Sequence[str]) -> str:
    return ", ".join(units[:_SHOWN]) + (" …" if len(units) > _SHOWN else "")


def _blamed(records: LeagueRecords, owed: ObligationRecord) -> list[str]:
    """Return what was found to be the cause when it was late or lost; what stood in its way then may be gone by now."""
    if owed.state not in {State.LATE.value, State.LOST.value}:
        return []
    bad = [f for f in records.findings(output=owed.output, day=owed.day, check="obligation_is_met") if not f.ok]
    return [f"  found {newest.at:%Y-%m-%d %H:%M} UTC: {newest.note}" + _to_blame(newest) for newest in bad[-1:]]


def _to_blame(finding: FindingRecord) -> str:
    """Return the cause of what is unmet; nothing is to blame for what was due before this home first ran."""
    if finding.severity == Severity.INFO:
        return "; it was due before this home first ran"
    return f"; the cause was {named(finding.cause)}" if finding.cause else ""


def _standing(owed: ObligationRecord) -> str:
    proven = f"{owed.n_proven} of {owed.n_units} units proven, {owed.n_excused} excused"
    return f"{owed.output} of {owed.day} is {owed.state} since {owed.since:%Y-%m-%d %H:%M} UTC: {proven}"


def _proof_sentences(records: LeagueRecords, owed: ObligationRecord) -> list[str]:
    proof = records.proof(owed.output, owed.day)
    if proof is None:
        return []
    when = f"after run {proof.fence} at {proof.made_at:%Y-%m-%d %H:%M} UTC"
    excuses = Counter(one.excuse for unit, one in proof.units.items() if one.excuse and unit not in owed.excused)
    return [
        f"  proof: {proof.n_rows} rows read back {when}, digest {proof.digest[:12]}",
        *(f"  excused in it: {counted(n, 'unit')}: {reason}" for reason, n in excuses.items()),
    ]


def _conflicts(walk: _Walk, owed: ObligationRecord) -> list[str]:
    """Tell of every conflict: who held the rows, since when and until when, how often it was tried, how it ended."""
    conflicts = walk.records.conflicts(output=owed.output, day=owed.day)
    code = walk.streamers.into(walk.league.table(owed.output)) if conflicts else ()
    return [*map(_conflict, conflicts), *(f"    {line}" for line in code)]


def _conflict(conflict: ConflictRecord) -> str:
    who = f", held by {conflict.holder}" if conflict.holder else ""
    text = f"  {conflict.kind} since {conflict.since:%Y-%m-%d %H:%M} UTC{who}; tried {conflict.attempts} times"
    if conflict.resolved_at:
        return f"{text}; ended {conflict.resolved_at:%Y-%m-%d %H:%M} UTC ({conflict.resolution})"
    return f"{text}; clears about {conflict.clears_at:%H:%M} UTC" if conflict.clears_at else text


def _day_of(gate: GateRecord, day: date) -> date:
    """Return the day of the first missing input unit; a unit of an earlier day is written with its day before it."""
    for unit in gate.missing:
        first, _, _ = unit.partition(" ")
        try:
            return date.fromisoformat(first)
        except ValueError:
            continue
    return day


def _last_run(records: LeagueRecords, owed: ObligationRecord) -> list[str]:
    run = next(reversed(records.runs(output=owed.output, day=owed.day)), None)
    if run is None:
        return ["  it has never been run"]
    is_bad = run.state != "finished"
    sentences = [f"  {'cause' if is_bad else 'last'}: run {run.id} of {run.started_at:%Y-%m-%d %H:%M} UTC {run.state}"]
    if run.error:
        sentences.append(f"  {run.error_kind}: {run.error}")
        sentences += [f"  next: {run.hint}"] if run.hint else []
    sentences += [
        f"  {fetch.source} answered {fetch.status}: {fetch.outcome}, {fetch.n_rows} rows"
        for fetch in records.fetches(run.id)
    ]
    reasons = records.counts("rejects", "reason", run_id=run.id)
    sentences += [f"  quarantined: {counted(n, 'row')}: {reason}" for reason, n in list(reasons.items())[:_SHOWN]]
    if owed.not_before:
        sentences.append(f"  it is asked again at {owed.not_before:%Y-%m-%d %H:%M} UTC")
    return sentences


def _unplanned(ledger: Ledger, league: League, output: str, day: date) -> list[str]:
    records = ledger.of(league.name)
    schedule = records.obligation(league.schedule, day)
    if schedule is None:
        try:
            season_of(ledger, league.name, day)
        except UsageError:
            waits = league_facts(ledger, league.name).no_season
            if waits is None:
                raise
            return [f"{output} of {day} is not planned: {waits.text}"]
        return [f"{output} of {day} is not planned: this home's clock has not come to that day's schedule"]
    return [f"{output} of {day} is not owed on that day, or its schedule has not been read:", _standing(schedule)]


def is_game(ledger: Ledger, league: League, name: str) -> bool:
    """Whether a schedule in this home has ever named this game."""
    return bool(ledger.of(league.name).games(game_id=name))


def why_game(ledger: Ledger, league: League, game_id: str) -> Why:
    """Explain where a game stands: on each of its days what is missing of it first, and why."""
    records = ledger.of(league.name)
    standings = records.games(game_id=game_id)
    sentences: list[str] = []
    first: Why | None = None
    for game in standings:
        sentences.append(f"{game_id} of {game.day}: {game.away} at {game.home}, {game.status} ({game.evidence})")
        missing = {
            owed.output
            for owed in records.obligations(day=game.day)
            if any(unit.partition("|")[0] == game_id for unit in owed.missing)
        }
        chain = [step.name for step in league.steps if step.name in missing and not step.optional]
        chain = chain or [step.name for step in league.steps if step.name in missing]
        if not chain:
            sentences.append("  nothing of it is missing")
            continue
        behind = f", and {len(chain) - 1} outputs behind it" if len(chain) > 1 else ""
        sentences.append(f"  missing in {chain[0]}{behind}")
        found = why(ledger, league, chain[0], game.day)
        first = first or found
        sentences += [f"  {sentence}" for sentence in found.sentences]
    if first is not None:
        return Why(league.name, first.output, first.day, first.state, tuple(sentences))
    return Why(league.name, league.schedule, standings[-1].day, "proven", tuple(sentences))


def why_number(ledger: Ledger, league: League, check: str, day: date) -> Why:
    """Explain what a check measured of a day, what fails it, what that is blamed on; raises `UsageError` for no check."""
    declared = next((one for one in league.checks if one.name == check), None)
    if declared is None:
        outputs = difflib.get_close_matches(check, [step.name for step in league.steps], n=2)
        near = [*outputs, *(one.name for one in league.checks if check in one.name)][:_NAMED]
        msg = f"{league.name} has no output, game or check named {check!r}"
        raise UsageError(
            msg, hint=f"did you mean {', '.join(near)}?" if near else "see: tipoff check health LEAGUE --every"
        )
    records = ledger.of(league.name)
    measured = next(iter(records.measured(day=day, check=check)), None)
    if measured is None:
        return Why(league.name, check, day, "waiting", (f"{check} was not measured for {day}",))
    if measured.value is None:
        return Why(league.name, check, day, "waiting", (f"{check} was not measurable on {day}: {measured.note}",))
    bound = "at most" if declared.at_most else "at least"
    sentences = [
        f"{declared.claim}: {measured.value:.4g} ({measured.measure}), measured {measured.at:%Y-%m-%d %H:%M} UTC",
        f"  {bound} {measured.required:.4g} is required",
    ]
    sentences += _usual(records, check, day)
    if measured.status == "ok":
        return Why(league.name, check, day, "proven", tuple(sentences))
    failing = measured.failing
    sentences += [f"  failing: {some(failing, _NAMED)}"] if failing else []
    if measured.status == "accepted":
        sentences.append(
            "  a person has found that right as it is: tipoff incident list --all, and show, say who and why"
        )
        return Why(league.name, check, day, "proven", tuple(sentences))
    kind, _, name = measured.cause.partition(":")
    sentences.append(f"  blamed on {measured.cause or 'what is still owed'}")
    sentences.append(f"  next: {declared.do}")
    if kind == "data" and name in {step.name for step in league.steps}:
        sentences += [f"  {sentence}" for sentence in why(ledger, league, name, day).sentences]
    return Why(league.name, check, day, "lost", tuple(sentences))


def _usual(records: LeagueRecords, check: str, day: date) -> list[str]:
    values = sorted(records.values_before(check, day, n=30))
    if not values:
        return []
    if len(values) == 1:
        return [f"  the day before: {values[0]:.4g}"]
    return [
        f"  on the {len(values)} days before: {values[0]:.4g} to {values[-1]:.4g}, half below {values[len(values) // 2]:.4g}"
    ]
