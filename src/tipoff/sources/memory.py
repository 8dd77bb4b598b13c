"""What the asker remembers: of answers, credits and proxies; in this process alone, or in a store that others share."""

import threading
from typing import Protocol

from tipoff.core.outside import Answer, Credits, ProxyChange, ProxyHealth


class Memory(Protocol):
    """Where what was learned of the outside is kept. Every method may be called by several threads."""

    def answer(self, key: str) -> Answer | None:
        """Return the last answer to a request."""

    def keep_answer(self, answer: Answer) -> None:
        """Remember an answer."""

    def credits(self, provider: str) -> Credits | None:
        """Return what a provider last said of its credits, to whichever process."""

    def keep_credits(self, found: Credits) -> None:
        """Remember what a provider said of its credits."""

    def proxies(self, host: str) -> dict[str, ProxyHealth]:
        """Return how each proxy does for a host."""

    def keep_proxy(self, health: ProxyHealth, change: ProxyChange | None) -> None:
        """Remember how a proxy does, and a turn in it."""


class InProcess:
    """Memory that ends with the process: of a replay, and of tests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, Answer] = {}
        self._credits: dict[str, Credits] = {}
        self._proxies: dict[str, dict[str, ProxyHealth]] = {}
        self.changes: list[ProxyChange] = []

    def answer(self, key: str) -> Answer | None:
        """Return the last answer to a request."""
        with self._lock:
            return self._answers.get(key)

    def keep_answer(self, answer: Answer) -> None:
        """Remember an answer."""
        with self._lock:
            self._answers[answer.key] = answer

    def credits(self, provider: str) -> Credits | None:
        """Return what a provider last said of its credits."""
        with self._lock:
            return self._credits.get(provider)

    def keep_credits(self, found: Credits) -> None:
        """Remember what a provider said of its credits."""
        with self._lock:
            self._credits[found.provider] = found

    def proxies(self, host: str) -> dict[str, ProxyHealth]:
        """Return how each proxy does for a host."""
        with self._lock:
            return dict(self._proxies.get(host, {}))

    def keep_proxy(self, health: ProxyHealth, change: ProxyChange | None) -> None:
        """Remember how a proxy does, and a turn in it."""
        with self._lock:
            self._proxies.setdefault(health.host, {})[health.proxy] = health
            if change is not None:
                self.changes.append(change)
