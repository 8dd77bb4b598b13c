"""What nobody reaches is a note that says why; what somebody may reach stays what it is."""

from datetime import date
from pathlib import Path

import pytest
from tests.audit.reading import audited

from tipoff_audit.finding import Finding, Level
from tipoff_audit.project.reach import Surroundings
from tipoff_audit.run import Task, audit

OTHERS = "".join(
    f"def other_{n}(client):\n    client.look()\n\n\n" for n in range(40)
)  # enough code to know who calls whom
SWALLOWED = """
def {name}(connection, rows):
    try:
        connection.executemany("INSERT INTO games VALUES (?)", rows)
    except Exception as error:
        log.error(error)
"""
KEEP = SWALLOWED.format(name="keep_games")
CALLS = "from core.games import {0}\n\n{0}(None, [])\n"
ALONE = Surroundings()


def found_in(files: dict[str, str], rule: str = "swallowed-write", around: Surroundings = ALONE) -> Finding:
    files = files | {"core/others.py": OTHERS, "run.py": "from core.others import other_1\n\nother_1(None)\n"}
    [found] = [one for one in audited(files, around) if one.rule == rule]
    return found


CHAIN = KEEP + "\n\ndef settle_games(connection):\n    keep_games(connection, [])\n"


def test_what_is_called_by_what_only_tests_call_is_a_note_that_says_so() -> None:
    tested = {"core/games.py": CHAIN, "tests/test_games.py": CALLS.format("settle_games")}

    found = found_in({"core/games.py": CHAIN, "core/__main__.py": CALLS.format("settle_games")})
    assert (found.level, "nobody runs it" in found.message) == (Level.WARNING, False)
    found = found_in(tested | {"core/__main__.py": "import core.games\n"})
    assert found.level is Level.NOTE
    assert found.message.endswith(
        "(nobody runs it: `settle_games`, which nothing that runs calls, alone calls `keep_games`)"
    )


def test_what_only_tests_call_says_so() -> None:
    files = {"core/games.py": KEEP, "tests/test_games.py": CALLS.format("keep_games"), "go.py": "import core.games\n"}

    assert found_in(files).message.endswith("(nobody runs it: tests and demonstrations alone call `keep_games`)")


@pytest.mark.parametrize(
    ("path", "level"),
    [("scripts/demo_games.py", Level.NOTE), ("demos/run.py", Level.NOTE), ("scripts/load_games.py", Level.WARNING)],
)
def test_a_demonstration_reaches_nothing(path: str, level: Level) -> None:
    assert (
        found_in({"core/games.py": KEEP, "go.py": "import core.games\n", path: CALLS.format("keep_games")}).level
        is level
    )


API = """from fastapi import FastAPI{}

app = FastAPI()


@app.get('/')
def read_games(limit=Query(5)):
    keep_games(None, [])
"""


def test_a_module_that_reads_a_name_that_nothing_makes_cannot_be_loaded() -> None:
    assert found_in({"core/games.py": API.format(", Query") + KEEP}).level is Level.WARNING

    found = found_in({"core/games.py": API.format("") + KEEP})
    assert found.level is Level.NOTE
    assert found.message.endswith(
        "(nobody runs it: the module cannot be loaded, line 7 reads `Query` that nothing makes)"
    )


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("rows = LIMIT + 1\nLIMIT = 5\n", Level.NOTE),
        ("LIMIT = 5\nrows = LIMIT + 1\n", Level.WARNING),
        ("class Games:\n    most = LIMIT\n\n\nLIMIT = 5\n", Level.NOTE),
        ("class Games:\n    LIMIT = 5\n    most = LIMIT\n", Level.WARNING),
        ("def most(limit=LIMIT):\n    return limit\n\n\nLIMIT = 5\n", Level.NOTE),
        ("def most():\n    return LIMIT\n\n\nLIMIT = 5\n", Level.WARNING),  # read when it is called
        ("most = lambda: LIMIT\nLIMIT = 5\n", Level.WARNING),
        ("def most(limit: LIMIT):\n    return limit\n", Level.WARNING),  # of an annotation nobody knows when it is read
        ("from core.others import *\nrows = LIMIT\n", Level.WARNING),
        ("if LIMIT:\n    pass\nLIMIT = 5\n", Level.WARNING),  # what stands in a branch is not looked at
        ("def begin():\n    global LIMIT\n    LIMIT = 5\n\n\nbegin()\nrows = LIMIT\n", Level.WARNING),
        ("globals()['LIMIT'] = 5\nrows = LIMIT\n", Level.WARNING),
        ("rows = spark.table('games')\n", Level.WARNING),  # a notebook's
        ("names = unicode('a')\n", Level.WARNING),  # of Python 2
        ("rows = [row for row in range(5)]\n", Level.WARNING),
        ("rows = False and LIMIT\n", Level.WARNING),
    ],
)
def test_what_is_read_before_it_is_made_cannot_be_loaded(text: str, level: Level) -> None:
    assert found_in({"core/games.py": KEEP + text, "go.py": CALLS.format("keep_games")}).level is level


