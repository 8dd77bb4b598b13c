"""Fixes: shown as a diff, written only when asked for; what is fixed runs, says the same otherwise, and is found no more."""

import ast
import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.audit.faces import audited, command, told, written

from tipoff_audit.finding import Finding, Level
from tipoff_audit.fix.autofix import autofix
from tipoff_audit.fix.edits import FIXES
from tipoff_audit.report import Report
from tipoff_audit.run import all_rules


def fixed(root: Path, text: str) -> str:
    """Return what a file becomes."""
    written(root, {"jobs/example.py": text})
    files = list(autofix(audited(root)))
    return files[0].after if files else text


def run(text: str, **names: Any) -> dict[str, Any]:
    values: dict[str, Any] = dict(names)
    exec(compile(text, "fixed.py", "exec"), values)  # noqa: S102 -- what was fixed must run
    return values


def test_a_filled_statement_runs_and_names_the_table(tmp_path: Path) -> None:
    text = 'def mark(client, table):\n    return client.query("DELETE FROM {table} WHERE day = @day")\n'

    after = fixed(tmp_path, text)

    class Client:
        def query(self, sql: str) -> str:
            return sql

    assert run(after)["mark"](Client(), "box") == "DELETE FROM box WHERE day = @day"


def test_a_commit_that_was_named_is_called(tmp_path: Path) -> None:
    text = "def keep(connection, rows):\n    connection.put(rows)\n    connection.commit\n"

    after = fixed(tmp_path, text)

    class Connection:
        done = ""

        def put(self, rows: str) -> None:
            self.done += rows

        def commit(self) -> None:
            self.done += " for good"

    connection = Connection()
    run(after)["keep"](connection, "rows")
    assert connection.done == "rows for good"


def test_an_age_keeps_its_days(tmp_path: Path) -> None:
    text = "def is_fresh(now, kept_at):\n    return (now - kept_at).seconds < 300\n"

    is_fresh = run(fixed(tmp_path, text))["is_fresh"]

    now = datetime(2030, 1, 2, tzinfo=UTC)
    assert [is_fresh(now, now - timedelta(days=days, seconds=9)) for days in (0, 1)] == [True, False]


def test_a_column_is_handed_what_makes_its_default(tmp_path: Path) -> None:
    text = "from uuid import uuid4\n\n\nclass Odds:\n    row_id = Column(default=uuid4())\n"

    after = run(fixed(tmp_path, text), Column=lambda default: default)

    assert after["Odds"].row_id is uuid4


def test_a_default_that_is_made_of_more_than_one_call_is_left(tmp_path: Path) -> None:
    text = "from uuid import uuid4\n\n\nclass Odds:\n    row_id = Column(default=str(uuid4()))\n"

    assert fixed(tmp_path, text) == text


@pytest.mark.parametrize(
    "body",
    [
        "age = now - kept_at\n    return age.seconds < 300",
        "seconds = (now - kept_at).seconds\n    return seconds < 300",
    ],
)
def test_an_age_that_has_a_name_keeps_its_days_too(body: str, tmp_path: Path) -> None:
    is_fresh = run(fixed(tmp_path, f"def is_fresh(now, kept_at):\n    {body}\n"))["is_fresh"]

    now = datetime(2030, 1, 2, tzinfo=UTC)
    assert [is_fresh(now, now - timedelta(days=days, seconds=9)) for days in (0, 1)] == [True, False]


def test_seconds_that_are_shown_as_well_stay_whole_numbers(tmp_path: Path) -> None:
    text = (
        "def is_fresh(now, kept_at):\n    seconds = (now - kept_at).seconds\n    print(f'{seconds:02d}')\n"
        "    return seconds < 300\n"
    )

    assert fixed(tmp_path, text) == text


COROUTINE = (
    "class Feed:\n    rows = ()\n\n    async def put(self, row):\n        {}self.rows = (*self.rows, row)\n\n"
    "    async def run(self, row):\n        self.put(row)\n        return self.rows\n"
)


def test_a_coroutine_that_comes_to_its_end_is_awaited_where_it_was_let_go(tmp_path: Path) -> None:
    feed = run(fixed(tmp_path, COROUTINE.format("")))["Feed"]()

    assert asyncio.run(feed.run(1)) == (1,)


@pytest.mark.parametrize(
    "line",
    [
        "while self.waits():\n            pass\n        ",
        "await self.others.get()\n        ",
        "with self.lock:\n            pass\n        ",
        "await self.run(row)\n        ",
    ],
)
def test_a_coroutine_that_may_wait_for_somebody_is_left_to_a_person(line: str, tmp_path: Path) -> None:
    text = COROUTINE.format(line)

    assert fixed(tmp_path, text) == text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("self.rows = (*self.rows, row)", "pass"),
        ("rows = ()", "rows = ()\n\n    async def get(self):\n        raise NotImplementedError"),
        ("return self.rows\n", "return self.rows\n\n\nclass Odds(Feed):\n    pass\n"),
    ],
)
def test_a_coroutine_that_a_class_below_may_have_otherwise_is_left_to_a_person(
    old: str, new: str, tmp_path: Path
) -> None:
    text = COROUTINE.format("").replace(old, new)

    assert text != COROUTINE.format("")
    assert fixed(tmp_path, text) == text


