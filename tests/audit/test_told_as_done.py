"""What is told as done and is not: verdicts nobody reads, nothing that reads as all, work marked before it is done."""

import pytest
from tests.audit.reading import audited
from tests.audit.test_apart import NOTE
from tests.audit.test_unchecked_work import NOTHING, levels

from tipoff_audit.finding import Level

DAG = """from airflow import DAG
from airflow.operators.python import {operator}

from source import keep, log, pages


def load_games(**context):
    {body}


with DAG("games") as dag:
    games = {operator}(task_id="games", python_callable=load_games)
    {after}
"""
REFUSED = """answer = pages("games")
    if answer.status_code != 200:
        {told}
        return {no}
    keep(answer.json())
    return True"""
BROKEN = """try:
        keep(pages("games"))
        return True
    except ValueError as error:
        {told}
        return {no}"""


@pytest.mark.parametrize(
    ("operator", "body", "after", "level"),
    [
        ("PythonOperator", REFUSED.format(told='log.error("refused")', no="False"), "games", NOTE),
        ("PythonOperator", REFUSED.format(told='print("could not load games")', no="False"), "games", NOTE),
        ("PythonOperator", BROKEN.format(told='log.exception("failed")', no="False"), "games", NOTE),
        ("PythonOperator", REFUSED.format(told='log.info("no games today")', no="False"), "games", NOTHING),
        ("PythonOperator", REFUSED.format(told='log.error("refused")', no="True"), "games", NOTHING),
        ("PythonOperator", REFUSED.format(told='raise ValueError("refused")', no="False"), "games", NOTHING),
        ("PythonOperator", REFUSED.format(told='log.error("refused")', no="False"), "games.output", NOTHING),
        (
            "PythonOperator",
            REFUSED.format(told='log.error("refused")', no="False"),
            "print(\"{{ ti.xcom_pull(task_ids='games') }}\")",
            NOTHING,
        ),
        ("PythonSensor", REFUSED.format(told='log.error("refused")', no="False"), "games", NOTHING),
    ],
)
def test_a_task_of_airflow_that_says_by_false_that_it_has_failed_is_told(
    operator: str, body: str, after: str, level: list[Level]
) -> None:
    dag = DAG.format(operator=operator, body=body, after=after)

    assert levels({"dags/games.py": dag, "dags/source.py": "keep = log = pages = print\n"}, "ignored-result") == level


GATE = """def may_publish(found, expected):
    {before}
    {measure}
    return coverage >= 0.8


may_publish([1], [2])
"""


SHARE = "len(found) / len(expected) if expected else 1.0"


@pytest.mark.parametrize(
    ("before", "measure", "level"),
    [
        ("", "coverage = len(found) / len(expected) if expected else 1.0", NOTE),
        ("", "coverage = 1.0 if not expected else len(found) / len(expected)", NOTE),
        ("", "coverage = round(len(found) / len(expected) * 100, 1) if len(expected) > 0 else 100.0", NOTE),
        ("", "coverage = len(found) / len(expected) if expected else 0.0", NOTHING),
        (
            "if not expected:\n        raise ValueError('nothing is scheduled')",
            "coverage = len(found) / len(expected)",
            NOTHING,
        ),
        (
            "if not expected:\n        return False",
            "coverage = len(found) / len(expected) if expected else 1.0",
            NOTHING,
        ),
        (
            "# a day without games is complete",
            "coverage = len(found) / len(expected) if expected else 1.0",
            NOTHING,
        ),
        ("", f"ratio = {SHARE}\n    if ratio < 0.7:\n        raise ValueError(ratio)\n    coverage = ratio", NOTE),
        ("", f"ratio = {SHARE}\n    if ratio > 0.7:\n        raise ValueError(ratio)\n    coverage = ratio", NOTHING),
        (
            "",
            f"score = {SHARE}\n    coverage = score if score >= 0.8 else 0",
            NOTHING,
        ),  # as good as it gets, not as much
        ("", "spread = len(found) / len(expected) if expected else 1.0\n    coverage = spread * 2", NOTHING),
        (
            "",
            "coverage = len(found) / len(right) if (right := expected) else 1.0",
            NOTHING,
        ),  # of what, its name does not say
    ],
)
def test_a_gate_that_reads_nothing_expected_as_complete_is_told(before: str, measure: str, level: list[Level]) -> None:
    gate = GATE.format(before=before or "right = expected", measure=measure)

    assert levels({"jobs/gate.py": gate}, "swallowed-gate") == level


MARKS = """import boto3
import psycopg2

s3 = boto3.client("s3")


def work(dsn):
    conn = psycopg2.connect(dsn)
    cur = conn.cursor()
    cur.execute("SELECT id, body FROM jobs WHERE status = 'pending'")
    for job, body in cur.fetchall():
        {body}


work("dsn")
"""
PUT = 's3.put_object(Bucket="b", Key=str(job), Body=body)'
FACT = 'cur.execute("INSERT INTO facts VALUES (%s)", (body,))'
DONE = "cur.execute(\"UPDATE jobs SET status = '{}' WHERE id = %s\", (job,))"


