"""What the rules must not fall over, and what they must be able to tell apart."""

import json

import pytest
from tests.audit.reading import audited, said

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading.facts import FileFacts, Names
from tipoff_audit.reading.source import Source, read_source
from tipoff_audit.rules.examine import examine


def source(text: str, path: str = "jobs/example.py") -> Source:
    found = read_source(path, text.encode())
    assert isinstance(found, Source)
    return found


@pytest.mark.parametrize(
    "text",
    [
        'x = f""\n',
        "def route(*a):\n    return a\n\n\nroute(path, some.thing)\n",
        "try:\n    pass\nexcept* ValueError as e:\n    print(e.exceptions)\n",
        "x = " + " + ".join(["a"] * 500) + "\n",
        "lambda: (yield)\n",
        "",
    ],
)
def test_odd_but_valid_python_is_read_without_a_finding(text: str) -> None:
    assert said(text) == []


def test_a_name_that_is_made_of_itself_is_followed_to_an_end() -> None:
    text = (
        "def shown(cur, keys):\n    keys = ', '.join(keys)\n    cur.execute(f\"SELECT a FROM b WHERE c IN ({keys})\")\n"
    )

    assert {finding.rule for finding in audited({"jobs/show.py": f"{text}\n\nshown(None, [])\n"})} == {
        "sql-from-values"
    }


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"def f(:\n", b"x = '\xe9'\n", b"\0", b"# coding: nonsense\nx = '\xe9'\n"]
)
def test_what_cannot_be_read_is_a_finding_and_never_an_error(data: bytes) -> None:
    found = read_source("jobs/broken.py", data)

    assert isinstance(found, Finding)
    assert (found.rule, found.level) == ("unreadable", Level.NOTE)


def test_facts_come_back_from_json_as_they_went() -> None:
    facts = examine(source("def save(rows):\n    try:\n        send_rows(rows)\n    except Exception:\n        pass\n"))

    again = FileFacts.from_json(json.loads(json.dumps(facts.to_json())))

    assert again.to_json() == facts.to_json()


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    assert [examine(source(text)).n_lines for text in ("", "x = 1", "x = 1\n", "x = 1\ny = 2")] == [0, 1, 1, 2]


def test_a_name_that_the_settings_give_is_a_write() -> None:
    text = "def run(rows):\n    try:\n        frobnicate(rows)\n    except Exception:\n        pass\n"

    found = examine(source(text), Names(writes=frozenset({"frobnicate"}))).findings

    assert [finding.rule for finding in found] == ["swallowed-write"]
    assert examine(source(text)).findings == ()


def test_a_write_in_another_file_makes_its_callers_handler_a_swallowed_write() -> None:
    store = "def keep(connection, row):\n    connection.execute('UPDATE runs SET state = ? WHERE id = ?', row)\n"
    caller = (
        "from jobs.store import keep\n\n\ndef run(connection, rows):\n    for row in rows:\n        try:\n"
        "            keep(connection, row)\n        except Exception:\n            print(row)\n"
    )

    found = audited({"jobs/store.py": store, "jobs/run.py": caller})

    assert [(finding.path, finding.line, finding.rule) for finding in found] == [("jobs/run.py", 8, "swallowed-write")]


@pytest.mark.parametrize(
    "handler",
    [
        "        raise",
        "        failed.append(error)",
        "        run.mark_failed(error)",
        "        sys.exit(1)",
        "        return Failure(error)",
        "        n_failed += 1",
        "        spool.write_text(rows)",
        "        ok = False",
    ],
)
def test_a_handler_that_lets_the_failure_go_on_is_let_off(handler: str) -> None:
    text = (
        f"def run(db, rows):\n    try:\n        db.executemany(SQL, rows)\n    except Exception as error:\n{handler}\n"
    )

    assert said(text) == []


@pytest.mark.parametrize(
    ("name", "answer", "is_open"),
    [
        ("can_publish", "True", True),
        ("can_publish", "False", False),
        ("is_halted", "False", True),
        ("is_halted", "True", False),
        ("should_skip", "False", True),
    ],
)
def test_a_gate_is_judged_by_the_way_its_answer_falls(name: str, answer: str, is_open: bool) -> None:  # noqa: FBT001 -- a row of the table
    text = f"def {name}(day):\n    try:\n        return ask_controller(day)\n    except Exception:\n        return {answer}\n"

    assert ("swallowed-gate" in {rule for rule, _ in said(text)}) is is_open


def test_what_stands_in_tests_is_a_note() -> None:
    text = "def run(db, rows):\n    try:\n        db.executemany(SQL, rows)\n    except Exception:\n        pass\n"

    levels = {audited({path: text})[0].level for path in ("tests/test_run.py", "jobs/examples/run.py")}

    assert levels == {Level.NOTE}


def test_a_clean_up_may_swallow() -> None:
    assert (
        said("def leave(connection):\n    try:\n        connection.close()\n    except Exception:\n        pass\n")
        == []
    )


def test_what_is_deleted_in_one_case_of_a_match_is_not_written_again_in_another() -> None:
    text = (
        "def change(path, how):\n    match how:\n        case 'gone':\n            path.unlink()\n"
        "        case 'changed':\n            path.write_text('{}')\n"
    )
    after = text + "            path.unlink()\n            path.write_text('{}')\n"

    assert said(text) == []
    assert [finding[0] for finding in said(after)] == ["lost-after-delete"]


