"""Days of the sample league examined: nothing fails while all is well; what is spoiled is named, blamed once, written down."""

# ruff: noqa: S608 -- a test writes its own statements

import dataclasses
import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.samples import Samples

from tipoff.checks.examine import Examined, Examiner
from tipoff.core.check import WINDOW, Check, CheckStatus, Measured, View
from tipoff.core.clock import midnight, stopwatch
from tipoff.core.home import Home, Profile
from tipoff.core.proof import read_units, units_text
from tipoff.core.severity import Severity
from tipoff.leagues.checks.probes import is_remade
from tipoff.leagues.nba import tables as nba
from tipoff.leagues.nba.league import NBA, sample_season
from tipoff.ledger import Batch, Ledger, schema, watching
from tipoff.ledger.alerts import AlertStore
from tipoff.store.dialect import CompiledStep
from tipoff.store.duck import DuckWarehouse
from tipoff.store.published import Published
from tipoff.views.rules import rules
from tipoff.watch.messages import event_of
from tipoff.watch.monitor import Monitor

DAYS, HOUR = 4, timedelta(hours=1)
SEASON = sample_season(DAYS)
TODAY = SEASON.last_day - timedelta(days=1)
Prepared = tuple[Path, DuckWarehouse, Mapping[str, CompiledStep]]


class Patient:
    """A replayed home that is examined, spoiled and examined again; what is spoiled is put right when the test ends."""

    def __init__(self, prepared: Prepared, ledger: Path) -> None:
        home, self.warehouse, self._loaded = prepared
        self.path, self.ledger = ledger, Ledger(ledger, profile=Profile.REPLAY)
        self._published = Published(Home(home).published)
        self.examiner = self.examiner_of(())

    def examiner_of(self, checks: tuple[Check, ...]) -> Examiner:
        """Return an examiner of the league, with other checks where some are given."""
        return Examiner(
            league=dataclasses.replace(NBA, checks=checks, steps=()) if checks else NBA,
            season=SEASON,
            loaded=self._loaded,
            warehouse=self.warehouse,
            ledger=self.ledger,
            published=self._published,
            stopwatch=stopwatch,
        )

    def spoil(self, statement: str) -> None:
        """Do to the store what no writer would."""
        self.warehouse._db.execute(statement)  # noqa: SLF001 -- a corruption comes in no honest way
        self.warehouse._slices.clear()  # noqa: SLF001

    def examine(self, day: date = TODAY) -> dict[str, Examined]:
        """Measure every check."""
        found = self.examiner.examine(day, midnight(day) + timedelta(hours=35))
        return {one.check.name: one for one in found}

    def failing(self, found: dict[str, Examined] | None = None) -> dict[str, Examined]:
        """Return what fails, of warning severity or worse, of what was `found` or is measured now."""
        return {
            name: one
            for name, one in (found or self.examine()).items()
            if one.status is CheckStatus.FAILED and one.check.severity > Severity.INFO
        }

    def record(self, found: dict[str, Examined], *, times: int = 1) -> None:
        """Write down what was measured, so many times."""
        for _ in range(times):
            self.examiner.record(TODAY, list(found.values()), midnight(TODAY) + timedelta(hours=35))

    def findings(self) -> list[dict[str, object]]:
        """Return the findings of checks on the day."""
        table = schema.findings
        return self.ledger.rows(select(table).where(table.c.day == TODAY).order_by(table.c.id))


