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


def test_what_could_not_be_read_and_is_given_as_empty_is_a_note() -> None:
    assert levels({"jobs/odds.py": WRITES}, "default-on-error") == [Level.NOTE]


SWALLOWED = """
def keep(connection, rows):
    try:
        connection.executemany("INSERT INTO games VALUES (?)", rows)
    except Exception as error:
        log.error(error)
"""
CALLED = "from jobs.games import keep\n\n\ndef main(connection):\n    keep(connection, [])\n"


def test_what_nobody_calls_but_a_test_is_a_note() -> None:
    tested = {"jobs/games.py": SWALLOWED, "tests/test_games.py": CALLED}

    assert levels({"jobs/games.py": SWALLOWED, "jobs/run.py": CALLED}, "swallowed-write") == [Level.WARNING]
    assert levels(tested, "swallowed-write") == [Level.NOTE]


def test_of_a_few_files_nobody_knows_who_calls_them() -> None:
    [found] = [finding for finding in audited({"jobs/games.py": SWALLOWED}) if finding.rule == "swallowed-write"]

    assert found.level is Level.WARNING


def test_what_is_old_weighs_one_level_less_and_what_is_archived_is_a_note() -> None:
    text = "def is_new(at):\n    return 1 if at == 1 and at == 2 else 0\n\n\nis_new(1)\n"

    used = {"go.py": "import legacy.games\n"}
    assert levels({"legacy/games.py": text} | used, "same-answer") == [Level.WARNING]
    assert levels({"legacy/games.py": text}, "same-answer") == [Level.NOTE]  # nothing imports, starts or names it
    assert levels({"archive/games.py": text}, "same-answer") == [Level.NOTE]


def test_a_script_that_nothing_imports_starts_or_names_is_run_by_hand_and_read_by_whoever_runs_it() -> None:
    script = SWALLOWED + '\n\nif __name__ == "__main__":\n    keep(None, [])\n'
    by_hand, scheduled = {"jobs/games.py": script}, {"jobs/games.py": script, "jobs/run.py": CALLED}

    assert levels(by_hand, "swallowed-write") == [Level.NOTE]
    assert levels(scheduled, "swallowed-write") == [Level.WARNING]


STREAMS = "{}\n\n\ndef keep(client, rows):\n    client.insert_rows_json('games', rows)\n\n\nkeep(None, [])\n"
CHANGES = (
    "def settle(client):\n    client.query('UPDATE games SET state = 1 WHERE day = @day').result()\n\n\nsettle(None)\n"
)


def test_a_stream_and_the_change_of_a_table_that_is_streamed_to_are_notes() -> None:
    both = {"jobs/a.py": STREAMS.format("from google.cloud import bigquery"), "jobs/b.py": CHANGES}

    assert levels(both, "streaming-insert") == [Level.NOTE]
    assert levels(both, "streamed-and-mutated") == [Level.NOTE]


def test_where_a_look_back_begins_nothing_leaks() -> None:
    cut = "import datetime\n\n\ndef team_features(games, game_date):\n    {}\n    return [g for g in games if {} <= game_date]\n"
    since = "first_date = game_date - datetime.timedelta(days=30)"

    assert levels({"features/a.py": cut.format("pass", "g['date']")}, "inclusive-cutoff") == [Level.NOTE]
    assert levels({"features/a.py": cut.format(since, "first_date")}, "inclusive-cutoff") == []


@pytest.mark.parametrize(
    "text",
    [
        "def pace(games):\n    return mean([game['points'] or 0 for game in games])\n",
        "def pace(games):\n    return [game['points'] or 0 for game in games]\n",
        "def pace(games):\n    return mean([game['points'] or 0 for game in games if game['points']])\n",
        "def gate(told):\n    if told.get('null_rate', 0) > 0.1:\n        raise ValueError\n",
    ],
)
def test_a_nought_for_what_is_missing_is_a_note(text: str) -> None:
    assert levels({"jobs/pace.py": text, "jobs/run.py": RUN}, "zero-for-missing") == [Level.NOTE]


