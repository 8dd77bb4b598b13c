"""Which files an audit reads: what is left out is counted, what cannot be read is a finding, circles end."""

import os
from pathlib import Path

import pytest
from tests.audit.faces import CLEAN, audited, command, git, told, written

from tipoff_audit.errors import UsageError
from tipoff_audit.project.walk import is_read, matches, place_of, root_of, walk
from tipoff_audit.settings import AuditSettings

MANY = 10**9


def names(root: Path, *paths: str, exclude: tuple[str, ...] = ()) -> list[str]:
    places = [root / path for path in paths] or [root]
    return [entry.name for entry in walk(places, root, exclude=exclude, max_bytes=MANY).entries]


def test_python_shell_sql_and_ci_files_are_read_and_others_are_not(tmp_path: Path) -> None:
    written(
        tmp_path,
        {
            "a.py": CLEAN,
            "b.sql": "SELECT 1",
            "c.sh": "true",
            ".github/workflows/ci.yml": "on: push",
            "hooks/pre-commit": "#!/bin/sh\nexit 0\n",
            "bin/tool": "#!/usr/bin/env python3\nprint()\n",
            "notes.txt": "x",
            "data.yml": "x: 1",
            "LICENSE": "words",
        },
    )

    assert names(tmp_path) == [".github/workflows/ci.yml", "a.py", "b.sql", "bin/tool", "c.sh", "hooks/pre-commit"]


def test_what_git_ignores_is_left_out_and_counted_unless_it_is_tracked_or_named(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": CLEAN, "made/b.py": CLEAN, "kept.py": CLEAN, ".gitignore": "made/\nkept.py\n"})
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-f", "kept.py")

    walked = walk([tmp_path], tmp_path, max_bytes=MANY)

    assert [entry.name for entry in walked.entries] == ["a.py", "kept.py"]
    assert walked.left_out["ignored by git"] == 1
    assert names(tmp_path, "made") == ["made/b.py"]


def test_a_repository_within_a_repository_is_asked_what_it_ignores_itself(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": CLEAN, "inner/b.py": CLEAN, "inner/c.py": CLEAN, "inner/.gitignore": "c.py\n"})
    git(tmp_path, "init", "-q")
    git(tmp_path / "inner", "init", "-q")

    assert names(tmp_path) == ["a.py", "inner/b.py"]


def test_the_variables_of_a_hook_do_not_lead_git_to_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, {"a.py": CLEAN, "b.py": CLEAN, ".gitignore": "b.py\n"})
    git(tmp_path, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))

    assert names(tmp_path) == ["a.py"]


def test_without_git_nothing_is_left_out_and_the_report_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, {"a.py": CLEAN, "b.py": CLEAN, ".gitignore": "b.py\n"})
    monkeypatch.setenv("PATH", str(tmp_path))

    walked = walk([tmp_path], tmp_path, max_bytes=MANY)

    assert len(walked.entries) == 2
    assert "git could not be asked" in walked.notes[0]


def test_folders_of_others_and_virtual_environments_are_left_out_and_counted(tmp_path: Path) -> None:
    written(
        tmp_path,
        {"a.py": CLEAN, "node_modules/b.py": CLEAN, "vendor/c.py": CLEAN, "env/pyvenv.cfg": "", "env/lib/d.py": CLEAN},
    )

    walked = walk([tmp_path], tmp_path, max_bytes=MANY)

    assert [entry.name for entry in walked.entries] == ["a.py"]
    assert dict(walked.left_out) == {
        "folders named node_modules": 1,
        "folders named vendor": 1,
        "virtual environments": 1,
    }
    assert names(tmp_path, "vendor") == ["vendor/c.py"]


def test_the_settings_leave_out_files_and_folders(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": CLEAN, "old/b.py": CLEAN, "old/deep/c.py": CLEAN, "x_pb2.py": CLEAN})

    assert names(tmp_path, exclude=("old", "*_pb2.py")) == ["a.py"]
    assert matches("old/deep/c.py", ["old/"])
    assert not matches("older/c.py", ["old"])


def test_links_in_circles_end_and_a_file_is_met_once_under_its_real_name(tmp_path: Path) -> None:
    written(tmp_path, {"a/b.py": CLEAN, "z.py": CLEAN})
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "0.py").symlink_to(tmp_path / "z.py")
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a")

    assert names(tmp_path) == ["a/b.py", "z.py"]