def test_a_number_less_one_is_no_text_in_a_statement() -> None:
    text = 'def ask(db, n, name):\n    db.execute(f"SELECT a FROM t WHERE b = {HOLE}")\n'

    assert said(text.replace("HOLE", "n - 1")) == []
    assert [finding[0] for finding in said(text.replace("HOLE", "name"))] == ["sql-from-values"]


@pytest.mark.parametrize(("shifted", "rules"), [("wins", []), ("games", ["window-includes-current"])])
def test_a_sum_so_far_whose_column_is_shifted_further_down_takes_in_no_game_of_tonight(
    shifted: str, rules: list[str]
) -> None:
    text = (
        "def win_share_features(games):\n"
        '    games["wins"] = games.groupby("team")["won"].cumsum()\n'
        f'    games["before"] = games.groupby("team")["{shifted}"].shift(1)\n'
        "    return games\n"
    )

    assert [rule for rule, _ in said(text, "features/form.py")] == rules


@pytest.mark.parametrize(
    ("column", "is_told"),
    [
        ('games.groupby("player_id")["points"].transform("mean")', True),
        ('games.groupby(["team", "season"]).points.transform("std")', True),
        ('games.groupby(["team", "game_id"])["points"].transform("mean")', False),  # of one game
        ('games.groupby("season")["points"].transform("mean")', False),
        ('games.groupby("player_id")["points"].shift().groupby("player_id").transform("mean")', False),
        ('games["points"].fillna(games.groupby("player_id")["points"].transform("mean"))', False),
        ('train.groupby("player_id")["points"].transform("mean")', False),
    ],
)
def test_a_mean_over_all_games_of_a_player_beside_each_of_them_is_told(column: str, *, is_told: bool) -> None:
    text = f'def form_features(games, train):\n    games["form"] = {column}\n    return games\n'

    assert [rule for rule, *_ in said(text)] == ["window-includes-current"] * is_told


@pytest.mark.parametrize(
    ("columns", "where", "is_told"),
    [
        ("g.game_id, AVG(g.points) OVER (PARTITION BY g.player_id) AS usual", "", True),
        ("g.game_date, STDDEV(g.points) OVER (PARTITION BY g.team, g.season) AS spread", "", True),
        ("g.game_id, AVG(g.points) OVER (PARTITION BY g.player_id) AS usual", "WHERE g.game_date < @day", False),
        ("g.game_id, AVG(g.points) OVER (PARTITION BY g.team, g.game_id) AS of_the_game", "", False),
        ("g.game_id, AVG(g.points) OVER (PARTITION BY g.season) AS league", "", False),
        ("g.player_id, AVG(g.points) OVER (PARTITION BY g.player_id) AS usual", "", False),  # no row a game
        ("g.game_id, COUNT(*) OVER (PARTITION BY g.player_id) AS n", "", False),
    ],
)
def test_a_window_over_all_games_of_a_player_beside_each_of_them_is_told(
    columns: str, where: str, *, is_told: bool
) -> None:
    sql = f"CREATE OR REPLACE TABLE features.form AS SELECT {columns} FROM player_games AS g {where};\n"  # noqa: S608 -- a text

    found = [one.rule for one in audited({"features/form.sql": sql})]

    assert found == ["window-includes-current"] * is_told


@pytest.mark.parametrize(
    ("now", "day", "is_told"),
    [
        ("datetime.now(timezone.utc)", 'f"{now:%Y-%m-%d}"', True),
        ("datetime.now(timezone.utc)", 'f"{now:%Y-%m-%d %H:%M}"', False),  # an instant, with its hour
        ('datetime.now(ZoneInfo("America/New_York"))', 'f"{now:%Y-%m-%d}"', False),
    ],
)
def test_utcs_day_that_an_f_string_makes_of_its_instant_is_told(now: str, day: str, *, is_told: bool) -> None:
    head = "from datetime import datetime, timezone\nfrom zoneinfo import ZoneInfo\n\n\n"
    text = f"{head}def todays_games():\n    now = {now}\n    return {day}\n"

    assert [rule for rule, *_ in said(text)] == ["naive-now"] * is_told


@pytest.mark.parametrize(("key", "is_told"), [("isError", False), ("is_failed", False), ("isValid", True)])
def test_an_answer_that_says_that_it_is_an_error_says_not_that_all_is_well(key: str, *, is_told: bool) -> None:
    text = (
        "def call(tool, given):\n    try:\n        return {'said': tool(given)}\n"
        f"    except Exception as error:\n        return {{'said': str(error), '{key}': True}}\n"
    )

    assert [rule for rule, *_ in said(text)] == ["swallowed-gate"] * is_told


@pytest.mark.parametrize(("what", "rules"), [("jobs", []), ("rows", ["cleared-before-io"])])
def test_a_position_that_is_written_with_what_it_stands_in_is_not_moved_on_before_it(
    what: str, rules: list[str]
) -> None:
    text = (
        "def keep(store, jobs, rows, number):\n"
        '    jobs[number]["last_id"] = rows[-1]["id"]\n'
        f'    store.write_parquet("kept.parquet", {what})\n'
    )

    assert [rule for rule, *_ in said(text)] == rules
