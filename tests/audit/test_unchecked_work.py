"""What passes over its own failure: clients of SQL, commands nobody asks, backups that are rotated, rounds that overwrite."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import pytest
from tests.audit.reading import audited
from tests.audit.test_apart import NOTE, WARNING

from tipoff_audit.finding import Level
from tipoff_audit.project.reach import Surroundings
from tipoff_audit.reading.source import Source, read_source
from tipoff_audit.rules.ci_tests import called_workflows

ERROR = [Level.ERROR]
NOTHING: list[Level] = []


def levels(files: dict[str, str], about: str, beside: Mapping[str, str] | None = None) -> list[Level]:
    """Return the levels of what is said by a rule, or of what it guards; `beside`: files that only the tree holds."""
    tree = files | dict(beside or {})

    def texts(words: AbstractSet[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
        return {word: [(path, text) for path, text in tree.items() if word.lower() in text.lower()] for word in words}

    return [one.level for one in audited(files, Surroundings(texts=texts)) if about in {one.rule, one.guards}]


CHANGE = "UPDATE games SET home = trim(home);\nINSERT INTO lines SELECT * FROM raw_lines;\n"
CRON = {"crontab": "0 4 * * * /srv/jobs/nightly.sh\n"}


@pytest.mark.parametrize(
    ("script", "sql", "level"),
    [
        ("psql $URL -f sql/clean.sql\n", CHANGE, WARNING),
        ("set -e\npsql $URL \\\n  -v day=1 \\\n  -f sql/clean.sql\n", CHANGE, WARNING),
        ("psql $URL < sql/clean.sql\n", CHANGE, WARNING),
        ("cat sql/clean.sql | psql $URL\n", CHANGE, WARNING),
        ("sqlcmd -S $HOST -i sql/clean.sql\n", CHANGE, WARNING),
        ("sqlplus $USER @sql/clean.sql\n", CHANGE, WARNING),
        ("psql $URL <<EOF\nDELETE FROM games WHERE day < '2020-01-01';\nEOF\n", "", WARNING),
        ("psql $URL -f sql/clean.sql\n", "CREATE TABLE lines AS SELECT * FROM raw_lines;\n", WARNING),
        ("pg_dump -t games $FROM | psql $TO\n", "", WARNING),
        ("psql $URL -v ON_ERROR_STOP=1 -f sql/clean.sql\n", CHANGE, NOTHING),
        ("PSQL='psql -v ON_ERROR_STOP=1'\n$PSQL -f sql/clean.sql\n", CHANGE, NOTHING),
        ("psql $URL -f sql/clean.sql\n", "\\set ON_ERROR_STOP on\n" + CHANGE, NOTHING),
        ("sqlcmd -b -S $HOST -i sql/clean.sql\n", CHANGE, NOTHING),
        ("sqlplus $USER @sql/clean.sql\n", "WHENEVER SQLERROR EXIT FAILURE\n" + CHANGE, NOTHING),
        ("psql $URL -f sql/clean.sql\n", "CREATE TABLE lines (id int);\n", NOTHING),
        ("psql $URL -c 'UPDATE games SET home = trim(home)'\n", CHANGE, NOTHING),
        ("psql $URL -f sql/clean.sql 2>&1 | tee log\nif grep -q ERROR log; then exit 1; fi\n", CHANGE, NOTHING),
    ],
)
def test_a_client_that_passes_over_errors_in_statements_that_change_rows_is_told(
    script: str, sql: str, level: list[Level]
) -> None:
    found = levels({"jobs/nightly.sh": f"#!/bin/sh\n{script}", "jobs/sql/clean.sql": sql}, "statements", CRON)

    assert found == level


def test_some_commands_that_stop_at_an_error_do_not_speak_for_the_others() -> None:
    script = "psql $URL -v ON_ERROR_STOP=1 -f sql/ids.sql\npsql $URL -f sql/clean.sql\n"
    files = {"jobs/nightly.sh": script, "jobs/sql/clean.sql": CHANGE, "jobs/sql/ids.sql": CHANGE}

    found = [one for one in audited(files) if one.guards == "statements"]

    assert [(one.line, one.level) for one in found] == [(2, Level.WARNING)]


@pytest.mark.parametrize(
    ("path", "beside", "level"),
    [
        ("jobs/nightly.sh", {}, NOTE),
        ("jobs/nightly.sh", {"README.md": "Run `./nightly.sh`.\n"}, NOTE),
        ("jobs/nightly.sh", {".github/workflows/day.yml": "on: push\njobs:\n - run: ./nightly.sh\n"}, WARNING),
        ("jobs/setup_db.sh", {"crontab": "0 4 * * * setup_db.sh\n"}, NOTE),
        ("jobs/qaqc.sh", {"crontab": "0 4 * * * qaqc.sh\n"}, WARNING),
    ],
)
def test_a_script_that_nothing_starts_or_that_sets_up_is_a_note(
    path: str, beside: dict[str, str], level: list[Level]
) -> None:
    files = {path: "psql $URL -f sql/clean.sql\n", "jobs/sql/clean.sql": CHANGE}

    assert levels(files, "statements", beside) == level


def test_a_makefile_that_a_workflow_calls_is_read_for_it_too() -> None:
    files = {"sql/clean.sql": CHANGE}
    make = {"Makefile": "all:\n\tpsql $(URL) -f sql/clean.sql\n"}

    assert levels(files, "statements", make) == NOTE
    assert levels(files, "statements", make | {"run.yml": "run: make all\n"}) == WARNING


def test_a_command_of_python_that_runs_such_statements_is_told() -> None:
    job = "import os\n\nos.system('psql -f sql/clean.sql')\n"

    assert Level.WARNING in levels({"jobs/load.py": job, "jobs/sql/clean.sql": CHANGE}, "statements")


@pytest.mark.parametrize(
    ("script", "level"),
    [
        ("pg_dump $URL > $FILE\nfind /backups -mtime +7 -delete\n", WARNING),
        ("set -e\npg_dump $URL | gzip > $FILE\nfind /backups -mtime +7 -exec rm {} \\;\n", WARNING),
        ("mysqldump $DB | gzip > $FILE\nif [ $? -ne 0 ]; then exit 1; fi\nfind /b -mtime +7 -delete\n", WARNING),
        (
            (
                "mysqldump $DB \\\n  --log-error=$LOG | gzip > $FILE\n"
                "if grep -q mysqldump $LOG; then mail ops; fi\nfind /b -mtime +7 -delete\n"
            ),
            [Level.NOTE],
        ),
        (
            (
                "mysqldump $DB \\\n  --log-error=$LOG | gzip > $FILE\n"
                "if grep -q mysqldump $OTHER; then mail ops; fi\nfind /b -mtime +7 -delete\n"
            ),
            WARNING,
        ),
        ("mysqldump $DB --log-error=$LOG > $FILE\ngrep mysqldump $LOG\nfind /b -mtime +7 -delete\n", WARNING),
        ("set -e\npg_dump $URL > $FILE\nfind /backups -mtime +7 -delete\n", NOTHING),
        ("set -eo pipefail\npg_dump $URL | gzip > $FILE\nfind /backups -mtime +7 -delete\n", NOTHING),
        ("pg_dump $URL > $FILE || exit 1\nfind /backups -mtime +7 -delete\n", NOTHING),
        ("pg_dump $URL | gzip > $FILE\n[ -s $FILE ] || exit 1\nfind /backups -mtime +7 -delete\n", NOTHING),
        ("pg_dump $URL > $FILE\n", NOTHING),
        (
            "set -o pipefail\npg_dump $U \\\n  | zstd -o $F.tmp \\\n  && mv $F.tmp $F\nfind /b -mtime +7 -delete\n",
            NOTHING,
        ),
        ("set -o pipefail\npg_dump $U \\\n  | zstd -o $F.tmp\nmv $F.tmp $F\nfind /b -mtime +7 -delete\n", WARNING),
    ],
)
def test_backups_that_may_fail_and_push_the_old_ones_out_are_told(script: str, level: list[Level]) -> None:
    found = levels({"jobs/backup_db.sh": f"#!/bin/bash\n{script}"}, "backup")

    assert found == level


STEP = """#!/bin/bash
step() {{
  local name="$1"; shift
  "$@"
  {}local rc=$?
  {}
  return $rc
}}