@pytest.fixture(scope="module")
def prepared(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    home = samples.copy(DAYS, tmp_path_factory.mktemp("watched"), watched=True)
    warehouse = DuckWarehouse(Home(home).warehouse, profile=Profile.REPLAY)
    yield home, warehouse, warehouse.prepare(NBA.steps)
    warehouse.close()


@pytest.fixture
def patient(prepared: Prepared, tmp_path: Path) -> Iterator[Patient]:
    shutil.copy(Home(prepared[0]).ledger, tmp_path / "ledger.db")
    made = Patient(prepared, tmp_path / "ledger.db")
    made.spoil("BEGIN")
    yield made
    made.spoil("ROLLBACK")
    made.ledger.close()


def test_while_all_is_well_nothing_fails_and_most_is_measurable(patient: Patient) -> None:
    found = patient.examine()

    assert {name: one.measured for name, one in patient.failing(found).items()} == {}
    assert not [name for name, one in found.items() if one.error]
    assert sum(one.status is CheckStatus.OK for one in found.values()) > 0.5 * len(found)


def test_a_replay_with_its_checks_writes_no_finding_of_an_error_and_measures_every_day(patient: Patient) -> None:
    measured = watching.measured
    days = {row["day"] for row in patient.ledger.rows(select(measured.c.day))}
    names = {check.name for check in NBA.checks}
    findings = patient.ledger.rows(select(schema.findings).where(schema.findings.c.severity >= int(Severity.WARNING)))

    assert days == set(SEASON.days())
    assert [row for row in findings if row["check"] in names] == []


def test_an_output_that_is_not_what_its_inputs_give_is_named_by_its_unit(patient: Patient) -> None:
    [game] = patient.warehouse._db.execute(  # noqa: SLF001
        f"SELECT min(game_id) FROM nba_analytics.player_games WHERE day = '{TODAY}'"
    ).fetchall()[0]
    patient.spoil(
        f"UPDATE nba_analytics.player_games SET points = points + 1 WHERE day = '{TODAY}' AND game_id = '{game}'"
    )

    found = patient.examine()["player_games.is_what_its_inputs_give"]

    assert (found.status, found.measured.failing) == (CheckStatus.FAILED, (game,))


def test_what_an_earlier_build_made_of_a_slate_is_not_held_against_todays_formulas_and_the_rest_is(
    patient: Patient,
) -> None:
    check, [proof] = "player_games.is_what_its_inputs_give", _proofs_of(patient, "player_games")
    kept, anew, *_ = units = read_units(proof["units"])
    patient.spoil(f"UPDATE nba_analytics.player_games SET points = points + 1 WHERE day = '{TODAY}'")
    of_both = {
        name: dataclasses.replace(unit, step_version="" if name == anew else "v") for name, unit in units.items()
    }

    told = patient.examine()[check].measured.failing
    patient.ledger.commit(_batch("proofs", proof | {"units": units_text(of_both)}))
    of_one = patient.examine()[check].measured.failing

    assert (kept in told, of_one) == (True, (anew,))


def _proofs_of(patient: Patient, output: str) -> list[dict[str, Any]]:
    kept = schema.proofs
    return patient.ledger.rows(select(kept).where(kept.c.output == output, kept.c.day == TODAY))


def _batch(table: str, row: dict[str, Any]) -> Batch:
    batch = Batch()
    batch.add(table, row)
    return batch


def test_an_output_that_was_never_made_cannot_be_made_anew(patient: Patient) -> None:
    check = is_remade(nba.PLAYER_GAMES, ("player_boxscores",))
    patient.examiner.forget()

    [found] = patient.examiner.measure([check], SEASON.last_day + timedelta(days=3), midnight(TODAY))

    assert found.status is CheckStatus.NOT_MEASURABLE


def test_what_is_wrong_upstream_is_blamed_and_everything_behind_it_shares_the_cause(patient: Patient) -> None:
    patient.spoil(f"UPDATE nba_raw.nba_player_boxscores SET points = 0 WHERE day = '{TODAY}'")

    failing = patient.failing()

    assert {"nba_player_boxscores.lines_add_up", "player_boxscores.is_what_its_inputs_give"} <= failing.keys()
    assert {one.cause for one in failing.values()} == {"data:nba_player_boxscores"}


def test_what_fails_is_written_down_once_and_again_only_when_it_fails_otherwise(patient: Patient) -> None:
    check = "nba_player_boxscores.values_are_as_declared"
    patient.spoil(f"UPDATE nba_raw.nba_player_boxscores SET points = 999 WHERE day = '{TODAY}' AND player_id % 2 = 0")
    first = patient.examine()
    patient.record(first, times=3)

    once = [row for row in patient.findings() if row["check"] == check]
    patient.spoil(f"UPDATE nba_raw.nba_player_boxscores SET points = 999 WHERE day = '{TODAY}'")
    patient.record(patient.examine())
    twice = [row for row in patient.findings() if row["check"] == check]

    assert (len(once), len(twice)) == (1, 2)
    assert once[0]["severity"] == int(Severity.ERROR)
    said = "expected: in nba_player_boxscores what is required is there, and numbers lie in their ranges; found "
    assert str(once[0]["note"]).startswith(said)
    assert "% of 100% (share): " in str(once[0]["note"])
    assert json.loads(str(once[0]["missing"])) == sorted(first[check].measured.failing)[:40]


def _n_asked(patient: Patient) -> tuple[dict[str, Measured], int]:
    before = patient.warehouse.counts["ask"]
    found = {name: one.measured for name, one in patient.examine().items()}
    return found, patient.warehouse.counts["ask"] - before


def test_what_stands_as_the_look_before_saw_it_is_not_asked_again_and_measures_the_same(patient: Patient) -> None:
    first, n_asked = _n_asked(patient)
    patient.record(patient.examine())

    again, n_again = _n_asked(patient)

    assert again == first
    assert n_again < 0.5 * n_asked


def test_what_others_have_changed_since_the_look_before_is_seen(patient: Patient) -> None:
    patient.record(patient.examine())
    patient.spoil(f"UPDATE nba_features.player_features SET points_avg_5 = points_avg_5 + 1 WHERE day = '{TODAY}'")

    found = patient.examine()

    assert found["player_features.are_means_of_earlier_games"].status is CheckStatus.FAILED
    assert found["player_features.is_what_its_inputs_give"].status is CheckStatus.FAILED


def test_what_others_change_of_the_slate_is_seen_where_the_newest_of_earlier_days_is_read_too(patient: Patient) -> None:
    patient.record(patient.examine())
    patient.spoil(f"DELETE FROM nba_raw.players WHERE day = '{TODAY}' AND hash(player_id) % 3 = 0")

    found = patient.examine()

    assert found["box_names.is_what_its_inputs_give"].status is CheckStatus.FAILED
    assert found["line_names.is_what_its_inputs_give"].status is CheckStatus.FAILED


def test_an_answer_that_rests_on_other_days_is_asked_for_again_once_one_of_them_was_written(patient: Patient) -> None:
    patient.record(patient.examine())
    yesterday, games = TODAY - timedelta(days=1), "nba_analytics.player_games"
    patient.spoil(f"UPDATE {games} SET points = points + 9 WHERE day = '{yesterday}'")
    asked_before = patient.examine()["player_features.are_means_of_earlier_games"]
    patient.warehouse._slices.forget(games, yesterday)  # noqa: SLF001 -- as each write does

    asked_again = patient.examine()["player_features.are_means_of_earlier_games"]

    assert (asked_before.status, asked_again.status) == (CheckStatus.OK, CheckStatus.FAILED)


def test_a_check_that_cannot_run_is_told_and_counts_as_not_measured(patient: Patient) -> None:
    patient.spoil("ALTER TABLE nba_raw.bdl_player_boxscores RENAME COLUMN points TO pts")

    found = patient.examine()
    patient.record(found)

    blind = found["bdl_player_boxscores.keys_are_unique"]
    told = {row["cause"] for row in patient.findings() if row["check"] == "checks_can_run"}
    assert (blind.status, blind.error[:14]) == (CheckStatus.NOT_MEASURABLE, "WarehouseError")
    assert "check:bdl_player_boxscores.keys_are_unique" in told
    assert found["bdl_player_boxscores.columns_are_declared"].status is CheckStatus.FAILED


def test_a_day_that_failed_is_no_example_for_the_days_after(patient: Patient) -> None:
    before = patient.examiner.usual("nba_player_boxscores", SEASON.last_day)
    patient.spoil(f"UPDATE nba_raw.nba_player_boxscores SET points = points * 100 WHERE day = '{TODAY}'")

    patient.record(patient.examine())
    patient.examiner.forget()
    after = patient.examiner.usual("nba_player_boxscores", SEASON.last_day)

    assert [profile["points"] for profile in after] == [profile["points"] for profile in before]


def test_what_a_person_accepts_ends_its_incident_and_is_an_example_for_the_days_after(patient: Patient) -> None:
    patient.spoil(f"UPDATE nba_raw.nba_player_boxscores SET points = points * 100 WHERE day = '{TODAY}'")
    patient.record(patient.examine())
    patient.examiner.seen(TODAY)
    n_found, evening = len(patient.findings()), midnight(TODAY) + timedelta(hours=36)

    with AlertStore(patient.path) as store:
        monitor = Monitor(
            league=NBA,
            days=(TODAY, TODAY),
            ledger=lambda: patient.ledger,
            store=store,
            channels=[],
            send=lambda _channel, _message: None,
            build="b",
        )
        monitor.look(evening)
        opened = [one for one in store.incidents("nba", now=evening) if one.is_open]
        n_accepted = [
            store.accept(one, event_of("accepted", "ada", "three extra times", evening))
            for one in opened
            if one.cause.startswith("data:")
        ]
        is_examined_again = patient.examiner.has_changed(TODAY)
        patient.record(patient.examine())
        monitor.forget()
        monitor.look(evening + 4 * HOUR)
        ended = [one for one in store.incidents("nba", now=evening + 4 * HOUR) if one.cause.startswith("data:")]
        [why] = {act["note"] for one in ended for act in store.acts(one.id) if act["kind"] == "closed"}

    points = patient.examiner.usual("nba_player_boxscores", SEASON.last_day)[0]["points"]
    assert n_accepted
    assert all(n_accepted)
    assert is_examined_again
    assert len(patient.findings()) == n_found
    assert not [one for one in ended if one.is_open]
    assert why.endswith("; ada found right what is left of it: three extra times")
    assert points["mean"] > 500


def test_what_fails_otherwise_than_when_it_was_accepted_is_told_again(patient: Patient) -> None:
    spoil = f"UPDATE nba_raw.nba_player_boxscores SET points = points * 100 WHERE day = '{TODAY}'"
    patient.spoil(spoil)
    patient.record(patient.examine())
    measured = watching.measured
    with patient.ledger.writing() as connection:
        connection.execute(update(measured).where(measured.c.status == "failed").values(status="accepted"))
    n_found = len(patient.findings())

    patient.spoil(spoil.replace("points = points * 100", "ast = ast * 1000"))
    patient.record(patient.examine())

    failed = {one.check for one in patient.ledger.of("nba").measured(day=TODAY, status="failed")}
    assert "nba_player_boxscores.values_are_as_declared" in failed
    assert len(patient.findings()) > n_found


@pytest.mark.parametrize("failing", [(), tuple(f"game {n:03}" for n in range(60))], ids=["no keys", "too many keys"])
def test_what_was_accepted_and_has_become_worse_is_told_again_where_the_keys_do_not_say_it(
    patient: Patient, failing: tuple[str, ...]
) -> None:
    values = iter([5.0, 5.0, 4.5, 9.0])
    check = Check(
        name="x.error",
        claim="the mean error is small",
        severity=Severity.ERROR,
        tables=("schedule",),
        do="look",
        look=lambda _view: Measured(value=next(values), failing=failing),
        required=3.0,
        at_most=True,
    )
    examiner, measured, told = patient.examiner_of((check,)), watching.measured, []
    for _ in range(4):
        examiner.record(TODAY, examiner.measure([check], TODAY, midnight(TODAY)), midnight(TODAY))
        [one] = patient.ledger.of("nba").measured(day=TODAY, check="x.error")
        told.append((one.status, len(patient.findings())))
        with patient.ledger.writing() as connection:
            connection.execute(update(measured).where(measured.c.status == "failed").values(status="accepted"))

    assert [status for status, _ in told] == ["failed", "accepted", "accepted", "failed"]
    assert [n - told[0][1] for _, n in told] == [0, 0, 0, 1]


def test_a_threshold_that_would_have_held_is_shown_and_changes_nothing(patient: Patient) -> None:
    worse = [1 - n / 1000 for n in range(WINDOW + 5)]
    check = Check(
        name="x.share",
        claim="all of it",
        severity=Severity.ERROR,
        tables=("schedule",),
        do="look",
        look=lambda view: Measured(value=worse[(view.day - SEASON.first_day).days]),
    )
    examiner = patient.examiner_of((check,))
    league = dataclasses.replace(NBA, checks=(check,))

    statuses = []
    for n in range(WINDOW + 5):
        day = SEASON.first_day + timedelta(days=n)
        found = examiner.measure([check], day, midnight(day))
        examiner.record(day, found, midnight(day))
        statuses.append(found[0].status)

    [rule] = [rule for rule in rules(patient.ledger, league) if rule.name == "x.share"]
    assert set(statuses[1:]) == {CheckStatus.FAILED}  # however often it was too low, it stays too low
    assert rule.required == 1.0
    assert rule.learned == min(worse)
    assert rule.word == "fires"


@pytest.mark.parametrize(
    ("value", "word"), [(1.0, "never fired"), (None, "never measurable")], ids=["always in order", "never measurable"]
)
def test_a_rule_that_has_had_its_window_and_never_fired_is_a_finding(
    patient: Patient, value: float | None, word: str
) -> None:
    def look(_view: View) -> Measured:
        return Measured(value=value)

    check = Check(name="x.blind", claim="c", severity=Severity.ERROR, tables=("schedule",), do="look", look=look)
    examiner = patient.examiner_of((check,))

    for n in range(WINDOW + 5):
        examiner.record(TODAY, examiner.measure([check], TODAY, midnight(TODAY)), midnight(TODAY) + timedelta(hours=n))

    told = [
        row for row in patient.findings() if str(row["cause"]).startswith("check:") and row["check"] == "rules_fire"
    ]
    [rule] = [r for r in rules(patient.ledger, dataclasses.replace(NBA, checks=(check,))) if r.name == "x.blind"]
    assert [row["cause"] for row in told] == ["check:x.blind"]  # once, when its window was over
    assert rule.word == word


def test_a_slate_is_examined_again_only_when_something_of_it_was_written(patient: Patient) -> None:
    first, cut_off = patient.examiner.has_changed(TODAY), patient.examiner.has_changed(TODAY)
    patient.examiner.seen(TODAY)
    again = patient.examiner.has_changed(TODAY)
    with patient.ledger.transaction() as connection:
        connection.execute(schema.proofs.update().where(schema.proofs.c.day == TODAY).values(digest="other"))

    assert (first, cut_off, again, patient.examiner.has_changed(TODAY)) == (True, True, False, True)


def test_a_published_document_that_cannot_be_read_ends_nothing_and_is_named(patient: Patient) -> None:
    path = patient._published.path(NBA.step("published_predictions"), TODAY)  # noqa: SLF001 -- as above
    whole, failing = path.read_bytes(), {}
    try:
        for content in ('{"league": "nba", "output', "{}", "[]", "\udcff"):
            path.write_bytes(content.encode(errors="surrogateescape"))
            failing[content] = patient.failing()["published_predictions.is_still_there"].cause
    finally:
        path.write_bytes(whole)

    assert set(failing.values()) == {"data:published_predictions"}
    assert patient.failing() == {}
