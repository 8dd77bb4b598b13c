"""Each form of a report: complete, in the right order, and escaped so that no file's name or text can break it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from tests.audit.faces import CLEAN, STREAM_LINE, STREAMS, command, written

from tipoff_audit.baseline import Old, fingerprints
from tipoff_audit.finding import Finding, Level
from tipoff_audit.output import FORMATS
from tipoff_audit.output.github import escaped, escaped_property
from tipoff_audit.output.markdown import MOST_ROWS, cell
from tipoff_audit.output.sarif import uri_of
from tipoff_audit.report import Report, rank
from tipoff_audit.rules.waivers import Waived, Waiver
from tipoff_audit.run import all_rules

SCHEMA = Draft202012Validator(json.loads((Path(__file__).parent / "sarif.schema.json").read_text()))
WAIVER = Waiver(line=1, column=1, first=1, last=1, rules=("streaming-insert",), until="", reason="a log", text="# …")
OLD = Old(path="gone.py", rule="missing-f", symbol="", text="q = '{x}'", fingerprint="f" * 32)


def finding(**values: Any) -> Finding:
    known = {"rule": "streaming-insert", "path": "a.py", "line": 3, "column": 5, "end_line": 3, "level": Level.ERROR}
    words = {"message": "rows are lost", "guards": "write", "symbol": "a.f", "text": "x"}
    return Finding(**{**known, **words, **values})


def report(*findings: Finding, waived: tuple[Finding, ...] = (), baselined: tuple[Finding, ...] = ()) -> Report:
    return Report(
        root="/r",
        findings=tuple(sorted(findings, key=rank)),
        names=fingerprints([*findings, *waived, *baselined]),
        waived=tuple(Waived(one, WAIVER) for one in waived),
        baselined=baselined,
        n_read=2,
        n_unreadable=1,
        n_lines=10,
        left_out={"ignored by git": 3},
        notes=("the cache is damaged",),
    )


FULL = report(
    finding(),
    finding(level=Level.NOTE, guards="", symbol="", rule="copied-file", line=1),
    finding(level=Level.WARNING, guards="read", path="b c/ü:1.py"),
    finding(rule="unreadable", guards="", symbol="", text="", path="bad.py", line=1),
    waived=(finding(line=9),),
    baselined=(finding(line=12),),
)


def test_the_text_tells_the_worst_first_by_what_is_guarded_and_what_was_not_read() -> None:
    text = FORMATS["text"](FULL)

    heads = [line for line in text.splitlines() if line.endswith("what does most harm first")]
    assert heads == [
        f"{level}, what does most harm first" for level in ("error (2)", "warning (1)", "note (1), which may be wrong")
    ]
    assert "a.py:3:5 streaming-insert around a write  in a.f" in text
    assert "read 2 files, 10 lines; not read 1" in text
    assert "left out: 3 ignored by git" in text
    assert "found 2 error, 1 warning, 1 note; waived 1; in the baseline 1" in text


def test_one_mistake_of_many_places_is_told_once_in_the_text_and_each_time_in_the_json() -> None:
    many = report(*(finding(line=n, path=f"a{n}.py") for n in range(1, 7)), finding(message="another", path="b.py"))

    text = FORMATS["text"](many)

    assert "error (7), what does most harm first" in text
    assert text.count("rows are lost") == 1
    assert "and 5 more of the same: a2.py:2, a3.py:3, a4.py:4 and 2 others (--json names all)" in text
    assert "another" in text
    assert len(json.loads(FORMATS["json"](many))["findings"]) == 7


def test_the_json_counts_what_it_lists() -> None:
    said = json.loads(FORMATS["json"](FULL))

    assert said["summary"]["error"] == sum(one["level"] == "error" for one in said["findings"])
    assert said["waived"][0]["reason"] == "a log"
    assert len({one["fingerprint"] for one in said["findings"]}) == 4
    assert said["notes"] == ["the cache is damaged"]


def test_the_sarif_is_valid_and_says_which_results_are_suppressed() -> None:
    said = json.loads(FORMATS["sarif"](FULL))

    SCHEMA.validate(said)
    [run] = said["runs"]
    assert [one["suppressions"][0]["kind"] for one in run["results"] if "suppressions" in one] == [
        "external",
        "inSource",
    ]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.slug for rule in all_rules()]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    prints = [one["partialFingerprints"]["primaryLocationLineHash"] for one in run["results"]]
    assert len(set(prints)) == len(prints)
    unread = [one for one in run["invocations"][0]["toolExecutionNotifications"] if one["level"] == "error"]
    assert len(unread) == 1


@pytest.mark.parametrize(
    "harm",
    [
        lambda run: run["results"][0].pop("message"),
        lambda run: run["results"][0].update(level="fatal"),
        lambda run: run["results"][0]["locations"][0]["physicalLocation"]["region"].update(startLine=0),
        lambda run: run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"].update(uri="/abs/a.py"),
        lambda run: run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"].update(uri="a b.py"),
        lambda run: run.update(unknown=1),
        lambda run: run["tool"]["driver"]["rules"].append({"id": "x"}),
    ],
)
def test_the_schema_can_fail(harm: object) -> None:
    said = json.loads(FORMATS["sarif"](FULL))
    assert callable(harm)
    harm(said["runs"][0])

    with pytest.raises(ValidationError):
        SCHEMA.validate(said)


def test_the_annotations_are_worst_first_and_have_a_line_each() -> None:
    lines = FORMATS["github"](FULL).splitlines()

    kinds = [line.split(" ")[0] for line in lines if line.startswith("::") and " " in line]
    assert kinds[:4] == ["::error", "::error", "::warning", "::notice"]
    assert "::warning file=b c/ü%3A1.py,line=3,endLine=3,title=streaming-insert in a.f::rows are lost" in lines


def test_the_annotations_name_what_is_gone_from_the_baseline() -> None:
    gone = Report(root="/r", findings=(), gone=(OLD,))

    assert FORMATS["github"](gone).startswith("::error file=gone.py,title=baseline::")
    assert "--write-baseline" in FORMATS["markdown"](gone)
    assert "gone.py missing-f" in FORMATS["text"](gone)


@given(st.text())
def test_no_text_can_end_or_begin_a_command(text: str) -> None:
    for made in (escaped(text), escaped_property(text)):
        assert not re.search(r"[\r\n]|%(?!25|0D|0A|3A|2C)", made)
    assert not re.search(r"[:,]", escaped_property(text))
    assert escaped("100%\n") == "100%25%0A"


names = st.text(min_size=1, max_size=20).filter(lambda name: "\0" not in name)


@given(
    path=names.filter(lambda name: not name.startswith("/")),
    message=names,
    symbol=st.text(max_size=9),
    line=st.integers(1, 9),
    column=st.integers(1, 9),
)
def test_every_form_holds_whatever_a_file_is_named(
    path: str, message: str, symbol: str, line: int, column: int
) -> None:
    made = report(finding(path=path, message=message, symbol=symbol, line=line, column=column, text=message))

    SCHEMA.validate(json.loads(FORMATS["sarif"](made)))
    assert json.loads(FORMATS["json"](made))["findings"][0]["path"] == path
    assert len(FORMATS["github"](made).splitlines()) >= 4
    table = [row for row in FORMATS["markdown"](made).split("\n") if row.startswith("| error | around")]
    assert len(table) == 1
    assert len(re.findall(r"(?<!\\)\|", table[0].replace("\\\\", ""))) == 6
    for form in FORMATS:
        FORMATS[form](made).encode()


def test_a_long_report_stays_short_in_a_builds_summary() -> None:
    many = report(*(finding(line=n) for n in range(1, 2000)))

    page = FORMATS["markdown"](many)

    assert f"and {1999 - MOST_ROWS} more" in page
    assert len(page) < 1_000_000
    assert cell("<script>|`x`") == r"\<script\>\|\`x\`"


def test_a_uri_is_relative_and_escaped() -> None:
    assert uri_of("a b/ü.py") == "a%20b/%C3%BC.py"
    assert uri_of("c:d.py") == "c%3Ad.py"


def test_a_real_audit_gives_valid_sarif_by_the_command_and_writes_several_forms_at_once(tmp_path: Path) -> None:
    waived = STREAMS.replace(STREAM_LINE, f"{STREAM_LINE}  # tipoff: allow streaming-insert -- a log")
    root = written(tmp_path / "root", {"a b.py": STREAMS, "w.py": waived, "bad.py": "x = (", "c.py": CLEAN})

    done = command(root, "--sarif", "--output", "markdown=page.md", "--output", "json=all.json")

    said = json.loads(done.stdout)
    SCHEMA.validate(said)
    assert done.returncode == 1
    assert len(said["runs"][0]["results"]) == 3
    assert "a b.py:6" in (root / "page.md").read_text()
    assert json.loads((root / "all.json").read_text())["summary"]["files_not_read"] == 1


@pytest.mark.parametrize("said", ["sarif", "sarif=", "odd=x", "=x", "json=no/such/folder/x"])
def test_an_output_that_cannot_be_written_is_a_usage_error(said: str, tmp_path: Path) -> None:
    root = written(tmp_path / "root", {"c.py": CLEAN})

    assert command(root, "--output", said).returncode == 2


def test_the_ranks_are_by_level_then_by_what_is_guarded() -> None:
    found = [finding(level=level, guards=guards) for level in Level for guards in ("work", "write", "gate")]

    ordered = sorted(found, key=rank)

    assert [(one.level, one.guards) for one in ordered[:4]] == [
        (Level.ERROR, "write"),
        (Level.ERROR, "gate"),
        (Level.ERROR, "work"),
        (Level.WARNING, "write"),
    ]