step games dbt run --select games \\
  || true
{}
"""
CODES, ENDS = 'codes["$name"]=$rc', 'for one in "${codes[@]}"; do [ "$one" -eq 0 ] || exit 1; done'


@pytest.mark.parametrize(
    ("lost", "kept", "after", "level"),
    [
        ("", CODES, ENDS, NOTHING),
        ("", "codes+=($rc)", ENDS, NOTHING),
        ("", "[ $rc -eq 0 ] || worst=$rc", "exit $worst", NOTHING),
        ("", "if [ $rc -ne 0 ]; then\n    worst=$rc\n  fi", "exit $worst", NOTHING),
        ("", 'echo "$name $rc" >> "$ENDED"', 'if grep -v " 0$" "$ENDED"; then exit 1; fi', NOTHING),
        ("", CODES, "", WARNING),  # nobody asks
        ("", CODES, 'echo "${codes[@]}"', WARNING),  # told, and the script ends well
        ("", "worst=$rc", "exit $worst", WARNING),  # the next step's status takes its place
        ("", "local codes=$rc", ENDS, WARNING),
        ("", 'echo "$name: $rc"', ENDS, WARNING),
        ("echo ended\n  ", CODES, ENDS, WARNING),  # it is the status of `echo`
    ],
)
def test_a_status_that_the_scripts_own_function_writes_down_and_a_later_line_asks_is_not_lost(
    lost: str, kept: str, after: str, level: list[Level]
) -> None:
    assert levels({"jobs/nightly.sh": STEP.format(lost, kept, after)}, "swallowed-exit", CRON) == level


def test_functions_of_one_line_and_of_empty_ones_are_read_but_not_of_more_than_anybody_writes() -> None:
    short = 'step() { "$@"; codes+=($?); }\nstep dbt run || true\nexit ${codes[0]}\n'
    many = "".join(f"f{n}() {{ :; }}\n" for n in range(500))
    tabs = short.replace("; c", "\n\t\n\t;\n\tc").replace("; }", "\n}")

    assert levels({"jobs/nightly.sh": short}, "swallowed-exit") == NOTHING
    assert levels({"jobs/nightly.sh": tabs}, "swallowed-exit") == NOTHING
    assert levels({"jobs/nightly.sh": many + short}, "swallowed-exit") == WARNING


COMMAND = """import os
import shutil
import subprocess


