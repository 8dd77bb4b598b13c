"""Killed, frozen, doubled, refused: nothing is lost, nothing comes twice, nothing is left running."""

import json
import pickle
import random
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from tests.samples import Samples
from tests.support import killed_home, ledger_rows, proofs, published, replayed, sample_spec, tipoff

from tipoff.app.instance import Instance, clock_of
from tipoff.app.loop import replay
from tipoff.config import Settings
from tipoff.core.fault import Fault
from tipoff.core.home import Home
from tipoff.drills.drill import Drill, catalogue
from tipoff.drills.faults.files import read_faults
from tipoff.drills.faults.parts import FaultyParts, outages_of
from tipoff.drills.fuzz import composed
from tipoff.drills.oracle import line_of, look_at
from tipoff.drills.runner import Rehearsal
from tipoff.drills.truth import Truth
from tipoff.leagues.nba.league import NBA, SAMPLE
from tipoff.ledger import Ledger, schema
from tipoff.store import dialect

DAYS = 3
DRILLS = catalogue()
LONG = partial(pytest.param, marks=pytest.mark.prove)
FEW = (  # of all of them; the claim `drills` holds every one
    "gate-blocks-then-data-comes",
    "one-game-of-noughts",
    LONG("rows-delivered-twice"),
    LONG("answers-crawl-past-tip-off"),
    LONG("keys-are-gone"),
    "fewer-rows-than-before",
    "type-drift",
)
slow = settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


class Rehearsed(Rehearsal):
    """Drills of which all workers share the quiet twins."""

    def __init__(self, samples: Samples) -> None:
        super().__init__()
        self._samples = samples

    def twin(self, drill: Drill) -> Truth:
        def make(folder: Path) -> None:
            (folder / "truth").write_bytes(pickle.dumps(super(Rehearsed, self).twin(drill)))

        name = f"twin {drill.league} {drill.first_day} {drill.days} {drill.checks}"
        found = pickle.loads((self._samples.once(name, make) / "truth").read_bytes())  # noqa: S301 -- our own
        assert isinstance(found, Truth)
        return found


@pytest.fixture(scope="module")
def rehearsal(samples: Samples) -> Rehearsal:
    return Rehearsed(samples)


def played(home: Path, faults: Sequence[Fault], *, days: int = DAYS, after: int = 4) -> Instance:
    """Replay the sample league with faults until so many days after its last; the stage is left open, for the oracle."""
    spec = sample_spec(days)
    clock = clock_of(Home(home), spec)
    stage = Instance(Settings(home=home), spec, clock, parts=FaultyParts(faults))
    until = clock.now() + timedelta(days=days + after)
    replay(stage, clock, until=until, progress=lambda _: None, outages=outages_of(faults))
    return stage


def told(**said: Any) -> tuple[Fault, ...]:
    return read_faults([said], SAMPLE.first_day)


def test_killed_six_times_at_random_it_ends_the_same(samples: Samples, tmp_path: Path) -> None:
    quiet, total, dice = samples.made(2), 0, random.Random(5)  # noqa: S311 -- seeded
    while total < 6:
        home = tmp_path / f"after {total} kills"
        home.mkdir()
        moments = killed_home(home, "sample:2", dice, at_most=6 - total)
        total += len(moments)
        assert proofs(home) == proofs(quiet), moments
        assert published(home) == published(quiet), moments
        assert {row["state"] for row in ledger_rows(home, "runs")} <= {"finished", "expired"}

    assert total == 6


def test_there_are_sixty_drills_for_different_rows_and_each_has_a_control() -> None:
    rows = {row for drill in DRILLS.values() for row in drill.rows}

    assert len(DRILLS) >= 60
    assert len(rows) >= 60
    assert [drill.name for drill in DRILLS.values() if not drill.control] == []
    assert [drill.name for drill in DRILLS.values() if not drill.stops_it] == []


@pytest.mark.parametrize("name", FEW)
def test_a_drill_is_noticed_in_time_and_heals(rehearsal: Rehearsal, name: str) -> None:
    verdict = rehearsal.run(DRILLS[name])

    assert verdict.passed, verdict.why
    if not DRILLS[name].refused:
        line = line_of(verdict, control=False)
        noticed = re.fullmatch(
            rf"ok      {name} +noticed after \d+ min by \w+ \([^)]+\)(, healed after \d+\.\d h)?", line
        )
        assert noticed, line
        assert bool(noticed[1]) is (verdict.healed_after_s is not None)


