"""What BigQuery's errors mean: a table of rules over status, reason and message, and a pure function that applies it.

Source: https://cloud.google.com/bigquery/docs/error-messages, .../docs/troubleshoot-quotas, .../docs/transactions,
.../docs/data-manipulation-language; the texts are those that BigQuery is documented or reported to give.
"""

import re
from dataclasses import dataclass
from enum import Enum

from tipoff.core.errors import ErrorKind


class Meaning(Enum):
    """What is to be done about an error."""

    CONFLICT = "conflict"  # an earlier write holds the rows or the table: parked
    TRANSIENT = "transient"  # the same again, later
    QUOTA = "quota"  # a budget is used up: hold and tell
    APPLIED = "already applied"  # the same work has arrived before: believed once its proof has been read
    PERMANENT = "permanent"  # repeating cannot help


KINDS = {
    Meaning.CONFLICT: ErrorKind.CONFLICT,
    Meaning.TRANSIENT: ErrorKind.TRANSIENT,
    Meaning.QUOTA: ErrorKind.QUOTA,
    Meaning.APPLIED: ErrorKind.TRANSIENT,  # one that nothing bears out is asked again
    Meaning.PERMANENT: ErrorKind.PERMANENT,
}


@dataclass(frozen=True, slots=True)
class Said:
    """What came back: the HTTP status (0: no answer at all), the reason by its name, the message."""

    status: int
    reason: str
    message: str

    def __str__(self) -> str:
        """Return it in one line, as evidence."""
        first = " ".join(self.message.split())[:300]
        return f"{self.status or 'no answer'} {self.reason}: {first}"


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """One rule: what an error must be like, what it then means, and what helps. An empty part fits everything."""

    name: str
    meaning: Meaning
    hint: str
    statuses: frozenset[int] = frozenset()
    reasons: frozenset[str] = frozenset()
    text: str = ""
    at_once: bool = True  # whether a transient one may be asked again before anything is waited for

    def fits(self, said: Said) -> bool:
        """Whether every part fits."""
        return (
            (not self.statuses or said.status in self.statuses)
            and (not self.reasons or said.reason in self.reasons)
            and (not self.text or re.search(self.text, said.message, re.IGNORECASE) is not None)
        )


@dataclass(frozen=True, slots=True)
class ErrorVerdict:
    """What an error means, by which rule, and the evidence."""

    meaning: Meaning
    rule: str
    hint: str
    said: Said
    at_once: bool = True

    @property
    def kind(self) -> ErrorKind:
        """The kind by which the engine treats it."""
        return KINDS[self.meaning]


