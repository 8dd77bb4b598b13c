"""The ledger's records of one look: what several checks ask of the same day is read once."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache

from tipoff.core.proof import Proof
from tipoff.core.records import ArrivalRecord, ObligationRecord, RunRecord
from tipoff.ledger.reader import LeagueRecords


class RecordsOnce:
    """See `Records`; what was read once, of the whole day, is not read again: a look is over before the ledger changes."""

    def __init__(self, records: LeagueRecords) -> None:
        self.league = records.league
        self.ticks, self.decisions = cache(records.ticks), cache(records.decisions)
        self.games, self.marks, self.obligations = (
            cache(records.games),
            cache(records.marks),
            cache(records.obligations),
        )
        self.run_starts, self.requests = records.run_starts, records.requests
        self.conflicts, self.beats = records.conflicts, records.beats
        self._runs, self._arrivals, self._proofs = cache(records.runs), cache(records.arrivals), cache(records.proofs)

    def runs(
        self,
        *,
        output: str = "",
        day: date | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> Sequence[RunRecord]:
        """See `Records.runs`."""
        found = self._runs(day=day, since=since, before=before)
        return [run for run in found if output in {"", run.output}]

    def obligation(self, output: str, day: date) -> ObligationRecord | None:
        """See `Records.obligation`."""
        return next((owed for owed in self.obligations(day=day) if owed.output == output), None)

    def arrivals(self, day: date, output: str = "") -> Sequence[ArrivalRecord]:
        """See `Records.arrivals`."""
        return [arrival for arrival in self._arrivals(day) if output in {"", arrival.output}]

    def proof(self, output: str, day: date) -> Proof | None:
        """See `Records.proof`."""
        return self._proofs(day).get(output)
