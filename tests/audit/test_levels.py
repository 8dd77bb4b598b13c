"""The same words weigh differently by what comes of them: an average, a question, a write, or nothing."""

import pytest
from tests.audit.reading import audited

from tipoff_audit.finding import Level

WRITES = """
import requests


def odds(day):
    try:
        return requests.get(f"https://odds.example/{day}").json()
    except Exception:
        return []


def keep(connection, day):
    connection.execute("INSERT INTO odds SELECT * FROM given", odds(day))


keep(None, "2030-01-01")
"""


RUN = "from jobs.pace import gate, pace\nfrom jobs.slate import slate\n\nprint(gate, pace, slate)\n"


OTHERS = "".join(
    f"def other_{n}(client):\n    client.look()\n\n\n" for n in range(40)
)  # enough code to know who calls whom


def levels(files: dict[str, str], rule: str) -> list[Level]:
    return [finding.level for finding in audited(files | {"jobs/others.py": OTHERS}) if finding.rule == rule]


def test_what_could_not_be_read_is_a_warning_where_a_caller_writes_it_and_a_note_where_nobody_does() -> None:
    shown = WRITES.replace('connection.execute("INSERT INTO odds SELECT * FROM given", odds(day))', "print(odds(day))")

    assert levels({"jobs/odds.py": WRITES}, "default-on-error") == [Level.WARNING]
    assert levels({"jobs/odds.py": shown}, "default-on-error") == [Level.NOTE]


SWALLOWED = """
def keep(connection, rows):
    try:
        connection.executemany("INSERT INTO games VALUES (?)", rows)
    except Exception as error:
        print(error)
"""
CALLED = "from jobs.games import keep\n\n\ndef main(connection):\n    keep(connection, [])\n"


def test_what_nobody_calls_but_a_test_weighs_one_level_less() -> None:
    tested = {"jobs/games.py": SWALLOWED, "tests/test_games.py": CALLED}

    assert levels({"jobs/games.py": SWALLOWED, "jobs/run.py": CALLED}, "swallowed-write") == [Level.ERROR]
    assert levels(tested, "swallowed-write") == [Level.WARNING]


def test_of_a_few_files_nobody_knows_who_calls_them() -> None:
    [found] = [finding for finding in audited({"jobs/games.py": SWALLOWED}) if finding.rule == "swallowed-write"]

    assert found.level is Level.ERROR


def test_what_is_old_weighs_one_level_less_and_what_is_archived_is_a_note() -> None:
    assert levels({"legacy/games.py": SWALLOWED, "jobs/run.py": CALLED}, "swallowed-write") == [Level.WARNING]
    assert levels({"archive/games.py": SWALLOWED, "jobs/run.py": CALLED}, "swallowed-write") == [Level.NOTE]


def test_a_script_that_nothing_imports_starts_or_names_is_run_by_hand_and_read_by_whoever_runs_it() -> None:
    script = (
        SWALLOWED.replace("print(error)", "log.error(error)") + '\n\nif __name__ == "__main__":\n    keep(None, [])\n'
    )
    by_hand, scheduled = {"jobs/games.py": script}, {"jobs/games.py": script, "jobs/run.py": CALLED}

    assert levels(by_hand, "swallowed-write") == [Level.NOTE]
    assert levels(scheduled, "swallowed-write") == [Level.ERROR]


def test_a_stream_is_an_error_where_the_client_is_googles_and_a_note_where_the_project_has_one_of_its_own() -> None:
    text = "{}\n\n\ndef keep(client, rows):\n    client.insert_rows_json('games', rows)\n\n\nkeep(None, [])\n"

    assert levels({"jobs/a.py": text.format("from google.cloud import bigquery")}, "streaming-insert") == [Level.ERROR]
    assert levels({"jobs/a.py": text.format("from ours.bigquery_client import Client")}, "streaming-insert") == [
        Level.NOTE
    ]


def test_where_a_look_back_begins_nothing_leaks() -> None:
    cut = "import datetime\n\n\ndef team_features(games, game_date):\n    {}\n    return [g for g in games if {} <= game_date]\n"
    since = "first_date = game_date - datetime.timedelta(days=30)"

    assert levels({"features/a.py": cut.format("pass", "g['date']")}, "inclusive-cutoff") == [Level.ERROR]
    assert levels({"features/a.py": cut.format(since, "first_date")}, "inclusive-cutoff") == []


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("def pace(games):\n    return mean([game['points'] or 0 for game in games])\n", Level.WARNING),
        ("def pace(games):\n    return [game['points'] or 0 for game in games]\n", Level.NOTE),
        ("def pace(games):\n    return mean([game['points'] or 0 for game in games if game['points']])\n", Level.NOTE),
        ("def gate(told):\n    if told.get('null_rate', 0) > 0.1:\n        raise ValueError\n", Level.WARNING),
    ],
)
def test_a_nought_weighs_where_an_average_or_a_gate_takes_it(text: str, level: Level) -> None:
    assert levels({"jobs/pace.py": text, "jobs/run.py": RUN}, "zero-for-missing") == [level]


@pytest.mark.parametrize(
    ("use", "level"),
    [
        ("return fetch_games(today)", Level.WARNING),
        ("return [game for game in games if game.day == today]", Level.WARNING),
        ("print(today)", Level.NOTE),
        ("return games if today.month > 9 else []", Level.NOTE),
    ],
)
def test_a_day_of_utc_weighs_where_it_says_which_games_are_meant(use: str, level: Level) -> None:
    text = f"from datetime import datetime\n\n\ndef slate(games):\n    today = datetime.utcnow().date()\n    {use}\n"

    assert levels({"jobs/slate.py": text, "jobs/run.py": RUN}, "naive-now") == [level]


@pytest.mark.parametrize(
    ("where", "level"),
    [("game_date = CURRENT_DATE", Level.WARNING), ("game_date >= CURRENT_DATE - INTERVAL '30 days'", Level.NOTE)],
)
def test_the_servers_day_weighs_where_it_picks_one_day_of_games(where: str, level: Level) -> None:
    assert levels({"sql/slate.sql": f"SELECT * FROM games WHERE {where}\n"}, "sql-clock") == [level]  # noqa: S608
