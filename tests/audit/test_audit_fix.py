"""Fixes: shown as a diff, written only when asked for; what is mended parses, says the same otherwise, and is found no more."""

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.audit.faces import audited, command, told, written

from tipoff.audit.finding import Finding, Level
from tipoff.audit.fix.mend import FIXABLE, mend
from tipoff.audit.fix.text import before_the_row, failing, strictly_before
from tipoff.audit.fix.tree import mended
from tipoff.audit.report import Report
from tipoff.audit.run import all_rules


def fixed(rule: str, text: str, line: int) -> str:
    return mended(text, {line: [rule]})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from datetime import datetime\n\n\ndef day():\n    return datetime.now().date()  # today\n",
            "from datetime import timezone, datetime\n\n\ndef day():\n    return datetime.now(timezone.utc).date()  # today\n",
        ),
        (
            "import datetime as dt\n\n\ndef day():\n    return dt.datetime.utcnow( )\n",
            "import datetime as dt\n\n\ndef day():\n    return dt.datetime.now( dt.timezone.utc)\n",
        ),
        (
            "import datetime\n\n\ndef at(s):\n    return datetime.datetime.fromtimestamp(s)\n",
            "import datetime\n\n\ndef at(s):\n    return datetime.datetime.fromtimestamp(s, datetime.timezone.utc)\n",
        ),
        (
            "from datetime import datetime\n\n\ndef at(s):\n    return datetime.utcfromtimestamp(s)\n",
            "from datetime import timezone, datetime\n\n\ndef at(s):\n    return datetime.fromtimestamp(s, timezone.utc)\n",
        ),
    ],
)
def test_a_naive_clock_is_given_utc_and_its_import(before: str, after: str) -> None:
    assert fixed("naive-now", before, 5) == after


@pytest.mark.parametrize(
    "call", ["date.today()", "datetime.now(ZONE)", "datetime.now(tz=None)", "now()", "datetime.now(*zone)"]
)
def test_a_clock_whose_zone_is_not_to_be_guessed_is_left(call: str) -> None:
    text = f"from datetime import date, datetime\n\n\ndef day():\n    return {call}\n"

    assert fixed("naive-now", text, 5) == text


def test_a_missing_f_is_added_where_every_name_is_bound() -> None:
    text = 'def f(table):\n    return run("SELECT * FROM {table}")\n'

    assert fixed("missing-f", text, 2) == text.replace('"SELECT', 'f"SELECT')


@pytest.mark.parametrize(
    "literal",
    [
        '"{other}"',
        '"{}"',
        '"{0}"',
        '"{{table}}"',
        'b"{table}"',
        'f"{table}"',
        '"{table!z}"',
        '"{if}"',
        '"{table"',
        '"none"',
    ],
)
def test_a_string_that_may_be_a_template_or_would_not_run_is_left(literal: str) -> None:
    text = f"def f(table):\n    return run({literal})\n"

    assert fixed("missing-f", text, 2) == text


def test_raw_and_triple_quoted_strings_keep_their_form() -> None:
    raw = "def f(t):\n    return r'\\d {t}'\n"
    long = 'def f(t):\n    return """\n      SELECT {t}\n    """  # query\n'

    assert fixed("missing-f", raw, 2) == raw.replace("r'", "fr'")
    assert fixed("missing-f", long, 3) == long.replace('"""', 'f"""', 1)


def test_a_keyword_that_makes_the_handler_raise_is_moved_to_where_it_was_meant() -> None:
    text = "def f(e):\n    log.error('lost %s', type(e, exc_info=True))\n"

    assert fixed("handler-raises", text, 2) == "def f(e):\n    log.error('lost %s', type(e), exc_info=True)\n"
    twice = "def f(e):\n    log.error(type(e, exc_info=True), exc_info=False)\n"
    assert fixed("handler-raises", twice, 2) == "def f(e):\n    log.error(type(e), exc_info=False)\n"


def test_a_frame_keeps_its_number_of_rows() -> None:
    assert before_the_row("ROWS BETWEEN 9 PRECEDING AND CURRENT ROW") == "ROWS BETWEEN 10 PRECEDING AND 1 PRECEDING"
    assert (
        before_the_row("rows between unbounded preceding and current row)")
        == "rows between unbounded preceding and 1 preceding)"
    )
    assert before_the_row("RANGE BETWEEN 9 PRECEDING AND CURRENT ROW") is None
    assert before_the_row("ROWS BETWEEN 9 PRECEDING AND 1 PRECEDING") is None


def test_a_cutoff_is_left_out_and_two_on_a_line_are_left_to_a_person() -> None:
    assert strictly_before("WHERE day <= @cutoff") == "WHERE day < @cutoff"
    assert strictly_before("WHERE a <= 1 AND day <= @cutoff") is None
    assert strictly_before("WHERE day < @cutoff") is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  make lint || true", "  make lint"),
        ("make lint||:  # for now", "make lint  # for now"),
        ("    continue-on-error: true", "    continue-on-error: false"),
        ("  - continue-on-error: true # soon", "  - continue-on-error: false # soon"),
        ("make lint || true; make test", None),
        ("if make lint || truer; then", None),
    ],
)
def test_an_exit_that_was_swallowed_is_let_out(before: str, after: str | None) -> None:
    assert failing(before) == after


def files_with_fixable_findings(root: Path) -> list[tuple[str, str]]:
    """Return the fixable rules' own bad examples: path and text."""
    found = []
    for rule in all_rules():
        if rule.slug in FIXABLE:
            place = f"{rule.slug}/{rule.place}"
            written(root, {place: rule.bad})
            found.append((place, rule.bad))
    return found


