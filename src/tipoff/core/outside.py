"""What is remembered of the outside between two requests, two processes and two lives of one process."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The last answer to a request: where it is archived, when it came, and by what its provider knows it."""

    key: str
    source: str
    sha256: str
    status: int
    at: datetime
    etag: str = ""  # bytes as Latin-1, as HTTP has them
    last_modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """What a provider last said of the month's allowance."""

    provider: str
    used: int
    remaining: int
    at: datetime

    @property
    def allowance(self) -> int:
        """What the month began with."""
        return self.used + self.remaining

    @property
    def used_ratio(self) -> float:
        """The share that is spent."""
        return self.used / self.allowance if self.allowance else 1.0

    @property
    def is_nearly_spent(self) -> bool:
        """Whether people are told: over four fifths are spent."""
        return self.used_ratio >= 0.8  # noqa: PLR2004 -- four fifths


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyHealth:
    """How a proxy did for one host. `score`: 0 to 100. `cooldowns`: how often it has been left alone lately.

    Without a proxy it is the host itself, that asked to be left alone by whichever way until `rests_until`.
    """

    proxy: str  # its address without credentials
    host: str
    score: float = 100.0
    n_asked: int = 0
    n_failed: int = 0
    n_late: int = 0
    n_slow: int = 0
    failures: int = 0  # in a row
    successes: int = 0  # in a row
    cooldowns: int = 0
    rests_until: datetime | None = None
    at: datetime | None = None

    def rests(self, now: datetime) -> bool:
        """Whether it is left alone for this host."""
        return self.rests_until is not None and now < self.rests_until


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyChange:
    """A turn in a proxy's health for a host: it was left alone, its rest was lengthened, it works again."""

    proxy: str
    host: str
    at: datetime
    was: str
    now: str
    score: float