PACKAGE = {"core/__init__.py": "", "go.py": CALLS.format("keep_games")}


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("from core.odds import price\n", Level.NOTE),
        ("from .odds import price\n", Level.NOTE),
        ("import core.odds\n", Level.NOTE),
        ("from core.others import other_1\n", Level.WARNING),
        ("from .others import other_1\n", Level.WARNING),
        ("from . import odds\n", Level.WARNING),  # a name that the package may make
        ("from odds import price\n", Level.WARNING),  # somebody else's
        ("from elsewhere.odds import price\n", Level.WARNING),
        ("from core._version import version\n", Level.WARNING),  # made by the build
        ("from core.games_pb2 import Game\n", Level.WARNING),
        ("from core.models.odds import price\n", Level.WARNING),  # of trained models, which git may leave out
        ("try:\n    from core.odds import price\nexcept ImportError:\n    price = None\n", Level.WARNING),
    ],
)
def test_a_module_that_imports_from_its_own_package_what_is_not_there_cannot_be_loaded(line: str, level: Level) -> None:
    found = found_in(PACKAGE | {"core/games.py": line + KEEP})

    assert found.level is level
    assert ("which is not there" in found.message) is (level is Level.NOTE)


def test_what_lies_on_the_disk_is_there_whoever_reads_it() -> None:
    around = Surroundings(is_there=lambda place: place == "core/odds")

    assert (
        found_in(PACKAGE | {"core/games.py": "from core.odds import price\n" + KEEP}, around=around).level
        is Level.WARNING
    )


CLASS = "class Games{}:\n" + "\n".join(
    f"    {line}" for line in SWALLOWED.format(name="record_games").strip().split("\n")
)
CLASS = CLASS.replace("(connection", "(self, connection")


@pytest.mark.parametrize(
    ("other", "level"),
    [
        ({}, Level.NOTE),
        ({"go.py": "from core import games\n\ngames.keep_games(None, [])\n"}, Level.WARNING),
        ({"go.py": "import importlib\n\nimportlib.import_module('core.games').keep_games(None, [])\n"}, Level.WARNING),
        ({"go.sh": "python -m core.games\n"}, Level.NOTE),  # loads it, and calls nothing
        ({"go.py": "from core import games\n"}, Level.NOTE),
        ({"go.py": "from core import games\n\nkeep_games = games.keep_games(None, [])\n"}, Level.WARNING),
        ({"go.py": "from core import games\n\n\ndef go(keep_games):\n    keep_games()\n\n\ngo(print)\n"}, Level.NOTE),
        (
            {"go.py": "from core import games\n\n\ndef go():\n    keep_games = games.keep_games()\n\n\ngo()\n"},
            Level.WARNING,
        ),
    ],
)
def test_a_module_that_nothing_imports_is_reached_by_nobody(other: dict[str, str], level: Level) -> None:
    assert found_in({"core/games.py": KEEP} | other).level is level


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("games.py", Level.NOTE),
        ("dags/games.py", Level.WARNING),
        ("core/tasks.py", Level.WARNING),
        ("core/tasked.py", Level.NOTE),
    ],
)
def test_a_file_that_a_program_looks_for_by_its_place_or_name_is_loaded(path: str, level: Level) -> None:
    assert found_in({path: KEEP + "\n\ntable = {'a': keep_games}\n"}).level is level


