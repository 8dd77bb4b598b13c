"""What the ledger is told of each answer: what became of it, with its status and hash."""

from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.engine.claim import FetchNote


def failed(request: Request, error: SourceError, *, payload: Payload | None = None) -> FetchNote:
    """Note what could not be used: an answer that was refused, or one that could not be read."""
    return FetchNote(
        request=request,
        status=payload.status if payload else error.status,
        sha256=payload.sha256 if payload else error.sha256,
        n_bytes=len(payload.body) if payload else error.n_bytes,
        n_rows=0,
        n_rejects=0,
        outcome="not yet" if error.kind is ErrorKind.NOT_YET else "refused" if error.status else "error",
        note=str(error),
    )


def accounted(payload: Payload, parsed: Parsed) -> FetchNote:
    """Note an answer that was read: whether it had rows, an excuse, or nothing of the slate."""
    outcome = "rows" if parsed.rows else "recognised empty" if parsed.excused else "nothing for this slate"
    return noted(payload, outcome, n_rows=len(parsed.rows), n_rejects=len(parsed.rejects))


def noted(payload: Payload, outcome: str, *, n_rows: int = 0, n_rejects: int = 0) -> FetchNote:
    """Note an answer and what became of it."""
    return FetchNote(
        request=payload.request,
        status=payload.status,
        sha256=payload.sha256,
        n_bytes=len(payload.body),
        n_rows=n_rows,
        n_rejects=n_rejects,
        outcome=outcome,
    )
