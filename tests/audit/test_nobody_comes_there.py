"""Where nobody comes, and what nobody reads, by the tree's own texts: branches, tables, routes, folders."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest
from tests.audit.reading import audited
from tests.audit.test_apart import NOTE, WARNING, levels
from tests.audit.test_reach import OTHERS, SWALLOWED

from tipoff_audit.finding import Finding, Level
from tipoff_audit.project.reach import Surroundings
from tipoff_audit.project.texts import texts_of
from tipoff_audit.project.walk import Entry, walk
from tipoff_audit.reading.context import TESTS

KEEP = SWALLOWED.format(name="keep_games")


TOO_DEEP = f"def act(games):\n    if games{'.next' * 900}:\n        keep_games(games, [])\n"
READER_OF_GAMES = "print('SELECT * FROM games')\n"


def asked(files: dict[str, str], *, is_read: bool = True) -> list[Finding]:
    """Return the lost writes where the files' own texts can be asked; `is_read`: somebody reads the table."""

    def texts(words: AbstractSet[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
        return {word: [(path, text) for path, text in heard.items() if word.lower() in text.lower()] for word in words}

    files = files | ({"core/day.py": READER_OF_GAMES} if is_read else {})
    files |= {"core/others.py": OTHERS, "run.py": "from core.others import other_1\n\nother_1(None)\n"}
    heard = {path: text for path, text in files.items() if not TESTS.search(path)}
    return [one for one in audited(files, Surroundings(texts=texts)) if one.rule == "swallowed-write"]


REPORT = """
def make_report(connection):
    {}
    keep_games(connection, [])


make_report(None)
"""


@pytest.mark.parametrize(
    ("before", "level"),
    [
        ("raise NotImplementedError", NOTE),
        ("return", NOTE),
        ("try:\n        return 1\n        keep_games(2, [])\n    finally:\n        connection.close()", WARNING),
        ("if connection:\n        raise NotImplementedError", WARNING),
        ("if connection:\n        return 1\n        keep_games(1, [])", WARNING),
    ],
)
def test_what_is_called_only_where_nothing_comes_is_a_note(before: str, level: list[Level]) -> None:
    assert [one.level for one in asked({"core/games.py": KEEP + REPORT.format(before)})] == level


@pytest.mark.parametrize(
    ("line", "level"), [("if False:", NOTE), ("if 0:", NOTE), ("if True:", WARNING), ("if connection:", WARNING)]
)
def test_a_block_that_is_switched_off_is_a_note(line: str, level: list[Level]) -> None:
    block = "\n".join(f"    {row}" for row in KEEP.split("\n")[2:])
    text = f"def keep_games(connection, rows):\n    {line}\n{block}\n\nkeep_games(input(), [])\n"

    [found] = asked({"core/games.py": text})

    assert found.level is level[0]
    assert ("nobody comes there: what stands before it always leaves" in found.message) is (level == NOTE)


STORE = """class GameLog:
    def __init__(self, connection=None, *, is_kept=False):
        self.connection = connection
        self.is_kept = is_kept

    def store_games(self, rows):
        try:
            {}
            db.executemany("INSERT INTO games VALUES (?)", rows)
        except Exception as error:
            log.error(error)


def open_log(connection=None):
    return GameLog(connection)
"""
GATE = "if not self.connection:\n                return"


@pytest.mark.parametrize(
    ("gate", "opened", "level"),
    [
        (GATE, "open_log()", NOTE),
        (GATE, "open_log(None)", NOTE),
        (GATE, "open_log(input())", WARNING),
        (GATE, "open_log(connection=input())", WARNING),
        (GATE, "open_log(*input())", WARNING),
        (GATE, "open_log() if input() else GameLog(input())", WARNING),
        ("pass", "open_log()", WARNING),
        ("if self.connection is None:\n                return", "open_log()", NOTE),
        ("if self.connection is not None:\n                return", "open_log()", WARNING),
        ("if not self.is_kept:\n                return", "open_log(input())", NOTE),
        ("if self.is_kept:\n                return", "open_log(input())", WARNING),
    ],
)
def test_a_branch_whose_argument_nobody_gives_is_a_note(gate: str, opened: str, level: list[Level]) -> None:
    start = f"from core.games import GameLog, open_log\n\n{opened}.store_games([])\n"

    assert [one.level for one in asked({"core/games.py": STORE.format(gate), "go.py": start})] == level


@pytest.mark.parametrize(
    ("more", "level"),
    [
        ("made = open_log()\nmade.connection = input()\n", WARNING),  # set from outside
        ("print(open_log)\n", WARNING),  # handed to somebody who may give more
        ("def as_log(it: GameLog):\n    return isinstance(it, GameLog)\n", NOTE),
        ("class DayLog(GameLog):\n    pass\n", WARNING),
    ],
)
def test_who_may_give_an_argument_in_another_way_opens_the_branch(more: str, level: list[Level]) -> None:
    start = f"from core.games import GameLog, open_log\n\nopen_log().store_games([])\n{more}"

    assert [one.level for one in asked({"core/games.py": STORE.format(GATE), "go.py": start})] == level


CALLER = """

def settle_games(connection, *, with_rows=False):
    if with_rows:
        keep_games(connection, [])


settle_games(None{})
"""


@pytest.mark.parametrize(
    ("given", "other", "level"),
    [
        ("", {}, NOTE),
        (", with_rows=False", {}, NOTE),
        (", with_rows=True", {}, WARNING),
        ("", {"go.sh": "python -c 'settle_games()'\n"}, WARNING),  # a script may give it
    ],
)
def test_a_caller_whose_branch_nobody_opens_calls_nothing(
    given: str, other: dict[str, str], level: list[Level]
) -> None:
    found = asked({"core/games.py": KEEP + CALLER.format(given)} | other)

    assert [one.level for one in found] == level
    assert [
        one.message.endswith("(nobody comes there: `with_rows` of `settle_games` is never given)") for one in found
    ] == [level == NOTE]


KEEP_BY_ITSELF = KEEP.replace("connection.exec", "open_session(connection).exec")
READS = "def read_odds(connection):\n    return connection.execute('SELECT * FROM odds')\n\n\nread_odds(None)\n"
RAW = "\n\nraw, table = input(), input()\n"
ODDS = "def keep_odds(connection):\n    connection.execute('INSERT INTO odds VALUES (1)')\n\n\nkeep_odds(None)\n"
CALLED = {"go.py": "from core.games import keep_games\n\nkeep_games(None, [])\n", "core/odds.py": ODDS}


@pytest.mark.parametrize(
    ("other", "level"),
    [
        ({"core/reads.py": READS}, NOTE),
        ({}, WARNING),  # a tree that reads none of its tables only loads: they are read elsewhere
        ({"core/reads.py": READS + READS.replace("odds", "games")}, WARNING),
        (
            {"core/reads.py": READS + READS.replace("odds", "games").replace("\n\n\nread_games(None)", "")},
            NOTE,
        ),  # uncalled
        ({"core/reads.py": READS, "tests/test_games.py": READS.replace("odds", "games")}, NOTE),
        ({"core/reads.py": READS, "views/day.sql": "SELECT * FROM raw.games;\n"}, WARNING),
        ({"core/reads.py": READS, "views/day.sql": "SELECT * FROM {{ source('raw', 'games') }}\n"}, WARNING),
        ({"core/reads.py": READS, "schema.sql": "CREATE TABLE games (id INT);\n"}, NOTE),
        ({"core/reads.py": READS, "page/games.ts": "client.from('games')\n"}, WARNING),
        ({"core/reads.py": READS + "\n\ndef count(it):\n    return it.table('games')\n\n\ncount(1)\n"}, WARNING),
        ({"core/reads.py": READS + "\n\nlayer = 'games'\n"}, NOTE),  # a word, and no table that is asked for
        ({"core/reads.py": READS + "\n\nfor name in ['games']:\n    print(f'SELECT 1 FROM {name}')\n"}, WARNING),  # noqa: S608 -- a text
        ({"core/reads.py": READS + "\n\nprint('DELETE FROM games')\n"}, NOTE),  # noqa: S608 -- a text
        ({"core/reads.py": READS + READS.replace("odds", "raw.games").replace("_raw.", "_")}, WARNING),
        ({"core/reads.py": READS + RAW + "print(f'SELECT 1 FROM {raw}.games WHERE day > 1')\n"}, WARNING),  # noqa: S608 -- a text
        ({"core/reads.py": READS + RAW + "print(f'SELECT 1 FROM {raw}.{table}', 'games')\n"}, WARNING),  # noqa: S608 -- a text
        ({"core/reads.py": READS + RAW + "print(f'INSERT INTO {raw}.games', f'SELECT 1 FROM {raw}.odds')\n"}, NOTE),  # noqa: S608 -- a text
    ],
)
def test_rows_of_a_table_that_nobody_reads_are_a_note(other: dict[str, str], level: list[Level]) -> None:
    files = {"core/games.py": KEEP_BY_ITSELF} | CALLED | other

    assert [one.level for one in asked(files, is_read=False) if one.path == "core/games.py"] == level


@pytest.mark.parametrize(("head", "level"), [("", WARNING), ("import sqlite3\n", NOTE)])
def test_a_write_that_takes_the_rest_of_its_transaction_with_it_weighs_though_nobody_reads_its_table(
    head: str, level: list[Level]
) -> None:
    found = asked({"core/games.py": head + KEEP, "core/reads.py": READS} | CALLED, is_read=False)

    assert [one.level for one in found if one.path == "core/games.py"] == level


def test_the_files_that_hold_a_word_are_found_whatever_they_are_written_in(tmp_path: Path) -> None:
    for name in ("core/a.py", "page/b.ts", "c.yml", "tests/test_a.py", "old_core/a.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("read GAMES\n")
    (tmp_path / "core" / "none.py").write_text("gamester\n")
    walked = walk([tmp_path], tmp_path, max_bytes=1_000)
    entries: list[Entry] = [*walked.entries, *walked.starters, *walked.beside]

    found = texts_of(entries, {"games", "odds"})

    assert sorted(path for path, _ in found["games"]) == ["c.yml", "core/a.py", "page/b.ts"]
    assert found["odds"] == []


ROUTE = """from fastapi import APIRouter

router = APIRouter()


@router.post("/games")
def first(rows):
    return rows


@router.{}("{}")
def second(connection, rows):
    try:
        connection.executemany("INSERT INTO games VALUES (?)", rows)
    except Exception as error:
        log.error(error)
"""


@pytest.mark.parametrize(
    ("how", "path", "level"), [("post", "/games", NOTE), ("get", "/games", WARNING), ("post", "/odds", WARNING)]
)
def test_a_route_that_an_earlier_one_answers_is_reached_by_nobody(how: str, path: str, level: list[Level]) -> None:
    assert levels({"core/routes.py": ROUTE.format(how, path)}, "swallowed-write") == level


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("trader_old/games.py", NOTE),
        ("old_trader/games.py", NOTE),
        ("trader-archived/games.py", NOTE),
        ("deprecated_jobs/games.py", NOTE),
        ("config_backup/games.py", NOTE),
        ("db_backup/games.py", WARNING),  # that makes them
        ("household/games.py", WARNING),
        ("threshold/games.py", WARNING),
    ],
)
def test_a_folder_that_says_that_it_was_put_away_is_a_note(path: str, level: list[Level]) -> None:
    assert levels({path: KEEP + "\n\nkeep_games(None, [])\n"}, "swallowed-write") == level


@pytest.mark.parametrize("other", [{}, {"go.py": "import legacy.games\n"}])
def test_a_lost_write_of_what_is_put_aside_is_a_note(other: dict[str, str]) -> None:
    files = {"legacy/games.py": KEEP + "\n\nkeep_games(None, [])\n"}

    assert levels(files | other, "swallowed-write") == NOTE


SUITE = """on:
  push:
    branches: [main]
jobs:
  unit:
    {}
"""
USES = "uses: ./.github/workflows/suite.yml"
REUSED = """on:
  workflow_call:
jobs:
  unit:
    steps:
      - name: tests
        run: |
          cd core
          pytest -n auto --dist=loadfile -v
"""
SWALLOWS = """on: [push]
jobs:
  kinds:
    steps:
      - name: kinds
        run: |
          cd core
          pytest {}tests/kinds || echo "some have failed"
"""


@pytest.mark.parametrize(
    ("job", "level"),
    [
        (USES, NOTE),
        (f"if: needs.changes.outputs.core == 'true'\n    {USES}", NOTE),
        (f"if: github.actor == 'me'\n    {USES}", WARNING),
        (f"continue-on-error: true\n    {USES}", WARNING),
        ("runs-on: ubuntu", WARNING),
    ],
)
def test_tests_that_a_called_workflow_runs_too_are_a_note(job: str, level: list[Level]) -> None:
    place = ".github/workflows"
    files = {
        f"{place}/ci.yml": SUITE.format(job),
        f"{place}/suite.yml": REUSED,
        f"{place}/kinds.yml": SWALLOWS.format(""),
    }

    assert max(levels(files, "swallowed-exit")) is level[0]


@pytest.mark.parametrize(
    ("choice", "level"), [("-k 'begins or ends' ", NOTE), ("-k 'not slow' ", WARNING), ("-v ", WARNING)]
)
def test_tests_that_somebody_has_picked_by_name_are_a_note(choice: str, level: list[Level]) -> None:
    assert levels({".github/workflows/kinds.yml": SWALLOWS.format(choice)}, "swallowed-exit") == level


READER = "import pandas as pd\n\n\ndef {}({}):\n    return fit(pd.read_csv({}, on_bad_lines='skip'))\n\n\n{}(1)\n"


@pytest.mark.parametrize(
    ("name", "given", "read", "level"),
    [
        ("load_games", "place", "place", NOTE),  # lies on the disk
        ("load_games", "url", "url", WARNING),
        ("load_games", "text", "io.StringIO(text)", WARNING),
        ("load_games", "day", "f'https://games.example/{day}'", WARNING),
        ("audit_games", "url", "url", NOTE),
        ("checkout_games", "url", "url", WARNING),
    ],
)
def test_rows_that_are_left_out_weigh_where_they_come_from_outside(
    name: str, given: str, read: str, level: list[Level]
) -> None:
    text = "import io\n" + READER.format(name, given, read, name)

    assert levels({"jobs/a.py": text}, "rows-skipped") == level


EACH = """
def keep_games(connection, rows):
    {}
        try:
            connection.execute("INSERT INTO games VALUES (?)", rows)
        except Exception{}


keep_games(None, [])
"""


@pytest.mark.parametrize(
    ("head", "handler", "level"),
    [
        ("if rows:", ":\n            pass", NOTE),
        ("for row in rows:", ":\n            pass", WARNING),
        ("if rows:", " as error:\n            log.debug(error)", WARNING),
    ],
)
def test_one_row_that_is_passed_over_without_a_word_was_not_held_for_much(
    head: str, handler: str, level: list[Level]
) -> None:
    assert levels({"core/games.py": EACH.format(head, handler)}, "swallowed-write") == level


def test_a_file_that_is_nested_too_deeply_answers_nothing() -> None:
    files = {"core/games.py": KEEP + "\n\nkeep_games(None, [])\n", "core/others.py": OTHERS}

    def texts(words: AbstractSet[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
        return {word: [("core/deep.py", TOO_DEEP), *files.items()] for word in words}

    assert [one.level for one in audited(files, Surroundings(texts=texts)) if one.rule == "swallowed-write"] == WARNING
