"""What waits for a person, by spelling: how often, since when, whom it may be; and what has been ruled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tipoff.core.question import QuestionRecord, Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingName:
    """A spelling that nobody is certain about."""

    subject: str
    units: tuple[str, ...]
    since: datetime
    reason: str
    options: tuple[str, ...]
    here_only: bool  # a ruling must name the game


def waiting_names(questions: Iterable[QuestionRecord]) -> list[WaitingName]:
    """Return the spellings that wait, the most frequent first."""
    by_subject: dict[str, list[QuestionRecord]] = {}
    for question in questions:
        if question.state == "open":
            by_subject.setdefault(question.subject, []).append(question)
    found = [
        WaitingName(
            subject=subject,
            units=tuple(sorted({question.unit for question in asked})),
            since=min(question.since for question in asked),
            reason="; ".join(sorted({question.reason for question in asked})),
            options=tuple(dict.fromkeys(option for question in asked for option in question.options)),
            here_only=any(question.here_only for question in asked),
        )
        for subject, asked in by_subject.items()
    ]
    return sorted(found, key=lambda name: (-len(name.units), name.subject))


def render_text(league: str, waiting: Sequence[WaitingName], rulings: Sequence[Ruling]) -> list[str]:
    """Return what a person reads: each spelling with whom it may be, and how to say who it is."""
    lines = []
    for name in waiting:
        games = f"{len(name.units)} game{'s' if len(name.units) > 1 else ''}"
        lines.append(f"{name.subject}: {name.reason}; {games}, since {name.since:%Y-%m-%d %H:%M} UTC")
        lines += [f"    {option}" for option in name.options]
        if name.here_only:
            lines += [f"    in {unit}" for unit in name.units]
    lines += [
        f"{ruling.id} {ruling.subject} is {ruling.value}{f' in {ruling.unit}' if ruling.unit else ''}, "
        f"says {ruling.by} since {ruling.made_at:%Y-%m-%d %H:%M} UTC"
        for ruling in rulings
    ]
    waits = "1 spelling waits" if len(waiting) == 1 else f"{len(waiting)} spellings wait"
    lines.append(f"{waits} for a person; rulings that hold: {len(rulings)}")
    if waiting:
        lines.append(f"say who it is: tipoff names {league} resolve 'SPELLING' ID [--game GAME_ID]")
    return lines