@pytest.mark.parametrize(
    ("path", "level"),
    [("bot/cogs/games.py", Level.WARNING), ("db/models/games.py", Level.NOTE), ("db/tasks.py", Level.NOTE)],
)
def test_a_program_calls_what_it_has_agreed_on_in_the_files_of_its_folders(path: str, level: Level) -> None:
    assert found_in({path: KEEP}).level is level


@pytest.mark.parametrize(("base", "level"), [("Elsewhere", Level.WARNING), ("object", Level.NOTE)])
def test_a_class_below_somebody_elses_may_be_found_without_its_name(base: str, level: Level) -> None:
    bases = f"from elsewhere import Elsewhere\n\n\nclass Base({base}):\n    pass\n\n\n"

    assert (
        found_in({"core/games.py": bases + CLASS.format("(Base)") + "\n", "go.py": "import core.games\n"}).level
        is level
    )


def test_what_nothing_imports_says_so() -> None:
    found = found_in({"core/games.py": KEEP + "\n\ndef go():\n    keep_games(None, [])\n"})

    assert found.message.endswith("(nobody runs it: nothing imports, starts or names its module)")


@pytest.mark.parametrize(
    ("around", "level"),
    [
        (Surroundings(words=lambda asked: asked & {"keep_games", "games"}), Level.WARNING),  # `core.games:keep_games`
        (Surroundings(words=lambda asked: asked & {"games"}), Level.NOTE),
        (Surroundings(distributions=("",)), Level.WARNING),
        (Surroundings(distributions=("elsewhere",)), Level.NOTE),
        (Surroundings(is_whole=False), Level.NOTE),
    ],
)
def test_what_settings_name_and_what_a_distribution_offers_is_reached(around: Surroundings, level: Level) -> None:
    files = {"core/games.py": KEEP, "core/__init__.py": "from core.games import keep_games\n"}

    assert found_in(files, around=around).level is level


def test_of_a_part_of_the_tree_nobody_knows_which_modules_are_loaded() -> None:
    chain = KEEP + "\n\ndef _settle():\n    keep_games(None, [])\n\n\ntable = {'a': _settle}\n"

    assert found_in({"core/games.py": chain}).level is Level.NOTE
    assert found_in({"core/games.py": chain}, around=Surroundings(is_whole=False)).level is Level.WARNING


GO = "from core.games import Games\n\nGames()\n"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (CLASS.format(""), Level.NOTE),
        (CLASS.format("(object)"), Level.NOTE),
        ("class Other:\n    pass\n\n\n" + CLASS.format("(Other)"), Level.NOTE),
        (
            "from elsewhere import Other\n\n\n" + CLASS.format("(Other)"),
            Level.WARNING,
        ),  # somebody else's class may call it
        (CLASS.format("") + "\n    def go(self, name):\n        getattr(self, name)(None, [])\n", Level.NOTE),
        (CLASS.format("") + "\n    def __init__(self, name):\n        getattr(self, name)(None, [])\n", Level.WARNING),
        (
            CLASS.format("") + "\n    def __init__(self, name):\n        getattr(self, f'record_{name}')()\n",
            Level.WARNING,
        ),
        (CLASS.format("") + "\n    def __init__(self):\n        getattr(self, 'record_games')()\n", Level.WARNING),
        (CLASS.format("") + "\n    def __init__(self):\n        getattr(self, 'others')()\n", Level.NOTE),
        (
            "class Base:\n    def __init__(self, n):\n        getattr(self, n)()\n\n\n" + CLASS.format("(Base)"),
            Level.WARNING,
        ),
        ("from elsewhere import task\n\n\n" + CLASS.format("").replace("    def", "    @task\n    def"), Level.WARNING),
        (CLASS.format("").replace("    def", "    @staticmethod\n    def"), Level.NOTE),
        (CLASS.format("") + "\n    known = {'a': record_games}\n", Level.WARNING),
    ],
)
def test_what_may_be_called_by_a_name_that_is_put_together_or_by_a_base_is_reached(text: str, level: Level) -> None:
    text = text.replace('INTO games VALUES (?)", rows', 'INTO games VALUES (?)", [1]')
    assert found_in({"core/games.py": text, "go.py": GO}).level is level


