"""What is nobody's daily work, by what stands in the code: one day's programs, demonstrations, desks, what is undone anyway."""

import pytest
from tests.audit.reading import audited
from tests.audit.test_apart import NOTE, WARNING, levels

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading.source import aside, read_source, unread

ONE_DAY = """\"\"\"Run as: python day.py --date 2030-01-02\"\"\"

import io

import pandas as pd
from core import fit

{}
frame = pd.read_csv(io.StringIO(f'{{PLACE}}/lines.csv'), on_bad_lines='skip')
fit(frame)
"""


@pytest.mark.parametrize(
    ("line", "path", "other", "level"),
    [
        ("PLACE = 'lines/2030-01-02'", "jobs/day.py", {}, NOTE),
        ("PLACE = 'C:/Users/me/lines'", "jobs/day.py", {}, NOTE),
        ("PLACE = '/home/me/lines'", "jobs/day.py", {}, NOTE),
        ("PLACE = 'data/lines'", "jobs/day_2030-01-02.py", {}, NOTE),
        ("PLACE = 'data/lines'", "jobs/day.py", {}, WARNING),
        ("PLACE = 'lines/2030-01-02'", "jobs/day.py", {"go.py": "import jobs.day\n"}, WARNING),
        ("PLACE = 'lines/2030-01-02'", "jobs/day.py", {"go.sh": "python jobs/day.py\n"}, WARNING),
    ],
)
def test_rows_that_a_program_of_one_day_leaves_out_are_a_note(
    line: str, path: str, other: dict[str, str], level: list[Level]
) -> None:
    assert levels({path: ONE_DAY.format(line)} | other, "rows-skipped") == level


DAY = ONE_DAY.format("PLACE = 'lines/2030-01-02'").replace(
    "frame = pd.read_csv", "def rates():\n    return 1\n\n\ndef main():\n    frame = pd.read_csv"
)
DAY = DAY.replace("\nfit(frame)", "\n    fit(frame)\n\n\nif __name__ == '__main__':\n    main()")


@pytest.mark.parametrize(
    ("text", "other", "level"),
    [
        (DAY, "from jobs.day import rates\n\nprint(rates())\n", NOTE),
        (DAY, "from jobs.day import main\n\nmain()\n", WARNING),
        (DAY.replace("2030-01-02'", "'"), "from jobs.day import rates\n\nprint(rates())\n", WARNING),
    ],
)
def test_what_others_take_from_a_program_of_one_day_is_not_that_days(text: str, other: str, level: list[Level]) -> None:
    assert levels({"jobs/day.py": text, "go.py": other}, "rows-skipped") == level


STORE = """import logging

log = logging.getLogger(__name__)


class Manager:
    def __init__(self, connection):
        self.connection = connection

    def rates(self):
        return 1

    def evaluate(self, rows):
        self._keep(rows)

    def _keep(self, rows):
        try:
            self.connection.execute('INSERT INTO odds VALUES (?)', rows)
        except Exception as error:
            log.error('not kept: %s', error)


{}
"""
SHOWS = (
    "if __name__ == '__main__':\n    manager = Manager(None)\n    manager.evaluate([1])\n    print(manager.rates())\n"
)
BEGINS = "def main():\n    print(Manager(None).evaluate([1]))\n\n\nif __name__ == '__main__':\n    main()\n"
TAKES = {"go.py": "from core.store import Manager\n\nManager(1).rates()\n"}
LIKE = "class Other:\n    def _keep(self, rows):\n        self._keep(rows)\n\n\nOther()._keep(1)\n"


@pytest.mark.parametrize(
    ("end", "other", "level"),
    [
        (SHOWS, TAKES, NOTE),
        (SHOWS, TAKES | {"core/like.py": LIKE}, NOTE),  # it means its own
        (SHOWS, TAKES | {"core/more.py": "from core.store import Manager\n\nManager(2).evaluate(2)\n"}, WARNING),
        (SHOWS, TAKES | {"core/more.py": "from core.store import Manager\n\nManager(2)._keep(2)\n"}, WARNING),
        (
            SHOWS,
            TAKES
            | {"core/more.py": "from core.store import Manager\n\n\nclass My(Manager):\n    pass\n", "b.py": LIKE},
            WARNING,  # who is derived from it may
        ),
        (SHOWS, TAKES | {"go.sh": "python -m core.store\n"}, WARNING),
        (BEGINS, TAKES, WARNING),
        (SHOWS.replace("[1]", "sys.argv"), TAKES, WARNING),
        (SHOWS.replace("    print(manager.rates())\n", ""), TAKES, WARNING),
    ],
)
def test_an_insert_that_its_modules_own_demonstration_alone_reaches_is_a_note(
    end: str, other: dict[str, str], level: list[Level]
) -> None:
    assert levels({"core/store.py": STORE.format(end)} | other, "swallowed-write") == level


@pytest.mark.parametrize(
    ("path", "level"),
    [
        (".claude/hooks/after_edit.sh", NOTE),
        (".husky/pre-push.sh", NOTE),
        ("app/.vscode/hooks/check.sh", NOTE),
        ("hooks/pre-push.sh", WARNING),
        (".github/scripts/check.sh", WARNING),
    ],
)
def test_what_runs_at_somebodys_desk_is_a_note(path: str, level: list[Level]) -> None:
    assert levels({path: "#!/bin/sh\npytest tests || true\n"}, "swallowed-exit") == level