@pytest.mark.parametrize(
    ("name", "sql", "level"),
    [
        ("keep", "INSERT INTO games VALUES (?)", Level.WARNING),
        ("keep", "INSERT OR REPLACE INTO games VALUES (?)", Level.NOTE),
        ("fill_gaps", "INSERT INTO games VALUES (?)", Level.NOTE),
        ("enrich_games", "INSERT INTO games VALUES (?)", Level.NOTE),
        ("keep", "INSERT INTO job_progress VALUES (?)", Level.NOTE),
        ("keep", "INSERT INTO operational_events VALUES (?)", Level.NOTE),
        ("keep", "INSERT INTO failed_games VALUES (?)", Level.NOTE),
        ("keep", "INSERT INTO collector_stats VALUES (?)", Level.NOTE),
        ("update_games", "UPDATE games SET points = ?", Level.NOTE),
        ("settle_games", "UPDATE games SET points = ?", Level.NOTE),
    ],
)
def test_a_lost_write_is_an_error_where_it_is_new_rows_that_nothing_makes_good(
    name: str, sql: str, level: Level
) -> None:
    text = SWALLOWED.replace("keep", name).replace("INSERT INTO games VALUES (?)", sql)

    assert levels({"jobs/games.py": text, "jobs/run.py": CALLED.replace("keep", name)}, "swallowed-write") == [level]


ABOVE = """
from jobs.games import keep


def main(connection):
    try:
        {}(connection, [])
    except Exception:
        pass
"""


def test_a_lost_write_of_another_function_is_a_note() -> None:
    plain = SWALLOWED.replace("    try:\n    ", "").partition("    except")[0].replace("keep", "save_games")
    above = ABOVE.format("save_games").replace("import keep", "import save_games")

    assert levels({"jobs/games.py": plain, "jobs/run.py": above}, "swallowed-write") == [Level.NOTE]


def test_what_only_scripts_by_hand_call_is_seen_by_hand() -> None:
    by_hand = CALLED + '\n\nif __name__ == "__main__":\n    main(None)\n'

    assert levels({"jobs/games.py": SWALLOWED, "jobs/run.py": by_hand}, "swallowed-write") == [Level.NOTE]


@pytest.mark.parametrize(
    ("told", "level"),
    [
        ("log.error(error)", Level.WARNING),
        ("log.exception('not kept')", Level.WARNING),
        ("log.info(error)", Level.WARNING),
        ("log.debug(error)", Level.WARNING),
        ("log.warning(error)", Level.NOTE),
        ("log.error(error)  # that's OK", Level.NOTE),
        ("log.error(error)  # a duplicate: it already exists", Level.NOTE),
    ],
)
def test_who_tells_of_lost_rows_at_a_low_level_did_not_hold_them_for_much(told: str, level: Level) -> None:
    text = SWALLOWED.replace("log.error(error)", told)

    assert levels({"jobs/games.py": text, "jobs/run.py": CALLED}, "swallowed-write") == [level]


ONE_OF_MANY = """
def keep(connection, games):
    for game in games:
        try:
            connection.execute("INSERT INTO games VALUES (?) ON CONFLICT DO NOTHING", game)
        except Exception as error:
            {}
"""


@pytest.mark.parametrize(
    ("told", "level"),
    [
        ("pass", Level.WARNING),
        ("continue", Level.WARNING),
        ("log.debug(error)", Level.WARNING),
        ("log.error(error)", Level.NOTE),
        ("print(error)", Level.NOTE),
        ("lost.append(game)", None),
        ("lost += 1", None),
        ("pass  # best effort", Level.NOTE),
    ],
)
def test_a_row_that_a_load_leaves_out_weighs_by_what_is_said_of_it_though_it_has_a_key(
    told: str, level: Level | None
) -> None:
    files = {"jobs/games.py": ONE_OF_MANY.format(told), "jobs/run.py": CALLED}

    assert levels(files, "swallowed-write") == ([] if level is None else [level])


@pytest.mark.parametrize(
    ("rows", "does", "level"),
    [
        ("games", "", Level.WARNING),
        ("TEAMS.items()", "", Level.NOTE),
        ("TEAMS.items()", "tiers = list(game)", Level.NOTE),
        ("TEAMS.items()", "game = ask(game)", Level.WARNING),
    ],
)
def test_rows_that_stand_in_the_code_are_written_again_by_the_next_run(rows: str, does: str, level: Level) -> None:
    text = ONE_OF_MANY.format("pass").replace("in games:", f"in {rows}:\n        {does or 'pass'}")

    assert levels({"jobs/games.py": text, "jobs/run.py": CALLED}, "swallowed-write") == [level]