CI = "jobs:\n  test:\n    steps:\n      - run: |\n          pytest || echo failed\n"


@pytest.mark.parametrize(
    ("path", "level"), [(".github/workflows/ci.yml", Level.WARNING), ("web/.github/workflows/ci.yml", Level.NOTE)]
)
def test_a_workflow_of_a_folder_is_run_by_nobody(path: str, level: Level) -> None:
    assert found_in({path: CI}, "swallowed-exit").level is level


def test_a_repository_within_another_has_workflows_of_its_own() -> None:
    around = Surroundings(is_there=lambda place: place == "web/.git")

    assert found_in({"web/.github/workflows/ci.yml": CI}, "swallowed-exit", around).level is Level.WARNING


CANNED = """import random
from fastapi import FastAPI
{}
app = FastAPI()


@app.get('/')
def quote():
    return {{'price': random.uniform(1, 2)}}
"""


@pytest.mark.parametrize(
    ("files", "level"),
    [
        ({"core/quotes.py": CANNED.format("")}, Level.NOTE),
        ({"core/quotes.py": CANNED.format("import requests")}, Level.WARNING),
        ({"core/quotes.py": CANNED.format("") + "\n\nkept = open('quotes.json').read()\n"}, Level.WARNING),
        ({"core/quotes.py": CANNED.format("") + "\n\nopen('quotes.json', 'w').write('1')\n"}, Level.NOTE),
        ({"core/quotes.py": CANNED.format(""), "go.py": "from core.quotes import app\n"}, Level.WARNING),
    ],
)
def test_a_program_that_reads_nothing_at_all_and_stands_by_itself_is_a_demonstration(
    files: dict[str, str], level: Level
) -> None:
    assert found_in(files, "made-up-data").level is level


THROWN = """import random
import requests


def quote():
    return {'price': random.uniform(1, 2)}


if __name__ == '__main__':
    quote()
"""


@pytest.mark.parametrize(
    ("files", "around", "level"),
    [
        ({"core/quotes.py": THROWN}, ALONE, Level.NOTE),
        ({"core/quotes.py": THROWN}, Surroundings(words=lambda asked: asked & {"quotes"}), Level.WARNING),
        ({"core/quotes.py": THROWN, "go.sh": "python core/quotes.py\n"}, ALONE, Level.WARNING),
        ({"core/quotes.py": THROWN, "go.py": "from core.quotes import quote\n\nquote()\n"}, ALONE, Level.WARNING),
        ({"core/quotes.py": THROWN.replace("\n\n\ndef", "\n\napp = FastAPI()\n\n\ndef", 1)}, ALONE, Level.NOTE),
        ({"core/quotes.py": "from fastapi import FastAPI\n\napp = FastAPI()\n" + THROWN}, ALONE, Level.WARNING),
    ],
)
def test_what_a_script_that_nothing_names_makes_up_is_read_by_whoever_runs_it(
    files: dict[str, str], around: Surroundings, level: Level
) -> None:
    assert found_in(files, "made-up-data", around).level is level


