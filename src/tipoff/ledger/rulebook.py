"""How often each rule was looked at and fired, as the ledger has it: checks, gates, and what providers' rows are filtered by."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, func, select

from tipoff.core.check import WINDOW
from tipoff.ledger import schema
from tipoff.ledger.reader import Ask, LeagueRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """One rule and its record.

    `learned`: the threshold that the thousandth worst of what was measured so far would just have met. It is shown for a person
    to decide, and never takes effect by itself.
    """

    kind: str  # check, gate, filter
    name: str
    evaluated: int
    fired: int
    not_measurable: int = 0
    fired_at: datetime | None = None
    required: float | None = None
    learned: float | None = None

    @property
    def word(self) -> str:
        """What is to be said of it: it fires, it never has, it was never measurable, or it is young."""
        if self.fired:
            return "fires"
        if self.evaluated + self.not_measurable < WINDOW:
            return "young"
        return "never fired" if self.evaluated else "never measurable"

    @property
    def is_silent(self) -> bool:
        """Whether it has had its window and never fired: it may be blind."""
        return self.word.startswith("never")


def checks_kept(ask: Ask, league: str) -> Iterator[RuleCount]:
    """Yield each check's record."""
    for one in LeagueRecords(ask, league).rule_counts().values():
        yield RuleCount(
            kind="check",
            name=one.rule,
            evaluated=one.evaluated,
            fired=one.fired,
            not_measurable=one.not_measurable,
            fired_at=one.fired_at,
        )


def gates_kept(ask: Ask, league: str) -> Iterator[RuleCount]:
    """Yield each gate's record: on how many slates it stood, and on how many it was held."""
    table = schema.gates
    query = (
        select(
            table.c.output,
            table.c.input,
            func.count().label("n"),
            func.count(table.c.held_at).label("held"),
            func.max(table.c.held_at).label("at"),
        )
        .where(table.c.league == league)
        .group_by(table.c.output, table.c.input)
    )
    for row in ask(query):
        name = f"{row['output']} waits for {row['input']}"
        yield RuleCount(kind="gate", name=name, evaluated=row["n"], fired=row["held"], fired_at=row["at"])


def filters_kept(ask: Ask, league: str) -> Iterator[RuleCount]:
    """Yield each filter's record: of a provider's answers, how many held a row that was refused; and each quarantine's."""
    fetches, rejects = schema.fetches, schema.rejects
    told = select(
        fetches.c.source, func.count().label("n"), func.sum(func.cast(fetches.c.n_rejects > 0, Integer)).label("fired")
    ).where(fetches.c.league == league)
    for row in ask(told.group_by(fetches.c.source)):
        name = f"rows of {row['source']} are usable"
        yield RuleCount(kind="filter", name=name, evaluated=row["n"], fired=row["fired"])
    reasons = select(rejects.c.output, func.count().label("n"), func.max(rejects.c.at).label("at"))
    for row in ask(reasons.where(rejects.c.league == league).group_by(rejects.c.output)):
        n = int(row["n"])
        yield RuleCount(kind="filter", name=f"quarantine of {row['output']}", evaluated=n, fired=n, fired_at=row["at"])


def rules_kept(ask: Ask, league: str) -> list[RuleCount]:
    """Return every rule's record in this home."""
    return [*checks_kept(ask, league), *gates_kept(ask, league), *filters_kept(ask, league)]