@pytest.mark.parametrize(
    "name", [LONG("one-game-of-noughts"), "streaming-buffer-holds-rows"]
)  # all: the claim `drill_controls`
def test_without_its_mechanism_a_drill_fails(rehearsal: Rehearsal, name: str) -> None:
    assert not rehearsal.run(DRILLS[name], control=True).passed


@pytest.mark.parametrize(
    ("league", "number"), [LONG("nba", 0), ("nba", 1), LONG("mlb", 0), LONG("mlb", 3)]
)  # two hundred of each: the claim `drill_fuzz`
def test_faults_by_dice_lose_nothing(rehearsal: Rehearsal, league: str, number: int) -> None:
    verdict = rehearsal.run(composed(41, number, league))

    assert verdict.passed, (verdict.fault, verdict.why)


@given(st.integers(1, 10_000))
@slow
def test_repeating_changes_nothing(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    from tipoff.app import replay as app  # noqa: PLC0415 -- imports every store

    home = tmp_path_factory.mktemp("again")
    spec = app.replay_spec(Settings(home=home), "nba", "sample:2", world="sample", seed=seed)
    replayed(home, spec)
    before, files = proofs(home), published(home)

    report = replayed(home, spec)

    assert report["this_time"]["finished"] == 0
    assert (proofs(home), published(home)) == (before, files)


@given(st.integers(0, 10_000))
@slow
def test_a_step_never_runs_before_its_inputs(tmp_path_factory: pytest.TempPathFactory, number: int) -> None:
    """Of two runs of one instant, the one that reads what the other makes has the higher number."""
    home = tmp_path_factory.mktemp("played")
    played(home, composed(3, number).faults, days=2).close()
    runs = ledger_rows(home, "runs")
    tables = {step.name: step.table for step in NBA.steps}
    inputs = {step.name: dialect.load(step, tables).inputs for step in NBA.steps}
    at: dict[Any, list[dict[str, Any]]] = {}
    for run in runs:
        at.setdefault(run["started_at"], []).append(run)
    for together in at.values():
        for reader in together:
            read = {i.table for i in inputs[reader["output"]] if i.window.name in {"slate", "known"}} - {
                reader["output"]
            }
            made_first = [r["id"] for r in together if r["output"] in read and r["day"] == reader["day"]]
            later = [r["id"] for r in together if r["output"] == reader["output"] and r["day"] == reader["day"]]
            assert not made_first or min(made_first) < max(later)


@given(st.integers(0, 10_000), st.integers(1, 6))
@slow
def test_a_cascade_ends(tmp_path_factory: pytest.TempPathFactory, minutes: int, points: int) -> None:
    begin = minutes % 600
    clock = f"{begin // 60:02}:{begin % 60:02}"
    times = {"from": f"day 2 {clock}", "to": f"day 3 {clock}"}
    home = tmp_path_factory.mktemp("corrected")

    played(home, told(kind="http", how="corrected", points=points, url="PlayerOrTeam=P", **times), days=2).close()

    runs = Counter((row["output"], row["day"]) for row in ledger_rows(home, "runs"))
    assert max(runs.values()) < 40
    assert {row["state"] for row in ledger_rows(home, "obligations")} == {"proven", "excused"}


@given(st.integers(0, 23), st.integers(1, 20))
@slow
def test_two_controllers_never_run_the_same_obligation_at_once(
    tmp_path_factory: pytest.TempPathFactory, hour: int, hours: int
) -> None:
    end = (hour + hours) % 24
    times = {"from": f"day 1 {hour:02}:10", "to": f"day {1 + (hour + hours) // 24} {end:02}:40"}
    home = tmp_path_factory.mktemp("two")

    stage = played(home, told(kind="controller", how="two", **times), days=2)

    runs = ledger_rows(home, "runs")
    days = SAMPLE.first_day, SAMPLE.first_day + timedelta(days=2)
    truth = look_at(NBA, days, stage.warehouse, stage.ledger, home / "published")
    stage.close()
    live: dict[tuple[str, Any], Any] = {}
    for run in sorted(runs, key=lambda run: run["id"]):
        key = run["output"], run["day"]
        assert run["started_at"] >= live.get(key, run["started_at"])
        live[key] = run["ended_at"]
    assert truth.duplicates == 0
    assert {row["state"] for row in ledger_rows(home, "obligations")} == {"proven", "excused"}


def test_the_oracle_sees_what_was_made_past_a_gate(tmp_path: Path) -> None:
    """The check can fail: a gate that is shut though its output is proven, a publication older than all of its predictions."""
    stage = played(tmp_path, ())
    days = SAMPLE.first_day, SAMPLE.first_day + timedelta(days=DAYS)
    look = (NBA, days, stage.warehouse, stage.ledger, tmp_path / "published")
    assert look_at(*look).past_gate == 0

    gates, arrivals = schema.gates, schema.arrivals
    third = SAMPLE.first_day + timedelta(days=2)
    with stage.ledger.transaction() as connection:
        shut = (gates.c.output == "grades") & (gates.c.input == "quantile_regression") & (gates.c.day == third)
        connection.execute(update(gates).where(shut).values(is_open=False))
        systems = [edge.table for edge in NBA.step("published_predictions").edges if edge.one_of]
        late = arrivals.c.output.in_(systems) & (arrivals.c.day == third)
        connection.execute(update(arrivals).where(late).values(first_at=datetime(2031, 1, 1, tzinfo=UTC)))
    n_games = len(
        {row["unit"] for row in ledger_rows(tmp_path, "arrivals") if row["output"] == "grades" and row["day"] == third}
    )

    assert look_at(*look).past_gate == 1 + 2 * n_games  # of both publications
    stage.close()


def test_a_waived_gate_lets_its_output_be_made_and_marks_it(tmp_path: Path) -> None:
    """No box score of the second day ever comes: the third day's candidates are held, unless somebody says otherwise."""
    for_ever = {"from": "day 2 00:00", "to": "day 9 00:00"}
    never = told(kind="http", how="empty", url="DateTo=01%2F08%2F2030", **for_ever)
    never += told(kind="http", how="empty", host="balldontlie", **for_ever)
    third = SAMPLE.first_day + timedelta(days=2)
    found = {}
    for name in ("held", "waived"):
        home = tmp_path / name
        home.mkdir()
        clock = clock_of(Home(home), sample_spec(DAYS))
        ledger = Ledger(Home(home).ledger)
        if name == "waived":
            for table in ("team_games", "player_games"):
                row = {
                    "league": "nba",
                    "output": "candidates",
                    "day": third,
                    "input": table,
                    "by": "ada",
                    "reason": "known",
                }
                ledger.add("waivers", row | {"made_at": clock.now(), "until": clock.now() + timedelta(days=9)})
        ledger.close()
        played(home, never, after=0).close()
        found[name] = {row["output"]: row for row in ledger_rows(home, "obligations") if row["day"] == third}

    assert found["held"]["candidates"]["n_proven"] == 0
    assert found["waived"]["candidates"]["n_proven"] > 0
    reasons = {row["reason"] for row in ledger_rows(tmp_path / "waived", "gates") if row["output"] == "candidates"}
    assert any(reason.startswith("waived by ada") for reason in reasons)
    assert {row["kind"] for row in ledger_rows(tmp_path / "waived", "marks")} >= {"partial"}


@pytest.mark.parametrize("restart", [False, True])
def test_what_was_given_up_while_its_source_was_gone_is_made_once_it_answers(tmp_path: Path, *, restart: bool) -> None:
    """Five days without a box score use up every day's budget of attempts; a slate that is asked for later finds it back."""
    gone: dict[str, Any] = {"kind": "http", "how": "status", "status": 503, "url": "PlayerOrTeam=P"}
    said = [gone | {"from": "day 1 09:00", "to": "day 6 09:00"}]
    said += [{"kind": "controller", "how": "stopped", "from": "day 5 22:00", "to": "day 6 00:00"}] if restart else []
    spec, faults = sample_spec(DAYS), read_faults(said, SAMPLE.first_day)
    clock = clock_of(Home(tmp_path), spec)
    stage = Instance(Settings(home=tmp_path), spec, clock, parts=FaultyParts(faults))
    until = clock.now() + timedelta(days=DAYS + 6)
    replay(stage, clock, until=until, progress=lambda _: None, outages=outages_of(faults))
    stage.close()

    boxes = [row for row in ledger_rows(tmp_path, "obligations") if row["output"] == "nba_player_boxscores"]
    assert {row["state"] for row in boxes} == {"proven"}
    assert max(Counter(row["day"] for row in ledger_rows(tmp_path, "runs") if row["state"] == "failed").values()) >= 50


def test_a_page_in_place_of_the_schedule_is_no_schedule_for_an_hour(tmp_path: Path) -> None:
    played(
        tmp_path, told(kind="http", how="html", url="schedule", **{"from": "day 1 08:00", "to": "day 1 12:02"})
    ).close()

    runs = [row for row in ledger_rows(tmp_path, "runs") if row["output"] == "schedule"]
    last = max(place for place, row in enumerate(runs) if row["state"] == "failed")
    assert runs[last + 1]["started_at"] - runs[last]["started_at"] < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("to", "resolution", "state"), [("day 3 04:00", "auto", "proven"), ("day 9 00:00", "gave up", "late")]
)
def test_a_conflict_is_logged_with_its_holder_and_how_it_ended(
    tmp_path: Path, to: str, resolution: str, state: str
) -> None:
    held = {"table": "grades", "holder": "a streaming insert", "told": True, "from": "day 3 00:30", "to": to}
    played(tmp_path, told(kind="warehouse", how="conflict", **held), days=2, after=5).close()

    second = SAMPLE.first_day + timedelta(days=1)
    [row] = [r for r in ledger_rows(tmp_path, "conflicts") if (r["output"], r["day"]) == ("grades", second)]
    assert (row["output"], row["kind"], row["holder"]) == ("grades", "conflict", "a streaming insert")
    assert row["clears_at"] is not None
    assert row["resolution"] == resolution
    assert row["attempts"] > 1
    [grades] = [
        row for row in ledger_rows(tmp_path, "obligations") if row["output"] == "grades" and row["day"] == second
    ]
    assert grades["state"] == state
    said = tipoff("why", "nba", "grades", str(second), home=tmp_path).stdout
    assert "held by a streaming insert; tried " in said
    assert f"({resolution})" in said


