"""Days of history under what goes wrong between a ledger and a warehouse: nothing is lost, nothing arrives twice."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from tests.history import NOW, Jobs, finding, looks, outbox, ticks, written
from tests.postgres import fresh
from tests.support import tipoff

from tipoff.app.loop import Died
from tipoff.core.home import Profile
from tipoff.core.quota import Kind
from tipoff.history.outbox import POINTS
from tipoff.history.pace import Pace
from tipoff.ledger import Ledger, schema
from tipoff.ledger.history import history_batches, quota_use
from tipoff.ledger.quota_use import QuotaGuard
from tipoff.ledger.streams import STREAMS

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TICKS = [stream for stream in STREAMS if stream.name == "ticks"]
FREE = Pace(every=timedelta(0), slot=timedelta(seconds=1), saved=1_000_000)  # as fast as it is asked


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger on disk."""
    ledger = Ledger(tmp_path / "ledger.db", profile=Profile.REPLAY)
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that was replayed with history and watched."""
    home = tmp_path_factory.mktemp("watched") / "home"
    done = tipoff("replay", "nba", "sample:2", "--world", "sample", "--history", "--watch", home=home)
    assert done.returncode == 0, done.stderr
    return home


def exact(jobs: Jobs, n: int) -> bool:
    return jobs.ids("ticks") == [f"h:ticks:{number}" for number in range(1, n + 1)]


def notes(ledger: Ledger, check: str) -> list[str]:
    table = schema.findings
    return [row["note"] for row in ledger.rows(select(table.c.note).where(table.c.check == check))]


@pytest.mark.parametrize("word", ["lost", "refused", "fails", "slow", "quota", "wrong"])
def test_whatever_befalls_a_job_its_rows_arrive_once(home: Ledger, word: str) -> None:
    jobs = Jobs(says=[word])
    box = outbox(home, jobs)
    home.commit(ticks(range(1, 4)))

    looks(box, NOW, 7 * HOUR)

    assert exact(jobs, 3)
    assert {row["state"] for row in home.rows(select(history_batches.c.state))} == {"applied"}


def test_a_burnt_id_is_followed_by_the_next_attempt(home: Ledger) -> None:
    jobs = Jobs(says=["fails", "fails"])
    box = outbox(home, jobs)
    home.commit(ticks([1]))

    looks(box, NOW, HOUR)

    assert sorted(job_id[-2:] for job_id in jobs.jobs) == ["-0", "-1", "-2"]
    assert exact(jobs, 1)


def test_a_lost_answer_costs_no_second_job(home: Ledger) -> None:
    jobs = Jobs(says=["lost"])
    box = outbox(home, jobs)
    home.commit(ticks([1]))

    looks(box, NOW, HOUR)

    assert jobs.sent["ticks"] == 1
    assert exact(jobs, 1)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("word", ["", "lost", "fails"])
def test_a_process_that_dies_anywhere_loses_and_doubles_nothing(home: Ledger, point: str, word: str) -> None:
    jobs = Jobs(says=[word])

    def die(name: str) -> None:
        if name == point:
            raise Died

    home.commit(ticks(range(1, 4)))
    with pytest.raises(Died):
        looks(outbox(home, jobs, at=die), NOW, HOUR)

    looks(outbox(home, jobs), NOW + HOUR, HOUR)

    assert exact(jobs, 3)


@given(st.lists(st.sampled_from(["", "lost", "refused", "fails", "slow", "quota"]), max_size=12), st.integers(0, 30))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_under_any_sequence_of_faults_and_deaths_each_event_arrives_once(
    tmp_path_factory: pytest.TempPathFactory, says: list[str], deadly: int
) -> None:
    ledger = Ledger(tmp_path_factory.mktemp("any") / "ledger.db", profile=Profile.REPLAY)
    jobs, passed = Jobs(says=list(says)), [0]

    def die(_name: str) -> None:
        passed[0] += 1
        if passed[0] == deadly:
            raise Died

    box, now = outbox(ledger, jobs, pace=Pace(rows=7), at=die, streams=TICKS), NOW
    for number in range(1, 41):
        ledger.commit(ticks([number]))
        now += 2 * MINUTE
        try:
            box.look(now)
        except Died:
            box = outbox(ledger, jobs, pace=Pace(rows=7), streams=TICKS)
    looks(outbox(ledger, jobs, pace=Pace(rows=7), streams=TICKS), now, 16 * HOUR, 10 * MINUTE)
    ledger.close()

    assert sorted(jobs.ids("ticks")) == sorted(f"h:ticks:{number}" for number in range(1, 41))


def test_while_the_warehouse_is_down_the_outbox_stays_small_and_nothing_is_lost(home: Ledger) -> None:
    jobs, pace = Jobs(), Pace(rows=5, unsent=3)
    box = outbox(home, jobs, pace=pace)
    box.look(NOW)
    jobs.is_down = True
    home.commit(ticks(range(1, 301)))

    now = looks(box, NOW + MINUTE, 6 * HOUR)

    kept = (history_batches.c.stream == "ticks") & history_batches.c.content.is_not(None)
    assert home.rows(select(func.count().label("n")).where(kept))[0]["n"] == 3
    assert jobs.rows["ticks"] == []
    assert any("rows of ticks wait in the ledger behind 3 batches" in note for note in notes(home, "history_flows"))
    jobs.is_down = False
    looks(box, now, 8 * HOUR)
    assert exact(jobs, 300)


def test_a_warehouse_that_cannot_be_reached_at_first_is_told_and_tried_again(home: Ledger) -> None:
    jobs = Jobs(is_down=True)
    box = outbox(home, jobs)
    home.commit(ticks([1]))
    box.look(NOW)
    assert notes(home, "history_flows") == ["nobody answers; "]

    jobs.is_down = False
    box.look(NOW + MINUTE)

    assert exact(jobs, 1)


def test_a_table_gets_a_job_in_two_minutes_at_most_however_often_it_is_looked(home: Ledger) -> None:
    jobs = Jobs()
    box = outbox(home, jobs)

    for number in range(60):
        home.commit(ticks([number + 1]))
        box.look(NOW + number * 30 * timedelta(seconds=1))

    assert jobs.sent["ticks"] == 15


def test_a_storm_stops_at_95_percent_says_so_and_goes_on_when_there_is_room(home: Ledger) -> None:
    jobs, guard = Jobs(), QuotaGuard(home, lambda: NOW)
    box = outbox(home, jobs, pace=FREE, streams=TICKS)
    for number in range(1, 81):
        if number in {1, 31, 61}:  # what others load at the same time
            guard.record(Kind.LOAD, "tipoff_history.ticks_log", {1: 735, 31: 430, 61: 190}[number])
        home.commit(ticks([number]))
        box.look(NOW + number * timedelta(seconds=1), is_last=True)

    assert jobs.sent["ticks"] == 70
    told = [row["note"] for row in home.rows(select(schema.findings.c.note))]
    assert [note for note in told if note.startswith(("50%", "80%", "95%"))] == [
        "50% of the load limit of tipoff_history.ticks_log (750 of 1,500 a day)",
        "80% of the load limit of tipoff_history.ticks_log (1,200 of 1,500 a day)",
        "95% of the load limit of tipoff_history.ticks_log (1,425 of 1,500 a day)",
    ]
    assert notes(home, "history_is_not_held_back") == [
        "the history of ticks is held back: 95% of the load limit of tipoff_history.ticks_log (1,425 of 1,500 a day)"
    ]

    looks(box, NOW + 25 * HOUR, 2 * HOUR)
    assert exact(jobs, 80)


def test_days_scattered_over_years_do_not_use_up_the_partitions(home: Ledger) -> None:
    jobs = Jobs()
    for number in range(1, 601):
        home.commit(ticks([number], NOW - timedelta(days=number)))
    box = outbox(home, jobs, pace=FREE, streams=TICKS)

    looks(box, NOW, HOUR)

    used = {row["kind"]: row["n"] for row in home.rows(select(quota_use).where(quota_use.c.table.like("%ticks%")))}
    assert used == {"load": 6, "partition": 600}
    assert exact(jobs, 600)


def test_another_writers_loads_count_and_stop_history(home: Ledger) -> None:
    jobs = Jobs()
    QuotaGuard(home, lambda: NOW).record(Kind.LOAD, "tipoff_history.ticks_log", 1_425)
    box = outbox(home, jobs)
    home.commit(ticks([1]))

    looks(box, NOW, HOUR)

    assert jobs.sent["ticks"] == 0
    assert home.rows(select(history_batches.c.state).where(history_batches.c.stream == "ticks")) == [
        {"state": "sealed"}
    ]


def test_what_lasts_is_told_once_an_hour(home: Ledger) -> None:
    box = outbox(home, Jobs(says=["wrong"] * 50))
    home.commit(written(("findings", finding())))

    looks(box, NOW, 20 * HOUR)

    assert 2 <= len(notes(home, "history_flows")) <= 20


def test_a_replay_with_history_leaves_the_ledgers_rows_in_the_warehouse(watched: Path) -> None:
    assert_same(watched)


@pytest.mark.parametrize("moment", ["handed over:3"])  # more of them: the claim `history_quota`
def test_a_replay_killed_while_history_flows_ends_with_the_same_rows(tmp_path: Path, moment: str) -> None:
    command = ("replay", "nba", "sample:1", "--world", "sample", "--history", "--json")

    killed = tipoff(*command, "--crash-at", moment, home=tmp_path)
    again = tipoff(*command, home=tmp_path)

    assert (killed.returncode, again.returncode) == (-9, 0), again.stderr
    assert_same(tmp_path)


def test_a_replay_whose_ledger_is_a_server_leaves_its_rows_in_the_warehouse_too(server: str, tmp_path: Path) -> None:
    uri = fresh(server)

    done = tipoff(
        *("replay", "nba", "sample:1", "--world", "sample", "--history", "--json"), home=tmp_path, TIPOFF_LEDGER_URL=uri
    )

    assert done.returncode == 0, done.stderr
    assert_same(tmp_path, uri)


def assert_same(home: Path, target: str = "") -> None:
    """Hold the ledger against what arrived: the tables that only grow row by row, the others by their newest revision."""
    db = duckdb.connect(str(home / "warehouse.duckdb"), read_only=True)
    ledger = Ledger(target or home / "ledger.db", read_only=True)

    def of(name: str, columns: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = db.execute(f"SELECT {columns} FROM tipoff_history.{name}").fetchall()  # noqa: S608 -- a test's own
        return found

    for stream in STREAMS:
        rows = ledger.rows(select(stream.source))
        keys = ", ".join(f'"{key}"' for key in stream.key)
        arrived = of(stream.name + ("_newest" if stream.is_updated else ""), keys)
        assert sorted(arrived) == sorted(tuple(row[key] for key in stream.key if key != "since") for row in rows)
        ids = of(f"{stream.name}_log", "event_id")
        assert len(ids) == len(set(ids))
    pairs: list[Any] = of("runs_newest", "id, state")
    states = {row["id"]: row["state"] for row in ledger.rows(select(schema.runs))}
    assert dict(pairs) == states
    assert len(of("runs", "id")) == 2 * len(states) > 0
    db.close()
    ledger.close()


def test_status_and_digest_are_silent_of_history_and_quotas_that_are_well(watched: Path) -> None:
    status, digest, document, scorecard = (
        tipoff(*words, home=watched).stdout
        for words in (("status", "nba"), ("digest", "nba"), ("status", "nba", "--json"), ("scorecard", "nba"))
    )

    assert "nothing is wrong" in status
    assert "history: " not in status  # nothing of it is held up
    assert "quota: " not in status + digest  # less than half of each limit is used
    flow = json.loads(document)["home"]["history"]
    assert (flow["is_kept"], flow["n_waiting"], flow["n_unsent"]) == (True, 0, 0)
    assert flow["quotas"]
    assert "warehouse quota used" in scorecard