def test_a_job_of_googles_own_client_is_waited_for_and_no_other(tmp_path: Path) -> None:
    text = (
        "{}\n\nclient = bigquery.Client()\n\n\ndef copy(old, new):\n    client.copy_table(old, new)\n    return new\n"
    )

    assert "copy_table(old, new).result()\n" in fixed(tmp_path, text.format("from google.cloud import bigquery"))
    theirs = text.format("from ours import bigquery")
    assert fixed(tmp_path, theirs) == theirs


def test_a_message_is_filled_with_what_has_just_been_asked_for_and_with_the_type_of_its_error(tmp_path: Path) -> None:
    text = (
        "class Load:\n    def __init__(self, table):\n        self.table = table\n        self.rows = []\n\n"
        "    def keep(self, work):\n        rows = work(self.table)\n        try:\n            rows.sort()\n"
        "        except AttributeError as error:\n"
        '            raise ValueError("{self.table} is not kept: {type(error).__name__}") from error\n        return rows\n'
    )

    load = run(fixed(tmp_path, text))["Load"]("box")

    with pytest.raises(ValueError, match="box is not kept: AttributeError"):
        load.keep(lambda _: None)


def test_an_attribute_that_nothing_has_asked_for_for_certain_is_not_asked_for_in_a_message(tmp_path: Path) -> None:
    text = (
        "class Load:\n    def keep(self, work):\n        rows = work() or self.table\n"
        '        raise ValueError("{self.table} is not kept", rows)\n'
    )

    assert fixed(tmp_path, text) == text


def test_a_column_of_sqlalchemy_makes_its_default_for_each_row(tmp_path: Path) -> None:
    text = (
        "from datetime import UTC, datetime\nfrom sqlalchemy import Column\n\n\n"
        "class Odds:\n    at = Column(default=datetime.now(UTC))\n"
    )

    after = fixed(tmp_path, text)

    odds = run(after.replace("from sqlalchemy import Column", ""), Column=lambda default: default)["Odds"]
    assert odds.at() <= odds.at()


@pytest.mark.parametrize(
    "literal",
    ['"SELECT a FROM {other}"', "\"SELECT a FROM {table} WHERE b = '{{x}}'\"", '"SELECT a FROM {table} WHERE b = {c}"'],
)
def test_a_string_that_may_be_a_template_or_would_not_run_is_left(literal: str, tmp_path: Path) -> None:
    text = f"def f(client, table):\n    return client.query({literal}).result()\n"

    assert fixed(tmp_path, text) == text


def test_a_hole_that_a_logger_fills_itself_is_left_where_a_module_has_its_name(tmp_path: Path) -> None:
    text = "import time\n\n\ndef f(logger, at):\n    logger.add(at / 'run_{time:YYYY-MM-DD}.log')\n    return time.time()\n"

    assert fixed(tmp_path, text) == text


def test_a_message_that_speaks_of_the_braces_themselves_is_left(tmp_path: Path) -> None:
    text = "def f(path, run_id):\n    raise ValueError(\"the place holder '{run_id}' has no value\")\n"

    assert fixed(tmp_path, text) == text


def test_a_name_that_is_bound_later_is_not_taken_for_known(tmp_path: Path) -> None:
    text = (
        'def f(client):\n    q = client.query("SELECT a FROM {table}").result()\n    table = "x"\n    return q, table\n'
    )

    assert fixed(tmp_path, text) == text


def test_a_handler_that_raised_says_what_it_was_to_say(tmp_path: Path) -> None:
    text = (
        "import logging\n\nlog = logging.getLogger('x')\n\n\ndef f(work):\n    try:\n        return work()\n"
        "    except OSError as e:\n        log.error('lost %s', type(e, exc_info=True))\n        raise\n"
    )

    after = fixed(tmp_path, text)

    def broken() -> None:
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        run(after)["f"](broken)
    with pytest.raises(TypeError):
        run(text)["f"](broken)


