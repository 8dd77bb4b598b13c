"""What has no effect is told at the level that it has earned; a good twin, a word away, says nothing."""

import pytest
from tests.audit.reading import audited
from tests.audit.test_lost_writes import levels as levels_of_writes

from tipoff_audit.finding import Level

ERROR, WARNING, NOTE = [Level.ERROR], [Level.WARNING], [Level.NOTE]


def levels(text: str, rule: str, path: str = "core/games.py") -> list[Level]:
    return [one.level for one in audited({path: text}) if one.rule == rule]


CHOICE = """
class OddsError(RuntimeError):
    pass


def keep(kind, rows, game):
    if kind == "rows":
        rows.sort()
    {}
    return rows


keep("", [], None)
"""


@pytest.mark.parametrize(
    ("statement", "level"),
    [
        ("else:\n        ValueError(kind)", ERROR),
        ("else:\n        NotImplementedError('no such kind')", ERROR),
        ("else:\n        OddsError(kind)", ERROR),
        ("else:\n        raise ValueError(kind)", []),
        ("else:\n        rows.append(ValueError(kind))", []),
        ("else:\n        UserWarning(kind)", []),
        ("else:\n        Widget(kind)", []),
        ("else:\n        ValueError(kind)\n        raise SystemExit(1)", NOTE),
        ("if game is None:\n        ValueError(kind)\n    rows.append(game.key)", NOTE),  # None has no key: it raises
    ],
)
def test_an_error_that_is_made_and_not_raised_stops_nothing(statement: str, level: list[Level]) -> None:
    assert levels(CHOICE.format(statement), "value-dropped") == level


def test_an_error_whose_making_tells_of_it_is_a_note() -> None:
    telling = CHOICE.format("else:\n        OddsError(kind)").replace(
        "    pass", "    def __init__(self, kind):\n        super().__init__(kind)\n        print(kind)"
    )

    assert levels(telling, "value-dropped") == NOTE
    assert levels(telling.replace("\n        print(kind)", ""), "value-dropped") == ERROR


LOOP = """
def kept(paths: list[str], day):
    {}
    return paths


kept([], "")
"""
TAKES = "for path in paths:\n        if day in path:\n            paths.remove(path)"


@pytest.mark.parametrize(
    ("loop", "level"),
    [
        (TAKES, WARNING),
        (TAKES.replace("in paths:", "in list(paths):"), []),
        (TAKES + "\n            break", []),
        (TAKES.replace("paths.remove(path)", "day.remove(path)"), []),
        (TAKES.replace("paths.remove(path)", "paths.remove(day)"), []),
        ("while day:\n     " + TAKES, []),  # what was passed over has its turn in the next round
        ("paths = day.copy()\n    " + TAKES.replace("paths", "games"), NOTE),  # nobody knows that it is a list
    ],
)
def test_a_loop_that_shortens_its_own_list_passes_over_the_next_item(loop: str, level: list[Level]) -> None:
    assert levels(LOOP.format(loop), "rows-skipped") == level


COUNTED = "SELECT team, {} AS n FROM games GROUP BY team"


@pytest.mark.parametrize(
    ("counted", "level"),
    [
        ("COUNT(CASE WHEN points > 100 THEN 1 ELSE 0 END)", ERROR),
        ("COUNT(IF(points > 100, 1, 0))", ERROR),
        ("COUNT(CASE WHEN points > 100 THEN 1 END)", []),
        ("COUNT(CASE WHEN points > 100 THEN 1 ELSE NULL END)", []),
        ("COUNT(IF(points > 100, 1, NULL))", []),
        ("COUNT(CASE WHEN points > 100 THEN 1 WHEN points > 90 THEN 'x' ELSE 0 END)", ERROR),
        ("COUNT(CASE WHEN points > 100 THEN NULL ELSE 0 END)", []),
        ("COUNT(CASE WHEN points > 100 THEN rebounds ELSE 0 END)", []),  # which may be NULL
        ("COUNT(IFF(points > 100, NULL, 0))", []),
        ("SUM(CASE WHEN points > 100 THEN 1 ELSE 0 END)", []),
        ("COUNT(DISTINCT CASE WHEN points > 100 THEN game ELSE 0 END)", []),  # one more than there are, at most
    ],
)
def test_a_count_of_what_is_never_null_counts_every_row(counted: str, level: list[Level]) -> None:
    assert levels(COUNTED.format(counted), "same-answer", "models/games.sql") == level


ABORTED = """
import logging

import psycopg2


def keep_games(connection, rows):
    cursor = connection.cursor()
    for row in rows:
        try:
            cursor.execute("INSERT INTO games VALUES (%s)", row)
        except {} as error:
            logging.error(error)
            {}
    connection.commit()


keep_games(psycopg2.connect(""), [])
"""


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (ABORTED.format("Exception", "pass"), ERROR),
        (ABORTED.format("(psycopg2.Error, KeyError)", "pass"), ERROR),
        (ABORTED.format("KeyError", "pass"), []),
        (ABORTED.format("Exception", "connection.rollback()"), WARNING),
        (ABORTED.format("psycopg2.Error", "connection.rollback()"), []),
        (ABORTED.format("psycopg2.Error", "cursor.execute('ROLLBACK')"), []),
        (ABORTED.format("psycopg2.Error", "undo(connection)") + "\n\ndef undo(one):\n    one.rollback()\n", []),
        (ABORTED.format("psycopg2.Error", "connection.reset()"), []),
        (
            ABORTED.format("psycopg2.Error", "pass").replace(
                "cursor = ", "connection.set_isolation_level(0)\n    cursor = "
            ),
            [],
        ),
        (ABORTED.format("psycopg2.Error", "pass").replace("import psycopg2", "import psycopg2\nimport sqlite3"), []),
        (
            ABORTED.format("psycopg2.Error", "pass").replace("\n    connection.commit", "\n        connection.commit"),
            [],
        ),
        (ABORTED.format("psycopg2.Error", "pass").replace("cursor.execute", "with connection: cursor.execute"), []),
        (ABORTED.format("psycopg2.Error", "raise"), []),
        (ABORTED.format("psycopg2.Error", "break"), []),
        (ABORTED.format("psycopg2.Error", "pass").replace("connection.cursor()", "connection.begin()"), []),
        (ABORTED.format("psycopg2.Error", "pass").replace('connect("")', "connect(autocommit=True)"), []),
        (ABORTED.format("Exception", "pass").replace("psycopg2", "sqlite3"), WARNING),  # each statement by itself
    ],
)
def test_a_transaction_that_the_first_failure_aborts_loses_the_other_rows_too(text: str, level: list[Level]) -> None:
    assert levels_of_writes({"core/games.py": text}) == level


def test_the_driver_may_be_imported_by_the_file_that_connects() -> None:
    text = ABORTED.format("Exception", "pass").replace("import psycopg2\n", "from core.base import connect\n")
    text = text.replace('psycopg2.connect("")', "connect()")
    base = "import psycopg2\n\n\ndef connect():\n    return psycopg2.connect('')\n"
    assert levels_of_writes({"core/games.py": text, "core/base.py": base}) == ERROR
    assert levels_of_writes({"core/games.py": text, "core/base.py": base.replace("psycopg2", "sqlite3")}) == WARNING