_TOO_DEAR = (
    "it would read more than its step or TIPOFF_BIGQUERY_MAX_BYTES allows: tipoff cost shows what each step reads"
)
_AGAIN = "nothing was changed; it is tried again"
_BACKEND = frozenset({"backendError", "internalError", "jobBackendError", "jobInternalError", "tableUnavailable"})
STOPPED = "the job was stopped"
RULES = (
    ErrorRule(
        "credentials",
        Meaning.PERMANENT,
        "they were revoked or have ended: mount a valid service account's key, or run `gcloud auth application-default login`",
        text=r"^the credentials are refused",
    ),
    ErrorRule(
        "streaming buffer",
        Meaning.CONFLICT,
        "rows that were streamed cannot be changed for about 30 minutes, at times for 90; it is tried again",
        text=r"streaming buffer",
    ),
    ErrorRule(
        "could not serialize",
        Meaning.CONFLICT,
        "another statement changed the table at the same time; it is tried again",
        text=r"could not serialize access|due to concurrent update",
    ),
    ErrorRule(
        "too many statements wait",
        Meaning.CONFLICT,
        "twenty statements wait for the table already; it is tried again",
        text=r"too many DML statements outstanding",
    ),
    ErrorRule(
        "the job is known",
        Meaning.APPLIED,
        "a job with this id has arrived before",
        statuses=frozenset({409}),
        text=r"already exists: job|duplicate job",
    ),
    ErrorRule("it exists", Meaning.APPLIED, "it was created before", reasons=frozenset({"duplicate", "alreadyExists"})),
    ErrorRule("it exists, by status", Meaning.APPLIED, "it was created before", statuses=frozenset({409})),
    ErrorRule(
        "rate limit",
        Meaning.TRANSIENT,
        "too many at a time; it is tried again, more slowly",
        reasons=frozenset({"rateLimitExceeded", "jobRateLimitExceeded", "userRateLimitExceeded"}),
        at_once=False,
    ),
    ErrorRule(
        "rate limit, by its text",
        Meaning.TRANSIENT,
        "too many at a time; it is tried again, more slowly",
        text=r"exceeded rate limits",
        at_once=False,
    ),
    ErrorRule(
        "quota",
        Meaning.QUOTA,
        "the quota comes back by itself, mostly at midnight Pacific time; see `tipoff status` for what is held",
        reasons=frozenset({"quotaExceeded", "dailyLimitExceeded"}),
    ),
    ErrorRule(
        "quota, by its text", Meaning.QUOTA, "the quota comes back by itself", text=r"\bquota exceeded|exceeded quota"
    ),
    ErrorRule("bytes billed", Meaning.PERMANENT, _TOO_DEAR, reasons=frozenset({"bytesBilledLimitExceeded"})),
    ErrorRule("bytes billed, by its text", Meaning.PERMANENT, _TOO_DEAR, text=r"exceeded limit for bytes billed"),
    ErrorRule(
        "response too large",
        Meaning.PERMANENT,
        "narrow what the step reads or returns",
        reasons=frozenset({"responseTooLarge", "resultTooLarge"}),
    ),
    ErrorRule(
        "resources exceeded",
        Meaning.PERMANENT,
        "the statement needs more than BigQuery gives to one: narrow its windows",
        reasons=frozenset({"resourcesExceeded"}),
    ),
    ErrorRule("backend", Meaning.TRANSIENT, _AGAIN, reasons=_BACKEND),
    ErrorRule(STOPPED, Meaning.TRANSIENT, _AGAIN, reasons=frozenset({"stopped", "timeout"}), at_once=False),
    ErrorRule(
        "no access",
        Meaning.PERMANENT,
        "give the service account the roles that docs/how-to/run-on-bigquery.md names",
        reasons=frozenset({"accessDenied", "authError", "forbidden"}),
    ),
    ErrorRule(
        "no billing",
        Meaning.PERMANENT,
        "the project's billing has to be set right by a person",
        reasons=frozenset({"billingNotEnabled", "billingTierLimitExceeded", "blocked"}),
    ),
    ErrorRule(
        "not found",
        Meaning.PERMANENT,
        "tables are made at the start: was one deleted, or is the location another?",
        reasons=frozenset({"notFound"}),
    ),
    ErrorRule(
        "invalid",
        Meaning.PERMANENT,
        "the statement or its rows are at fault",
        reasons=frozenset({"invalid", "invalidQuery", "badRequest", "invalidUser"}),
    ),
    ErrorRule(
        "the reply was lost", Meaning.TRANSIENT, "whether it was done is found out by its job id", text=r"^reply lost"
    ),
    ErrorRule("too many requests", Meaning.TRANSIENT, _AGAIN, statuses=frozenset({429}), at_once=False),
    ErrorRule("the request took too long", Meaning.TRANSIENT, _AGAIN, statuses=frozenset({408})),
    ErrorRule("the server's trouble", Meaning.TRANSIENT, _AGAIN, statuses=frozenset({500, 502, 503, 504})),
    ErrorRule("not found, by status", Meaning.PERMANENT, "tables are made at the start", statuses=frozenset({404})),
    ErrorRule("no access, by status", Meaning.PERMANENT, "see the credentials' roles", statuses=frozenset({401, 403})),
)
UNKNOWN = ErrorRule("no rule", Meaning.PERMANENT, "an error that is not known: look at what BigQuery said")


def verdict_of(said: Said) -> ErrorVerdict:
    """Return what an error means: the first rule that fits; what none fits is permanent, so that a person looks at it."""
    rule = next((rule for rule in RULES if rule.fits(said)), UNKNOWN)
    return ErrorVerdict(rule.meaning, rule.name, rule.hint, said, rule.at_once)


class Refused(Exception):
    """BigQuery refused, or did not answer; `ran`: the job existed and failed, so that its id will never do the work."""

    def __init__(self, verdict: ErrorVerdict, job_id: str = "", *, ran: bool = False) -> None:
        super().__init__(f"{verdict.rule}: {verdict.said}{f' (job {job_id})' if job_id else ''}")
        self.verdict, self.job_id, self.ran = verdict, job_id, ran