def test_a_load_is_waited_for_and_its_failure_is_an_error(tmp_path: Path) -> None:
    text = (
        "from google.cloud import bigquery\n\nclient = bigquery.Client()\n\n\ndef load(frame, config):\n"
        '    client.load_table_from_dataframe(frame, "raw.box", job_config=config)\n    return len(frame)\n'
    )

    assert "job_config=config).result()\n    return" in fixed(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.sh", "#!/bin/bash\nset -e\ncloud jobs delete nightly || true\ncloud jobs create nightly\n"),
        ("ci.sh", "#!/bin/bash\npytest || true\n"),
        ("features/roster.sql", "SELECT p, AVG(m) AS avg_m FROM r WHERE roster_date <= @game_date GROUP BY p\n"),
        ("features/form.sql", "SELECT AVG(p) OVER (ORDER BY d ROWS BETWEEN 4 PRECEDING AND CURRENT ROW) FROM t\n"),
        ("day.py", "from datetime import datetime\n\n\ndef year():\n    return datetime.now().date()\n"),
    ],
)
def test_what_would_change_more_than_the_fault_is_left_alone(name: str, text: str, tmp_path: Path) -> None:
    written(tmp_path, {name: text})

    assert [one.after for one in autofix(audited(tmp_path)) if one.after != text] == []


def files_with_fixable_findings(root: Path) -> list[tuple[str, str]]:
    """Return the fixable rules' own bad examples: path and text."""
    found = []
    for rule in all_rules():
        if rule.slug in FIXES:
            place = f"{rule.slug}/{rule.place}"
            written(root, {place: rule.bad})
            found.append((place, rule.bad))
    return found


def test_a_fix_is_shown_and_not_written_until_that_is_asked_for(tmp_path: Path) -> None:
    root = tmp_path / "root"
    files = files_with_fixable_findings(root)
    written(root, {"always.py": "def is_other(code):\n    return code != 'a' or code != 'b'\n"})  # an error, and no fix

    shown = command(root, "--fix")

    assert shown.returncode == 1
    assert all((root / place).read_text() == text for place, text in files)
    assert re.search(r"^[1-9]\d* can be fixed", shown.stdout, re.MULTILINE)
    assert "--- a/" in shown.stdout
    assert "+++ b/" in shown.stdout


def test_what_is_written_is_what_was_shown_and_is_found_no_more(tmp_path: Path) -> None:
    root = tmp_path / "root"
    files_with_fixable_findings(root)
    before = audited(root)
    wanted = {one.path: one for one in autofix(before)}
    assert sum(len(one.fixed) for one in wanted.values()) >= 2

    command(root, "--fix", "--write")

    after = set(told(audited(root)))
    for path, one in wanted.items():
        assert (root / path).read_text() == one.after
        assert not {(path, finding.rule) for finding in one.fixed} & {(place, rule) for place, _, rule in after}
        ast.parse(one.after)
    assert len(after) < len(told(before))


def test_a_file_keeps_its_rights_its_line_ends_and_its_byte_order_mark(tmp_path: Path) -> None:
    root = tmp_path / "root"
    files_with_fixable_findings(root)
    for file in [one for one in root.rglob("*") if one.is_file()]:
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
        file.chmod(0o750)
    wanted = [one for one in autofix(audited(root)) if one.fixed]
    assert wanted

    command(root, "--fix", "--write")

    for one in wanted:
        file = root / one.path
        assert file.stat().st_mode & 0o777 == 0o750
        data = file.read_bytes()
        assert data.startswith(b"\xef\xbb\xbf")
        assert data.count(b"\n") == data.count(b"\r\n")


FEW = settings(max_examples=30, deadline=None)
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
blanks = st.sampled_from(["", " ", "  ", "\n    "])
notes = st.sampled_from(["", "  # why", "  # noqa", "  # ä"])


@given(
    table=names, blank=blanks, note=notes, quote=st.sampled_from(['"', "'", '"""']), more=st.text("ab1 ä", max_size=9)
)
@FEW
def test_a_fix_changes_nothing_but_what_it_is_for(  # noqa: PLR0913 -- one value from its parts
    table: str, blank: str, note: str, quote: str, more: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    call = f"client.query({blank}{quote}SELECT a FROM {{{table}x}}{quote}{blank})"  # noqa: S608 -- a program's text
    text = f"def f(client, {table}x):{note}\n    return {more!r}, {call}{note}\n\n\nx = 1\n# {more!r}\n"

    after = fixed(tmp_path_factory.mktemp("fix"), text)

    ast.parse(after)
    assert after == text.replace(f"{quote}SELECT", f"f{quote}SELECT")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"x = 1\n", "form"),
        (b"x = (\n", "not read"),
        (b"# coding: latin-1\nx = '\xe9'\n", "UTF-8"),
        (None, "No such file"),
    ],
)
def test_what_cannot_be_fixed_is_left_with_the_reason(content: bytes | None, why: str, tmp_path: Path) -> None:
    place = {"path": "a.py", "line": 1, "column": 1, "end_line": 1, "symbol": "", "text": ""}
    finding = Finding(**place, rule="missing-f", level=Level.ERROR, message="", guards="")  # type: ignore[arg-type]
    written(tmp_path, {"a.py": content} if content else {})

    [one] = autofix(Report(root=str(tmp_path), findings=(finding,)))

    [(left, reason)] = one.left
    assert left == finding
    assert why in reason
    assert one.after == one.before