@pytest.mark.parametrize(
    ("lines", "level"),
    [
        ((DONE.format("done"), "conn.commit()", PUT), NOTE),
        (('cur.execute("UPDATE jobs SET processed = TRUE WHERE id = %s", (job,))', "conn.commit()", PUT), NOTE),
        ((DONE.format("done"), "conn.commit()", 'cur.execute("INSERT INTO facts VALUES (%s)", (body,))'), NOTE),
        ((PUT, DONE.format("done"), "conn.commit()"), NOTHING),
        ((DONE.format("done"), PUT, "conn.commit()"), NOTHING),  # what is not committed is taken back
        ((FACT, DONE.format("done"), "conn.commit()", 'cur.execute("INSERT INTO audit VALUES (%s)", (job,))'), NOTHING),
        ((DONE.format("running"), "conn.commit()", PUT), NOTHING),
        (
            (
                DONE.format("done"),
                "conn.commit()",
                "try:",
                f"    {PUT}",
                "except OSError:",
                f"    {DONE.format('pending')}",
                "    conn.commit()",
                "    raise",
            ),
            NOTHING,
        ),
        ((DONE.format("done"), "conn.commit()", 's3.put_object(Bucket="b", Key="stamp", Body=b"")'), NOTHING),
    ],
)
def test_work_that_is_marked_as_done_before_it_is_done_is_told(lines: tuple[str, ...], level: list[Level]) -> None:
    body = "\n        ".join(lines)

    assert levels({"jobs/work.py": MARKS.format(body=body)}, "cleared-before-io") == level


@pytest.mark.parametrize(
    ("script", "level"),
    [
        ('curl -s -X POST -d "$BODY" $API/load > /dev/null\n', NOTE),
        ("curl -s -o /dev/null -X POST -d @rows.json $API/rows\n", NOTE),
        ("curl -s --data-binary @rows.json $API/rows >/dev/null 2>&1\n", NOTE),
        ("curl -s -o /dev/null -X PUT \\\n  -T rows.json $API/rows\n", NOTE),
        ("curl -sf -o /dev/null -X POST -d @rows.json $API/rows\n", NOTHING),
        ("curl -s -o /dev/null -w '%{http_code}' -X POST -d @rows.json $API/rows\n", NOTHING),
        ("curl -s -X POST -d @rows.json $API/rows\n", NOTHING),  # somebody may read what it says
        ('curl -s -X POST -d "$BODY" $SLACK_WEBHOOK > /dev/null\n', NOTHING),
        ("curl -s -o /dev/null $API/ready\n", NOTHING),
    ],
)
def test_what_is_sent_by_curl_and_whose_answer_is_thrown_away_is_told(script: str, level: list[Level]) -> None:
    assert (
        levels({"bin/send.sh": f"#!/bin/sh\nset -e\n{script}", "crontab": "0 4 * * * bin/send.sh\n"}, "swallowed-exit")
        == level
    )


ASKED = "pg_isready\nif [ $? -ne 0 ]; then exit 1; fi\n"
LOADS = "bq load d.games games.json\nbq load d.lines lines.json\n"


@pytest.mark.parametrize(
    ("script", "level"),
    [
        (LOADS, NOTE),
        (ASKED + LOADS, NOTE),
        (
            "bq load d.games games.json\n[ $? -eq 0 ] || exit 1\nbq load d.lines lines.json\n[ $? -eq 0 ] || exit 1\n",
            NOTHING,
        ),
        (
            f"asked() {{\n  if [ $? -ne 0 ]; then exit 1; fi\n}}\n{LOADS.replace('json', 'json' + chr(10) + 'asked', 1)}asked\n",
            NOTHING,
        ),
        (
            'psql $URL -c "SELECT 1"\nN=$(psql $URL -t -f count.sql)\nbq query "SELECT 1"\nbq load d.games games.json\n',
            NOTHING,
        ),
        ("psql $URL <<SQL\nSELECT 1;\nSQL\npsql $URL <<SQL\nSELECT 2;\nSQL\n", NOTHING),
        (f"set -e\n{ASKED}{LOADS}", NOTHING),
        (f"trap 'exit $?' ERR\n{LOADS}", NOTHING),
    ],
)
def test_a_script_that_asks_one_command_how_it_ended_is_not_strict_with_the_others(
    script: str, level: list[Level]
) -> None:
    assert (
        levels({"bin/load.sh": f"#!/bin/sh\n{script}", "crontab": "0 4 * * * bin/load.sh\n"}, "swallowed-exit") == level
    )


CHAIN = """import subprocess
import sys


def publish():
    {comment}
    try:
        subprocess.run([sys.executable, "tools/guard.py"], timeout=180)
    except OSError as error:
        print("skipped", error)
    subprocess.run([sys.executable, "tools/publish.py"], check=True)


publish()
"""


@pytest.mark.parametrize(
    ("comment", "level"),
    [
        ("# what was worse than what is published is taken back", [Level.WARNING]),
        ("# pass the optional flag on", [Level.WARNING]),
        ("# optional: nobody reads it", NOTE),
        ("# fail-open: a guard that crashes must never block\n    # the nightly publish", NOTE),
        ("# best effort: the page is published without it", NOTE),
    ],
)
def test_a_step_that_may_fail_as_it_says_is_a_note(comment: str, level: list[Level]) -> None:
    assert levels({"tools/nightly.py": CHAIN.format(comment=comment)}, "ignored-result") == level


FROM_FILES = "CREATE TABLE raw.games AS SELECT * FROM {};\n"


@pytest.mark.parametrize(
    ("reader", "level", "says"),
    [
        ("read_csv_auto('games.csv', ignore_errors = true)", Level.WARNING, "leaves out the rows"),
        (
            "read_json_auto('games.json', format = 'newline_delimited', ignore_errors = true)",
            Level.NOTE,
            "a row of NULLs",
        ),
        ("read_ndjson('games.json', ignore_errors=true)", Level.NOTE, "a row of NULLs"),
    ],
)
def test_duckdb_leaves_out_lines_of_csv_and_makes_rows_of_nulls_of_those_of_json(
    reader: str, level: Level, says: str
) -> None:
    [found] = audited({"sql/load.sql": FROM_FILES.format(reader)})

    assert (found.rule, found.level) == ("rows-skipped", level)
    assert says in found.message