@pytest.mark.parametrize(
    ("run", "n_lines"),
    [
        ("pytest tests \\\n            -v \\\n            --tb=short || echo 'some failed'", 3),
        ("pytest tests -v \\\n            || true", 2),
        ("pip install \\\n            pytest || true", 0),
        ("pytest tests \\\n            -v\n          rm old || true", 0),
        ("# pytest \\\n          ls || true", 0),
    ],
)
def test_a_command_of_several_lines_is_read_as_one(run: str, n_lines: int) -> None:
    text = f"jobs:\n  t:\n    steps:\n      - name: t\n        run: |\n          {run}\n"

    found = [one.line for one in audited({".github/workflows/ci.yml": text}) if one.level is Level.WARNING]
    assert found == ([5 + n_lines] if n_lines else [])


ROLLS = """def merge(connection, rows):
    {}
"""
LOOP = """for row in rows:
        try:
            connection.execute('INSERT INTO odds VALUES (?)', row)
            connection.commit()
        except Exception:
            connection.rollback
            print(row)
    connection.close()"""


@pytest.mark.parametrize(
    ("body", "level"),
    [
        (LOOP, WARNING),
        (
            LOOP.replace("for row in rows:\n        try", "for row in rows:\n        check(connection)\n        try"),
            NOTE,
        ),
        (LOOP.replace("for row in rows:\n        try", "for row in rows:\n        check(row)\n        try"), WARNING),
        (
            (
                "try:\n        connection.execute('SELECT 1')\n    except Exception:\n        connection.rollback\n"
                "    cursor.close()\n    connection.close()"
            ),
            NOTE,
        ),
        (
            (
                "try:\n        connection.execute('SELECT 1')\n    except Exception:\n        connection.commit\n"
                "    connection.close()"
            ),
            WARNING,
        ),
        (
            (
                "try:\n        connection.execute('SELECT 1')\n    except Exception:\n        connection.rollback\n"
                "    connection.execute('SELECT 2')\n    connection.close()"
            ),
            WARNING,
        ),
        (
            (
                "for row in rows:\n        try:\n            try:\n                connection.execute('SELECT 1')\n"
                "            except Exception:\n                connection.rollback\n"
                "        except Exception:\n            connection.rollback()"
            ),
            NOTE,
        ),
    ],
)
def test_a_rollback_without_a_call_is_a_note_where_it_is_undone_anyway(body: str, level: list[Level]) -> None:
    assert levels({"jobs/merge.py": ROLLS.format(body) + "\n\nmerge(1, 2)\n"}, "value-dropped") == level


GIVES_BACK = """def close_all(self, store):
    rows = list(self.rows)
    {}
    try:
        store.execute('INSERT INTO odds VALUES (?)', rows)
    except Exception as error:
        log.error('not written: %s', error)
        {}
        return 0
    return len(rows)


close_all(1, 2)
"""


@pytest.mark.parametrize(
    ("before", "after", "level"),
    [
        ("self.rows.clear()", "self.rows.extend(rows)", []),
        ("self.rows.clear()", "self.others.extend(rows)", WARNING),
        ("self.rows.clear()", "pass", WARNING),
        ("self.others.clear()", "self.rows.extend(rows)", WARNING),
    ],
)
def test_rows_that_the_handler_puts_back_are_not_lost(before: str, after: str, level: list[Level]) -> None:
    found = levels({"jobs/close.py": GIVES_BACK.format(before, after)}, "swallowed-write")

    assert [one for one in found if one is not Level.NOTE] == level


CYCLE = """def cycle(store):
    try:
        return work()
    except Exception as error:
        said = {{'status': 'error', 'error': {}}}
        try:
            store.execute('INSERT INTO cycles VALUES (?)', said)
        except Exception:
            log.error('not written')
        return said


cycle(1)
"""


@pytest.mark.parametrize(("told", "level"), [("str(error)", NOTE), ("'failed'", WARNING)])
def test_an_insert_that_tells_of_another_error_is_a_note(told: str, level: list[Level]) -> None:
    assert levels({"jobs/cycle.py": CYCLE.format(told)}, "swallowed-write") == level


TOLD = """def keep(alert):
    try:
        connection.execute('INSERT INTO alerts VALUES (?)', alert)
    except Exception as error:
        log.error('not kept: %s', error)


def look(alerts):
    for alert in alerts:
        keep(alert)
        {}


look(1)
"""


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("log.warning(f'ALERT: {alert}')", NOTE),
        ("log.info(f'ALERT: {alert}')", WARNING),
        ("log.warning('ALERT')", WARNING),
        ("keep(alert)", WARNING),
    ],
)
def test_an_insert_of_what_the_caller_logs_as_a_warning_is_a_note(line: str, level: list[Level]) -> None:
    assert levels({"jobs/look.py": TOLD.format(line)}, "swallowed-write") == level


def test_what_no_python_reads_is_a_note_and_told_in_one_line() -> None:
    refused = [one for n in range(5) if isinstance(one := read_source(f"jobs/load_{n}.py", b"def load(:\n"), Finding)]

    [line] = unread(refused)

    assert {one.level for one in refused} == {Level.NOTE}
    assert "jobs/load_0.py:1, jobs/load_1.py:1, jobs/load_2.py:1 and 2 more" in line
    assert unread([]) == unread([aside("a.py", "a template")]) == []
