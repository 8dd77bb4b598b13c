"""A lost write is an error where the code records it as done, a note where the next statement tells or the next run writes it."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import pytest
from tests.audit.reading import audited
from tests.audit.test_apart import NOTE, WARNING
from tests.audit.test_reach import OTHERS

from tipoff_audit.finding import Level
from tipoff_audit.project.reach import Surroundings

ERROR = [Level.ERROR]


def levels(
    files: dict[str, str], rule: str = "swallowed-write", folders: AbstractSet[str] = frozenset()
) -> list[Level]:
    def texts(words: AbstractSet[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
        return {word: [(path, text) for path, text in files.items() if word.lower() in text.lower()] for word in words}

    files = files | {"core/others.py": OTHERS, "run.py": "from core.others import other_1\n\nother_1(None)\n"}
    around = Surroundings(texts=texts, is_there=lambda name: name in folders)
    return [one.level for one in audited(files, around) if one.rule == rule]


KEEP = """
import logging

log = logging.getLogger(__name__)


def keep_games(connection, rows):
    try:
        connection.execute("INSERT INTO games VALUES (?)", rows)
    except Exception as error:
        log.error(error)
    {}


def run(connection, client, rows, task):
    keep_games(connection, rows)
    {}


run(None, None, [], None)
"""


@pytest.mark.parametrize(
    ("inside", "after", "level"),
    [
        ("pass", "pass", WARNING),
        ("pass", "connection.execute('INSERT INTO used_games VALUES (?)', rows)", ERROR),
        ("connection.execute('INSERT INTO used_games VALUES (?)', rows)", "pass", ERROR),
        ("pass", "connection.execute('INSERT INTO odds VALUES (?)', rows)", WARNING),
        ("pass", "update_used_table(client, rows)", ERROR),
        ("pass", "update_table(client, rows)", WARNING),
        ("pass", "connection.execute(\"UPDATE files SET status = 'done' WHERE id = ?\", rows)", ERROR),
        ("pass", "connection.execute(\"UPDATE files SET status = 'failed' WHERE id = ?\", rows)", WARNING),
        ("pass", "connection.execute(\"UPDATE sync_runs SET status = 'done' WHERE id = ?\", rows)", WARNING),
        ("pass", "connection.execute('DELETE FROM inbox WHERE id = ?', rows)", ERROR),
        ("pass", "connection.execute('DELETE FROM inbox WHERE day < ?', rows)", WARNING),
        ("pass", "save_watermark(rows)", ERROR),
        ("pass", "load_watermark(rows)", WARNING),
        ("pass", "client.basic_ack(task)", ERROR),
        ("pass", "task.status = 'done'", ERROR),
        ("pass", "task.status = 'begun'", WARNING),
        ("pass", "task.processed = True", ERROR),
        ("return", "mark_processed(rows)", ERROR),
        ("pass", "log.info('all rows are done')", WARNING),
    ],
)
def test_a_lost_write_is_an_error_where_the_items_are_recorded_as_done(
    inside: str, after: str, level: list[Level]
) -> None:
    assert levels({"core/games.py": KEEP.format(inside, after)}) == level


def test_a_store_that_the_tree_asks_for_what_is_missing_records_what_is_done() -> None:
    after = KEEP.format("pass", "connection.execute('INSERT INTO analysis VALUES (?)', rows)")
    chooses = "SELECT id FROM articles WHERE id NOT IN (SELECT article_id FROM analysis);\n"

    assert levels({"core/games.py": after, "sql/next.sql": chooses}) == ERROR
    assert levels({"core/games.py": after, "sql/next.sql": "SELECT id FROM analysis;\n"}) == WARNING


def test_what_is_recorded_before_or_by_a_handler_that_leaves_is_not_recorded_afterwards() -> None:
    left = KEEP.replace("log.error(error)", "log.error(error)\n        return").format("mark_processed(rows)", "pass")
    before = KEEP.format("pass", "pass").replace("    keep_games(c", "    mark_processed(rows)\n    keep_games(c")

    assert levels({"core/games.py": left}) == WARNING
    assert levels({"core/games.py": before}) == WARNING


@pytest.mark.parametrize(
    ("query", "level"),
    [
        ("SELECT id FROM slate WHERE id NOT IN (SELECT game_id FROM games)", NOTE),
        ("SELECT id FROM slate s WHERE NOT EXISTS (SELECT 1 FROM games g WHERE g.id = s.id)", NOTE),
        ("SELECT s.id FROM slate s LEFT JOIN games g ON g.id = s.id WHERE g.id IS NULL", NOTE),
        ("SELECT id FROM slate EXCEPT SELECT game_id FROM games", NOTE),
        ("SELECT s.id FROM slate s LEFT JOIN games g ON g.id = s.id", WARNING),
        ("SELECT COUNT(*) FROM slate WHERE id NOT IN (SELECT game_id FROM games)", WARNING),
        ("SELECT COUNT(*) AS n FROM slate s LEFT JOIN games g ON g.id = s.id WHERE g.id IS NULL", WARNING),
        ("SELECT s.id FROM slate s LEFT JOIN odds g ON g.id = s.id WHERE g.id IS NULL", WARNING),
        ("SELECT id FROM slate WHERE id IN (SELECT game_id FROM games)", WARNING),
        ("DELETE FROM slate WHERE id NOT IN (SELECT game_id FROM games)", WARNING),
        ("INSERT INTO games SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM games)", WARNING),
    ],
)
def test_a_row_that_is_chosen_again_until_it_is_there_is_a_note(query: str, level: list[Level]) -> None:
    assert levels({"core/games.py": KEEP.format("pass", "pass"), "sql/next.sql": f"{query};\n"}) == level


RESUMES = """
import logging


