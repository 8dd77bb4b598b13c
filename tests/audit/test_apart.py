"""Conditions that stand in the code: what nobody calls, what is a copy, what is only looked at, what fails elsewhere."""

import pytest
from tests.audit.reading import audited

from tipoff_audit.finding import Level
from tipoff_audit.project.reach import Surroundings

OTHERS = "".join(
    f"def other_{n}(client):\n    client.look()\n\n\n" for n in range(40)
)  # enough code to know who calls whom
ALONE = Surroundings()
NOTE, WARNING = [Level.NOTE], [Level.WARNING]


def levels(files: dict[str, str], rule: str, around: Surroundings = ALONE) -> list[Level]:
    return [one.level for one in audited(files | {"core/others.py": OTHERS}, around) if one.rule == rule]


DICE = (
    "import random\n\n\nclass Predictor:\n    def predict(self):\n        return {'confidence': random.uniform(1, 2)}\n"
)
FRAME = """import requests
from core.dice import Predictor


class Framework:
    def __init__(self):
        self.predictor = Predictor()

    def run(self):
        return self.predictor.predict(), requests.get('https://games.example')


def main():
    Framework().run()


if __name__ == '__main__':
    main()
"""
SERVES = FRAME.replace("    main()\n", "    uvicorn.run(main)\n")
CALLS = "from core.frame import Framework\n\nFramework().run()\n"


@pytest.mark.parametrize(
    ("frame", "other", "level"),
    [
        (FRAME, {}, NOTE),
        (FRAME, {"core/__init__.py": "from .frame import Framework\n\n__all__ = ['Framework']\n"}, NOTE),
        (FRAME, {"tests/test_frame.py": CALLS}, NOTE),
        (FRAME, {"tool.py": "from core.frame import main\n\nmain()\n"}, WARNING),
        (FRAME, {"tool.py": "from core import frame\n\nframe.main()\n"}, WARNING),
        (FRAME, {"tool.py": CALLS}, WARNING),
        (FRAME, {"go.sh": "python -m core.frame\n"}, WARNING),
        (SERVES, {}, WARNING),
        (FRAME.replace("    main()\n", "    while True:\n        main()\n"), {}, WARNING),
        (FRAME.replace("\n\nif __name__ == '__main__':\n    main()", "\n\nmain()"), {}, WARNING),
    ],
)
def test_dice_that_an_example_alone_reaches_are_a_note(frame: str, other: dict[str, str], level: list[Level]) -> None:
    assert levels({"core/dice.py": DICE, "core/frame.py": frame} | other, "made-up-data") == level


def test_dice_that_two_modules_use_are_no_examples() -> None:
    more = {"core/again.py": FRAME.replace("Framework", "Again")}

    assert levels({"core/dice.py": DICE, "core/frame.py": FRAME} | more, "made-up-data") == WARNING


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("python -c \"import pytest; print('pytest', pytest.__version__)\" || echo 'pytest issues'", []),
        ("pytest --version || true", []),
        ("python -m pytest --version 2>/dev/null || true", []),
        ("pytest -V || true", []),
        ("pip list || echo 'pytest is missing'", []),
        ("echo 'pytest begins' || true", []),
        ("pytest tests; pytest --version || true", []),  # the tests may fail
        ("pytest tests || echo 'tests failed'", WARNING),
        ("pytest tests && pytest --version || true", WARNING),
        ('python -c "import pytest; print(pytest.main())" || true', WARNING),
        ('python -c "import pytest; pytest.main()" || true', WARNING),
        ("tox -V || true", WARNING),
        ("echo $(pytest tests) || true", WARNING),
    ],
)
def test_a_command_that_only_prints_may_fail(line: str, level: list[Level]) -> None:
    text = f"jobs:\n  t:\n    steps:\n      - name: t\n        run: |\n          {line}\n"

    assert levels({".github/workflows/ci.yml": text}, "swallowed-exit") == level


JOBS = """jobs:
  unit:
    steps:
      - name: t
        run: |
          pip install pytest
          {}
  again:
    needs: [{}]
    steps:
      - name: t
        run: |
          python -m pytest tests/ -v -k "not docker and not endpoint" || echo "none"
"""


@pytest.mark.parametrize(
    ("first", "needs", "level"),
    [
        ('python -m pytest tests/ -v --tb=short -k "not docker"', "unit, build", NOTE),
        ("pytest ./tests", "unit", NOTE),
        ("pytest tests", "build", WARNING),
        ("pytest tests || true", "unit", WARNING),
        ("set +e\n          pytest tests", "unit", WARNING),
        ("pytest tests -k odds", "unit", WARNING),
        ('pytest tests -k "not docker and not slow"', "unit", WARNING),
        ("pytest tests/unit", "unit", WARNING),
        ("pytest tests --lf", "unit", WARNING),
    ],
)
def test_tests_that_fail_in_a_job_that_this_one_waits_for_may_fail_here(
    first: str, needs: str, level: list[Level]
) -> None:
    found = audited({".github/workflows/ci.yml": JOBS.format(first, needs)})

    told = [one for one in found if one.rule == "swallowed-exit" and "none" in one.text]
    assert [one.level for one in told] == level


