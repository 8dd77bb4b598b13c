"""Examining a slate: every check of its league measured on what stands; what failed is blamed on the first broken table."""

import json
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.checks.profile import USUAL
from tipoff.checks.view import Profiles, Seen, SlateView
from tipoff.core.check import NOTHING, WINDOW, Cadence, Check, CheckStatus, Measured
from tipoff.core.errors import LedgerError, PipelineError, WarehouseError
from tipoff.core.league import League
from tipoff.core.records import MeasuredRecord
from tipoff.core.rows import table_from_records
from tipoff.core.schema import Phase
from tipoff.core.severity import Severity
from tipoff.core.slate import Season
from tipoff.core.wording import as_measured, some
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.reader import LeagueRecords
from tipoff.ledger.rows import finding
from tipoff.ledger.rulebook import filters_kept, gates_kept
from tipoff.store.dialect import CompiledStep
from tipoff.store.published import Published
from tipoff.store.warehouse import Warehouse

Row = dict[str, Any]
_KEPT = 40  # failing keys kept with a measurement
_SHOWN = 6
# yesterday's was seen before its games, and is looked at again in the morning, when today's has not been yet
_SLATES = 2
# What a statement or a look raises on rows that are not what it takes them for: a table gone, a NULL where a number stood.
_CANNOT = (PipelineError, pa.ArrowException, LookupError, ValueError, TypeError, ArithmeticError, AttributeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What one check measured of one slate."""

    check: Check
    measured: Measured
    status: CheckStatus
    took_ms: float
    cause: str = ""
    error: str = ""  # why it could not be measured at all; told, for a check that cannot run sees nothing


@dataclass(slots=True, kw_only=True)
class Examiner:
    """Measures a league's checks on the slates of one season."""

    league: League
    season: Season
    loaded: Mapping[str, CompiledStep]
    warehouse: Warehouse
    ledger: Ledger
    published: Published
    stopwatch: Callable[[], float]
    _records: LeagueRecords = field(init=False)
    _order: Mapping[str, int] = field(init=False)
    _looked: dict[date, object] = field(default_factory=dict)
    _usual: dict[str, deque[tuple[date, Profiles]]] = field(default_factory=dict)
    _last: SlateView | None = None  # the newest look, until it is written down
    _seen: OrderedDict[date, Seen] = field(default_factory=OrderedDict)  # of the slates looked at last

    def __post_init__(self) -> None:
        self._records = self.ledger.of(self.league.name)
        self._order = {step.name: place for place, step in enumerate(self.league.steps)}

    def examine(
        self, day: date, now: datetime, *, checks: Sequence[Check] | None = None, cadence: Cadence | None = None
    ) -> list[Examined]:
        """Measure `checks` (all of the league's, or those of a cadence) on the slate of `day`; nothing is written."""
        self.mirror(day)
        chosen = self.league.checks if checks is None else checks
        return self.measure([c for c in chosen if cadence is None or c.cadence is cadence], day, now)

    def measure(self, checks: Iterable[Check], day: date, now: datetime) -> list[Examined]:
        """Measure `checks` on what stands, without looking again at what is published."""
        self._last = self._view(day, now)
        return self._blamed([self._measure(check, self._last) for check in checks], day)

    def _view(self, day: date, now: datetime) -> SlateView:
        return SlateView(
            day=day,
            now=now,
            season=self.season,
            league=self.league,
            warehouse=self.warehouse,
            ledger=self.ledger,
            loaded=self.loaded,
            profiles_before=self.usual,
            before=self._seen.get(day, Seen()),
        )

    def has_changed(self, day: date) -> bool:
        """Whether anything of the day was written, or fell behind, since it was last `seen`; true the first time."""
        return self._looked.get(day) != self._state(day)

    def seen(self, day: date) -> None:
        """Take note that the day has been examined as it stands."""
        self._looked[day] = self._state(day)

    def _state(self, day: date) -> object:
        accepted = self._records.measured(day=day, status=CheckStatus.ACCEPTED.value)
        return self._records.digests(day), len(self._records.marks(day)), len(accepted)

    def mirror(self, day: date) -> None:
        """Let the checks see what is published for `day`; a document that nobody can read shows them no rows."""
        for step in self.league.steps:
            if step.phase is Phase.PUBLISHED:
                try:
                    rows = self.published.rows(step, day)
                except WarehouseError:
                    rows = table_from_records(step.table, [])
                self.warehouse.mirror(step.table, day, rows)

    def _measure(self, check: Check, view: SlateView) -> Examined:
        """Return what a check measured; one that cannot be run measured nothing, which is told and is no pass."""
        began, error = self.stopwatch(), ""
        try:
            if check.sql:
                measured = _asked(check, view)
            elif check.look is not None:
                measured = check.look(view)
            else:
                measured = Measured.nothing("it has nothing to measure with")
        except LedgerError:
            raise
        except _CANNOT as raised:
            error = f"{type(raised).__name__}: {raised}"
            measured = Measured.nothing(f"it could not be measured: {error}"[:500])
        if (error or check.status(measured) is CheckStatus.FAILED) and (why := self._of_before(check, measured, view)):
            measured, error = Measured.nothing(why), ""
        took_ms = (self.stopwatch() - began) * 1000
        return Examined(check=check, measured=measured, status=check.status(measured), took_ms=took_ms, error=error)

    def _of_before(self, check: Check, measured: Measured, view: SlateView) -> str:
        """Return why what fails beside its inputs, or as published, is as it should be: what has closed stays as it was made.

        Empty where it is not.
        """
        own = check.about or (check.tables[-1] if check.tables else "")
        loaded, proof = self.loaded.get(own), view.records.proof(own, view.day)
        if loaded is None or proof is None or (len(check.tables) == 1 and loaded.step.phase is not Phase.PUBLISHED):
            return ""
        same, failing = {loaded.version, *loaded.step.same_as}, set(map(_game, measured.failing))
        made_by = {unit: proof.version_of(found) for unit, found in proof.units.items()} or {"": proof.step_version}
        earlier = {_game(unit) for unit, version in made_by.items() if version not in same}
        if same.isdisjoint(made_by.values()) or (failing and failing <= earlier):
            return "an earlier build made it"
        marks = view.records.marks(view.day)
        overtaken = {_game(mark.unit) for mark in marks if (mark.output, mark.kind) == (own, "overtaken")}
        return "its input has changed since it closed" if failing and failing <= earlier | overtaken else ""

    def _blamed(self, found: Sequence[Examined], day: date) -> list[Examined]:
        """Blame each failure on the most upstream table that fails a check of its own, or on what that suffers from."""
        broken = {
            (e.check.about or e.check.tables[-1]) for e in found if e.status is CheckStatus.FAILED and e.check.tables
        }
        known = self._in_the_making(day) | self._engine_says(day) if broken else {}
        return [
            replace(one, cause=self._cause(one.check, broken, known)) if one.status is CheckStatus.FAILED else one
            for one in found
        ]

    def _in_the_making(self, day: date) -> dict[str, str]:
        """Return the outputs that are still owed, each without a cause: while they are, it is the engine that says why."""
        owed = self._records.obligations(day=day)
        return {one.output: "" for one in owed if one.n_proven + one.n_excused < one.n_units}

    def _engine_says(self, day: date) -> dict[str, str]:
        """Return what the engine has blamed for the day's trouble, by output, where it found any."""
        return {
            finding.output: finding.cause
            for finding in self._records.findings(day=day)
            if not finding.ok and finding.severity >= Severity.WARNING
            if finding.cause and not finding.cause.startswith(("data:", "check:"))
        }

    def _cause(self, check: Check, broken: set[str], known: Mapping[str, str]) -> str:
        own = check.about or (check.tables[-1] if check.tables else "")
        if not own:
            return f"check:{check.name}"
        seen, upstream = {own}, deque([*check.tables, own])
        while upstream:
            name = upstream.popleft()
            if name in self.loaded and name in broken:
                seen.add(name)
                upstream += [read.table for read in self.loaded[name].inputs if read.table not in seen]
        first = min(seen & broken or {own}, key=lambda name: self._order.get(name, 0))
        return known.get(first, f"data:{first}")

    # --- what is written

    def record(self, day: date, found: Sequence[Examined], now: datetime) -> None:
        """Write down what was measured, the findings, how often each check fired, and the day's profiles."""
        known = {one.check: one for one in self._records.measured(day=day)}
        found = [_as_accepted(one, known.get(one.check.name)) for one in found]
        batch = Batch()
        for one in found:
            row = self._row(day, one, now)
            batch.add("measured", row)
            was = known.get(one.check.name)
            same = was is not None and (was.failing, was.cause) == (one.measured.failing[:_KEPT], one.cause)
            if was is not None and was.status == CheckStatus.ACCEPTED.value:
                same = False  # it is accepted still where it fails as it did
            if one.status is CheckStatus.FAILED and one.cause and not same:
                batch.add("findings", self._finding(day, one, now))
            if one.error and (was is None or was.note != one.measured.note):
                batch.add("findings", self._cannot_run(day, one, now))
        for row in self._rules(found, now):
            batch.add("rules", row)
            if row["evaluated"] + row["not_measurable"] == WINDOW and not row["fired"]:
                never = "measured anything" if not row["evaluated"] else "fired"
                batch.add("findings", self._never_fired(day, "check", row["rule"], never, now))
        for silent in self._silent_others(day, now):
            batch.add("findings", silent)
        self._keep_profiles(batch, day, found, now)
        self.ledger.commit(batch)

    def _keep_profiles(self, batch: Batch, day: date, found: Iterable[Examined], now: datetime) -> None:
        """Keep what the day's tables look like, for the days after; what failed, or cannot be read, is no example."""
        view, self._last = self._last, None
        view = view if view and (view.day, view.now) == (day, now) else self._view(day, now)
        spoiled = {
            one.check.about or one.check.tables[-1]
            for one in found
            if (one.status is CheckStatus.FAILED or one.error) and one.check.tables
        }
        for step in self.league.steps:
            if step.name in spoiled or not view.profile(step.name):
                continue
            profile = view.profile(step.name)
            text = json.dumps({name: {k: round(v, 6) for k, v in part.items()} for name, part in profile.items()})
            slate = {"league": self.league.name, "output": step.name, "day": day}
            batch.add("profiles", slate | {"at": now, "profile": text})
            self._remember(step.name, day, profile)
        self._seen[day] = view.seen.small()
        self._seen.move_to_end(day)
        while len(self._seen) > _SLATES:
            self._seen.popitem(last=False)

    def _row(self, day: date, one: Examined, now: datetime) -> Row:
        check, measured = one.check, one.measured
        return {
            "league": self.league.name,
            "day": day,
            "check": check.name,
            "status": one.status.value,
            "severity": int(check.severity),
            "value": measured.value,
            "required": check.required,
            "measure": check.measure,
            "failing": json.dumps(measured.failing[:_KEPT]),
            "note": measured.note,
            "cause": one.cause,
            "at": now,
            "took_ms": round(one.took_ms, 2),
        }

    def _finding(self, day: date, one: Examined, now: datetime) -> Row:
        check, failing = one.check, one.measured.failing
        what = f": {some(failing, _SHOWN)}" if failing else ""
        value = one.measured.value or 0.0
        note = f"expected: {check.claim}; found {as_measured(value, check.required, check.measure)}{what}"
        return self._told(day, check.name, one.cause, check.severity, note, now) | {
            "output": check.about or (check.tables[-1] if check.tables else ""),
            "coverage": value,
            "required": check.required,
            "missing": json.dumps(failing[:_KEPT]),
        }

    def _cannot_run(self, day: date, one: Examined, now: datetime) -> Row:
        """Return the finding that a check could not be run: what it would have seen, nobody sees."""
        name = one.check.name
        return self._told(day, "checks_can_run", f"check:{name}", Severity.WARNING, f"{name}: {one.measured.note}", now)

    def _silent_others(self, day: date, now: datetime) -> Iterator[Row]:
        """Yield the findings of gates and filters that have had their window and never fired, each once for ever."""
        ask, known = self.ledger.rows, {finding.note for finding in self._records.findings(check="rules_fire")}
        for rule in (*gates_kept(ask, self.league.name), *filters_kept(ask, self.league.name)):
            found = self._never_fired(day, rule.kind, rule.name, "fired", now)
            if rule.is_silent and found["note"] not in known:
                yield found

    def _never_fired(self, day: date, kind: str, rule: str, never: str, now: datetime) -> Row:
        """Return the finding that a rule has had its window and never fired: it may be blind."""
        note = f"{rule} has been looked at {WINDOW} times and has never {never}"
        return self._told(day, "rules_fire", f"{kind}:{rule}", Severity.INFO, note, now)

    def _told(  # noqa: PLR0913 -- the columns of one row
        self, day: date, check: str, cause: str, severity: Severity, note: str, now: datetime
    ) -> Row:
        return finding((self.league.name, "", day), check, cause[:64], severity, note, now=now, required=0.0)

    def _rules(self, found: Iterable[Examined], now: datetime) -> list[Row]:
        known = self._records.rule_counts()
        rows = []
        for one in found:
            was = known.get(one.check.name)
            fired = one.status is CheckStatus.FAILED
            rows.append(
                {
                    "league": self.league.name,
                    "rule": one.check.name,
                    "evaluated": (was.evaluated if was else 0) + (one.status is not CheckStatus.NOT_MEASURABLE),
                    "fired": (was.fired if was else 0) + fired,
                    "not_measurable": (was.not_measurable if was else 0) + (one.status is CheckStatus.NOT_MEASURABLE),
                    "first_at": was.first_at if was else now,
                    "last_at": now,
                    "fired_at": now if fired else was.fired_at if was else None,
                }
            )
        return rows

    # --- profiles

    def usual(self, name: str, day: date) -> list[Profiles]:
        """Return the profiles of the slates before `day`, newest first."""
        if name not in self._usual:
            kept = self._records.profiles_before(name, day, since=self.season.first_day, n=USUAL)
            self._usual[name] = deque(kept, maxlen=4 * USUAL)
        return [profile for of, profile in reversed(self._usual[name]) if of < day][:USUAL]

    def _remember(self, name: str, day: date, profile: Profiles) -> None:
        self.usual(name, day)
        kept = [(of, known) for of, known in self._usual[name] if of != day]
        self._usual[name] = deque(sorted([*kept, (day, profile)], key=lambda item: item[0]), maxlen=4 * USUAL)

    def forget(self) -> None:
        """Read the profiles from the ledger again at the next look, and ask everything anew."""
        self._usual.clear()
        self._seen.clear()


def _as_accepted(one: Examined, was: MeasuredRecord | None) -> Examined:
    """Return what was measured as accepted, where it fails as it did when a person found that right.

    Where no keys say on what, or not all were kept, it is no worse than it was then.
    """
    if was is None or was.status != CheckStatus.ACCEPTED.value or one.status is not CheckStatus.FAILED:
        return one
    failing, value, known = one.measured.failing[:_KEPT], one.measured.value, was.value
    is_whole = 0 < len(failing) < _KEPT
    is_no_worse = value == known or (value is not None and known is not None and (value < known) is one.check.at_most)
    return replace(one, status=CheckStatus.ACCEPTED) if was.failing == failing and (is_whole or is_no_worse) else one


def _game(key: str) -> str:
    return key.partition("|")[0]


def _asked(check: Check, view: SlateView) -> Measured:
    rows = view.ask(check.sql)
    if not rows.num_rows:
        return Measured.nothing(NOTHING)
    bad = rows.filter(pc.invert(pc.fill_null(rows.column("ok"), False)))  # noqa: FBT003 -- Arrow's own
    keys = tuple(sorted({str(key) for key in bad.column("key").to_pylist()}))
    return Measured(value=1 - bad.num_rows / rows.num_rows, failing=keys)