@pytest.mark.parametrize(
    ("files", "level"),
    [
        ({"core/games.py": "# In[1]:\n" + KEEP + "\n\n# In[2]:\nkeep_games(None, [])\n"}, Level.NOTE),
        ({"core/games.py": "# In short:\n" + KEEP + "\n\nkeep_games(None, [])\n"}, Level.WARNING),
        (
            {"core/games.py": "# In[1]:\n" + KEEP + "\n\nkeep_games(None, [])\n", "go.sh": "python core/games.py\n"},
            Level.WARNING,
        ),
    ],
)
def test_what_was_exported_from_a_notebook_is_a_note_unless_something_starts_it(
    files: dict[str, str], level: Level
) -> None:
    assert found_in(files).level is level


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("core/old/games.py", Level.NOTE),
        ("core/junk/games.py", Level.NOTE),
        ("core/junk_mail/games.py", Level.WARNING),
        ("core/games_old.py", Level.NOTE),
        ("core/games copy.py", Level.NOTE),
        ("core/games_backup.py", Level.WARNING),  # it may well make one
        ("core/older/games.py", Level.WARNING),
        ("core/games.py", Level.WARNING),
    ],
)
def test_what_is_put_aside_is_a_note(path: str, level: Level) -> None:
    assert found_in({path: KEEP + "\n\nkeep_games(None, [])\n"}).level is level


@pytest.mark.parametrize(("path", "level"), [("junk/go.py", Level.NOTE), ("jobs/go.py", Level.WARNING)])
def test_what_is_put_away_reaches_nothing(path: str, level: Level) -> None:
    files = {"core/games.py": KEEP, "core/__main__.py": "import core.games\n", path: CALLS.format("keep_games")}

    found = found_in(files)

    assert found.level is level
    assert (level is Level.WARNING) or found.message.endswith(
        "(nobody runs it: what is put away alone calls `keep_games`)"
    )


PROGRAM = (
    SWALLOWED.format(name="keep_rows").replace("connection.executemany", "frame = read_csv")
    + """

def read_rows(url):
    for row in read_csv(url, on_bad_lines="skip"):
        act(row)


if __name__ == "__main__":
    read_rows("rows.csv")
"""
)
THERE: list[tuple[dict[str, str], Level]] = [
    ({}, Level.WARNING),
    ({"core/trade_v6.py": "print(1)\n"}, Level.NOTE),
    ({"core/trade_v4.py": "print(1)\n"}, Level.WARNING),
    ({"core/trade_v6.py": "print(1)\n", "go.sh": "python core/trade_v5.py\n"}, Level.WARNING),
    ({"core/trade_v6.py": "print(1)\n", "junk/go.sh": "python core/trade_v5.py\n"}, Level.NOTE),
    (
        {"core/trade_v6.py": "print(1)\n", "jobs/day.py": "import core.trade_v5\n\ncore.trade_v5.read_rows('a')\n"},
        Level.WARNING,
    ),
    ({"other/trade_v6.py": "print(1)\n"}, Level.WARNING),
]


@pytest.mark.parametrize(("other", "level"), THERE)
def test_a_program_that_nothing_starts_is_a_note_where_its_next_version_stands_beside_it(
    other: dict[str, str], level: Level
) -> None:
    assert found_in({"core/trade_v5.py": PROGRAM} | other, "rows-skipped").level is level


@pytest.mark.parametrize(
    ("folder", "start", "level"),
    [
        ("junk", "", Level.NOTE),
        ("junk", "python core/trade.py\n", Level.WARNING),
        ("other", "", Level.WARNING),
    ],
)
def test_a_program_that_nothing_starts_is_a_note_where_a_copy_of_it_was_put_away(
    folder: str, start: str, level: Level
) -> None:
    long = PROGRAM + "".join(f"\n\ndef step_{n}(place):\n    return place\n" for n in range(6))
    files = {"core/trade.py": long, f"{folder}/trade.py": long, "core/others.py": OTHERS, "go.sh": start}

    [found] = [one for one in audited(files) if (one.rule, one.path) == ("rows-skipped", "core/trade.py")]

    assert found.level is level


ENQUEUES = """
def enqueue_game(connection, game):
    try:
        return connection.execute("INSERT INTO queue VALUES (?){}", game).endswith("1")
    except OSError:
        return False
"""


