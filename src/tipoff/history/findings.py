"""What the outbox tells: history that is held back, does not go through or piles up, and limits that fill."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tipoff.core.clock import league_day
from tipoff.core.quota import Level
from tipoff.core.severity import Severity
from tipoff.history.pace import Pace
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.batches import Backlog
from tipoff.ledger.quota_use import QuotaGuard
from tipoff.ledger.rows import finding

HELD_BACK = "history_is_not_held_back"
FLOWS = "history_flows"
ROOM = "quota_has_room"
CAUSE = "quota"
_AGAIN = timedelta(hours=1)  # what lasts is found anew so often: its incident ends when it is found no more
_PILE = 20  # full batches that may wait unsealed, until people are told


class Troubles:
    """Collects findings of a look, and writes each down once an hour at most."""

    def __init__(self, ledger: Ledger, league: str) -> None:
        self._ledger, self._league = ledger, league
        self._told: dict[tuple[str, str], datetime] = {}
        self._batch = Batch()
        self._guard: QuotaGuard | None = None  # whose news stand in the batch

    def add(self, check: str, severity: Severity, note: str, now: datetime, *, about: str = "") -> None:
        """Take up a finding, unless the same was told of the same stream within the hour."""
        last = self._told.get((check, about))
        if last is not None and now - last < _AGAIN:
            return
        self._told[check, about] = now
        self._add(check, severity, note, now)

    def _add(self, check: str, severity: Severity, note: str, now: datetime, *, ratio: float = 0.0) -> None:
        found = finding(
            (self._league, "", league_day(now)),
            check,
            CAUSE if check != FLOWS else "history",
            severity,
            note,
            now=now,
            coverage=ratio,
            required=0.0,
        )
        self._batch.add("findings", found)

    def backlog(self, standings: Mapping[str, Backlog], pace: Pace, now: datetime) -> None:
        """Take up that rows pile up behind batches that do not go."""
        for name, standing in standings.items():
            if len(standing.unsent) >= pace.unsent and standing.n_waiting > _PILE * pace.rows:
                note = f"{standing.n_waiting:,} rows of {name} wait in the ledger behind {len(standing.unsent)} batches"
                self.add(FLOWS, Severity.WARNING, note, now, about=f"backlog of {name}")

    def quotas(self, guard: QuotaGuard, now: datetime) -> None:
        """Take up each limit that has reached a higher level: these are told at once, each level once."""
        self._guard = guard
        for use in guard.news():
            severity = Severity.ERROR if use.level is Level.FULL else Severity.WARNING
            self._add(ROOM, severity, str(use), now, ratio=use.ratio)

    def tell(self) -> None:
        """Write down what was found, and then that it is told."""
        batch, self._batch = self._batch, Batch()
        guard, self._guard = self._guard, None
        self._ledger.commit(batch)
        if guard is not None:
            guard.noted()
