"""The hook refuses a bad commit and lets a good one through, run as git runs it; so does the action's script."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.audit.faces import AS_ERROR, CLEAN, STREAMS, git, written

ROOT = Path(__file__).parents[2]
BASH = shutil.which("bash") or "bash"


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """A folder with the command, as an installation would have it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "tipoff-audit").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tipoff_audit "$@"\n')
    (folder / "tipoff-audit").chmod(0o755)
    return folder


@pytest.fixture
def repository(tmp_path: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q")
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")
    monkeypatch.setenv("TIPOFF_AUDIT_CACHE", str(tmp_path / "cache"))
    return written(root, AS_ERROR)


def hook() -> dict[str, Any]:
    [found] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert isinstance(found, dict)
    return found


def action() -> dict[str, Any]:
    found = yaml.safe_load((ROOT / "action.yml").read_text())
    assert isinstance(found, dict)
    return found


def test_the_hook_matches_any_of_its_kinds_not_all_at_once() -> None:
    assert "types" not in hook()
    assert set(hook()["types_or"]) == {"python", "shell", "sql", "yaml"}
    assert hook()["pass_filenames"] is False


def test_the_hook_refuses_a_bad_commit_and_lets_the_mended_one_through(repository: Path) -> None:
    script = repository / ".git" / "hooks" / "pre-commit"
    script.write_text("#!/bin/sh\nexec tipoff-audit\n")
    script.chmod(0o755)
    written(repository, {"a.py": STREAMS})
    git(repository, "add", ".")

    refused = git(repository, "commit", "-m", "streams")
    written(repository, {"a.py": CLEAN})
    git(repository, "add", ".")
    done = git(repository, "commit", "-m", "clean")

    assert refused.returncode != 0
    assert "a.py:6:14 streaming-insert" in refused.stdout + refused.stderr
    assert done.returncode == 0
    assert git(repository, "rev-list", "--count", "HEAD").stdout.strip() == "1"


def test_the_hook_refuses_what_it_cannot_read(repository: Path) -> None:
    script = repository / ".git" / "hooks" / "pre-commit"
    script.write_text("#!/bin/sh\nexec tipoff-audit\n")
    script.chmod(0o755)
    written(repository, {"a.py": "x = ("})
    git(repository, "add", ".")

    assert git(repository, "commit", "-m", "broken").returncode != 0


def run_action(repository: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the action's audit step as a runner does: its script in bash, its inputs in the environment."""
    [step] = [one for one in action()["runs"]["steps"] if one.get("id") == "audit"]
    given = {name: str(one["default"]) for name, one in action()["inputs"].items()} | inputs

    def filled(expression: str) -> str:
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: given[match[1]], expression)

    variables = {name: filled(value) for name, value in step["env"].items()}
    script = repository.parent / "step.sh"
    script.write_text(step["run"])
    environment = os.environ | variables | {"GITHUB_STEP_SUMMARY": str(repository.parent / "summary.md")}
    called = [BASH, "--noprofile", "--norc", "-eo", "pipefail", str(script)]
    return subprocess.run(called, cwd=repository, env=environment, capture_output=True, text=True, check=False)


def test_the_action_fails_on_a_bad_file_annotates_it_and_leaves_sarif_and_a_summary(repository: Path) -> None:
    written(repository, {"a b/a.py": STREAMS})

    done = run_action(repository)

    assert done.returncode == 1
    assert "::error file=a b/a.py,line=6" in done.stdout
    assert '"version": "2.1.0"' in (repository / "tipoff-audit.sarif").read_text()
    assert "streaming-insert" in (repository.parent / "summary.md").read_text()


def test_the_action_passes_a_clean_project_and_keeps_to_its_inputs(repository: Path) -> None:
    written(repository, {"src/a.py": CLEAN, "more/b.py": STREAMS})

    assert run_action(repository, paths="src").returncode == 0
    assert run_action(repository, paths="src more").returncode == 1
    assert run_action(repository, **{"fail-on": "odd"}).returncode == 2
    assert run_action(repository, baseline="none.json").returncode == 2


def test_no_input_of_the_action_is_pasted_into_a_script(repository: Path) -> None:
    written(repository, {"a.py": CLEAN})
    for step in action()["runs"]["steps"]:
        assert "${{" not in step.get("run", "")

    done = run_action(repository, paths="a.py; touch owned $(touch owned)")

    assert done.returncode == 2
    assert not (repository / "owned").exists()
    assert not (repository / "touch").exists()


def test_the_action_sends_the_log_also_when_the_audit_failed() -> None:
    [step] = [one for one in action()["runs"]["steps"] if "upload-sarif" in one.get("uses", "")]

    assert "!cancelled()" in step["if"]
    assert step["with"]["sarif_file"] == "${{ inputs.sarif-file }}"


@pytest.mark.prove  # it installs what the auditor needs from an index
def test_the_real_pre_commit_refuses_a_bad_commit_and_lets_the_mended_one_through(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    written(repository, {"a.py": STREAMS})
    git(repository, "add", ".")

    def tried() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), "tipoff-audit", "--all-files"]
        return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)

    refused = tried()
    written(repository, {"a.py": CLEAN})
    passed = tried()

    assert "a.py:6:14 streaming-insert" in refused.stdout
    assert refused.returncode == 1
    assert (passed.returncode, "Passed" in passed.stdout) == (0, True)
