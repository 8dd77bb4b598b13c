"""The ledger's records of one look: what several checks ask of the same day is read once."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from tipoff.core.proof import Proof
from tipoff.core.records import (
    ArrivalRecord,
    BeatRecord,
    ConflictRecord,
    DecisionRecord,
    GameRecord,
    MarkRecord,
    ObligationRecord,
    RunRecord,
    TickRecord,
)
from tipoff.ledger.reader import LeagueRecords

T = TypeVar("T")


class RecordsOnce:
    """See `tipoff.core.records.Records`; nothing is read twice, so a look must be over before the ledger changes."""

    def __init__(self, records: LeagueRecords) -> None:
        self._records, self.league = records, records.league
        self._kept: dict[tuple[Any, ...], Any] = {}

    def _once(self, key: tuple[Any, ...], ask: Callable[[], T]) -> T:
        if key not in self._kept:
            self._kept[key] = ask()
        found: T = self._kept[key]
        return found

    def ticks(self, *, since: datetime | None = None, before: datetime | None = None) -> Sequence[TickRecord]:
        """See `Records.ticks`."""
        return self._once(("ticks", since, before), lambda: self._records.ticks(since=since, before=before))

    def decisions(self, *, since: datetime, before: datetime | None = None) -> Sequence[DecisionRecord]:
        """See `Records.decisions`."""
        return self._once(("decisions", since, before), lambda: self._records.decisions(since=since, before=before))

    def runs(
        self,
        *,
        output: str = "",
        day: date | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> Sequence[RunRecord]:
        """See `Records.runs`."""
        key = ("runs", day, since, before)
        found = self._once(key, lambda: self._records.runs(day=day, since=since, before=before))
        return [run for run in found if output in {"", run.output}]

    def run_starts(self, *, since: datetime, before: datetime) -> Sequence[datetime]:
        """See `Records.run_starts`."""
        return self._records.run_starts(since=since, before=before)

    def requests(self, *, since: datetime, before: datetime | None = None) -> Sequence[tuple[str, datetime]]:
        """See `Records.requests`."""
        return self._records.requests(since=since, before=before)

    def obligation(self, output: str, day: date) -> ObligationRecord | None:
        """See `Records.obligation`."""
        return next((owed for owed in self.obligations(day=day) if owed.output == output), None)

    def obligations(
        self, *, day: date | None = None, days: Sequence[date] = (), states: Sequence[str] = ()
    ) -> Sequence[ObligationRecord]:
        """See `Records.obligations`."""
        key = ("obligations", day, tuple(days), tuple(states))
        return self._once(key, lambda: self._records.obligations(day=day, days=days, states=states))

    def conflicts(
        self, *, output: str = "", day: date | None = None, unresolved: bool = False
    ) -> Sequence[ConflictRecord]:
        """See `Records.conflicts`."""
        return self._records.conflicts(output=output, day=day, unresolved=unresolved)

    def arrivals(self, day: date, output: str = "") -> Sequence[ArrivalRecord]:
        """See `Records.arrivals`."""
        found = self._once(("arrivals", day), lambda: self._records.arrivals(day))
        return [arrival for arrival in found if output in {"", arrival.output}]

    def marks(self, day: date) -> Sequence[MarkRecord]:
        """See `Records.marks`."""
        return self._once(("marks", day), lambda: self._records.marks(day))

    def games(self, day: date) -> Sequence[GameRecord]:
        """See `Records.games`."""
        return self._once(("games", day), lambda: self._records.games(day))

    def proof(self, output: str, day: date) -> Proof | None:
        """See `Records.proof`."""
        return self._once(("proofs", day), lambda: self._records.proofs(day)).get(output)

    def beats(self) -> dict[str, BeatRecord]:
        """See `Records.beats`."""
        return self._records.beats()
