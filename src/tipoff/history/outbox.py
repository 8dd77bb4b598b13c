"""The history's outbox: each look seals what is due, sends what may go, and follows what was sent, until it is applied once."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from tipoff.core import quota
from tipoff.core.errors import ErrorKind, LedgerError, PipelineError, WarehouseError
from tipoff.core.severity import Severity
from tipoff.history import numbers
from tipoff.history.findings import FLOWS, HELD_BACK, Troubles
from tipoff.history.pace import MINUTE, PACE, LoadOutcome, Pace, after_error, after_outcome, is_due, take_slot
from tipoff.history.seal import OWN, seal
from tipoff.history.sink import BatchUpload, HistorySink
from tipoff.ledger import Ledger, batches, quota_use
from tipoff.ledger.batches import Backlog, SealedBatch
from tipoff.ledger.streams import STREAMS, Stream, begin_streams

POINTS = ("sealed", "sending", "handed over", "followed")  # where a process can be killed, for the tests
_PER_LOOK = 4  # jobs of a table in one look: its rate limit is 5 changes in 10 s, 50 for one with partitions
_SPEND_S = 20.0  # of real time in one look: a tick waits for it
_LOOKED_BACK = timedelta(days=400)  # how far back the warehouse is asked how far it has come
_BAD_TRIES = 3  # failures in a row, from which on people are told


@dataclass(slots=True, kw_only=True)
class Outbox:
    """One home's history on its way to one warehouse; one works in a home at a time."""

    ledger: Ledger
    sink: HistorySink
    home: str  # a name that no other has ever had
    league: str
    stopwatch: Callable[[], float]
    pace: Pace = PACE
    streams: Sequence[Stream] = STREAMS
    at: Callable[[str], None] = lambda _point: None
    keep: timedelta | None = None  # how old applied rows become
    _looked_at: datetime | None = None
    _swept_at: datetime | None = None
    _is_ready: bool = False
    _numbers: numbers.Numbers = OWN
    _troubles: Troubles = field(init=False)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._troubles = Troubles(self.ledger, self.league)

    def begin(self, now: datetime) -> None:
        """Begin to take history down, before anything else is written."""
        begin_streams(self.ledger, now, self.streams)
        numbers.mark(self.ledger, self.streams)

    def look(self, now: datetime, *, is_last: bool = False) -> None:
        """Seal, send and follow, at most once a minute; the last look of a process does not wait for a batch to fill.

        What the warehouse refuses is told, and no reason to stop; after a `LedgerError` it goes on from what the ledger knows.
        """
        was_just_now = self._looked_at is not None and timedelta(0) <= now - self._looked_at < MINUTE
        if was_just_now and not is_last:
            return
        self._looked_at = now
        if not self._get_ready(now):
            return
        until = self.stopwatch() + _SPEND_S
        standing = batches.standings(self.ledger, self.streams)
        for stream in self.streams:
            if self.stopwatch() > until:
                break
            if stream.name in standing:
                self._serve(stream, standing[stream.name], now, is_last=is_last)
        self._troubles.backlog(standing, self.pace, now)
        self._sweep(now)
        self._troubles.quotas(quota_use.QuotaGuard(self.ledger, lambda: now), now)
        self._troubles.tell()

    def tell(self, error: PipelineError, now: datetime) -> None:
        """Tell that history does not flow."""
        self._troubles.add(FLOWS, Severity.WARNING, f"{error}; {error.hint}", now)
        self._troubles.tell()

    def _get_ready(self, now: datetime) -> bool:
        if not self._is_ready:
            self.begin(now)
            try:
                self.sink.prepare(self.streams)
                reached = self.sink.reached(self.streams, self.home, (now - _LOOKED_BACK).date())
            except LedgerError:
                raise
            except PipelineError as error:
                self.tell(error, now)
                return False
            behind = numbers.renumber(self.ledger, self.streams, reached)
            if behind:
                note = f"the ledger has gone back, as one does that is restored: new events of {', '.join(behind)} are "
                self._troubles.add(FLOWS, Severity.WARNING, f"{note}numbered behind those that the warehouse has", now)
            self._numbers = numbers.read_numbers(self.ledger)
            self._is_ready = True
        return True

    def _serve(self, stream: Stream, standing: Backlog, now: datetime, *, is_last: bool) -> None:
        unsent, n_waiting, current = list(standing.unsent), standing.n_waiting, standing
        paced_until = standing.paced_until
        for _ in range(_PER_LOOK):
            due = is_due(
                self.pace,
                n_waiting=n_waiting,
                n_unsent=len(unsent),
                sealed_at=None if is_last else current.sealed_at,
                now=now,
            )
            if due:
                sealed = seal(
                    self.ledger, stream, current, home=self.home, pace=self.pace, now=now, numbers=self._numbers
                )
                if sealed is None:
                    n_waiting = 0
                else:
                    self.at("sealed")
                    self.counts["sealed"] += 1
                    unsent.append(sealed)
                    n_waiting = max(0, n_waiting - sealed.n_rows)
                    current = replace(current, sealed_to=sealed.hi, sealed_at=now)
            if not unsent:
                return
            batch = unsent[0]
            if batch.not_before is not None and batch.not_before > now:
                return
            if batch.state == "sealed":
                slot = take_slot(self.pace, paced_until, now)
                if slot is None or not self._may_go(stream, batch, now):
                    return
                paced_until = slot
                batches.sending(self.ledger, batch, slot, _counts(stream, batch), now)
                self.at("sending")
                self.counts["jobs"] += 1
            followed = self._hand_over(stream, batch, now)
            if followed is LoadOutcome.MISSING:
                unsent[0] = replace(batch, state="sealed")  # its job never arrived
                continue
            if followed is not LoadOutcome.APPLIED:
                return
            self.counts["applied"] += 1
            self.counts["rows"] += batch.n_rows
            unsent.pop(0)

    def _may_go(self, stream: Stream, batch: SealedBatch, now: datetime) -> bool:
        """Whether the quotas leave room for a batch; where they do not, that is told, and the batch waits."""
        used = quota_use.read_used(self.ledger.rows, now)
        for kind, table, n in _counts(stream, batch):
            if not quota.may(used, quota.Kind(kind), table, n):
                here = (use for use in quota.uses(used) if use.limit.kind == kind and use.table in {table, ""})
                use = next(here, None)
                note = f"the history of {stream.name} is held back: {use}"
                self._troubles.add(HELD_BACK, Severity.ERROR, note, now, about=stream.name)
                return False
        return True

    def _hand_over(self, stream: Stream, batch: SealedBatch, now: datetime) -> LoadOutcome | None:
        """Give a batch to the warehouse, or ask what has become of it; None where an error left that open."""
        try:
            upload = BatchUpload(
                stream=stream,
                batch_id=batch.id,
                job_id=batch.job_id(self.home),
                content=batches.content_of(self.ledger, batch),
                was_sent=batch.state == "sent",
                league=self.league,
            )
            answer = self.sink.apply(upload)
            self.at("handed over")
        except WarehouseError as error:
            after = after_error(error.kind, attempt=batch.attempt, tries=batch.tries, now=now)
            batches.follow(self.ledger, batch, asdict(after), now, error=str(error))
            self._tell_failure(stream, after.tries, error.kind, str(error), now)
            return None
        outcome = answer.outcome
        after = after_outcome(outcome, attempt=batch.attempt, tries=batch.tries, now=now)
        error_text = f"the job {upload.job_id} failed: {answer.said}" if outcome is LoadOutcome.BURNT else ""
        batches.follow(self.ledger, batch, asdict(after), now, error=error_text)
        self.at("followed")
        if outcome is LoadOutcome.BURNT:
            self._tell_failure(stream, after.tries, ErrorKind.TRANSIENT, error_text, now)
        return outcome

    def _tell_failure(self, stream: Stream, tries: int, kind: ErrorKind, said: str, now: datetime) -> None:
        if tries >= _BAD_TRIES or kind in {ErrorKind.QUOTA, ErrorKind.PERMANENT}:
            note = f"the history of {stream.name} does not go through, {tries} failures in a row: {said}"
            self._troubles.add(FLOWS, Severity.WARNING, note, now, about=stream.name)

    def _sweep(self, now: datetime) -> None:
        if self._swept_at is None or now - self._swept_at >= timedelta(days=1):
            self._swept_at = now
            batches.forget_old(self.ledger, now)
            if self.keep is not None:
                standing = batches.standings(self.ledger, self.streams)
                batches.drop_old(self.ledger, self.streams, standing, keep=self.keep, now=now)


def _counts(stream: Stream, batch: SealedBatch) -> list[tuple[str, str, int]]:
    """Return what sending a batch uses: history's tables are partitioned by a column."""
    return [(quota.Kind.LOAD, stream.table, 1), (quota.Kind.PARTITION, stream.table, batch.n_days)]
