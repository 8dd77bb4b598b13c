"""A home whose catalog changes: outputs come, go and are renamed, columns are added; it starts, and accuses nobody."""

import dataclasses
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.samples import Samples
from tests.support import ledger_rows, proofs, replayed, sample_spec, with_step

from tipoff.core.league import League
from tipoff.core.obligation import SLATE_UNIT, Anchor, Moment, Timing, Units
from tipoff.core.schema import DAY, Phase, Table, integer, text
from tipoff.core.severity import Severity
from tipoff.core.step import SqlWork, Step
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Ledger
from tipoff.views.health import reconcile

DAYS = 3


@pytest.fixture
def home(samples: Samples, tmp_path: Path) -> Path:
    return samples.copy(DAYS, tmp_path)


def obligations(home: Path, output: str) -> list[dict[str, Any]]:
    return [row for row in ledger_rows(home, "obligations") if row["output"] == output]


def loud(home: Path) -> list[str]:
    return [row["note"] for row in ledger_rows(home, "findings") if row["severity"] >= Severity.WARNING]


def without(name: str) -> League:
    return dataclasses.replace(NBA, steps=tuple(step for step in NBA.steps if step.name != name))


def test_a_step_that_is_removed_leaves_its_proofs_and_owes_nothing(home: Path) -> None:
    before = {key: content for key, content in proofs(home).items() if key[0] == "source_agreement"}

    report = replayed(home, sample_spec(DAYS, league=without("source_agreement")))

    assert before
    assert {key: content for key, content in proofs(home).items() if key[0] == "source_agreement"} == before
    assert report["this_time"]["finished"] == 0
    assert loud(home) == []


def test_what_a_removed_step_still_owed_is_excused_with_the_reason(tmp_path: Path) -> None:
    late = with_step("source_agreement", lambda step: dataclasses.replace(step, work=SqlWork(sql=_EMPTY)))
    replayed(tmp_path, sample_spec(DAYS, league=late))
    assert any(row["state"] == "late" for row in obligations(tmp_path, "source_agreement"))

    replayed(tmp_path, sample_spec(DAYS, league=without("source_agreement")))

    rows = obligations(tmp_path, "source_agreement")
    assert {row["state"] for row in rows} <= {"proven", "excused"}
    assert "the catalog has it no more" in {row["reason"] for row in rows}
    assert all(json.loads(row["missing"]) == [] for row in rows)


def test_a_step_that_is_renamed_keeps_what_it_made(home: Path) -> None:
    old = proofs(home)

    def renamed(step: Step) -> Step:
        table = dataclasses.replace(step.table, name="agreement", formerly=("source_agreement",))
        return dataclasses.replace(step, table=table, same_as=(_version(home, "source_agreement"),))

    report = replayed(home, sample_spec(DAYS, league=with_step("source_agreement", renamed)))

    moved = {(*key[1:],): content for key, content in proofs(home).items() if key[0] == "agreement"}
    assert moved == {(*key[1:],): content for key, content in old.items() if key[0] == "source_agreement"}
    assert moved
    assert report["this_time"]["finished"] == 0
    assert {row["state"] for row in obligations(home, "agreement")} <= {"proven", "excused"}
    assert loud(home) == []


def test_a_step_that_is_added_makes_what_it_can_and_is_late_for_no_day_before_it(home: Path) -> None:
    added = Step(table=_COUNTED, work=SqlWork(sql=_COUNT), timing=_MORNING, units=SLATE_UNIT)
    shown = Step(table=_NEVER, work=SqlWork(sql=_EMPTY.replace("source_agreement", "never")), timing=_MORNING)
    league = dataclasses.replace(NBA, steps=(*NBA.steps, added, shown))

    replayed(home, sample_spec(DAYS, league=league))

    assert {row["state"] for row in obligations(home, "counted")} <= {"proven", "excused"}
    assert {row["state"] for row in obligations(home, "never")} <= {"open", "excused"}
    told = [row for row in ledger_rows(home, "findings") if row["check"] == "obligation_is_met"]
    assert [row for row in told if row["severity"] >= Severity.WARNING] == []


def test_what_was_of_the_slate_and_is_in_parts_now_stands_and_is_late_for_no_part_that_it_lacked(
    samples: Samples, tmp_path: Path
) -> None:
    home = samples.copy(1, tmp_path)
    clubs = _clubs(home)
    old = {day: n_rows for (output, day, _), (n_rows, _) in proofs(home).items() if output == "players"}

    def in_parts(step: Step) -> Step:
        table = dataclasses.replace(step.table, unit_columns=("team",))
        units = Units(by_game=False, parts=lambda _slate: [*clubs, "NEW"])
        return dataclasses.replace(step, table=table, units=units, same_as=(_version(home, "players"),))

    league = with_step("players", in_parts)
    replayed(home, sample_spec(1, league=league))

    after = [(day, unit, n_rows) for (output, day, unit), (n_rows, _) in proofs(home).items() if output == "players"]
    assert {unit for _, unit, _ in after} == set(clubs)
    assert {day: sum(n_rows for of, _, n_rows in after if of == day) for day in old} == old
    assert {row["state"] for row in obligations(home, "players")} == {"open"}
    assert loud(home) == []
    with Ledger(home / "ledger.db", read_only=True) as ledger:  # a part is no game, and is counted against none
        assert not any(line.name == "players.games" for day in old for line in reconcile(ledger, league, day))


def test_a_column_that_is_added_is_empty_where_it_was_not_made_and_nothing_is_lost(home: Path) -> None:
    def wider(step: Step) -> Step:
        table = dataclasses.replace(step.table, columns=(*step.table.columns, text("remark")))
        assert isinstance(step.work, SqlWork)
        sql = f"SELECT made.*, CAST(NULL AS STRING) AS remark FROM ({step.work.sql}) AS made"  # noqa: S608 -- a step of the catalog
        names = ", ".join(f"made.{name}" for name in step.table.names)
        return dataclasses.replace(
            step, table=table, work=SqlWork(sql=sql.replace("made.*", names), empty=step.work.empty)
        )

    before = proofs(home)
    replayed(home, sample_spec(DAYS, league=with_step("source_agreement", wider)))

    after = proofs(home)
    assert before.keys() == after.keys()
    assert loud(home) == []


def _clubs(home: Path) -> list[str]:
    warehouse = duckdb.connect(str(home / "warehouse.duckdb"), read_only=True)
    found = warehouse.execute("SELECT DISTINCT team FROM nba_raw.players ORDER BY team").fetchall()
    warehouse.close()
    return [team for (team,) in found]


def _version(home: Path, output: str) -> str:
    [version] = {row["step_version"] for row in ledger_rows(home, "proofs") if row["output"] == output}
    return str(version)


_AGREEMENT = NBA.table("source_agreement")
_EMPTY = f"SELECT {', '.join(f'a.{name}' for name in _AGREEMENT.names)} FROM before.source_agreement AS a WHERE FALSE"  # noqa: S608 -- declared names
_MORNING = Timing(opens=Moment(Anchor.MIDNIGHT, timedelta(hours=9)), due=Moment(Anchor.MIDNIGHT, timedelta(hours=10)))
_COUNTED = Table(
    league="nba",
    phase=Phase.ANALYTICS,
    name="counted",
    columns=(DAY, integer("n_games")),
    key=("day",),
    unit_columns=(),
)
_COUNT = "SELECT s.day, COUNT(*) AS n_games FROM slate.schedule AS s GROUP BY s.day"
_NEVER = dataclasses.replace(_AGREEMENT, name="never")
