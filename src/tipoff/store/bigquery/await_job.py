"""Seeing that a job is done exactly once, whatever becomes of its replies: the same id again, and what is known of it is asked.

Nothing waits here: after a few tries the run fails as it must, and the engine takes it up again when it has written that down.
"""

from collections.abc import Callable

import pyarrow as pa

from tipoff.store.bigquery.client import Client
from tipoff.store.bigquery.errors import Meaning, Refused

TRIES = 5
_NOT_FOUND = 404


def send_until_done(client: Client, name: Callable[[int], str], send: Callable[[str, int], None]) -> tuple[int, bool]:
    """Send a job until it has done its work; returns the attempt that did, and whether its reply had been lost.

    `name` gives the job id of an attempt and `send` sends it and waits for its end. A job whose reply was lost is sent again
    under its own id: known to BigQuery, it is refused (409), and its end is asked for. One that ran and failed will never do the
    work: its id is burnt, and the next attempt has another.

    Raises:
        Refused: It was refused for good or for being too much at a time, or the tries are used up.
    """
    attempt, last = 0, None
    for _ in range(TRIES):
        job_id = name(attempt)
        try:
            send(job_id, attempt)
        except Refused as refused:
            has_arrived = refused.verdict.meaning is Meaning.APPLIED and not refused.ran
            last = _end_of(client, job_id, refused) if has_arrived else refused
            if last is None:
                return attempt, True
            if last.verdict.meaning not in {Meaning.TRANSIENT, Meaning.APPLIED} or not last.verdict.at_once:
                raise last from refused
            attempt += last.ran
        else:
            return attempt, False
    raise last or RuntimeError(name(attempt))


def _end_of(client: Client, job_id: str, known: Refused) -> Refused | None:
    """Return what a job failed of; one that is known and cannot be found yet (it happens) is still only known."""
    try:
        return client.end_of(job_id)
    except Refused as refused:
        return known if refused.verdict.said.status == _NOT_FOUND else refused


def asked_again(ask: Callable[[], pa.Table]) -> pa.Table:
    """Ask for rows; if the answer is lost, once more at once, for asking changes nothing."""
    try:
        return ask()
    except Refused as refused:
        if refused.verdict.meaning is not Meaning.TRANSIENT or not refused.verdict.at_once:
            raise
        return ask()
