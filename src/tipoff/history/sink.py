"""The sink's seam: what a warehouse promises to the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from tipoff.history.pace import LoadOutcome
from tipoff.ledger.streams import Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchUpload:
    """A batch as it is handed over. `was_sent`: it may have arrived already, so it is looked for first."""

    stream: Stream
    batch_id: str
    job_id: str
    content: bytes  # Parquet, of the stream's columns
    was_sent: bool
    league: str = ""


@dataclass(frozen=True, slots=True)
class LoadAnswer:
    """What became of a batch; where its job has failed, what that said."""

    outcome: LoadOutcome
    said: str = ""


class HistorySink(Protocol):
    """Takes batches up, each exactly once, however often it is handed over."""

    def prepare(self, streams: Sequence[Stream]) -> None:
        """Create what is not there, and add columns; raises `ShapeError` for another type, `WarehouseError` if refused."""

    def reached(self, streams: Sequence[Stream], home: str, since: date) -> dict[str, int]:
        """Return the greatest number of an event of `home` in each stream since a day, 0 for none; raises as `prepare`."""

    def apply(self, upload: BatchUpload) -> LoadAnswer:
        """Take a batch up, or say what has become of it; raises `WarehouseError` where that is not known, or it is refused."""