def keep(part, whole, url):
    cmd = f"cat {{part}} >> {{whole}}"
    {}
    {}


keep("a", "b", "c")
"""


@pytest.mark.parametrize(
    ("run", "after", "level"),
    [
        ("subprocess.run(cmd, shell=True)", "os.remove(part)", ERROR),
        ("os.system(f'aws s3 cp {part} s3://games/')", "os.unlink(part)", ERROR),
        ("subprocess.run(['psql', url, '-f', part])", "shutil.move(part, 'done')", ERROR),
        ("subprocess.run(cmd, shell=True, check=True)", "os.remove(part)", NOTHING),
        ("assert subprocess.run(cmd, shell=True).returncode == 0", "os.remove(part)", NOTHING),
        ("subprocess.run(cmd, shell=True)", "os.remove(url)", NOTE),
        ("subprocess.run(cmd, shell=True)", "pass", NOTE),
        ("os.system('python step_1.py')", "os.system('python step_2.py')", [*WARNING, *NOTE]),
        ("os.system('pip install -r x.py')", "os.system('streamlit run app.py')", [*NOTE, *NOTE]),
        ("os.system('python build_games.py')", "os.system('Rscript model.R')", [*WARNING, *NOTE]),
        ("os.system('python build_games.py')", "os.system('wkhtmltopdf about.html about.pdf')", [*NOTE, *NOTE]),
        ("os.system(f'python build_games.py {whole}')", "os.system(f'gzip {whole}')", [*WARNING, *NOTE]),
        ("os.system('python scrape_nba.py')", "os.system('python scrape_nfl.py')", [*NOTE, *NOTE]),
        ("os.system('python scrape_nba.py')", "os.system('python load_nba.py')", [*WARNING, *NOTE]),
        ("os.system('python train.py --nba')", "os.system('python train.py --nfl')", [*NOTE, *NOTE]),
        ("os.system('python build_games.py ' + str(whole))", "os.system('gzip ' + str(url))", [*NOTE, *NOTE]),
        ("os.system('python build_games.py ' + str(whole))", "os.system('gzip ' + str(whole))", [*WARNING, *NOTE]),
    ],
)
def test_a_command_nobody_asks_is_an_error_where_what_it_was_given_is_taken_away(
    run: str, after: str, level: list[Level]
) -> None:
    assert levels({"jobs/parts.py": COMMAND.format(run, after)}, "ignored-result") == level


ANSWER = """import os

