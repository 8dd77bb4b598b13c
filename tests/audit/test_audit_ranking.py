"""What to fix first: harm before the alphabet, copies told once, sums, what has changed, who wrote it, one page of HTML."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.audit.faces import AS_ERROR, CLEAN, STREAMS, audited, command, git, written

from tipoff_audit.finding import Finding, Level
from tipoff_audit.output import FORMATS
from tipoff_audit.ranking import harm, ranked, sums

SWALLOWS = (
    "def keep(client, rows):\n    try:\n        client.load_table_from_json(rows, 'raw.box', job_config=c).result()\n"
    "    except Exception:\n        pass\n"
)
ALWAYS = "def is_other(code):\n    return code != 'a' or code != 'b'\n"  # an error


def finding(**values: object) -> Finding:
    known = {"path": "a.py", "line": 1, "column": 1, "end_line": 1, "rule": "swallowed-write", "level": Level.ERROR}
    words = {"message": "m", "guards": "write", "symbol": "a.f", "text": "t"}
    return Finding(**{**known, **words, **values})  # type: ignore[arg-type]


def test_a_write_on_a_path_that_runs_daily_comes_before_a_script_beside() -> None:
    assert harm(finding(path="jobs/load.py")) > harm(finding(path="a.py")) > harm(finding(path="scripts/once.py"))
    assert (
        harm(finding(guards="write"))
        > harm(finding(guards="gate"))
        > harm(finding(guards="read"))
        > harm(finding(guards=""))
    )


def test_what_a_run_makes_again_comes_after_what_it_does_not() -> None:
    picks = finding(path="src/odds.py", symbol="odds.save_picks")

    assert harm(picks) > harm(finding(path="src/odds.py", symbol="odds._write_cache"))
    assert harm(picks) > harm(finding(path="src/odds.py", symbol="odds.save_log"))
    for data in ("catalogue_picks", "save_player_game_logs", "save_game_log", "save_memory_sizes"):
        assert harm(picks) == harm(finding(path="src/odds.py", symbol=f"odds.{data}")), data


def test_copies_are_one_finding_named_by_the_shared_file(tmp_path: Path) -> None:
    places = ("functions/a/keep.py", "functions/b/keep.py", "shared/keep.py")
    report = ranked(audited(written(tmp_path, dict.fromkeys(places, SWALLOWS))))

    [one] = [one for one in report.findings if one.rule == "swallowed-write"]

    assert one.path == "shared/keep.py"
    assert [other.path for other in report.copies[one]] == ["functions/a/keep.py", "functions/b/keep.py"]
    assert "the same stands in functions/a/keep.py:4, functions/b/keep.py:4: mend it here" in FORMATS["text"](report)


def test_two_of_one_file_are_no_copies(tmp_path: Path) -> None:
    report = ranked(audited(written(tmp_path, {"a.py": SWALLOWS + "\n\n" + SWALLOWS})))

    assert len([one for one in report.findings if one.rule == "swallowed-write"]) == 2


def test_the_second_of_one_file_is_a_copy_of_the_second_of_another(tmp_path: Path) -> None:
    twice = SWALLOWS + "\n\n" + SWALLOWS
    places = {"shared/keep.py": twice, "functions/a/keep.py": twice, "functions/b/keep.py": SWALLOWS}
    report = ranked(audited(written(tmp_path, places)))

    told = [one for one in report.findings if one.rule == "swallowed-write"]

    assert [(one.path, len(report.copies[one])) for one in told] == [("shared/keep.py", 2), ("shared/keep.py", 1)]


def test_sums_are_by_folder_rule_and_function_the_worst_first(tmp_path: Path) -> None:
    logs = SWALLOWS.replace("pass", "log.error(rows)")
    report = ranked(audited(written(tmp_path, {"jobs/a.py": logs, "old/b.py": "import time\n", "c/d.py": STREAMS})))

    assert [name for name, _ in sums(report, "folder")] == ["jobs", "c"]
    assert dict(sums(report, "rule"))["swallowed-write"][Level.WARNING] == 1
    assert "jobs.a.keep" in dict(sums(report, "function"))


def test_the_first_of_sums_are_sums_of_all_findings(tmp_path: Path) -> None:
    root = written(tmp_path / "root", {"a/a.py": STREAMS, "a/b.py": STREAMS, "b/c.py": ALWAYS})

    every, first = (command(root, "--by", "folder", *top).stdout.splitlines() for top in ((), ("--top", "1")))

    assert first[:2] == every[:2]
    assert not any(line.endswith("  a") for line in first[2:])


def test_only_the_first_are_shown_and_all_of_them_count(tmp_path: Path) -> None:
    root = written(tmp_path / "root", {"scripts/a.py": STREAMS, "jobs/b.py": ALWAYS})

    done = command(root, "--top", "1", "--json")

    said = json.loads(done.stdout)
    assert [one["path"] for one in said["findings"]] == ["jobs/b.py"]
    assert said["summary"]["not_shown"] == 1
    assert done.returncode == 1
    assert command(root, "--min-level", "error", "--json").returncode == 1


def test_tests_are_told_only_when_that_is_asked_for(tmp_path: Path) -> None:
    root = written(tmp_path / "root", {"tests/test_a.py": SWALLOWS, "b.py": CLEAN})

    quiet, told = command(root, "--json"), command(root, "--json", "--tests")

    assert json.loads(quiet.stdout)["findings"] == []
    assert json.loads(quiet.stdout)["summary"]["in_tests"] == 1
    assert [one["path"] for one in json.loads(told.stdout)["findings"]] == ["tests/test_a.py"]


def test_a_baseline_can_leave_notes_out(tmp_path: Path) -> None:
    naive = "from datetime import datetime\n\nAT = datetime.now()\n"
    root = written(tmp_path / "root", AS_ERROR | {"a.py": STREAMS, "b.py": naive})

    command(root, "--baseline", "old.json", "--write-baseline", "--min-level", "warning")

    rules = [one["rule"] for one in json.loads((root / "old.json").read_text())["findings"]]
    assert rules == ["streaming-insert"]
    assert command(root, "--baseline", "old.json").returncode == 0


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = written(tmp_path / "root", {"old.py": STREAMS, "jobs/new.py": CLEAN})
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


def test_since_a_commit_only_changed_files_are_told_and_count(repository: Path) -> None:
    assert command(repository, "--since", "HEAD").returncode == 0
    written(repository, {"jobs/new.py": ALWAYS})

    done = command(repository, "--since", "HEAD", "--json")

    assert {one["path"] for one in json.loads(done.stdout)["findings"]} == {"jobs/new.py"}
    assert done.returncode == 1
    assert command(repository, "--since", "no-such-branch").returncode == 2
    assert command(repository, "--since", "--output=x").returncode == 2


def test_who_wrote_the_line_is_told_where_the_file_is_as_it_was_committed(repository: Path) -> None:
    said = json.loads(command(repository, "--owners", "--json").stdout)
    assert said["findings"][0]["origin"].startswith("a wrote it on ")

    written(repository, {"old.py": "\n" + STREAMS})
    assert "origin" not in json.loads(command(repository, "--owners", "--json").stdout)["findings"][0]


class Parsed(HTMLParser):
    """Gathers the tags and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onload"}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_else_and_takes_no_code_for_html(tmp_path: Path) -> None:
    nasty = SWALLOWS.replace("except Exception:", "except Exception:  # <script>alert(1)</script>")
    report = ranked(audited(written(tmp_path, {"a<b>.py": nasty})))

    page = Parsed()
    page.feed(FORMATS["html"](report))

    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text
    assert "Fix these first" in page.text
