"""A world: what stands outside, answering HTTP as the providers would at the simulated instant."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

import httpx

from tipoff.core.clock import Clock
from tipoff.core.fault import Fault


class World(Protocol):
    """Providers at an instant. Two worlds with the same fingerprint answer alike for ever."""

    @property
    def name(self) -> str:
        """What kind of world it is: recorded or sample."""

    @property
    def fingerprint(self) -> str:
        """A hash of all that its answers depend on."""

    @property
    def faults(self) -> Sequence[Fault]:
        """What goes wrong, in it and in what asks it; none in an honest world."""

    def describe(self) -> dict[str, str]:
        """Return what is recorded and what is modelled."""

    def game_days(self, first: date, last: date) -> int:
        """Return on how many days games were played, from `first` to `last`."""

    def transport(self, clock: Clock) -> httpx.BaseTransport:
        """Return the transport that an HTTP client is given."""


class Answers(Protocol):
    """What a world says to one request at one instant."""

    def answer(self, request: httpx.Request, now: datetime) -> httpx.Response:
        """Return the response."""


class WorldTransport(httpx.BaseTransport):
    """Hands each request to the world with the clock's instant."""

    def __init__(self, answers: Answers, clock: Clock) -> None:
        self._answers, self._clock = answers, clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the provider would now."""
        return self._answers.answer(request, self._clock.now())


def chance(*names: object) -> float:
    """Return a number in [0, 1) that is the same for the same names: a world's dice."""
    text = "|".join(str(name) for name in names)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48