import requests


def page_of(url, path):
    {}
    answer = requests.get(url, timeout=10)
    {}
    with open(path, "w") as file:
        file.write(answer.text)


page_of("https://stats.example", "page.html")
"""


@pytest.mark.parametrize(
    ("before", "asked", "level"),
    [
        ("if os.path.exists(path):\n        return", "pass", NOTE),
        ("if not os.path.exists('data'):\n        os.makedirs('data')", "pass", NOTE),
        ("pass", "pass", NOTE),
        ("if os.path.exists(path):\n        return", "answer.raise_for_status()", NOTHING),
        ("if os.path.exists(path):\n        return", "assert answer.status_code == 200", NOTHING),
    ],
)
def test_a_page_of_an_error_that_is_kept_and_never_asked_for_again_is_told(
    before: str, asked: str, level: list[Level]
) -> None:
    assert levels({"jobs/pages.py": ANSWER.format(before, asked)}, "ignored-result") == level


ROUNDS = """import pandas as pd


def load(days, engine, rows):
    gathered = pd.DataFrame()
    for day in days:
        frame = pd.read_csv(f"{{day}}.csv")
        {}
"""


@pytest.mark.parametrize(
    ("body", "level"),
    [
        ('frame.to_sql("games", engine, if_exists="replace")', WARNING),
        ('frame.to_csv("games.csv")', WARNING),
        ('frame.to_sql("games", engine, if_exists="append")', NOTHING),
        ('frame.to_csv("games.csv", mode="a")', NOTHING),
        ('frame.to_csv(f"games_{day}.csv")', NOTHING),
        ('frame.to_csv("games.csv")\n        upload("games.csv")', NOTHING),
        ('gathered = pd.concat([gathered, frame])\n        gathered.to_csv("games.csv")', NOTHING),
        ('frame.to_csv("games.csv")\n        break', NOTHING),
    ],
)
def test_rounds_of_a_loop_that_replace_what_the_round_before_has_written_are_told(
    body: str, level: list[Level]
) -> None:
    assert levels({"jobs/rounds.py": ROUNDS.format(body)}, "value-dropped") == level


def test_a_workflow_whose_jobs_are_indented_by_four_is_read() -> None:
    text = "on:\n    push:\njobs:\n    lint:\n        steps:\n            - run: make lint\n"
    source = read_source(".github/workflows/ci.yml", text.encode())

    assert isinstance(source, Source)
    assert called_workflows(source) == []


DAILY = """on:
  schedule:
    - cron: "0 9 * * *"
jobs:
  odds:
    steps:
      - run: python fetch_odds.py
      - run: |
          git add data/
          {}