def test_a_linked_folder_outside_is_read_under_the_links_name(tmp_path: Path) -> None:
    outside = written(tmp_path / "outside", {"b.py": CLEAN})
    inside = written(tmp_path / "inside", {"a.py": CLEAN})
    (inside / "lib").symlink_to(outside)

    assert names(inside) == ["a.py", "lib/b.py"]


def test_a_link_to_itself_or_to_nowhere_is_unreadable_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.py").symlink_to(tmp_path / "b.py")
    (tmp_path / "b.py").symlink_to(tmp_path / "a.py")
    (tmp_path / "c.py").symlink_to(tmp_path / "gone.py")

    report = audited(tmp_path)

    assert told(report) == [("a.py", 1, "unreadable"), ("b.py", 1, "unreadable"), ("c.py", 1, "unreadable")]
    assert report.n_unreadable == 3


def test_a_file_too_large_is_unreadable_and_the_bound_can_be_raised(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": CLEAN, "big.py": "x = 1\n" * 1000})

    small = audited(tmp_path, settings=AuditSettings(max_bytes=1000))

    assert told(small) == [("big.py", 1, "unreadable")]
    assert "max-bytes" in small.findings[0].message
    assert told(audited(tmp_path)) == []


def test_a_pipe_with_a_python_name_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.py")

    assert told(audited(tmp_path)) == [("a.py", 1, "unreadable")]


def test_a_file_that_nobody_may_open_is_unreadable_and_the_rest_goes_on(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": CLEAN, "b.py": CLEAN})
    (tmp_path / "a.py").chmod(0)
    if os.access(tmp_path / "a.py", os.R_OK):  # root may open anything: a link in a circle stands in for it
        (tmp_path / "a.py").unlink()
        (tmp_path / "a.py").symlink_to("a.py")

    report = audited(tmp_path)

    assert told(report) == [("a.py", 1, "unreadable")]
    assert report.n_read == 1


def test_names_that_are_no_text_are_told_and_kept_in_the_cache(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    odd = os.fsdecode(b"\xff\ttab\n.py")
    (root / odd).write_text("x = (")
    (root / f"fine{odd}").write_text(CLEAN)

    first, again = (audited(root, cache=tmp_path / "cache") for _ in range(2))

    assert told(first) == told(again) == [(odd, 1, "unreadable")]
    assert again.n_remembered == 1
    for form in ("text", "json", "sarif", "github", "markdown"):
        done = command(root, *([] if form == "text" else [f"--{form}"]))
        assert done.returncode == 1
        assert done.stderr == ""


def test_a_path_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no nothing"):
        place_of(Path("nothing"), tmp_path)
    assert command(tmp_path, "nothing").returncode == 2


def test_findings_are_named_from_the_repository_else_from_here_else_from_what_was_given(tmp_path: Path) -> None:
    written(tmp_path, {"repo/src/a.py": CLEAN, "repo/b.py": CLEAN, "plain/c/d.py": CLEAN})
    git(tmp_path / "repo", "init", "-q")

    assert root_of([tmp_path / "repo" / "src"], tmp_path) == tmp_path / "repo"
    assert root_of([tmp_path / "plain" / "c"], tmp_path / "plain") == tmp_path / "plain"
    assert root_of([tmp_path / "plain" / "c" / "d.py"], tmp_path / "repo") == tmp_path / "plain" / "c"


@pytest.mark.parametrize(("name", "known"), [("a.py", True), ("a.txt", False), ("Makefile", None), (".env", False)])
def test_a_name_says_whether_a_file_is_read_or_that_its_first_line_must(name: str, known: bool | None) -> None:  # noqa: FBT001
    assert is_read(name) is known


def test_what_dbt_has_made_beside_its_project_is_left_out(tmp_path: Path) -> None:
    made = {"target/run/a.sql": "SELECT 1", "target/compiled/a.sql": "SELECT 1", "dbt_packages/b/c.sql": "SELECT 1"}
    files = {f"{folder}/{name}": text for folder in ("dbt", "other") for name, text in made.items()}
    written(tmp_path, files | {"dbt/dbt_project.yml": "name: x\n", "dbt/models/target/a.sql": "SELECT 1"})

    assert names(tmp_path) == [
        "dbt/models/target/a.sql",
        "other/dbt_packages/b/c.sql",
        "other/target/compiled/a.sql",
        "other/target/run/a.sql",
    ]
