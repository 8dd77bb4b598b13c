"""What BigQuery's errors mean: the texts are those that its documents and its users' reports give."""

import pytest
from google.auth.exceptions import RefreshError, TransportError

from tipoff.core.errors import ErrorKind
from tipoff.store.bigquery.client import said
from tipoff.store.bigquery.errors import RULES, Meaning, Said, verdict_of

SAID = [
    (
        "conflict",
        "streaming buffer",
        400,
        "invalidQuery",
        "UPDATE or DELETE statement over table p.d.t would affect rows in the streaming buffer, which is not supported",
    ),
    (
        "conflict",
        "streaming buffer",
        400,
        "invalid",
        "MERGE statement over table p.d.t would affect rows in the streaming buffer, which is not supported at [1:1]",
    ),
    (
        "conflict",
        "could not serialize",
        400,
        "invalidQuery",
        "Could not serialize access to table p:d.t due to concurrent update",
    ),
    (
        "conflict",
        "could not serialize",
        200,
        "invalidQuery",
        "Transaction is aborted due to concurrent update against table p:d.t. Transaction ID: 0123",
    ),
    (
        "conflict",
        "too many statements wait",
        403,
        "quotaExceeded",
        "Resources exceeded during query execution: Too many DML statements outstanding against table p:d.t, limit is 20.",
    ),
    ("already applied", "the job is known", 409, "duplicate", "Already Exists: Job p:US.tipoff-h1-load-x-rows"),
    ("already applied", "it exists", 409, "duplicate", "Already Exists: Table p:d.t"),
    ("already applied", "it exists", 409, "alreadyExists", "Already Exists: Dataset p:d"),
    (
        "transient",
        "rate limit",
        403,
        "rateLimitExceeded",
        "Exceeded rate limits: too many table update operations for this table. For more information, see …",
    ),
    (
        "transient",
        "rate limit",
        403,
        "jobRateLimitExceeded",
        "Job exceeded rate limits: Your project_and_region exceeded quota for concurrent queries.",
    ),
    (
        "transient",
        "rate limit, by its text",
        400,
        "",
        "Exceeded rate limits: too many concurrent queries for this project_and_region.",
    ),
    (
        "quota",
        "quota",
        403,
        "quotaExceeded",
        "Quota exceeded: Your table exceeded quota for imports or query appends per table.",
    ),
    (
        "quota",
        "quota",
        403,
        "quotaExceeded",
        "Quota exceeded: Your project exceeded quota for free query bytes scanned.",
    ),
    (
        "quota",
        "quota, by its text",
        400,
        "",
        "Custom quota exceeded: Your usage exceeded the custom quota for QueryUsagePerDay, which is set by your admin.",
    ),
    (
        "permanent",
        "bytes billed",
        400,
        "bytesBilledLimitExceeded",
        "Query exceeded limit for bytes billed: 1000000. 10485760 or higher required.",
    ),
    (
        "permanent",
        "bytes billed, by its text",
        500,
        "internalError",
        "Query exceeded limit for bytes billed: 1000000. 10485760 or higher required.",
    ),
    ("permanent", "response too large", 403, "responseTooLarge", "Response too large to return. Consider …"),
    (
        "permanent",
        "resources exceeded",
        400,
        "resourcesExceeded",
        "Resources exceeded during query execution: The query could not be executed in the allotted memory.",
    ),
    (
        "transient",
        "backend",
        503,
        "backendError",
        "Error encountered during execution. Retrying may solve the problem.",
    ),
    (
        "transient",
        "backend",
        500,
        "internalError",
        "An internal error occurred and the request could not be completed.",
    ),
    ("transient", "backend", 400, "tableUnavailable", "Some data in the table may be temporarily unavailable."),
    ("transient", "backend", 400, "jobInternalError", "The job failed due to an internal error. Retry the job."),
    ("transient", "the job was stopped", 200, "stopped", "Job execution was cancelled: User requested cancellation"),
    ("transient", "the job was stopped", 400, "timeout", "The job encountered an error during execution: timed out"),
    (
        "permanent",
        "no access",
        403,
        "accessDenied",
        "Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.",
    ),
    ("permanent", "no billing", 403, "billingNotEnabled", "Billing has not been enabled for this project."),
    ("permanent", "not found", 404, "notFound", "Not found: Table p:d.t was not found in location US"),
    ("permanent", "not found, by status", 404, "", "Not found: Dataset p:d"),
    ("permanent", "invalid", 400, "invalidQuery", "Unrecognized name: pionts at [1:8]"),
    ("permanent", "invalid", 400, "invalid", "Error while reading data, error message: …"),
    ("transient", "the reply was lost", 0, "ConnectionError", "reply lost: Connection aborted., RemoteDisconnected"),
    ("transient", "the reply was lost", 0, "ReadTimeout", "reply lost: read timed out. (read timeout=60)"),
    ("transient", "the reply was lost", 0, "RefreshError", "reply lost: the token could not be refreshed"),
    (
        "permanent",
        "credentials",
        401,
        "authError",
        "the credentials are refused: invalid_grant: Token has been revoked.",
    ),
    ("transient", "too many requests", 429, "", "Too Many Requests"),
    ("transient", "the request took too long", 408, "", "Request Timeout"),
    ("transient", "the server's trouble", 502, "", "Bad Gateway"),
    ("permanent", "no access, by status", 401, "", "Invalid Credentials"),
    ("permanent", "no rule", 418, "teapot", "never heard of"),
]


@pytest.mark.parametrize(("meaning", "rule", "status", "reason", "message"), SAID)
def test_an_error_means_what_helps(meaning: str, rule: str, status: int, reason: str, message: str) -> None:
    verdict = verdict_of(Said(status, reason, message))

    assert (verdict.meaning.value, verdict.rule) == (meaning, rule)
    assert verdict.hint
    assert message[:40] in str(verdict.said), "the evidence is kept"


def test_every_rule_has_a_text_that_it_is_for() -> None:
    shown = {rule for _, rule, *_ in SAID}

    assert {rule.name for rule in RULES} - shown == {"it exists, by status"}
    assert verdict_of(Said(409, "", "conflict")).rule == "it exists, by status"


@pytest.mark.parametrize(
    ("meaning", "kind"),
    [
        (Meaning.CONFLICT, ErrorKind.CONFLICT),
        (Meaning.TRANSIENT, ErrorKind.TRANSIENT),
        (Meaning.QUOTA, ErrorKind.QUOTA),
        (Meaning.APPLIED, ErrorKind.TRANSIENT),
        (Meaning.PERMANENT, ErrorKind.PERMANENT),
    ],
)
def test_each_meaning_has_its_kind_in_the_engine(meaning: Meaning, kind: ErrorKind) -> None:
    found = {
        verdict_of(Said(status, reason, text)).meaning: verdict_of(Said(status, reason, text))
        for _, _, status, reason, text in SAID
    }

    assert found[meaning].kind is kind


def unreached() -> RefreshError:
    """Return what comes of a metadata server that does not answer: as on a machine of Google's, at a start."""
    error = RefreshError("timed out")
    error.__cause__ = TransportError("timed out")
    return error


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (RefreshError("invalid_grant: Token has been expired or revoked."), "credentials"),
        (RefreshError("could not reach the server", retryable=True), "the reply was lost"),
        (TransportError("connection reset"), "the reply was lost"),
        (unreached(), "the reply was lost"),
    ],
)
def test_credentials_that_are_refused_help_no_one_who_waits(error: Exception, rule: str) -> None:
    assert verdict_of(said(error)).rule == rule