"""
COMMIT = 'git commit -m "Odds of the day"'


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        (f"{COMMIT}\n          git push || true", f"{COMMIT}\n          git push"),
        (f"{COMMIT} && git push || echo 'No changes'", f"{COMMIT} || echo 'No changes'\n          git push"),
        (
            f"git diff --cached --quiet || {COMMIT}\n          git push origin main || exit 0",
            f"git diff --cached --quiet || ({COMMIT} && git push origin main)",
        ),
        (f"{COMMIT}\n          git push || echo 'push skipped'", f"{COMMIT}\n          git push || exit 1"),
        (f"({COMMIT} && git push) || true", f"{COMMIT} || true; git push"),
    ],
)
def test_a_push_that_may_be_refused_unseen_is_an_error_where_a_days_data_go_with_it(bad: str, good: str) -> None:
    path = ".github/workflows/odds.yml"

    assert levels({path: DAILY.format(bad)}, "swallowed-exit") == ERROR
    assert levels({path: DAILY.format(good)}, "swallowed-exit") == NOTHING


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('  schedule:\n    - cron: "0 9 * * *"', "  workflow_dispatch:"),  # somebody has begun it, and looks
        ("git add data/", "git add README.md docs/badge.svg"),
        ("git add data/", "git add data/  # best effort: the next run has all of it again"),
        ("git push || true", 'git push || true\n          test -z "$(git log origin/main..HEAD)"'),
        ("git push || true", "git push || true\n          git pull --rebase && git push"),
        ("          git push || true", "          for n in 1 2 3; do\n          git push || true\n          done"),
        ("git push || true", "git push --tags || true"),
        (f"{COMMIT}\n          ", ""),
        ("git push || true", "git push || echo '::error::the push was refused'"),
        ("git push || true", "git push || echo 'lost the race; the next run will retry'"),
        ("git add data/", "# a lost race just retries next day\n          git add data/"),
    ],
)
def test_a_push_of_little_or_one_that_is_made_again_or_told_is_no_error(old: str, new: str) -> None:
    text = DAILY.format(f"{COMMIT}\n          git push || true").replace(old, new)

    assert Level.ERROR not in levels({".github/workflows/odds.yml": text}, "swallowed-exit")


GIVEN = "import boto3\nfrom google.cloud import bigquery\n\nclient = {}\n\n\ndef keep(rows):\n    {}\n\n\nkeep([])\n"


@pytest.mark.parametrize(
    ("made", "bad", "good"),
    [
        (
            "bigquery.Client()",
            "client.insert_rows_json('odds', rows)",
            "refused = client.insert_rows_json('odds', rows)\n    assert not refused",
        ),
        (
            "boto3.client('kinesis')",
            "client.put_records(Records=rows)",
            "if client.put_records(Records=rows)['FailedRecordCount']:\n        raise ValueError(rows)",
        ),
        (
            "boto3.resource('dynamodb')",
            "client.batch_write_item(RequestItems={'odds': rows})",
            "return client.batch_write_item(RequestItems={'odds': rows})",
        ),
        (
            "bigquery.Client()",
            "client.load_table_from_json(rows, 'odds', job_id='1')",
            "client.load_table_from_json(rows, 'odds', job_id='1').result()",
        ),
        (
            "bigquery.Client()",
            "job = client.load_table_from_json(rows, 'odds', job_id='1')\n    print('loaded', len(rows))",
            "job = client.load_table_from_json(rows, 'odds', job_id='1')\n    print('loaded', job.result())",
        ),
    ],
)
def test_rows_whose_refusal_only_the_answer_tells_are_an_error_where_nobody_reads_it(
    made: str, bad: str, good: str
) -> None:
    assert levels({"jobs/a.py": GIVEN.format(made, bad)}, "ignored-result") == ERROR
    assert levels({"jobs/a.py": GIVEN.format(made, good)}, "ignored-result") == NOTHING


@pytest.mark.parametrize(
    ("made", "body"),
    [
        ("Store()", "client.insert_rows_json('odds', rows)"),  # a client of the project's own may ask for itself
        ("Store()", "client.load_table_from_json(rows, 'odds')"),
        (
            "bigquery.Client()",
            "client.load_table_from_json(rows, 'odds', job_id='1')\n    client.get_job('1').result()",
        ),
    ],
)
def test_rows_that_another_asks_for_are_no_error(made: str, body: str) -> None:
    assert Level.ERROR not in levels({"jobs/a.py": GIVEN.format(made, body)}, "ignored-result")


@pytest.mark.parametrize(
    ("command", "level"),
    [
        ('BashOperator(task_id="a", bash_command="python build_features.py || true")', NOTE),
        ('subprocess.run("dbt run || true", shell=True, check=True)', NOTE),
        ('BashOperator(task_id="a", bash_command="python build_features.py || exit 1")', NOTHING),
        ('BashOperator(task_id="a", bash_command="rm -f out.json || true; python build_features.py")', NOTHING),
        ('print("python build_features.py || true")', NOTHING),
    ],
)
def test_a_command_of_python_whose_own_text_makes_a_failure_pass_is_told(command: str, level: list[Level]) -> None:
    head = "import subprocess\n\nfrom airflow.operators.bash import BashOperator\n\n"

    assert levels({"jobs/dag.py": f"{head}{command}\n"}, "swallowed-exit") == level


FALSE = """import logging


def {0}_games(conn):
    try:
        conn.execute("INSERT INTO games SELECT * FROM raw_games ON CONFLICT (id) DO UPDATE SET home = raw.home")
    except Exception as error:
        logging.error("not written: %s", error)
        return False
    return True