@pytest.mark.parametrize(("rest", "level"), [("", Level.WARNING), (" ON CONFLICT DO NOTHING", Level.NOTE)])
def test_a_no_that_may_say_that_it_is_there_already_is_a_note(rest: str, level: Level) -> None:
    done = "    enqueue_game(None, game)\n    return {'success': True}\n"
    text = f"from core.queue import enqueue_game\n\n\ndef go(game):\n{done}\n\ngo(1)\n"

    assert found_in({"core/queue.py": ENQUEUES.format(rest), "go.py": text}, "ignored-result").level is level


SAVES = "def save_rows(path):\n    try:\n        write(path)\n        return True\n    except OSError:\n        return False\n"


@pytest.mark.parametrize(("call", "n"), [("save_rows('a')", 1), ("save_rows('a', 2)", 0), ("save_rows(*both)", 1)])
def test_a_call_that_raises_for_its_arguments_says_no_to_nobody(call: str, n: int) -> None:
    text = f"from core.rows import save_rows\n\n\ndef go(both):\n    {call}\n    return True\n\n\ngo(None)\n"
    found = audited({"core/rows.py": SAVES, "core/go.py": text})

    assert [one.rule for one in found].count("ignored-result") == n


def test_what_is_written_in_a_simulation_weighs_one_level_less() -> None:
    assert (
        found_in({"simulation/games.py": KEEP, "go.py": CALLS.format("keep_games").replace("core", "simulation")}).level
        is Level.NOTE
    )


STARTS = {
    "start.bat": "@echo off\r\npython core\\games.py\r\n",
    "Dockerfile": 'CMD ["python", "-m", "core.games"]\n',
    "deploy/job.yaml": "command: [python, core/games.py]\n",
    "games.service": "[Service]\nExecStart=/usr/bin/python3 /srv/core/games.py\n",
    "README.md": "Run it:\n\n    python core/games.py\n",
}


@pytest.mark.parametrize(
    ("name", "text", "level"),
    [
        *((name, text, Level.WARNING) for name, text in STARTS.items()),
        ("NOTES.txt", "python core/games.py\n", Level.NOTE),
        ("README.md", "The games are in core/games.py.\n", Level.NOTE),
        ("big.json", '{"games": ["keep_games"' + " " * 30_000 + "]}", Level.NOTE),
    ],
)
def test_what_a_file_that_starts_programs_names_is_started(name: str, text: str, level: Level, tmp_path: Path) -> None:
    own = KEEP + "\n\ntable = {'a': keep_games}\n"
    for path, content in {"core/games.py": own, "core/others.py": OTHERS, name: text}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)

    report = audit(Task(root=tmp_path, paths=(tmp_path,), today=date(2030, 1, 1), jobs=1))

    assert [one.level for one in report.findings if one.rule == "swallowed-write"] == [level]
    assert report.n_read == 2  # such a file is read for its words alone


def test_what_a_file_that_was_put_away_names_is_not_started(tmp_path: Path) -> None:
    own = KEEP + "\n\ntable = {'a': keep_games}\n"
    files = {"core/games.py": own, "core/others.py": OTHERS}
    for path, content in (files | {"old/start.bat": STARTS["start.bat"]}).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)

    report = audit(Task(root=tmp_path, paths=(tmp_path,), today=date(2030, 1, 1), jobs=1))

    assert [one.level for one in report.findings if one.rule == "swallowed-write"] == [Level.NOTE]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[project]\nname = 'core'\n\n[build-system]\nrequires = ['hatchling']\n"),
        ("setup.py", "from setuptools import setup\n\nsetup(name='core')\n"),
        ("setup.cfg", "[metadata]\nname = core\n"),
    ],
)
def test_what_is_made_into_a_package_may_be_imported_by_others(name: str, text: str, tmp_path: Path) -> None:
    files = {"core/__init__.py": "from core.games import keep_games\n", "core/games.py": KEEP, "core/others.py": OTHERS}
    files |= {"core/day.py": "print('SELECT * FROM games')\n"}
    for path, content in (files | {name: text}).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)

    report = audit(Task(root=tmp_path, paths=(tmp_path,), today=date(2030, 1, 1), jobs=1))

    assert [one.level for one in report.findings if one.rule == "swallowed-write"] == [Level.WARNING]