STREAMS = """
from google.cloud import bigquery

client = bigquery.Client()


def log(rows):
    errors = client.insert_rows_json("proj.nba_predictions.grades", rows)
    if errors:
        raise RuntimeError(errors)
"""


def test_a_conflict_names_the_code_that_streams_into_the_table_where_an_audit_is_at_hand(tmp_path: Path) -> None:
    held = {"table": "grades", "told": True, "from": "day 3 00:30", "to": "day 3 04:00"}
    code, report = tmp_path / "code", tmp_path / "report.json"
    (tmp_path / "home").mkdir()
    code.mkdir()
    played(tmp_path / "home", told(kind="warehouse", how="conflict", **held), days=2).close()
    (code / "writer.py").write_text(STREAMS)
    report.write_text(tipoff("audit", str(code), "--json", home=tmp_path / "home").stdout)
    asked = ("why", "nba", "grades", str(SAMPLE.first_day + timedelta(days=1)))

    said = tipoff(*asked, home=tmp_path / "home", TIPOFF_AUDIT_REPORT=str(report)).stdout
    other = tipoff(*asked, home=tmp_path / "home", TIPOFF_AUDIT_REPORT=str(code / "writer.py"))

    assert "by the audit, writer.py:8 (writer.log) streams into it" in said
    assert (other.returncode, "is no report of an audit" in other.stderr) == (2, True)


