"""Why an obligation stands where it stands: a walk upstream to the first thing that is broken, in sentences."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from tipoff.core.errors import UsageError
from tipoff.core.finding import Severity
from tipoff.core.league import League
from tipoff.core.obligation import State
from tipoff.ledger import Ledger, schema
from tipoff.views.status import live_waivers, waiver_line
from tipoff.views.streamers import Streamers
from tipoff.watch.messages import named

_DEPTH = 12
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
    """Explain the obligation (`output`, `day`); `streamers` are who may hold the rows of a conflict.

    Raises:
        UsageError: The league has no such output.
    """
    league.step(output)
    row = _obligation(ledger, league, output, day)
    if row is None:
        return Why(league.name, output, day, "unplanned", tuple(_unplanned(ledger, league, output, day)))
    sentences = _walk(_Walk(ledger, league, streamers), row, 0)
    return Why(league.name, output, day, row["state"], tuple(sentences))


@dataclass(frozen=True, slots=True)
class _Walk:
    ledger: Ledger
    league: League
    streamers: Streamers
    seen: set[tuple[str, date]] = field(default_factory=set)


def _walk(walk: _Walk, row: Mapping[str, Any], depth: int) -> list[str]:
    output, day = row["output"], row["day"]
    if (output, day) in walk.seen or depth > _DEPTH:
        return []
    walk.seen.add((output, day))
    ledger, league = walk.ledger, walk.league
    sentences = [_standing(row)]
    waived = [w for w in live_waivers(ledger, league) if (w["output"], w["day"]) == (output, day)]
    sentences += [f"  {waiver_line(waiver)}" for waiver in waived]
    missing = json.loads(row["missing"])
    sentences += [f"  excused: {unit}: {reason}" for unit, reason in json.loads(row["excused"]).items()]
    sentences += _conflicts(walk, row)
    if not missing:
        return sentences + _proof_sentences(ledger, row)
    sentences.append(f"  missing: {', '.join(missing[:12])}{' …' if len(missing) > 12 else ''}")  # noqa: PLR2004 -- a line's length
    sentences.append(f"  last decision: {row['verb']}, {row['reason']}")
    upstream = _closed_gates(ledger, row)
    for gate in upstream:
        source = _obligation(ledger, league, gate["input"], _day_of(gate, day))
        if source is not None:
            sentences += _walk(walk, source, depth + 1)
        else:
            sentences.append(f"  waits for {gate['input']}, of which nothing is known yet")
    if not upstream:
        sentences += _blamed(ledger, row)
        sentences += _last_run(ledger, row)
    return sentences


def _of(table: Any, row: Mapping[str, Any]) -> tuple[Any, ...]:  # noqa: ANN401 -- a table of the ledger, and conditions on it
    """Return what picks the rows of one slate of one output, of this league alone."""
    return tuple(table.c[name] == row[name] for name in ("league", "output", "day"))


def _blamed(ledger: Ledger, row: Mapping[str, Any]) -> list[str]:
    """Return what was found to be the cause when it was late or lost; what stood in its way then may be gone by now."""
    table = schema.findings
    query = (
        select(table)
        .where(*_of(table, row))
        .where(table.c.ok.is_(False), table.c.check == "obligation_is_met")
        .order_by(table.c.id.desc())
        .limit(1)
    )
    if row["state"] not in {State.LATE.value, State.LOST.value}:
        return []
    return [
        f"  found {found['at']:%Y-%m-%d %H:%M} UTC: {found['note']}" + _to_blame(found) for found in ledger.rows(query)
    ]


def _to_blame(found: Mapping[str, Any]) -> str:
    """Return the cause of what is unmet; nothing is to blame for what was due before this home first ran."""
    if found["severity"] == Severity.INFO:
        return "; it was due before this home first ran"
    return f"; the cause was {named(found['cause'])}" if found["cause"] else ""


def _standing(row: Mapping[str, Any]) -> str:
    proven = f"{row['n_proven']} of {row['n_units']} units proven, {row['n_excused']} excused"
    return f"{row['output']} of {row['day']} is {row['state']} since {row['since']:%Y-%m-%d %H:%M} UTC: {proven}"


def _proof_sentences(ledger: Ledger, row: Mapping[str, Any]) -> list[str]:
    table = schema.proofs
    found = ledger.rows(select(table).where(*_of(table, row)))
    return [
        f"  proof: {proof['n_rows']} rows read back after run {proof['fence']} at {proof['made_at']:%Y-%m-%d %H:%M} UTC,"
        f" digest {proof['digest'][:12]}"
        for proof in found
    ]


def _conflicts(walk: _Walk, row: Mapping[str, Any]) -> list[str]:
    """Tell of every conflict: who held the rows, since when and until when, how often it was tried, how it ended."""
    table = schema.conflicts
    mine = (table.c.league == row["league"], table.c.output == row["output"], table.c.day == row["day"])
    found = walk.ledger.rows(select(table).where(*mine).order_by(table.c.since))
    code = walk.streamers.into(walk.league.table(row["output"])) if found else ()
    return [*map(_conflict, found), *(f"    {said}" for said in code)]


def _conflict(found: Mapping[str, Any]) -> str:
    who = f", held by {found['holder']}" if found["holder"] else ""
    told = f"  {found['kind']} since {found['since']:%Y-%m-%d %H:%M} UTC{who}; tried {found['attempts']} times"
    if found["resolved_at"]:
        return f"{told}; ended {found['resolved_at']:%Y-%m-%d %H:%M} UTC ({found['resolution']})"
    return f"{told}; clears about {found['clears_at']:%H:%M} UTC" if found["clears_at"] else told


def _closed_gates(ledger: Ledger, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    table = schema.gates
    return ledger.rows(select(table).where(*_of(table, row), table.c.is_open.is_(False)))


def _day_of(gate: Mapping[str, Any], day: date) -> date:
    """Return the day of the first missing input unit; a unit of an earlier day is written with its day before it."""
    for unit in json.loads(gate["missing"]):
        first, _, _ = unit.partition(" ")
        try:
            return date.fromisoformat(first)
        except ValueError:
            continue
    return day


def _last_run(ledger: Ledger, row: Mapping[str, Any]) -> list[str]:
    table = schema.runs
    query = select(table).where(*_of(table, row))
    runs = ledger.rows(query.order_by(table.c.id.desc()).limit(1))
    if not runs:
        return ["  it has never been run"]
    run = runs[0]
    is_bad = run["state"] != "finished"
    sentences = [
        f"  {'cause' if is_bad else 'last'}: run {run['id']} of {run['started_at']:%Y-%m-%d %H:%M} UTC {run['state']}"
    ]
    if run["error"]:
        sentences.append(f"  {run['error_kind']}: {run['error']}")
        sentences += [f"  next: {run['hint']}"] if run["hint"] else []
    fetches = schema.fetches
    for fetch in ledger.rows(select(fetches).where(fetches.c.run_id == run["id"])):
        sentences.append(f"  {fetch['source']} answered {fetch['status']}: {fetch['outcome']}, {fetch['n_rows']} rows")
    if row["not_before"]:
        sentences.append(f"  it is asked again at {row['not_before']:%Y-%m-%d %H:%M} UTC")
    return sentences


def _unplanned(ledger: Ledger, league: League, output: str, day: date) -> list[str]:
    schedule = _obligation(ledger, league, league.schedule, day)
    if schedule is None:
        try:
            league.season_of(day)
        except UsageError as error:
            return [f"{output} of {day} is not owed: {error}"]
        return [f"{output} of {day} is not planned: this home's clock has not come to that day's schedule"]
    return [f"{output} of {day} is not owed on that day, or its schedule has not been read:", _standing(schedule)]


def _obligation(ledger: Ledger, league: League, output: str, day: date) -> dict[str, Any] | None:
    table = schema.obligations
    rows = ledger.rows(select(table).where(table.c.league == league.name, table.c.output == output, table.c.day == day))
    return rows[0] if rows else None