def keep_games(connection, rows):
    first = connection.execute("SELECT MAX(id) FROM {}")
    {}
        try:
            connection.execute("INSERT INTO games VALUES (?)", rows)
        except Exception as error:
            logging.error(error)


keep_games(None, [])
"""


def test_a_load_that_resumes_after_the_last_row_makes_good_its_end_and_not_its_middle() -> None:
    assert levels({"core/games.py": RESUMES.format("games", "if first:")}) == NOTE
    assert levels({"core/games.py": RESUMES.format("games", "for row in rows:")}) == WARNING
    assert levels({"core/games.py": RESUMES.format("odds", "if first:")}) == WARNING


ABORTS = """
import logging
import psycopg2


def keep_games(cursor, connection, rows):
    for row in rows:
        {}
        try:
            cursor.execute("INSERT INTO games VALUES (%s)", row)
        except Exception as error:
            {}
    connection.commit()


keep_games(None, None, [])
"""
ASKS = "cursor.execute('SELECT 1 FROM slate')"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (ABORTS.format(ASKS, "logging.error(error)"), NOTE),
        (ABORTS.format("pass", "logging.error(error)"), ERROR),  # all that follow fail in silence
        (ABORTS.format("other." + ASKS, "logging.error(error)"), ERROR),
        (ABORTS.format(ASKS, "logging.error(error)\n            connection.rollback()"), WARNING),
        (ABORTS.format(ASKS, "logging.error(error)").replace("psycopg2", "sqlite3"), WARNING),
        (ABORTS.format(f"connection.autocommit = True\n        {ASKS}", "logging.error(error)"), WARNING),
        (
            ABORTS.format(
                f"try:\n            {ASKS}\n        except Exception:\n            pass", "logging.error(error)"
            ),
            ERROR,
        ),
    ],
)
def test_a_transaction_that_is_left_aborted_tells_at_the_next_statement_unless_that_is_swallowed_too(
    text: str, level: list[Level]
) -> None:
    assert levels({"core/games.py": text}) == level


MARKER = """
import logging


def keep_games(connection, rows):
    for row in rows:
        {}
            try:
                connection.execute("INSERT INTO tried ({}) VALUES (?, ?, ?)", row)
            except Exception as error:
                logging.error(error)
            {}