FLUSHES = """
class Rows:
    def flush_rows(self):
        rows, self.rows = self.rows, []
        self.connection.executemany("INSERT INTO games VALUES (?)", rows)

    def keep(self):
        try:
            {}
        except Exception as error:
            log.error(error)
"""


@pytest.mark.parametrize(
    ("does", "level"),
    [
        ('self.connection.executemany("INSERT INTO games VALUES (?)", self.rows)', Level.WARNING),
        ("self.flush_rows()", Level.NOTE),
    ],
)
def test_an_insert_of_another_function_may_fail_in_another_way_than_the_handler_sees(does: str, level: Level) -> None:
    used = "from jobs.games import Rows\n\n\ndef main():\n    Rows().keep()\n    Rows().flush_rows()\n"

    assert levels({"jobs/games.py": FLUSHES.format(does), "jobs/run.py": used}, "swallowed-write") == [level]


def test_rows_of_a_buffer_that_is_emptied_only_after_the_write_come_again() -> None:
    text = SWALLOWED.replace("    except", "        self.buffer.clear()\n    except")

    assert levels({"jobs/games.py": text, "jobs/run.py": CALLED}, "swallowed-write") == [Level.NOTE]


def test_who_calls_a_function_that_keeps_its_errors_to_itself_never_sees_them() -> None:
    above = (
        "def main(connection):\n    try:\n        keep(connection, [])\n    except Exception:\n        log.error(1)\n"
    )
    found = audited({"jobs/games.py": SWALLOWED + above + "\n\nmain(None)\n"})

    assert [finding.line for finding in found if finding.rule == "swallowed-write"] == [5]


@pytest.mark.parametrize(
    ("handler", "level"),
    [
        ("log.error(error)", Level.WARNING),
        ("games_kept = False", Level.NOTE),
        ("pass", Level.NOTE),  # one row that is passed over was not held for much
    ],
)
def test_lost_rows_are_a_note_where_the_failure_is_kept_in_a_name(handler: str, level: Level) -> None:
    text = SWALLOWED.replace("log.error(error)", handler)

    assert levels({"jobs/games.py": text, "jobs/run.py": CALLED}, "swallowed-write") == [level]


STEP = """jobs:
  t:
    steps:
      - name: tests
        continue-on-error: true
        run: python -m pytest tests
"""


def test_a_step_in_ci_that_may_fail_is_a_note() -> None:
    assert levels({".github/workflows/ci.yml": STEP}, "swallowed-exit") == [Level.NOTE]


@pytest.mark.parametrize(
    ("run", "level"),
    [
        ("pytest tests || true", Level.WARNING),
        ("python scripts/check_rows.py || true", Level.NOTE),
        ("ruff check . || true", Level.NOTE),
        ("pip install pytest || true", Level.NOTE),
        ("pytest tests --cov=jobs --cov-report=xml || true", Level.NOTE),
        ("pytest tests --cov=jobs --cov-report=xml --cov-fail-under=80 || true", Level.WARNING),
        ("mutmut run --runner='pytest -x' || true", Level.NOTE),
        ("pytest tests || true  # may not block", Level.NOTE),
        ("pytest tests || echo '::warning::some tests failed'", Level.NOTE),
        ("pytest tests || echo '::error::some tests failed'", Level.NOTE),
        ("pytest tests || echo 'none'\n        continue-on-error: true", Level.NOTE),
        ("pytest tests || echo 'none'\n        continue-on-error: false", Level.WARNING),
        ("pytest tests || echo 'none'\n      - run: ruff .\n        continue-on-error: true", Level.WARNING),
    ],
)
def test_a_test_that_cannot_fail_weighs_unless_it_says_that_it_may(run: str, level: Level) -> None:
    text = f"jobs:\n  t:\n    steps:\n      - name: t\n        run: |\n          {run}\n"

    told = [one for one in audited({".github/workflows/ci.yml": text}) if (one.rule, one.line) == ("swallowed-exit", 6)]

    assert [one.level for one in told] in ([level], [] if level is Level.NOTE else [level])


def test_parts_of_a_statement_may_be_filled_where_they_are_joined() -> None:
    text = (
        'def ask(connection, season):\n    parts = ["SELECT * FROM games"]\n'
        '    parts.append("WHERE season >= {{season}}")\n    connection.execute("\\n".join(parts){})\n\n\n'
        "ask(None, 2030)\n"
    )

    assert levels({"jobs/a.py": text.format("")}, "missing-f") == [Level.NOTE]
    assert levels({"jobs/a.py": text.format(".format(season=season)")}, "missing-f") == []


