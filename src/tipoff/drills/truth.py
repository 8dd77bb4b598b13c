"""What a replay left behind: what stands, when it came and was told, and what people were sent."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

Unit = tuple[str, date, str]  # output, day, unit
Told = tuple[str, str, str, str]  # check, cause, output, day


@dataclass(slots=True)
class Truth:
    """What a replay left behind."""

    content: dict[Unit, tuple[int, str]] = field(default_factory=dict)
    duplicates: int = 0
    arrivals: dict[Unit, datetime] = field(default_factory=dict)
    seen: dict[Unit, datetime] = field(default_factory=dict)  # as of when it was made, or its source asked, last
    told: dict[Told, datetime] = field(default_factory=dict)
    causes: set[str] = field(default_factory=set)
    unmet: set[tuple[str, date]] = field(default_factory=set)
    changes: dict[date, list[datetime]] = field(
        default_factory=dict
    )  # of what the schedule says of a day, as it was seen
    off: set[tuple[date, str]] = field(default_factory=set)  # games that are not played on a day
    losses: dict[tuple[str, date], tuple[str, ...]] = field(
        default_factory=dict
    )  # slates called lost, with what they lack
    named: set[tuple[str, date]] = field(
        default_factory=set
    )  # slates that an incident named as lost, or that one still holds
    trouble_at: datetime | None = None  # when the first run failed or expired
    due: dict[tuple[str, date], datetime] = field(default_factory=dict)
    n_runs: int = 0
    n_running: int = 0
    too_late: int = 0  # published after tip-off
    past_gate: int = 0  # made while a gate held, or before its own input was there
    tips: dict[str, datetime | None] = field(default_factory=dict)
    starts: dict[tuple[date, str], datetime | None] = field(default_factory=dict)  # a game may stand on two days
    incidents: list[tuple[str, datetime, datetime | None]] = field(default_factory=list)  # cause, opened at, closed at
    messages: Counter[tuple[str, str]] = field(default_factory=Counter)  # by cause and kind