def test_a_fix_is_shown_and_not_written_until_that_is_asked_for(tmp_path: Path) -> None:
    root = tmp_path / "root"
    files = files_with_fixable_findings(root)

    shown = command(root, "--fix")

    assert shown.returncode == 1
    assert all((root / place).read_text() == text for place, text in files)
    assert re.search(r"^[1-9]\d* can be mended", shown.stdout, re.MULTILINE)
    assert "--- a/" in shown.stdout
    assert "+++ b/" in shown.stdout


def test_what_is_written_is_what_was_shown_and_is_found_no_more(tmp_path: Path) -> None:
    root = tmp_path / "root"
    files_with_fixable_findings(root)
    before = audited(root)
    wanted = {one.path: one for one in mend(before)}
    assert sum(len(one.fixed) for one in wanted.values()) >= 4

    command(root, "--fix", "--write")

    after = set(told(audited(root)))
    for path, one in wanted.items():
        assert (root / path).read_text() == one.after
        assert not {(path, finding.rule) for finding in one.fixed} & {(place, rule) for place, _, rule in after}
        if path.endswith(".py"):
            ast.parse(one.after)
    assert len(after) < len(told(before))


def test_a_file_keeps_its_rights_its_line_ends_and_its_byte_order_mark(tmp_path: Path) -> None:
    root = tmp_path / "root"
    files_with_fixable_findings(root)
    for file in [one for one in root.rglob("*") if one.is_file()]:
        if file.suffix == ".py":
            file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
        file.chmod(0o750)
    wanted = [one for one in mend(audited(root)) if one.fixed]
    assert any(one.path.endswith(".py") for one in wanted)

    command(root, "--fix", "--write")

    for one in wanted:
        file = root / one.path
        assert file.stat().st_mode & 0o777 == 0o750
        if file.suffix == ".py":
            data = file.read_bytes()
            assert data.startswith(b"\xef\xbb\xbf")
            assert data.count(b"\n") == data.count(b"\r\n")


FEW = settings(max_examples=30, deadline=None)  # a tree that keeps every blank is slow to make
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
blanks = st.sampled_from(["", " ", "  ", "\n    "])
notes = st.sampled_from(["", "  # why", "  # noqa"])


@given(
    table=names, blank=blanks, note=notes, quote=st.sampled_from(['"', "'", '"""']), more=st.text("ab1 ", max_size=9)
)
@FEW
def test_a_fix_changes_nothing_but_what_it_is_for(table: str, blank: str, note: str, quote: str, more: str) -> None:
    call = f"run({blank}{quote}SELECT {{{table}x}}{quote}{blank})"
    text = f"def f({table}x):{note}\n    return {call}{note}\n\n\nx = 1\n# {more!r}\n"

    after = mended(text, {line: ["missing-f"] for line in range(1, text.count("\n") + 1)})

    ast.parse(after)
    assert after == text.replace(f"{quote}SELECT", f"f{quote}SELECT")
    assert fixed("missing-f", after, 2) == after


@given(
    owner=st.sampled_from(["datetime", "dt.datetime", "datetime.datetime"]),
    name=st.sampled_from(["now", "utcnow", "today"]),
    note=notes,
    around=st.sampled_from(["{}", "str({})", "{}.date()", "[{}]"]),
)
@FEW
def test_a_mended_clock_runs_and_is_aware(owner: str, name: str, note: str, around: str) -> None:
    imports = {
        "datetime": "from datetime import datetime",
        "dt.datetime": "import datetime as dt",
        "datetime.datetime": "import datetime",
    }
    text = f"{imports[owner]}\n\nat = {around.format(f'{owner}.{name}()')}{note}\nraw = {owner}.{name}()\n"

    after = mended(text, {3: ["naive-now"], 4: ["naive-now"]})

    values: dict[str, object] = {}
    exec(compile(after, "mended.py", "exec"), values)  # noqa: S102 -- what was mended must run
    assert str(values["raw"]).endswith("+00:00")
    assert after.count("utc") == 2
    assert note in after


@given(rows=st.integers(0, 400), lower=st.booleans(), tail=st.text(") ,a", max_size=5))
def test_a_mended_frame_holds_as_many_rows_and_not_the_current_one(rows: int, lower: bool, tail: str) -> None:  # noqa: FBT001
    line = f"OVER (ROWS BETWEEN {rows} PRECEDING AND CURRENT ROW{' ' if tail[:1] == 'a' else ''}{tail}"
    after = before_the_row(line.lower() if lower else line)

    assert after is not None
    found = re.search(r"between (\d+) preceding and (\d+) preceding", after, re.IGNORECASE)
    assert found
    assert int(found[1]) - int(found[2]) == rows
    assert before_the_row(after) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"x = 1\n", "form"),
        (b"x = (\n", "not read"),
        (b"# coding: latin-1\nx = '\xe9'\n", "UTF-8"),
        (None, "No such file"),
    ],
)
def test_what_cannot_be_mended_is_left_with_the_reason(content: bytes | None, why: str, tmp_path: Path) -> None:
    place = {"path": "a.py", "line": 1, "column": 1, "end_line": 1, "symbol": "", "text": ""}
    finding = Finding(**place, rule="missing-f", level=Level.ERROR, message="", guards="")  # type: ignore[arg-type]
    written(tmp_path, {"a.py": content} if content else {})

    [one] = mend(Report(root=str(tmp_path), findings=(finding,)))

    [(left, reason)] = one.left
    assert left == finding
    assert why in reason
    assert one.after == one.before