{1}
"""


@pytest.mark.parametrize("verb", ["merge", "upsert", "ingest", "append", "export", "backfill"])
def test_a_write_that_says_by_false_that_it_has_failed_is_asked_whatever_it_is_called(verb: str) -> None:
    let_go, asked = f"{verb}_games(None)", f"if not {verb}_games(None):\n    raise SystemExit(1)"

    assert levels({"jobs/games.py": FALSE.format(verb, let_go)}, "ignored-result") == NOTE
    assert levels({"jobs/games.py": FALSE.format(verb, asked)}, "ignored-result") == NOTHING


TRIES = """import time

import requests


def page_of(url):
    for {0} in {1}:
        try:
            answer = requests.get(url, timeout=5)
            answer.raise_for_status()
            return answer.json()
        except requests.RequestException:
            {2}
    {3}
"""


@pytest.mark.parametrize(
    ("what", "handler", "after", "level"),
    [
        (("attempt", "range(5)"), "pass", "return {}", NOTE),
        (("_", "range(5)"), "time.sleep(3)", "print('gave up')\n    return []", NOTE),
        (("attempt", "range(5)"), "pass", "return None", NOTHING),  # which is no answer
        (("attempt", "range(5)"), "pass", "raise TimeoutError(url)", NOTHING),
        (("attempt", "range(5)"), "if attempt == 4:\n                raise", "return {}", NOTHING),
        (("url", "[url, url + '/old']"), "pass", "return {}", NOTHING),  # it looks in one place after the other
    ],
)
def test_tries_that_end_in_something_empty_are_told(
    what: tuple[str, str], handler: str, after: str, level: list[Level]
) -> None:
    assert levels({"jobs/page.py": TRIES.format(*what, handler, after)}, "default-on-error") == level


STREAMS = """import logging

from google.cloud import bigquery

client, log = bigquery.Client(), logging.getLogger(__name__)


def keep(rows):
    errors = client.insert_rows_json("games", rows)
    if errors:
        {}


keep([])
"""


@pytest.mark.parametrize(
    ("then", "level"),
    [
        ('log.error("refused: %s", errors)', NOTE),
        ('print("refused", errors)', NOTE),
        ("raise RuntimeError(errors)", NOTHING),
        ('log.error("refused: %s", errors)\n        return False', NOTHING),
        ('log.error("refused: %s", errors)\n        park(rows)', NOTHING),
    ],
)
def test_rows_that_were_refused_and_of_which_the_log_alone_is_told_are_told(then: str, level: list[Level]) -> None:
    assert levels({"jobs/keep.py": STREAMS.format(then)}, "ignored-result") == level


POOL = """from concurrent.futures import ThreadPoolExecutor, as_completed


def load(games, keep, bar):
    with ThreadPoolExecutor() as pool:
        futures = {{pool.submit(keep, game): game for game in games}}
        for future in as_completed(futures):
            {}


load([], print, None)
"""


@pytest.mark.parametrize(
    ("body", "level"),
    [
        ("print('done', futures[future])", NOTE),
        ("bar.update(1)", NOTE),
        ("print(futures[future], future.result())", NOTHING),
        ("if future.exception():\n                raise SystemExit(1)", NOTHING),
        ("tell(future)", NOTHING),
    ],
)
def test_futures_that_have_ended_and_that_nobody_asks_how_are_told(body: str, level: list[Level]) -> None:
    assert levels({"jobs/load.py": POOL.format(body)}, "ignored-result") == level


PAGES = """import requests


def pages_of(url):
    rows, page = [], 1
    while True:
        answer = requests.get(url, params={{"page": page}}, timeout=10)
        {}
        found = answer.json()["data"]
        if not found:
            break
        rows += found
        page += 1
    return rows


pages_of("https://stats.example")
"""


@pytest.mark.parametrize(
    ("asked", "level"),
    [
        ("if answer.status_code != 200:\n            break", NOTE),
        ("if not answer.ok:\n            print('refused')\n            break", NOTE),
        ("if answer.status_code == 404:\n            break", NOTHING),  # which is how it says that there is no more
        ("if not answer.ok:\n            raise RuntimeError(url)", NOTHING),
        ("answer.raise_for_status()", NOTHING),
    ],
)
def test_a_refusal_that_ends_the_pages_as_the_last_one_does_is_told(asked: str, level: list[Level]) -> None:
    assert levels({"jobs/pages.py": PAGES.format(asked)}, "log-only-handler") == level