def test_a_conflict_of_what_is_put_off_is_no_longer_one(tmp_path: Path) -> None:
    """A whole day's games are put off while their table is held: nothing is owed, and the log says so."""
    held = told(kind="warehouse", how="conflict", table="candidates", **{"from": "day 3 08:00", "to": "day 9 00:00"})
    off = told(kind="http", how="constant", column="gameStatusText", value="PPD", host="cdn", **{"from": "day 3 11:00"})

    played(tmp_path, (*held, *off)).close()

    third = SAMPLE.first_day + timedelta(days=2)
    [row] = [row for row in ledger_rows(tmp_path, "conflicts") if row["day"] == third]
    assert row["resolution"] == "waived"


def test_the_lines_of_drills_read_well(tmp_path: Path) -> None:
    done = tipoff("drill", "run", "type-drift", "--jobs", "1", home=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "1 of 1 drills passed" in done.stdout
    assert "noticed after 0 min by refused at the start: " in done.stdout


def test_the_json_of_a_drill_says_what_came_of_it(tmp_path: Path) -> None:
    done = tipoff("drill", "run", "type-drift", "--json", home=tmp_path)

    [drill] = json.loads(done.stdout)["drills"]
    wanted = {"name", "fault", "passed", "detected_after_s", "found_by", "healed_after_s", "units_lost", "duplicates"}
    assert wanted | {"notices", "why"} <= drill.keys()
    assert drill["passed"]


def test_an_unknown_drill_and_an_unknown_fault_are_refused(tmp_path: Path) -> None:
    unknown = tipoff("drill", "run", "earthquake", home=tmp_path)
    (tmp_path / "faults.toml").write_text('[[faults]]\nkind = "http"\nhow = "politely"\nfrom = "day 1"\n')
    sample = ("replay", "nba", "sample:2", "--world", "sample")
    fault = tipoff(*sample, "--faults", str(tmp_path / "faults.toml"), home=tmp_path)

    assert (unknown.returncode, fault.returncode) == (2, 2)
    assert "no drill named 'earthquake'" in unknown.stderr
    assert "no fault of kind 'http' that goes 'politely'" in fault.stderr
