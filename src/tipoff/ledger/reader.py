"""What is asked of the ledger about one league: typed questions, answered with frozen values."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Column, Table, func, select

from tipoff.core.obligation import State
from tipoff.core.proof import Proof, read_proof
from tipoff.core.records import (
    ArrivalRecord,
    BeatRecord,
    ConflictRecord,
    DecisionRecord,
    FetchRecord,
    FindingRecord,
    GameRecord,
    GateRecord,
    HaltRecord,
    MarkRecord,
    MeasuredRecord,
    ObligationRecord,
    RuleRecord,
    RunRecord,
    TickRecord,
    WaiverRecord,
)
from tipoff.core.slate import Game
from tipoff.ledger import looks, schema, watching
from tipoff.ledger.looks import Where, columns_of
from tipoff.ledger.rows import read_game

Ask = Callable[..., Sequence[Mapping[str, Any]]]  # runs any select on a ledger or a store of alerts, with its values
T = TypeVar("T")
_JSON: Mapping[type, tuple[str, ...]] = {  # columns that hold JSON, by what is read
    ObligationRecord: ("missing", "excused"),
    GateRecord: ("missing",),
    MeasuredRecord: ("failing",),
}


def read(kind: type[T], row: Mapping[str, Any]) -> T:
    """Return the record that a row holds."""
    loaded = {name: json.loads(row[name]) for name in _JSON.get(kind, ())}
    return kind(**{**row, **{name: tuple(v) if isinstance(v, list) else v for name, v in loaded.items()}})


def read_beats(ask: Ask) -> dict[str, BeatRecord]:
    """Return each side's newest sign of life, by name."""
    return {row["name"]: BeatRecord(**row) for row in ask(looks.BEATS)}


