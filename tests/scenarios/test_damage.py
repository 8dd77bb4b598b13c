"""What a disk, an editor or a refusing warehouse leaves behind: it is told, nothing is written over, and the work goes on."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.samples import Samples
from tests.support import sample_spec

from tipoff.app.instance import Instance
from tipoff.app.sentinel import look_often
from tipoff.app.watching import EXAMINED_AGAIN, CheckTimes, Watch, examine_due, examiner_of
from tipoff.checks.examine import Examined, Examiner
from tipoff.config import Settings
from tipoff.core.check import Cadence
from tipoff.core.clock import RealClock, SimClock, Stop, midnight
from tipoff.core.errors import Damaged, ErrorKind, LedgerError, WarehouseError
from tipoff.core.home import Home
from tipoff.leagues.nba.league import NBA, sample_season
from tipoff.ledger import Ledger, schema, watching
from tipoff.store import published
from tipoff.store.published import Published
from tipoff.store.warehouse import WriteRequest

DAYS = 3
SEASON = sample_season(DAYS)
NOW = midnight(SEASON.last_day) + timedelta(hours=36)
WHOLE = (SEASON.first_day, SEASON.last_day)
DAMAGES = ("", "{", "[]", "{}", '{"league": "nba"}', "\x00\x01", "null")


@pytest.fixture
def home(samples: Samples, tmp_path: Path) -> Path:
    return samples.copy(DAYS, tmp_path / "home")


def document(home: Path) -> Path:
    """Return the newest published predictions."""
    return Home(home).published / "nba" / "published_predictions" / f"{SEASON.last_day}.json"


def found(home: Path, check: str) -> list[tuple[str, date, str]]:
    ledger = Ledger(Home(home).ledger, read_only=True)
    rows = ledger.rows(select(schema.findings).where(schema.findings.c.check == check))
    ledger.close()
    return [(row["output"], row["day"], row["cause"]) for row in rows]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_document_is_told_by_name_and_the_others_are_read(home: Path, damage: str) -> None:
    document(home).write_text(damage)

    proofs, [error] = Published(Home(home).published).survey("nba")

    assert (error.output, error.day, error.kind) == ("published_predictions", SEASON.last_day, ErrorKind.PERMANENT)
    assert str(document(home)) in error.hint
    read = [proof.day for proof in proofs if proof.output == "published_predictions"]
    assert read == [SEASON.last_day - timedelta(days=1)]


def test_a_controller_starts_beside_a_damaged_document_and_tells_of_it(home: Path) -> None:
    document(home).write_text("{")
    (document(home).parent / "notes.json").write_text("somebody's own")
    stage = Instance(Settings(home=home), sample_spec(DAYS), SimClock(NOW))
    try:
        controller = stage.open()

        assert controller.start(NOW)
        controller.tick(NOW)
    finally:
        stage.close()

    where = ("published_predictions", SEASON.last_day, "data:published_predictions")
    assert found(home, "documents_are_readable") == [where]
    assert document(home).read_text() == "{"


def test_a_damaged_document_of_another_league_is_not_told_as_this_ones_and_hides_no_loss_of_it(home: Path) -> None:
    """Both leagues have an output of that name, for the same day."""
    others = Home(home).published / "mlb" / document(home).parent.name / document(home).name
    others.parent.mkdir(parents=True)
    others.write_text("{")
    document(home).unlink()
    stage = Instance(Settings(home=home), sample_spec(DAYS), SimClock(NOW))
    try:
        controller = stage.open()

        assert controller.start(NOW)
    finally:
        stage.close()

    assert found(home, "documents_are_readable") == []
    assert found(home, "store_has_what_is_proven") == [("published_predictions", SEASON.last_day, "store")]


def test_a_document_that_is_moved_away_while_it_is_recounted_ends_no_recount(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reads = published._document, list[Path]()  # noqa: SLF001 -- between two of its reads

    def moved(path: Path) -> dict[str, Any]:
        reads.append(path)
        if path == document(home) and reads.count(path) > 1:
            path.rename(path.with_name("aside"))
        return read(path)

    monkeypatch.setattr(published, "_document", moved)

    assert Published(Home(home).published).losses([NBA.step("published_predictions")]) == []
    assert not document(home).exists()


def test_a_document_that_cannot_be_looked_at_ends_no_recount(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "_state", lambda _path: Path("/dev/null/file").stat())

    assert Published(Home(home).published).losses([NBA.step("published_predictions")]) == []


def test_a_damaged_document_is_never_written_over(home: Path) -> None:
    step, published = NBA.step("published_predictions"), Published(Home(home).published)
    rows = published.rows(step, SEASON.last_day)
    document(home).write_text("{")
    units = {str(row["game_id"]): "made anew" for row in rows.to_pylist()}
    asked = WriteRequest(
        step=step,
        season=SEASON,
        day=SEASON.last_day,
        fence=10**6,
        as_of=NOW,
        step_version="v",
        units=units,
        evidence=True,
    )

    with pytest.raises(Damaged, match="cannot be read as it is published"):
        published.replace(asked, rows)
    assert document(home).read_text() == "{"

    document(home).rename(document(home).with_name("aside"))
    assert published.replace(asked, rows).changed


# --- an examination that cannot be done


class Refusing(Examiner):
    """Meets a warehouse that refuses, until it is well."""

    is_well = False

    def examine(self, day: date, now: datetime, **_said: object) -> list[Examined]:
        if not self.is_well:
            msg = "the warehouse is not there"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="it is asked again")
        return super().examine(day, now)


@pytest.fixture
def stage(home: Path) -> Iterator[Instance]:
    made = Instance(Settings(home=home), sample_spec(DAYS), SimClock(NOW))
    made.open()
    yield made
    made.close()


def refusing(stage: Instance) -> Refusing:
    made = examiner_of(NBA, SEASON, stage)
    return Refusing(**{part.name: getattr(made, part.name) for part in fields(made) if part.name[0] != "_"})


def test_a_slate_that_cannot_be_examined_is_told_and_examined_again_after_a_while(home: Path, stage: Instance) -> None:
    times, looks = CheckTimes(NBA, SEASON), refusing(stage)

    for minutes in range(0, 30, 5):
        examine_due(times, lambda: looks, stage, NOW + timedelta(minutes=minutes), days=WHOLE)

    assert {day for day, _ in times.due(NOW + 2 * timedelta(hours=1), lambda _: None)} == set(SEASON.days())
    assert found(home, "slate_is_examined") == [("", day, "warehouse") for day in SEASON.days()] * 3


def test_a_slate_is_examined_as_soon_as_it_can_be(stage: Instance) -> None:
    times, looks = CheckTimes(NBA, SEASON), refusing(stage)
    examine_due(times, lambda: looks, stage, NOW, days=WHOLE)
    looks.is_well = True

    examine_due(times, lambda: looks, stage, NOW + EXAMINED_AGAIN, days=WHOLE)

    assert times.due(NOW + EXAMINED_AGAIN, lambda _: None) == []
    assert {row["day"] for row in stage.ledger.rows(select(watching.measured.c.day))} == set(SEASON.days())


def test_a_slate_whose_doubts_could_not_be_handed_on_is_due_again(
    stage: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = CheckTimes(NBA, SEASON)
    gone = LedgerError("the ledger could not be read: the server is gone")

    def refused(*_given: object) -> None:
        raise gone

    with monkeypatch.context() as patched:
        patched.setattr(stage, "look_again", refused)
        with pytest.raises(LedgerError):
            examine_due(times, lambda: examiner_of(NBA, SEASON, stage), stage, NOW, days=WHOLE)
    assert {day for day, _ in times.due(NOW, lambda _: None)} == set(SEASON.days())

    examine_due(times, lambda: examiner_of(NBA, SEASON, stage), stage, NOW, days=WHOLE)
    assert times.due(NOW, lambda _: None) == []


def test_a_pregame_look_that_failed_does_not_hold_up_the_mornings() -> None:
    times = CheckTimes(NBA, SEASON)
    now = midnight(SEASON.last_day) + timedelta(hours=12)
    times.failed(SEASON.last_day, Cadence.PREGAME, now)

    due = times.due(now, lambda _: now)

    assert due == [(day, None) for day in SEASON.days()[:-1]]


# --- looks that cannot be done


def test_a_side_that_cannot_look_says_so_once_and_says_when_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipoff.app.sentinel.AGAIN", timedelta(0))
    stop, lines, left = Stop(), list[str](), ["is locked"] * 3 + [""] * 2

    def look(_now: datetime) -> None:
        trouble = left.pop(0)
        if not left:
            stop.set()
        if trouble:
            raise LedgerError(trouble, hint="see the runbook")

    look_often(look, Settings(look_every_s=0.001), "http://\x00", RealClock(), stop, said=lines.append)

    assert [line.partition(":")[0] for line in lines] == [
        "this look could not be done, and is done again every 0 s",
        "looking goes on",
        "the ping address could not be reached",
    ]
    assert "is locked (see the runbook)" in lines[0]


# --- the scorecard


def test_every_day_of_a_season_has_its_row_on_the_scorecard_the_last_one_too(tmp_path: Path) -> None:
    spec = sample_spec(DAYS)
    stage = Instance(Settings(home=tmp_path), spec, SimClock(midnight(SEASON.first_day)))
    watch = Watch(league=NBA, season=SEASON, days=WHOLE, home=stage.home, stores=stage, build="a build", checks=False)
    try:
        stage.open()
        for n in range(1, DAYS + 3):
            watch.look(midnight(SEASON.first_day) + timedelta(days=n, hours=12))
        rows = stage.ledger.rows(select(watching.scorecards.c.day).order_by(watching.scorecards.c.day))
    finally:
        watch.close()
        stage.close()

    assert [row["day"] for row in rows] == SEASON.days()
    assert len(watch.messages) == DAYS - 1