HERE = """on:
  schedule:
    - cron: "0 6 * * *"
jobs:
  drift:
    steps:
      - name: t
        run: |
          python -m pytest tests/unit/test_odds.py -v 2>/dev/null || echo "none"
"""
ELSEWHERE = """on:
  push:
    branches: [main]
jobs:
  unit:
    steps:
      - name: t
        run: |
          pytest tests/unit/ \\
            --cov=core \\
            -v
"""


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        ("", "", NOTE),
        ("tests/unit/", "", NOTE),
        ("  push:\n    branches: [main]\n", "  pull_request:\n", NOTE),
        ("tests/unit/", "tests/units", WARNING),
        ("tests/unit/", "tests/unit/ -k odds", WARNING),
        ("tests/unit/", "tests/unit/ --ignore=tests/unit/test_odds.py", WARNING),
        ("            -v", "            -v || true", WARNING),
        ("      - name: t\n", "      - name: t\n        continue-on-error: true\n", WARNING),
        ("      - name: t\n", "      - name: t\n        if: inputs.all\n", WARNING),
        ("      - name: t\n", "      - name: t\n        working-directory: web\n", WARNING),
        ("    steps:\n", "    continue-on-error: true\n    steps:\n", WARNING),
        ("  push:\n    branches: [main]\n", "  workflow_dispatch:\n", WARNING),
        ("    branches: [main]\n", "    paths: [web]\n", WARNING),
    ],
)
def test_tests_that_fail_in_another_workflow_on_each_push_may_fail_here(old: str, new: str, level: list[Level]) -> None:
    files = {".github/workflows/drift.yml": HERE, ".github/workflows/ci.yml": ELSEWHERE.replace(old, new)}

    found = audited(files | {"core/others.py": OTHERS})

    told = [one for one in found if one.rule == "swallowed-exit" and "none" in one.text]
    assert [one.level for one in told] == level
    assert level == WARNING or "ci.yml:" in told[0].message


PIPED = """jobs:
  t:
    steps:
      - name: t
        run: |
          python scripts/check_rows.py --json-report {} | tee check.log
          {}
"""


@pytest.mark.parametrize(
    ("after", "level"),
    [
        ("python scripts/tell.py rows.json", NOTE),
        ("python scripts/tell.py others.json", WARNING),
        ("python scripts/tell.py rows.json || true", WARNING),
        ("echo rows.json", WARNING),
        ("python scripts/tell.py --output rows.json", WARNING),
        ("if [ -f rows.json ]; then\n            python scripts/tell.py rows.json\n          fi", WARNING),
    ],
)
def test_a_pipe_whose_report_the_next_line_needs_fails_there(after: str, level: list[Level]) -> None:
    found = levels({".github/workflows/ci.yml": PIPED.format("rows.json", after)}, "swallowed-exit")

    assert max(found) is level[0]


READER = """import pandas as pd
from core import fit, log, save


def read_rows(url):
    return pd.read_csv(url, on_bad_lines='skip')


def load_rows(place):
    return read_rows(place)


frame = load_rows('rows.csv')
{}
"""


@pytest.mark.parametrize(
    ("after", "level"),
    [
        ("print(frame.shape)", NOTE),
        ("log.info(f'{frame.shape} {len(frame)}')\nif 'team' not in frame.columns:\n    log.warning('no team')", NOTE),
        ("print(frame.head(5).to_string())", NOTE),
        ("print(frame)", NOTE),
        ("rows = frame.head(5)", WARNING),
        ("print(frame['team'].mean())", WARNING),
        ("fit(frame)", WARNING),
        ("n_rows = len(frame)", WARNING),
        ("save(frame.shape)", WARNING),
        ("frame.to_csv('kept.csv')", WARNING),
        ("print(frame.shape)\nfit(load_rows('others.csv'))", WARNING),
    ],
)
def test_rows_that_are_only_looked_at_are_a_note(after: str, level: list[Level]) -> None:
    assert levels({"jobs/look.py": READER.format(after)}, "rows-skipped") == level


def test_rows_that_another_module_takes_are_not_only_looked_at() -> None:
    files = {"jobs/look.py": READER.format("print(frame.shape)")}

    assert (
        levels(files | {"go.py": "from jobs.look import load_rows\n\nfit(load_rows('a'))\n"}, "rows-skipped") == WARNING
    )
    assert levels(files | {"go.py": "from jobs import look\n\nfit(look.load_rows('a'))\n"}, "rows-skipped") == WARNING
    assert (
        levels(files | {"go.py": "from jobs.others import load_rows\n\nfit(load_rows('a'))\n"}, "rows-skipped")
        == WARNING
    )
    assert levels(files | {"go.py": "from core.others import other_1\n\nother_1(1)\n"}, "rows-skipped") == NOTE


