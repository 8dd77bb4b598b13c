"""The page: in five seconds, whether today is complete, what is wrong since when, and what a person can do."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from tipoff.views.flow import flow_lines
from tipoff.views.grid import SIGNS, Grid
from tipoff.views.status import Status

NO_LEDGER = "there is no ledger yet"
AGAIN_S = 30  # a page that is left open is asked for again
_SHOWN = 12  # problems of a league at most; the rest is counted
_TEMPLATES = Environment(
    loader=PackageLoader("tipoff.web", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_SIGN = {"bad": "✗", "warn": "!", "good": "✓", "calm": "…"}


@dataclass(frozen=True, slots=True)
class Card:
    """A league as the page shows it."""

    status: Status
    grid: Grid

    @property
    def verdict(self) -> str:
        """In two words, how it stands."""
        status = self.status
        if status.alive is False:
            return "is not alive"
        if status.complete is False:
            return "is NOT complete"
        if status.home.today is None and status.home.between is None:
            return "has nothing planned yet"
        if status.complete is None and not (status.home.between and status.home.today is None):
            return "is on course" if status.ok else "is not well"
        said = "is between seasons" if status.home.between else "is complete"
        return said if status.ok else f"{said}, and not well"

    @property
    def beside(self) -> list[str]:
        """What is off, and how history and quotas stand."""
        return [*self.status.home.off, *flow_lines(self.status.home.history)]

    @property
    def tone(self) -> str:
        """How bad it is: bad, warn, calm (something is owed, and not yet due) or good."""
        if not self.status.ok or self.status.complete is False:
            return "bad"
        if self.status.problems or (self.status.home.today is None and self.status.home.between is None):
            return "warn"
        return "good" if self.status.complete else "calm"


def page(cards: Sequence[Card], trouble: str, *, at: datetime, build: str) -> str:
    """Return the page as HTML: a card for each league, the worst first; `trouble` says why nothing can be known."""
    ordered = sorted(cards, key=lambda card: (list(_SIGN).index(card.tone), card.status.league))
    said = [*(["?"] if trouble else []), *(f"{_SIGN[card.tone]} {card.status.league}" for card in ordered), "Tipoff"]
    is_new = trouble == NO_LEDGER
    tones = [*(["warn" if is_new else "bad"] if trouble else []), *(card.tone for card in ordered), "warn"]
    return _TEMPLATES.get_template("page.html").render(
        again_s=AGAIN_S,
        at=at,
        build=build,
        is_new=is_new,
        leagues=ordered,
        shown=_SHOWN,
        signs=SIGNS,
        style=_STYLE,
        title=" ".join(said),
        trouble=trouble,
        worst=tones[0],
    )


def headers() -> dict[str, str]:
    """Return what a browser may do with the page: show it, with this style, and nothing else."""
    style = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'"
    return {
        "cache-control": "no-store",
        "content-security-policy": f"{policy}; frame-ancestors 'none'",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }


_STYLE = _TEMPLATES.get_template("page.css").render()
