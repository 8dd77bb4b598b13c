"""The texts that go to BigQuery, the names of jobs, and what is told of a conflict: without a network."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlglot
from sqlglot import exp
from tests.emulator.binding import bound, is_script
from tests.emulator.buffer import Buffer

from tipoff.core.errors import ShapeError
from tipoff.core.schema import DAY, Phase, Table, integer, number, text
from tipoff.leagues.catalog import LEAGUES
from tipoff.store import dialect
from tipoff.store.bigquery import statements
from tipoff.store.bigquery.await_job import TRIES, send_until_done
from tipoff.store.bigquery.client import JobInfo, StreamingBuffer
from tipoff.store.bigquery.diagnosis import clears_at, holder, told
from tipoff.store.bigquery.errors import Meaning, Refused, Said, verdict_of
from tipoff.store.bigquery.target import Target, Write, labels

PLACE = Target(project="p", prefix="t_")
ROWS = Table(
    league="x",
    phase=Phase.RAW,
    name="rows",
    columns=(DAY, text("game_id"), integer("who"), number("points")),
    key=("game_id", "who"),
    unit_columns=("game_id", "who"),
)
NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
WRITE = Write(home="h1", league="x", table="rows", day=date(2024, 1, 10), fence=7, content="abc")
OURS = {PLACE.table(ROWS), PLACE.proofs}


@pytest.mark.parametrize(
    "sql",
    [
        statements.stored(PLACE, ROWS, some=True),
        statements.stored(PLACE, ROWS, some=False),
        statements.proofs(PLACE),
        statements.proof(PLACE),
        statements.newest_proofs(PLACE),
        statements.publish(PLACE, ROWS, "t_tipoff_staging.s"),
        statements.publish(PLACE, ROWS, ""),
        statements.mirror(PLACE, ROWS, "t_tipoff_staging.s"),
    ],
)
def test_every_statement_of_the_warehouse_names_the_days_that_it_reads(sql: str) -> None:
    assert statements.unfiltered(sql, OURS) == []
    assert "'2024" not in sql, "values are parameters"


@pytest.mark.parametrize("league", LEAGUES.values(), ids=lambda league: league.name)
def test_every_step_of_every_league_names_the_days_that_it_reads(league: object) -> None:
    steps = league.steps  # type: ignore[attr-defined]
    tables = {step.name: step.table for step in steps}
    partitioned = {PLACE.table(table) for table in tables.values()}
    loaded = [dialect.load(step, tables) for step in steps]
    texts = [PLACE.here(ready.bigquery) for ready in loaded if ready.bigquery]

    assert texts
    assert [found for sql in texts for found in statements.unfiltered(sql, partitioned)] == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT who FROM t_x_raw.rows",
        "SELECT who FROM t_x_raw.rows WHERE who = 1",
        "SELECT who FROM t_x_raw.rows WHERE day = @day OR who = 1",
        "DELETE FROM t_x_raw.rows WHERE who = 1",
        "UPDATE t_x_raw.rows SET who = 2 WHERE game_id = 'a'",
        "INSERT INTO t_x_raw.rows SELECT * FROM t_x_raw.rows",
        "SELECT 1 FROM t_x_raw.rows AS a JOIN (SELECT who FROM t_x_raw.rows WHERE day = @day) AS b USING (who)",
        "SELECT 1 FROM t_x_raw.rows AS a JOIN t_tipoff.proofs AS b ON a.who = b.fence WHERE a.day = @day",
        "SELECT 1 FROM t_x_raw.rows AS a JOIN t_tipoff.proofs AS b USING (day) WHERE day = @day",
        "SELECT who FROM t_x_raw.rows WHERE day = day",
        "SELECT 1 FROM t_x_raw.rows AS a JOIN other.days AS b ON a.day = b.day WHERE a.day = b.day",
        "BEGIN TRANSACTION; DELETE FROM t_x_raw.rows WHERE TRUE; COMMIT TRANSACTION;",
    ],
)
def test_a_statement_that_would_read_a_table_whole_is_refused(sql: str) -> None:
    with pytest.raises(ShapeError, match="without naming its days"):
        statements.must_filter(sql, frozenset(OURS))


@pytest.mark.parametrize("staging", ["t_tipoff_staging.s", ""])
def test_what_a_script_changes_is_counted_statement_by_statement(staging: str) -> None:
    published = changed_by(statements.publish(PLACE, ROWS, staging))
    mirrored = changed_by(statements.mirror(PLACE, ROWS, staging))
    counted = [f"t_{name}" for name in statements.changes(ROWS, staging)]

    assert mirrored == counted
    assert published == [*counted, PLACE.proofs]


def test_every_write_of_a_table_first_changes_one_row_of_a_table_that_no_other_tables_write_touches() -> None:
    tables = [step.table for league in LEAGUES.values() for step in league.steps]
    first = [
        changed_by(script(PLACE, table, ""))[0]
        for table in tables
        for script in (statements.publish, statements.mirror)
    ]

    assert first == [PLACE.turn(table) for table in tables for _ in range(2)]
    assert len(set(first)) == len(tables)


def changed_by(script: str) -> list[str]:
    """Return the table of each statement of a script that changes one."""
    parsed = sqlglot.parse(script, read="bigquery")
    changes = [one for one in parsed if isinstance(one, exp.Insert | exp.Update | exp.Delete | exp.Merge)]
    tables = [one.find(exp.Table) for one in changes]
    return [f"{table.db}.{table.name}" for table in tables if table is not None]


def test_a_jobs_id_tells_home_slate_run_attempt_and_content_apart() -> None:
    other = [
        WRITE.job_id("load", 1),
        WRITE.job_id("publish", 0),
        Write(home="h2", league="x", table="rows", day=WRITE.day, fence=7, content="abc").job_id("load", 0),
        Write(home="h1", league="x", table="rows", day=WRITE.day, fence=8, content="abc").job_id("load", 0),
        Write(home="h1", league="x", table="rows", day=WRITE.day, fence=7, content="abd").job_id("load", 0),
        Write(home="h1", league="x", table="rows", day=date(2024, 1, 11), fence=7, content="abc").job_id("load", 0),
    ]

    assert len({WRITE.job_id("load", 0), *other}) == 7
    assert WRITE.job_id("load", 0) == WRITE.job_id("load", 0)
    assert all(part.isalnum() or part in "-_" for part in WRITE.job_id("load", 0))


def test_labels_have_only_the_letters_that_bigquery_takes() -> None:
    assert labels(table="Player Lines!", league="x" * 70) == {
        "app": "tipoff",
        "table": "player_lines_",
        "league": "x" * 63,
    }


@pytest.mark.parametrize(
    ("held", "at"),
    [
        (None, None),
        (StreamingBuffer(3, None), None),
        (StreamingBuffer(3, NOW - timedelta(minutes=10)), NOW + timedelta(minutes=20)),
        (StreamingBuffer(3, NOW - timedelta(minutes=31)), NOW + timedelta(minutes=59)),
        (StreamingBuffer(3, NOW - timedelta(minutes=95)), None),
    ],
)
def test_when_a_buffer_clears_is_told_as_far_as_it_is_known(held: StreamingBuffer | None, at: datetime | None) -> None:
    assert clears_at(held, NOW) == at


def test_who_holds_the_rows_is_told_as_far_as_it_is_known() -> None:
    held, job = (
        StreamingBuffer(3, NOW),
        JobInfo("j1", "load", "someone@example.org", {"app": "old", "step": "2"}, NOW, "d.t"),
    )

    assert holder(None, None) == ""
    assert holder(None, job) == "old (step=2), whose job j1 wrote to the table"
    assert "it leaves no job to be named by" in holder(held, None)
    assert "last seen beside it: old" in holder(held, job)
    assert (
        told(held, NOW + timedelta(minutes=4))
        == "about 3 rows are in the streaming buffer, the oldest since 12:00 UTC (4 min)"
    )


class Port:
    """A port that answers as it is told, one answer a try."""

    def __init__(self, *ends: Refused | None) -> None:
        self.ends = list(ends)

    def end_of(self, _job_id: str) -> Refused | None:
        return self.ends.pop(0)


def refused(status: int, reason: str, message: str = "", *, ran: bool = False) -> Refused:
    return Refused(verdict_of(Said(status, reason, message)), "j", ran=ran)


def sender(*answers: Refused | None) -> tuple[list[str], Callable[[str, int], None]]:
    sent: list[str] = []
    left = list(answers)

    def send(job_id: str, _attempt: int) -> None:
        sent.append(job_id)
        answer = left.pop(0)
        if answer is not None:
            raise answer

    return sent, send


KNOWN = ("duplicate", "Already Exists: Job p:US.j")


def test_a_job_is_sent_again_under_its_own_id_until_it_is_heard_of() -> None:
    sent, send = sender(refused(503, "backendError"), refused(0, "ReadTimeout", "reply lost: x"), None)

    assert send_until_done(Port(), "j{}".format, send) == (0, False)  # type: ignore[arg-type]
    assert sent == ["j0", "j0", "j0"]


def test_a_job_that_is_known_and_did_its_work_is_done() -> None:
    sent, send = sender(refused(0, "ReadTimeout", "reply lost: x"), refused(409, *KNOWN))

    assert send_until_done(Port(None), "j{}".format, send) == (0, True)  # type: ignore[arg-type]
    assert sent == ["j0", "j0"]


def test_the_id_of_a_job_that_failed_is_burnt() -> None:
    sent, send = sender(refused(409, *KNOWN), refused(200, "backendError", ran=True), None)

    assert send_until_done(Port(refused(200, "backendError", ran=True)), "j{}".format, send) == (2, False)  # type: ignore[arg-type]
    assert sent == ["j0", "j1", "j2"]


def test_what_repeating_cannot_help_is_raised_at_once() -> None:
    sent, send = sender(refused(400, "invalidQuery", "no such name"))

    with pytest.raises(Refused) as raised:
        send_until_done(Port(), "j{}".format, send)  # type: ignore[arg-type]
    assert raised.value.verdict.meaning is Meaning.PERMANENT
    assert sent == ["j0"]


@pytest.mark.parametrize("said", [(403, "rateLimitExceeded"), (429, ""), (403, "quotaExceeded")])
def test_what_was_too_much_at_a_time_is_not_asked_again_at_once(said: tuple[int, str]) -> None:
    sent, send = sender(refused(*said))

    with pytest.raises(Refused):
        send_until_done(Port(), "j{}".format, send)  # type: ignore[arg-type]
    assert sent == ["j0"]


def test_tries_have_an_end() -> None:
    sent, send = sender(*[refused(503, "backendError")] * 20)

    with pytest.raises(Refused):
        send_until_done(Port(), "j{}".format, send)  # type: ignore[arg-type]
    assert len(sent) == TRIES


# --- the double itself


def test_a_scripts_parameters_become_literals() -> None:
    given = [
        {"name": "a", "parameterType": {"type": "STRING"}, "parameterValue": {"value": "it's @b\n"}},
        {"name": "b", "parameterType": {"type": "INT64"}, "parameterValue": {"value": "7"}},
        {
            "name": "c",
            "parameterType": {"type": "ARRAY", "arrayType": {"type": "STRING"}},
            "parameterValue": {"arrayValues": [{"value": "x"}]},
        },
        {"name": "d", "parameterType": {"type": "DATE"}, "parameterValue": {"value": "2024-01-10"}},
    ]

    made = bound("SELECT @a, @b; SELECT '@a' FROM UNNEST(@c) WHERE day = @d;", given)

    assert made == "SELECT 'it\\'s @b\\n', 7; SELECT '@a' FROM UNNEST(['x']) WHERE day = DATE '2024-01-10';"
    assert is_script(made)
    assert not is_script("SELECT ';';")


@pytest.mark.parametrize(
    ("sql", "is_refused"),
    [
        ("DELETE FROM d.t WHERE day = DATE '2024-01-10'", True),
        ("DELETE FROM d.t WHERE day = DATE '2024-01-11'", False),
        ("DELETE FROM d.t WHERE day = DATE '2024-01-10' AND game_id IN UNNEST(['b'])", False),
        ("UPDATE d.t SET who = 2 WHERE game_id = 'a'", True),
        ("BEGIN TRANSACTION; DELETE FROM d.t WHERE game_id = 'a'; COMMIT TRANSACTION;", True),
        ("TRUNCATE TABLE d.t", True),
        ("MERGE d.t AS t USING d.s AS s ON t.who = s.who WHEN MATCHED THEN UPDATE SET who = 1", True),
        ("INSERT INTO d.t (who) SELECT 1", False),
        ("SELECT * FROM d.t", False),
        ("DELETE FROM d.other WHERE TRUE", False),
        ("DELETE FROM d.t WHERE nonsense(who)", True),
    ],
)
def test_the_doubles_buffer_refuses_what_would_touch_its_rows(sql: str, *, is_refused: bool) -> None:
    buffer = Buffer(lambda: 1000.0, 1800.0)
    buffer.add(("p", "d", "t"), [{"day": "2024-01-10", "game_id": "a", "who": 1}])
    types = {"day": "DATE", "game_id": "STRING", "who": "INT64"}

    assert bool(buffer.refuses(sql, "p", lambda _name: types)) is is_refused


def test_the_doubles_buffer_clears_after_its_window() -> None:
    now = [1000.0]
    buffer = Buffer(lambda: now[0], 1800.0)
    buffer.add(("p", "d", "t"), [{"who": 1}])
    now[0] += 1799
    before = buffer.metadata(("p", "d", "t"))
    now[0] += 1

    assert before is not None
    assert before["oldestEntryTime"] == "1000000"
    assert buffer.metadata(("p", "d", "t")) is None


def test_a_statement_that_the_parser_does_not_know_may_not_name_a_table_of_days() -> None:
    assert statements.unfiltered("CALL x.y('nba_raw.schedule')", ["nba_raw.schedule"]) != []
    assert statements.unfiltered("CALL x.y('another')", ["nba_raw.schedule"]) == []