PROCEDURE = """CREATE OR REPLACE PROCEDURE core.replay_rows(place VARCHAR)
RETURNS VARCHAR
AS
$$
COPY INTO games FROM @stage ON_ERROR = CONTINUE;
$$;
{}
"""
OTHER = "CREATE PROCEDURE merge_rows() AS $$ SELECT 1; $$;\nCALL core.merge_rows();\n"


@pytest.mark.parametrize(
    ("after", "other", "level"),
    [
        ("", {"sql/tasks.sql": OTHER}, NOTE),
        ("", {}, WARNING),  # of none is known who calls it
        ("", {"sql/tasks.sql": OTHER + "CREATE TASK replay AS\n    CALL core.REPLAY_ROWS('a');\n"}, WARNING),
        ("", {"sql/tasks.sql": OTHER + "EXEC [core].[replay_rows] 'a'\n"}, WARNING),
        ("", {"sql/tasks.sql": OTHER, "go.py": "connection.execute(\"CALL replay_rows('a')\")\n"}, WARNING),
        ("", {"sql/tasks.sql": OTHER, "go.py": "connection.execute(f'CALL {name}()')\n"}, WARNING),
        ("", {"sql/tasks.sql": OTHER, "go.py": "session.call('core.replay_rows', 'a')\n"}, WARNING),
        ("", {"sql/tasks.sql": OTHER, "tests/test_rows.sql": "CALL core.replay_rows('a');\n"}, NOTE),
        ("COPY INTO odds FROM @stage ON_ERROR = CONTINUE;", {"sql/tasks.sql": OTHER}, [Level.NOTE, Level.WARNING]),
    ],
)
def test_a_procedure_that_nothing_calls_is_a_note_where_others_are_called(
    after: str, other: dict[str, str], level: list[Level]
) -> None:
    assert levels({"sql/replay.sql": PROCEDURE.format(after)} | other, "rows-skipped") == level


def test_a_procedure_that_a_setting_names_is_called() -> None:
    files = {"sql/replay.sql": PROCEDURE.format(""), "sql/tasks.sql": OTHER}

    assert levels(files, "rows-skipped", Surroundings(words=lambda asked: asked & {"replay_rows"})) == WARNING


COPY = "import pandas as pd\n\n\n" + "".join(
    f"def step_{n}(url):\n    {'return url' if n else 'return pd.read_csv(url, on_bad_lines=KIND)'}\n\n\n"
    for n in range(6)
)
COPY += "if __name__ == '__main__':\n    print(step_0('rows.csv').mean())\n"
BAD, GOOD = COPY.replace("KIND", "'skip'"), COPY.replace("KIND", "'error'")
RUNS = "command = 'docker exec box python {}'\n\nprint(command)\n"


@pytest.mark.parametrize(
    ("command", "around", "level"),
    [
        ("silver/clean_rows.py", ALONE, NOTE),
        ("/app/silver/clean_rows.py", ALONE, NOTE),
        ("2_silver/clean_rows.py", ALONE, WARNING),
        ("clean_rows.py", ALONE, WARNING),  # in which folder, nobody knows
        ("gold/clean_rows.py", ALONE, WARNING),
        ("silver/clean_rows.py", Surroundings(paths=lambda _: {"2_silver/clean_rows.py"}), WARNING),
        ("gold/none.py", Surroundings(paths=lambda _: {"silver/clean_rows.py"}), NOTE),
    ],
)
def test_a_copy_is_a_note_where_a_command_names_the_other(
    command: str, around: Surroundings, level: list[Level]
) -> None:
    files = {"2_silver/clean_rows.py": BAD, "scripts/silver/clean_rows.py": GOOD, "dags/day.py": RUNS.format(command)}

    assert levels(files, "rows-skipped", around) == level


def test_a_file_of_the_same_name_and_of_other_functions_is_no_copy() -> None:
    other = "\n\n".join(f"def other_step_{n}(place):\n    return place, {n}\n" for n in range(6))
    files = {"2_silver/clean_rows.py": BAD, "scripts/silver/clean_rows.py": other}

    assert levels(files | {"dags/day.py": RUNS.format("silver/clean_rows.py")}, "rows-skipped") == WARNING


CACHE = """
PLACE_DIR = 1


def write_disk(day, rows):
    try:
        (PLACE_DIR / day).write_text(rows)
        return True
    except OSError:
        return False


def read_disk(day):
    {}


def act(day):
    rows = read_disk(day) or fetch(day)
    write_disk(day, rows)
    return {{'success': True}}


act('2030-01-01')
"""
READ = "return (PLACE_DIR / day).read_text() if (PLACE_DIR / day).exists() else None"


def test_a_no_of_a_cache_that_is_read_with_something_to_fall_back_to_is_a_note() -> None:
    def told(text: str, word: str) -> list[Level]:
        return levels({"jobs/a.py": text.replace("PLACE", word)}, "ignored-result")

    assert told(CACHE.format(READ), "CACHE") == NOTE
    assert told(CACHE.format(READ), "STATE") == WARNING
    assert told(CACHE.format("return (PLACE_DIR / day).read_text()"), "CACHE") == WARNING
    assert told(CACHE.format("return 1"), "CACHE") == WARNING