keep_games(None, [])
"""


@pytest.mark.parametrize(
    ("where", "columns", "after", "level"),
    [
        ("if row.is_empty:", "game_id, fetch_status, fetched_at", "continue", NOTE),
        ("if row.is_empty:", "game_id, points, fetched_at", "continue", WARNING),
        ("if row.is_empty:", "game_id, team_id, fetched_at", "continue", WARNING),  # nothing tells of a failure
        ("if row.is_empty:", "game_id, fetch_status, fetched_at", "pass", WARNING),
        ("try:\n            row.ask()\n        except ValueError:", "game_id, fetch_status, fetched_at", "pass", NOTE),
    ],
)
def test_a_marker_of_what_failed_or_is_passed_over_is_a_note(
    where: str, columns: str, after: str, level: list[Level]
) -> None:
    assert levels({"core/games.py": MARKER.format(where, columns, after)}) == level


TIES = """
import logging
import requests


def add_games(warehouse, rows):
    given = requests.{}("https://map.example/add", json=rows).json()
    query = f"INSERT INTO ties ({}) VALUES ({{given}})"
    try:
        warehouse.execute(query)
    except Exception as error:
        logging.error(error)


add_games(None, [])
"""


def test_a_lost_tie_to_what_another_side_has_taken_is_an_error() -> None:
    assert levels({"core/games.py": TIES.format("post", "game_id, objectid, last_sync_at")}) == ERROR
    assert levels({"core/games.py": TIES.format("get", "game_id, objectid, last_sync_at")}) == WARNING
    assert levels({"core/games.py": TIES.format("post", "game_id, points, last_sync_at")}) == WARNING


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("jobs/games.py", WARNING),
        ("course/games.py", NOTE),
        ("Chapter25/games.py", NOTE),  # a book's listings
        ("AppendixA/games.py", NOTE),
        ("lab_02/games.py", NOTE),
        ("exercises/day1/games.py", NOTE),
        ("collaborators/games.py", WARNING),
        ("jobs/course.py", WARNING),
    ],
)
def test_what_is_taught_is_a_note(path: str, level: list[Level]) -> None:
    assert levels({path: KEEP.format("pass", "pass")}) == level


STEPS = "".join(f"def step_{n}(rows):\n    return rows, {n}\n\n\n" for n in range(6))
COPY = STEPS + KEEP.format("pass", "pass")


def test_a_copy_of_what_a_container_is_built_from_is_a_note_that_names_the_other() -> None:
    both = {"src/games/load.py": COPY, "src_docker/games/load_games.py": COPY}
    built = {"src/games/load.py": COPY, "jobs/games/load_games.py": COPY}
    other = {"src/games/load.py": COPY, "src_docker/games/load_games.py": STEPS.replace("step", "act")}

    assert levels(both) == NOTE + WARNING
    assert levels(built, folders={"jobs/games/Dockerfile"}) == WARNING + NOTE
    assert levels(built) == WARNING * 2
    assert levels(other) == WARNING


@pytest.mark.parametrize(
    ("source", "level"),
    [
        ("'s3://raw/games/' IAM_ROLE 'arn:aws:iam::1:role/load'", WARNING),
        ("'s3://<RAW_BUCKET>/games/' IAM_ROLE 'arn:aws:iam::1:role/load'", []),
        ("'s3://raw/games/' IAM_ROLE '<ROLE_ARN>'", []),
        ("'s3://your-bucket/games/'", []),
        ("'s3://YOUR_BUCKET/games/'", []),
        ("'s3://raw/yours/'", WARNING),
    ],
)
def test_a_statement_with_a_placeholder_runs_nowhere_and_nothing_is_said(source: str, level: list[Level]) -> None:
    text = f"COPY games FROM {source} CSV MAXERROR 100;\nCOPY odds FROM 's3://raw/odds/' CSV;\n"

    assert levels({"sql/load.sql": text}, "rows-skipped") == level


STATUS = """
import logging
import sys

