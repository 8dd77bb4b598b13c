"""Work that waits for a person: what units ask, and the rulings that make them stale when they come."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tipoff.core.question import Ruling
from tipoff.core.step import PythonWork, Step
from tipoff.engine.book import Book, Entry, Key
from tipoff.engine.claim import Outcome
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.questions import ruling_mark, rulings_of


def rulings_for(book: Book, step: Step) -> tuple[Ruling, ...]:
    """Return what a run of a step is told of people's rulings: nothing, unless it asks them."""
    return book.rulings if isinstance(step.work, PythonWork) and step.work.asks else ()


def ruled(book: Book, entry: Entry, unit: str) -> list[str]:
    """Return what people have ruled on the questions of a unit, as parts of what it is made from."""
    subjects = entry.questions.get(unit, ())
    found = [rule for rule in book.rulings if rule.subject in subjects and rule.unit in {"", unit}]
    return [f"{rule.subject}={rule.value}{'!' if rule.unit else ''}" for rule in found]


def take_rulings(book: Book, ledger: Ledger) -> list[Key]:
    """Take up what people have ruled since, where anything was ever asked; returns the obligations that it concerns."""
    if not book.has_asked:
        return []
    mark = ruling_mark(ledger, book.league.name)
    if mark == book.ruling_mark:
        return []
    rulings = rulings_of(ledger, book.league.name)
    changed = {ruling.subject for ruling in {*rulings} ^ {*book.rulings}}
    book.rulings, book.ruling_mark = rulings, mark
    return [key for key, entry in book.entries.items() if any(changed & asked for asked in entry.questions.values())]


def remember_questions(book: Book, rows: Iterable[Mapping[str, Any]]) -> None:
    """Take up what was asked before."""
    for row in rows:
        entry = book.entries.get((row["output"], row["day"]))
        if entry is not None:
            entry.questions[row["unit"]] = entry.questions.get(row["unit"], frozenset()) | {row["subject"]}
            book.has_asked = True


def note_questions(book: Book, entry: Entry, outcome: Outcome, now: datetime, batch: Batch) -> None:
    """Take up in the book and the batch what each made unit asks people; what it no longer asks is gone."""
    for unit in outcome.claim.plan.units:
        before = entry.questions.pop(unit, frozenset())
        mine = {question.subject: question for question in outcome.questions if question.unit == unit}
        if mine:
            entry.questions[unit], book.has_asked = frozenset(mine), True
        for subject in sorted(before | mine.keys()):
            question = mine.get(subject)
            obligation = entry.obligation
            batch.add(
                "questions",
                {
                    "league": obligation.league,
                    "output": obligation.output,
                    "day": obligation.day,
                    "unit": unit,
                    "subject": subject,
                    "reason": question.reason if question else "",
                    "options": json.dumps(question.options if question else ()),
                    "here_only": bool(question and question.here_only),
                    "state": "gone" if question is None else "open" if question.is_open else "answered",
                    "since": now,
                },
            )
