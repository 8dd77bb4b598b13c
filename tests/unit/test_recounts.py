"""A recount: rows of this version of a step are held by their hash, rows of an earlier one by their count."""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tipoff.app.chores import AtOnce
from tipoff.app.recounts import Recounts, stands
from tipoff.core.errors import ErrorKind, PipelineError, WarehouseError
from tipoff.core.proof import Loss, Proof, UnitProof
from tipoff.leagues.nba.league import NBA

UNIT = UnitProof(unit="g1", n_rows=2, content_hash="a", made_from="m")
NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
DAY = date(2024, 1, 1)


def proof(output: str = "schedule", day: date = DAY, *, fence: int = 0) -> Proof:
    units = {"g1": dataclasses.replace(UNIT, fence=fence)}
    return Proof(league="nba", output=output, day=day, fence=1, made_at=NOW, step_version="v", units=units)


@dataclasses.dataclass
class Home:
    """Stores as a recount sees them: all is proven and stands, unless a test says otherwise; what is asked and told is kept."""

    proofs: list[Proof]
    recount: Callable[[str, date], Any] = lambda _table, _day: {"g1": (2, "a")}
    losses: Callable[[], list[Loss]] = list
    survey: Callable[[], list[Proof]] = list
    told: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    lost: list[Loss] = dataclasses.field(default_factory=list)

    @property
    def stores(self) -> Any:
        return SimpleNamespace(
            warehouse=SimpleNamespace(recount=lambda table, day: self.recount(table.name, day)),
            published=SimpleNamespace(losses=lambda _steps: self.losses(), survey=lambda _league: (self.survey(), [])),
            loaded={"schedule": SimpleNamespace(version="v")},
            proven=lambda: self.proofs,
            lose=self.lost.extend,
            ledger=SimpleNamespace(add=lambda _table, row: self.told.append(row)),
        )

    @property
    def notes(self) -> list[str]:
        return [finding["note"] for finding in self.told]


class Held(AtOnce[Any]):
    """Chores that are done when a test says so."""

    work: Callable[[], object] | None = None

    def hand_out(self, key: Any, work: Callable[[], object], *, due_at: datetime, can_wait: bool = False) -> None:  # noqa: ARG002 -- see Chores
        self.work = work

    def done(self) -> Sequence[tuple[Any, PipelineError | None]]:
        return []

    def holds(self, key: Any) -> bool:  # noqa: ARG002 -- see Chores
        return self.work is not None


def refuse(*_given: object) -> Any:
    msg = "the warehouse is not there"
    raise WarehouseError(msg, kind=ErrorKind.TRANSIENT)


@pytest.mark.parametrize(
    ("n_rows", "content_hash", "by_hash", "as_proven"),
    [(2, "a", True, True), (2, "b", True, False), (2, "b", False, True), (1, "a", False, False), (0, "", False, False)],
)
def test_rows_are_held_by_hash_or_by_count(n_rows: int, content_hash: str, *, by_hash: bool, as_proven: bool) -> None:
    assert stands(UNIT, n_rows, content_hash, by_hash=by_hash) is as_proven


def test_what_could_not_be_recounted_is_tried_again_within_the_hour_and_not_in_a_week_and_told() -> None:
    asked: list[str] = []

    def recount(table: str, _day: date) -> Any:
        asked.append(table)
        return refuse() if len(asked) == 1 else {"g1": (2, "a")}

    home = Home([proof()], recount=recount)
    recounts = Recounts(NBA, home.stores, AtOnce())

    for hours in (0, 0, 0, 0.5, 0.9, 1.1, 1.2, 24):
        recounts.look(NOW + timedelta(hours=hours))

    assert asked == ["schedule", "schedule"]
    [finding] = home.told
    assert finding["check"] == "what_stands_is_recounted"
    assert "schedule of 2024-01-01 could not be recounted" in finding["note"]


def test_documents_that_could_not_be_recounted_are_tried_again_in_an_hour_and_not_at_every_look() -> None:
    asked: list[int] = []
    recounted: list[date] = []

    def survey() -> Any:
        asked.append(minutes)
        return refuse()

    def recount(_table: str, day: date) -> Any:
        recounted.append(day)
        return {"g1": (2, "a")}

    today = NOW.date()
    home = Home([proof(day=today)], recount=recount, survey=survey)
    recounts = Recounts(NBA, home.stores, AtOnce())

    for minutes in range(0, 181, 10):
        recounts.look(NOW + timedelta(minutes=minutes))

    assert asked == [10, 80, 150]  # an hour from the look at which each had come back
    assert recounted == [today]
    assert len(home.notes) == 3
    assert all("documents of 2024-03-20 could not be recounted" in note for note in home.notes)


def test_a_warehouse_that_is_down_is_told_once_an_hour_and_not_once_a_slate() -> None:
    asked: list[date] = []
    days = [DAY + timedelta(days=n) for n in range(40)]

    def recount(_table: str, day: date) -> Any:
        asked.append(day)
        return refuse()

    home = Home([proof(day=day) for day in days], recount=recount)
    recounts = Recounts(NBA, home.stores, AtOnce())

    for minutes in range(0, 150, 2):
        recounts.look(NOW + timedelta(minutes=minutes))

    assert set(asked) == set(days)
    assert len(home.notes) == 3
    assert all("as is what else cannot be until then" in note for note in home.notes)


def test_a_look_while_documents_are_recounted_has_none_of_what_is_found_taken_up_twice() -> None:
    gone, chores = proof("published_predictions"), Held()
    damage = Loss(output="published_predictions", day=DAY, how="its document does not hold its rows")

    def losses() -> list[Loss]:
        recounts.look(NOW)
        return [damage]

    home = Home([gone], losses=losses)
    recounts = Recounts(NBA, home.stores, chores)

    recounts.look(NOW)
    assert chores.work is not None
    chores.work()
    recounts.look(NOW)
    recounts.look(NOW)

    assert [loss.how for loss in home.lost] == ["no store has anything, and the ledger knows it proven", damage.how]


@pytest.mark.parametrize(("fence", "is_lost"), [(1, True), (2, False)])
def test_what_was_made_again_as_it_was_since_it_was_counted_is_not_lost(fence: int, *, is_lost: bool) -> None:
    chores = Held()
    home = Home([proof(day=NOW.date(), fence=1)], recount=lambda _table, _day: {})
    recounts = Recounts(NBA, home.stores, chores)
    recounts.look(NOW)
    assert chores.work is not None

    chores.work()
    home.proofs = [proof(day=NOW.date(), fence=fence)]
    recounts.look(NOW)

    assert bool(home.lost) is is_lost