log = logging.getLogger(__name__)


def keep_games(connection, rows):
    try:
        connection.execute("INSERT INTO games VALUES (?)", rows)
    except Exception as error:
        log.error(error)
        return {}
    return 0


def load(connection, rows):
    {}
    return 0


{}
"""
TESTED = "status = keep_games(connection, rows)\n    if status != 0:\n        return status"


@pytest.mark.parametrize(
    ("value", "asks", "ends", "level"),
    [
        ("1", TESTED, "sys.exit(load(None, []))", NOTE),
        ("-1", TESTED, "code = load(None, [])\nsys.exit(code)", NOTE),
        ("1", "if keep_games(connection, rows):\n        raise ValueError(rows)", "load(None, [])", NOTE),
        ("1", "if keep_games(connection, rows) != 0:\n        sys.exit(1)", "load(None, [])", NOTE),
        ("1", "sys.exit(keep_games(connection, rows))", "load(None, [])", NOTE),
        ("1", "return keep_games(connection, rows)", "sys.exit(load(None, []))", NOTE),
        ("1", "if not keep_games(connection, rows):\n        return 0\n    raise ValueError", "load(None, [])", NOTE),
        ("1", TESTED, "load(None, [])", WARNING),  # who called the caller does not look
        ("1", "keep_games(connection, rows)", "sys.exit(load(None, []))", WARNING),
        ("1", f"{TESTED}\n    keep_games(connection, rows)", "sys.exit(load(None, []))", WARNING),
        ("1", "if keep_games(connection, rows):\n        log.error(rows)", "sys.exit(load(None, []))", WARNING),
        ("1", "if keep_games(connection, rows) == 2:\n        sys.exit(1)", "load(None, [])", WARNING),
        ("1", "if keep_games(connection, rows):\n        sys.exit(0)", "load(None, [])", WARNING),
        ("1", "if keep_games(connection, rows):\n        return", "sys.exit(load(None, []))", WARNING),
        ("1", f"{TESTED}\n    rows.each(keep_games)", "sys.exit(load(None, []))", WARNING),
        ("0", TESTED, "sys.exit(load(None, []))", WARNING),
    ],
)
def test_a_status_that_all_callers_ask_and_end_by_makes_a_lost_write_a_note(
    value: str, asks: str, ends: str, level: list[Level]
) -> None:
    assert levels({"core/games.py": STATUS.format(value, asks, ends)}) == level


def test_callers_of_other_files_are_asked_too_and_those_of_another_function_of_the_name_are_not() -> None:
    games = {"core/games.py": STATUS.format(1, TESTED, "sys.exit(load(None, []))")}
    drops = "from core.games import keep_games\n\nkeep_games(None, [])\n"
    renamed = "from core.games import keep_games as keep\n\nkeep(None, [])\n"
    other = "def keep_games(rows):\n    return rows\n\n\nkeep_games([])\n"

    assert levels(games | {"core/more.py": drops}) == WARNING
    assert levels(games | {"core/more.py": renamed}) == WARNING
    assert levels(games | {"core/more.py": other}) == NOTE


METHOD = """
import json
import logging
import sys

log = logging.getLogger(__name__)


class Games:
    def load(self, rows):
        try:
            self.connection.execute("INSERT INTO games VALUES (?)", rows)
        except Exception as error:
            log.error(error)
            return 1
        return 0

    def run(self, text):
        if self.load(json.load(text)) != 0:
            raise ValueError(text)


class Odds:
    def load(self, rows):
        return rows

    def run(self, text):
        self.load(text)


Games().run({})
"""


def test_a_method_is_not_asked_for_by_a_librarys_or_another_classs_of_its_name() -> None:
    dropped = METHOD.replace("Games().run({})", "Games().load({})")

    assert levels({"core/games.py": METHOD}) == NOTE
    assert levels({"core/games.py": dropped}) == WARNING