TELLS = """
def {}(place, games):
    if not place:
        print("no place")
        return False
    place.put(games)
    return True
"""


DONE = "return {'success': True}"


@pytest.mark.parametrize(
    ("name", "caller", "rest", "level"),
    [
        ("save_games", "act", "return {'status': 'saved'}", Level.WARNING),
        ("save_games", "act", "return {'games_saved': True, 'n': 1}", Level.WARNING),
        ("save_games", "act", "if place:\n        raise Refused({'games_saved': True})", Level.WARNING),
        ("save_games", "act", "log.info('saved the games')", Level.NOTE),
        ("save_games", "act", "place.next()", Level.NOTE),
        ("save_games", "act", DONE, Level.WARNING),
        ("save_games", "act", "return True", Level.NOTE),  # of which nobody knows what it says
        ("save_session", "act", DONE, Level.NOTE),
        ("save_games", "write_heartbeat", DONE, Level.NOTE),
        ("save_games", "load_games", DONE, Level.NOTE),
        ("save_games", "authenticate_user", DONE, Level.NOTE),
        ("save_or_queue_games", "act", DONE, None),
        ("save_cache", "act", DONE, Level.NOTE),
        ("load_games", "act", DONE, Level.NOTE),
        ("write_pdf", "act", DONE, Level.NOTE),
    ],
)
def test_a_no_that_nobody_hears_is_a_warning_where_whoever_asked_is_told_that_it_was_done(
    name: str, caller: str, rest: str, level: Level | None
) -> None:
    called = f"from jobs.games import {name}\n\n\ndef {caller}(place):\n    {name}(place, [])\n    {rest}\n"
    run = f"from jobs.act import {caller}\n\n\ndef main(place):\n    {caller}(place)\n"
    files = {"jobs/games.py": TELLS.format(name), "jobs/act.py": called, "jobs/run.py": run}

    assert levels(files, "ignored-result") == ([] if level is None else [level])


FAILS = """
def save_games(place, games):
    try:
        place.put(games)
    except OSError as error:
        log.error(error)
        {}
        return False
    return True
"""


@pytest.mark.parametrize(
    ("besides", "level"),
    [
        ("place.close()", Level.WARNING),
        ("problems.append(error)", Level.WARNING),
        ("place.failures.append(error)", Level.NOTE),
        ("place.last_error = error", Level.NOTE),
        ("games['save_failed'] = True", Level.NOTE),
        ("record_failure(error)", Level.NOTE),
        ("pass  # advisory", Level.NOTE),
        ("log.warning('not saved')", Level.NOTE),
    ],
)
def test_a_no_that_nobody_hears_is_a_note_where_the_function_keeps_what_has_failed(besides: str, level: Level) -> None:
    called = "from jobs.games import save_games\n\n\ndef act(place):\n    save_games(place, [])\n    return {'success': True}\n"
    run = "from jobs.act import act\n\n\ndef main(place):\n    act(place)\n"
    files = {"jobs/games.py": FAILS.format(besides), "jobs/act.py": called, "jobs/run.py": run}

    assert levels(files, "ignored-result") == [level]


@pytest.mark.parametrize(
    ("asked", "call", "level"),
    [
        ("place.full", "save_games(place, [])", [Level.WARNING]),
        ("place.rowcount == 0", "save_games(place, [])", []),
        ("place.full", "save_games(place, [], required=True)", []),
    ],
)
def test_a_no_is_no_failure_where_the_row_is_there_already_and_none_comes_where_it_is_to_raise(
    asked: str, call: str, level: list[Level]
) -> None:
    saves = (
        "def save_games(place, games, *, required=False):\n    place.put(games)\n"
        f"    if {asked}:\n        return False\n    return True\n"
    )
    called = f"from jobs.games import save_games\n\n\ndef act(place):\n    {call}\n    {DONE}\n"
    run = "from jobs.act import act\n\n\ndef main(place):\n    act(place)\n"
    files = {"jobs/games.py": saves, "jobs/act.py": called, "jobs/run.py": run}

    assert levels(files, "ignored-result") == level
