"""Waivers: with a reason and until their day they hold; whatever else they are is a finding."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.audit.faces import STREAM_LINE, STREAMS, audited, told, written

from tipoff_audit.rules.waivers import WAIVER_RULES, Waiver, read_waivers
from tipoff_audit.run import all_rules
from tipoff_audit.settings import AuditSettings

ALLOW = "# tipoff: allow streaming-insert"
FOUND = ("a.py", 6, "streaming-insert")


def waived_by(
    comment: str, root: Path, *, today: date = date(2030, 1, 18), only: frozenset[str] = frozenset()
) -> list[tuple[str, int, str]]:
    written(root, {"a.py": STREAMS.replace(STREAM_LINE, f"{STREAM_LINE}  {comment}")})
    return told(audited(root, today=today, settings=AuditSettings(only=only)))


def test_a_waiver_with_a_reason_holds_and_is_counted(tmp_path: Path) -> None:
    assert waived_by(f"{ALLOW} -- an append-only log", tmp_path) == []

    report = audited(tmp_path)

    [waived] = report.waived
    assert waived.waiver.reason == "an append-only log"
    assert waived.finding.rule == "streaming-insert"


def test_a_waiver_above_its_statement_holds_too(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": STREAMS.replace(STREAM_LINE, f"    {ALLOW} -- a log\n\n{STREAM_LINE}")})

    assert told(audited(tmp_path)) == []


def test_a_waiver_at_the_end_of_a_long_statement_holds_for_its_first_line(tmp_path: Path) -> None:
    long = STREAM_LINE.replace('("p.d.t", rows)', f'(\n        "p.d.t",\n        rows,\n    )  {ALLOW} -- a log')
    written(tmp_path, {"a.py": STREAMS.replace(STREAM_LINE, long)})

    assert told(audited(tmp_path)) == []


def test_a_waiver_holds_for_its_own_statement_alone(tmp_path: Path) -> None:
    twice = f"{STREAM_LINE}  {ALLOW} -- a log\n{STREAM_LINE}"
    written(tmp_path, {"a.py": STREAMS.replace(STREAM_LINE, twice)})

    assert told(audited(tmp_path)) == [("a.py", 7, "streaming-insert")]


def test_a_waiver_holds_until_the_end_of_its_day_and_then_stands_beside_what_it_waived(tmp_path: Path) -> None:
    comment = f"{ALLOW} until 2030-01-18 -- a log"

    assert waived_by(comment, tmp_path, today=date(2030, 1, 18)) == []
    assert sorted(waived_by(comment, tmp_path, today=date(2030, 1, 19))) == [("a.py", 6, "bad-waiver"), FOUND]


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        (ALLOW, "no reason"),
        (f"{ALLOW} --", "no reason"),
        (f"{ALLOW} --   ", "no reason"),
        (f"{ALLOW} until tomorrow -- a log", "no day"),
        (f"{ALLOW} until 2030-02-30 -- a log", "no day"),
        (f"{ALLOW} until 20300228 -- a log", "no day"),
        (f"{ALLOW} a log", "cannot be understood"),
        ("# tipoff: ignore", "cannot be understood"),
        ("# tipoff: allow -- everything", "cannot be understood"),
    ],
)
def test_a_waiver_that_says_too_little_is_a_finding_and_waives_nothing(comment: str, why: str, tmp_path: Path) -> None:
    found = waived_by(comment, tmp_path)

    assert sorted(found) == [("a.py", 6, "bad-waiver"), FOUND]
    [bad] = [one for one in audited(tmp_path).findings if one.rule == "bad-waiver"]
    assert why in bad.message


def test_a_waiver_of_an_unknown_rule_is_a_finding(tmp_path: Path) -> None:
    found = waived_by("# tipoff: allow streaming-inserts -- a log", tmp_path)

    assert sorted(found) == [("a.py", 6, "bad-waiver"), FOUND]


def test_one_waiver_may_name_several_rules_and_each_must_be_there(tmp_path: Path) -> None:
    found = waived_by("# tipoff: allow streaming-insert, swallowed-write -- a log", tmp_path)

    assert found == [("a.py", 6, "unused-waiver")]
    [unused] = audited(tmp_path).findings
    assert "allows swallowed-write" in unused.message


def test_a_waiver_of_a_rule_that_was_not_asked_is_not_called_unused(tmp_path: Path) -> None:
    assert waived_by(f"{ALLOW} -- a log", tmp_path, only=frozenset({"swallowed-write", "unused-waiver"})) == []


def test_a_string_that_looks_like_a_waiver_is_none(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": STREAMS.replace('"p.d.t"', '"# tipoff: allow streaming-insert -- no"')})

    assert told(audited(tmp_path)) == [FOUND]


def test_waivers_are_read_in_sql_shell_and_ci_files() -> None:
    [sql] = read_waivers("sql", "SELECT 1\nFROM t -- tipoff: allow sql-clock -- the server's zone is the league's\n")
    [shell] = read_waivers("shell", "# tipoff: allow swallowed-exit until 2030-01-01 -- best effort\n\nrm x || true\n")

    assert (sql.first, sql.last, sql.rules) == (2, 2, ("sql-clock",))
    assert (shell.first, shell.last, shell.until) == (3, 3, "2030-01-01")
    assert sql.reason == "the server's zone is the league's"


@given(st.text(max_size=200), st.sampled_from(["python", "sql", "shell", "yaml"]))
@example("\r\x80", "python")  # the tokenizer of Python 3.12 and later decodes half a character
def test_reading_waivers_never_fails_and_survives_json(text: str, kind: str) -> None:
    for waiver in read_waivers(kind, f"{text} # tipoff: {text}\n"):
        assert Waiver.from_json(waiver.to_json()) == waiver


def test_the_waivers_own_rules_explain_themselves_and_their_examples_are_what_they_say(tmp_path: Path) -> None:
    assert {rule.slug for rule in WAIVER_RULES} <= {rule.slug for rule in all_rules()}
    for rule in WAIVER_RULES:
        bad, good = (
            audited(written(tmp_path / rule.slug / name, {rule.place: text}))
            for name, text in (("bad", rule.bad), ("good", rule.good))
        )

        assert rule.slug in {one.rule for one in bad.findings}
        assert rule.slug not in {one.rule for one in good.findings}