class LeagueRecords:
    """The ledger's records of one league."""

    def __init__(self, ask: Ask, league: str, days: tuple[date, date] | None = None) -> None:
        """Bind to whatever runs a SELECT, and to a league; with `days`, what is of a day only if it lies among them."""
        self._ask, self.league, self._days = ask, league, days

    def within(self, first: date, last: date) -> "LeagueRecords":
        """Return the records of these days alone, the first and the last included."""
        return LeagueRecords(self._ask, self.league, (first, last))

    def _mine(self, table: Table, *where: Where, **equal: object) -> list[Where]:
        """Return the conditions of this league's rows; a name with an empty value or None is no condition."""
        return looks.of_league(table, self.league, self._days, *where, **equal)

    def _all(self, kind: type[T], table: Table, *where: Where, by: str = "id", **equal: object) -> list[T]:
        """Return the records of this league's rows, ordered `by` columns; conditions as `_mine`."""
        query = select(*columns_of(kind, table)).where(*self._mine(table, *where, **equal))
        return [read(kind, row) for row in self._ask(query.order_by(*(table.c[name] for name in by.split())))]

    def _one(self, query: Any, values: Mapping[str, object] | None = None) -> Mapping[str, Any]:  # noqa: ANN401 -- a select
        [row] = self._ask(query, values)
        return row

    def _by_output(self, table: Table, value: Any, *where: Where, **equal: object) -> dict[str, Any]:  # noqa: ANN401 -- an aggregate
        query = select(table.c.output, value.label("value")).where(*self._mine(table, *where, **equal))
        return {row["output"]: row["value"] for row in self._ask(query.group_by(table.c.output))}

    # --- ticks and decisions

    def ticks(self, *, since: datetime | None = None, before: datetime | None = None) -> list[TickRecord]:
        """Return the ticks from `since` until before `before`, in their order."""
        return self._all(TickRecord, schema.ticks, *_within(schema.ticks.c.at, since, before))

    def first_and_last_tick(self, *, until: datetime | None = None) -> tuple[datetime | None, datetime | None]:
        """Return when the first tick was, and the one written last, or the newest until an instant."""
        query = looks.first_and_last_tick(self.league, is_bound=until is not None)
        [row] = self._ask(query, {"until": until} if until else None)
        return row["first"], row["last"]

    def decisions(self, *, since: datetime, before: datetime | None = None) -> list[DecisionRecord]:
        """Return the decisions of a time, in their order."""
        return self._all(DecisionRecord, schema.decisions, *_within(schema.decisions.c.at, since, before))

    # --- runs and requests

    def runs(
        self,
        *,
        output: str = "",
        day: date | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> list[RunRecord]:
        """Return the runs of an output, of a day, or begun in a time, in the order of their numbers."""
        when = _within(schema.runs.c.started_at, since, before)
        return self._all(RunRecord, schema.runs, *when, output=output, day=day)

    def run_starts(self, *, since: datetime, before: datetime) -> list[datetime]:
        """Return when runs began."""
        table = schema.runs
        query = select(table.c.started_at).where(*self._mine(table, *_within(table.c.started_at, since, before)))
        return [row["started_at"] for row in self._ask(query)]

    def unended_since_the_last(self) -> tuple[int, datetime | None]:
        """Return how many runs were begun since the last that ended, and since when; but for those cut off within their lease."""
        if not self._one(looks.CUT_OFF)["n"]:
            return 0, None
        row = self._one(looks.unended(self.league, self._days))
        return int(row["n"]), row["since"]

    def last_finished(self) -> dict[str, datetime]:
        """Return when a run of each output last did its work."""
        return self._by_output(schema.runs, func.max(schema.runs.c.ended_at), state="finished")

    def run_costs(self) -> dict[str, list[float]]:
        """Return what each finished run of each output has cost, in milliseconds."""
        table = schema.runs
        found: dict[str, list[float]] = {}
        for row in self._ask(select(table.c.output, table.c.cpu_ms).where(*self._mine(table, state="finished"))):
            found.setdefault(row["output"], []).append(row["cpu_ms"])
        return found

    def cost_by_output(self, *, since: datetime) -> dict[str, float]:
        """Return what the runs of each output have cost together, in milliseconds."""
        runs = schema.runs
        return self._by_output(runs, func.coalesce(func.sum(runs.c.cpu_ms), 0.0), runs.c.started_at > since)

    def failures(self, day: date) -> dict[str, int]:
        """Count the failed runs of a day by output; that a source has not published yet is no failure."""
        table = schema.runs
        return self._by_output(table, func.count(), table.c.error_kind != "not yet", day=day, state="failed")

    def fetches(self, run_id: int) -> list[FetchRecord]:
        """Return what the providers answered in a run."""
        table = schema.fetches
        query = select(*columns_of(FetchRecord, table)).where(table.c.run_id == run_id).order_by(table.c.id)
        return [read(FetchRecord, row) for row in self._ask(query)]

    def requests(self, *, since: datetime, before: datetime | None = None) -> list[tuple[str, datetime]]:
        """Return which source was asked when."""
        at = schema.fetches.c.at
        query = select(schema.fetches.c.source, at).where(*self._mine(schema.fetches, *_within(at, since, before)))
        return [(row["source"], row["at"]) for row in self._ask(query)]

    # --- what is owed

    def obligation(self, output: str, day: date) -> ObligationRecord | None:
        """Return what is owed, if it was planned."""
        return next(iter(self.obligations(output=output, day=day)), None)

    def obligations(
        self, *, output: str = "", day: date | None = None, days: Sequence[date] = (), states: Sequence[str] = ()
    ) -> list[ObligationRecord]:
        """Return what is owed, of an output, a day, days, in some states, or all; what was due first comes first."""
        return [
            read(ObligationRecord, row)
            for row in self._ask(looks.owed(self.league, self._days, output, day, tuple(days), tuple(states)))
        ]

    def first_due(self, output: str, *, states: Sequence[str]) -> ObligationRecord | None:
        """Return what of an output is due first, of that in these states."""
        query = looks.owed(self.league, self._days, output, None, (), tuple(states), first=True)
        return next((read(ObligationRecord, row) for row in self._ask(query)), None)

    def states(self) -> dict[tuple[str, date], str]:
        """Return how each slate stands."""
        table = schema.obligations
        query = select(table.c.output, table.c.day, table.c.state).where(*self._mine(table))
        return {(row["output"], row["day"]): row["state"] for row in self._ask(query)}

    def due(self) -> list[tuple[str, date, datetime]]:
        """Return which output is owed for which day and when its first unit is due, the oldest day first."""
        table = schema.obligations
        query = select(table.c.output, table.c.day, table.c.due_at).where(*self._mine(table)).order_by(table.c.day)
        return [(row["output"], row["day"], row["due_at"]) for row in self._ask(query)]

    def newest_day(self, *, before: date | None = None, but: str = "") -> date | None:
        """Return the newest day that is planned, of those before `before`, not counting the output `but`."""
        table = schema.obligations
        where = [table.c.day < before] if before else []
        where += [table.c.output != but] if but else []
        newest = select(func.max(table.c.day).label("day")).where(*self._mine(table, *where))
        found: date | None = self._one(newest)["day"]
        return found

    def gates(self, *, output: str = "", day: date | None = None, is_open: bool | None = None) -> list[GateRecord]:
        """Return how gates stand, the oldest day first."""
        return self._all(GateRecord, schema.gates, by="day output input", output=output, day=day, is_open=is_open)

    def held_gates(self) -> list[GateRecord]:
        """Return the gates that hold what is still owed; one that held a game until it was excused holds nothing."""
        owed = {key for key, state in self.states().items() if not State(state).is_settled}
        return [gate for gate in self.gates(is_open=False) if (gate.output, gate.day) in owed]

    def waivers(self) -> list[WaiverRecord]:
        """Return every waiver that was ever made, in their order."""
        return self._all(WaiverRecord, schema.waivers)

    def live_waivers(self, now: datetime) -> list[WaiverRecord]:
        """Return the waivers that hold at `now`."""
        return [read(WaiverRecord, row) for row in self._ask(looks.live_waivers(self.league), {"now": now})]

    def halts(self, now: datetime | None = None) -> list[HaltRecord]:
        """Return every halt there was, in their order; with `now` those that hold then."""
        found = [read(HaltRecord, row) for row in self._ask(looks.halts(self.league))]
        return [halt for halt in found if now is None or halt.holds(halt.output, now)]

    def n_asked(self) -> int:
        """Count what people are asked about."""
        table = schema.questions
        query = select(func.count(table.c.subject.distinct()).label("n")).where(*self._mine(table, state="open"))
        return int(self._one(query)["n"])

    def conflicts(self, *, output: str = "", day: date | None = None, unresolved: bool = False) -> list[ConflictRecord]:
        """Return conflicts, the oldest first."""
        where = [schema.conflicts.c.resolved_at.is_(None)] if unresolved else []
        return self._all(ConflictRecord, schema.conflicts, *where, by="since output", output=output, day=day)

    # --- games, proofs, and what is known of units

    def games(self, day: date | None = None, *, game_id: str = "") -> list[GameRecord]:
        """Return the games of a day's schedule, or the days of one game, or all."""
        return self._all(GameRecord, schema.games, by="day game_id", day=day, game_id=game_id)

    def slate(self, day: date) -> list[Game]:
        """Return the games of a day as the engine takes them."""
        table = schema.games
        return [read_game(row) for row in self._ask(select(table).where(*self._mine(table, day=day)))]

    def first_start(self, day: date) -> datetime | None:
        """Return when the first game of a day begins that is not off."""
        found: datetime | None = self._one(looks.first_start(self.league, self._days), {"day": day})["at"]
        return found

    def proof(self, output: str, day: date) -> Proof | None:
        """Return what was read back, if anything was proven."""
        rows = self._ask(select(schema.proofs).where(*self._mine(schema.proofs, output=output, day=day)))
        return read_proof(rows[0]) if rows else None

    def proofs(self, day: date) -> dict[str, Proof]:
        """Return what was read back of a day, by output."""
        table = schema.proofs
        found = map(read_proof, self._ask(select(table).where(*self._mine(table, day=day))))
        return {proof.output: proof for proof in found}

    def digests(self, day: date) -> tuple[tuple[str, str], ...]:
        """Return the digest of each proof of a day: what changes when anything of it is written."""
        table = schema.proofs
        query = select(table.c.output, table.c.digest).where(*self._mine(table, day=day))
        return tuple((row["output"], row["digest"]) for row in self._ask(query.order_by(table.c.output)))

    def rows_by_output(self) -> dict[str, int]:
        """Count the proven rows of each output."""
        return self._by_output(schema.proofs, func.sum(schema.proofs.c.n_rows))

    def arrivals(self, day: date | None = None, output: str = "") -> list[ArrivalRecord]:
        """Return when the units of a day first arrived, or all."""
        return self._all(ArrivalRecord, schema.arrivals, by="", output=output, day=day)

    def marks(self, day: date) -> list[MarkRecord]:
        """Return what is marked of a day's units."""
        return self._all(MarkRecord, schema.marks, by="", day=day)

    def counts(self, table: str, column: str, **equal: object) -> dict[str, int]:
        """Count the rows of a table of the ledger by what stands in a column; of those alone that are equal in others."""
        of = schema.metadata.tables[table]
        query = select(of.c[column].label("name"), func.count().label("n")).where(*self._mine(of, **equal))
        return {row["name"]: row["n"] for row in self._ask(query.group_by(of.c[column]).order_by(of.c[column]))}

    # --- what was found and measured

    def findings(self, *, output: str = "", day: date | None = None, check: str = "") -> list[FindingRecord]:
        """Return what was found, in its order."""
        return self._all(FindingRecord, schema.findings, output=output, day=day, check=check)

    def findings_after(self, number: int) -> list[FindingRecord]:
        """Return what was found behind the finding of a number, in its order."""
        query = looks.findings_after(self.league, self._days)
        return [read(FindingRecord, row) for row in self._ask(query, {"after": number})]

    def measured(
        self, *, day: date | None = None, days: Sequence[date] = (), check: str = "", status: str = ""
    ) -> list[MeasuredRecord]:
        """Return what the checks last measured."""
        where = [watching.measured.c.day.in_(days)] if days else []
        return self._all(MeasuredRecord, watching.measured, *where, by="", day=day, check=check, status=status)

    def values_before(self, check: str, day: date, *, n: int) -> list[float]:
        """Return what a check measured on the `n` newest days before `day` on which it could."""
        table = watching.measured
        where = self._mine(table, table.c.day < day, table.c.value.is_not(None), check=check)
        return [
            row["value"] for row in self._ask(select(table.c.value).where(*where).order_by(table.c.day.desc()).limit(n))
        ]

    def values(self) -> dict[str, list[float]]:
        """Return everything that was measured, by check."""
        table, found = watching.measured, dict[str, list[float]]()
        known = self._mine(table, table.c.value.is_not(None))
        for row in self._ask(select(table.c.check, table.c.value).where(*known)):
            found.setdefault(row["check"], []).append(row["value"])
        return found

    def rule_counts(self) -> dict[str, RuleRecord]:
        """Return each check's record."""
        return {one.rule: one for one in self._all(RuleRecord, watching.rules, by="")}

    def profiles_before(
        self, output: str, day: date, *, since: date, n: int
    ) -> list[tuple[date, Mapping[str, Mapping[str, float]]]]:
        """Return what a table looked like on the `n` newest days before `day` since another, the oldest first."""
        table = watching.profiles
        where = self._mine(table, table.c.day >= since, table.c.day < day, output=output)
        query = select(table.c.day, table.c.profile).where(*where).order_by(table.c.day.desc()).limit(n)
        return [(row["day"], json.loads(row["profile"])) for row in reversed(self._ask(query))]

    def scorecards(self, *, since: date | None = None, until: date | None = None) -> list[dict[str, Any]]:
        """Return the scorecard's rows of some days, oldest first, as they are kept and shown."""
        table = watching.scorecards
        where = [table.c.day >= since] if since else []
        where += [table.c.day <= until] if until else []
        return [dict(row) for row in self._ask(select(table).where(*self._mine(table, *where)).order_by(table.c.day))]

    def beats(self) -> dict[str, BeatRecord]:
        """Return each side's newest sign of life in this home, by name."""
        return read_beats(self._ask)


def _within(column: Column[Any], since: datetime | None, before: datetime | None) -> list[Where]:
    return ([column >= since] if since is not None else []) + ([column < before] if before is not None else [])
