"""A tree that means harm: nothing of it is run, nothing hangs, and long lines cost no more than short ones."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.audit.faces import CLEAN, audited, command, git, written
from tests.audit.reading import said

from tipoff_audit.project.look import look
from tipoff_audit.project.walk import Entry, walk

LINE = 50_000


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = written(tmp_path / "root", {"a.py": CLEAN, ".gitattributes": "* filter=own diff=own\n"})
    git(root, "init", "-q")
    git(root, "add", "a.py")
    git(root, "commit", "-qm", "first")
    return root


def test_what_the_trees_own_configuration_names_is_not_run(tree: Path) -> None:
    script = tree.parent / "own.sh"
    script.write_text(f"#!/bin/sh\ntouch {tree.parent}/was-run\ncat\n")
    script.chmod(0o755)
    for name in (
        "core.fsmonitor",
        "filter.own.clean",
        "filter.own.smudge",
        "diff.own.textconv",
        "diff.external",
        "gpg.program",
    ):
        git(tree, "config", name, str(script))
    git(tree, "config", "log.showSignature", "true")
    hooks = tree / ".git" / "hooks" / "post-index-change"
    hooks.parent.mkdir(exist_ok=True)
    hooks.write_bytes(script.read_bytes())
    hooks.chmod(0o755)
    (tree.parent / "was-run").unlink(missing_ok=True)
    written(tree, {"b.py": CLEAN})

    for arguments in ((), ("--since", "HEAD"), ("--owners",), ("--top", "3")):
        assert command(tree, *arguments).returncode == 0

    assert not (tree.parent / "was-run").exists()


@pytest.mark.parametrize("program", [["tipoff_audit"], ["tipoff", "audit"]])
def test_whose_reader_has_seen_enough_ends_in_silence_and_not_as_if_something_were_found(
    tmp_path: Path, program: list[str]
) -> None:
    root = written(tmp_path / "root", {"a.py": CLEAN})
    reads, writes = os.pipe()
    os.close(reads)

    done = subprocess.run(
        [sys.executable, "-m", *program, "a.py"],
        cwd=root,
        stdout=writes,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writes)

    assert (done.returncode, done.stderr) == (141, "")


def test_a_module_of_a_librarys_name_that_lies_in_the_tree_is_not_run(tmp_path: Path) -> None:
    names = ("_bisect", "ast", "click", "concurrent", "json", "re", "sqlglot", "tomllib")
    root = written(tmp_path / "root", {f"{name}.py": "open('../was-run', 'w')\n" for name in names})

    done = subprocess.run(
        [sys.executable, "-m", "tipoff_audit", "."], cwd=root, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "was-run").exists()


def test_devices_and_pipes_are_told_and_not_read(tree: Path) -> None:
    (tree / "zero.py").symlink_to("/dev/zero")
    (tree / "random").symlink_to("/dev/urandom")
    os.mkfifo(tree / "pipe.py")
    os.mkfifo(tree / "pyproject.toml")

    done = command(tree)

    assert done.returncode == 1
    assert "pipe.py:1:1 unreadable" in done.stdout
    assert "and 1 more of the same: zero.py:1" in done.stdout
    assert "it is no regular file" in done.stdout
    assert command(tree, "--baseline", "/dev/zero").returncode == 2


def test_a_pipe_that_takes_a_files_place_meanwhile_does_not_hang(tree: Path) -> None:
    os.mkfifo(tree / "late.py")

    seen = look(Entry(str(tree / "late.py"), "late.py", n_bytes=10))

    assert seen.finding is not None
    assert "no regular file" in seen.finding.message


def test_a_pipe_among_what_git_reads_is_waited_for_once_however_many_folders_have_one(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tipoff_audit.project.git.SECONDS", 0.5)
    for number in range(20):
        inner = written(tree / f"part{number}", {"b.py": CLEAN})
        git(inner, "init", "-q")
        os.mkfifo(inner / ".gitignore")

    began = time.monotonic()
    walked = walk([tree], tree, max_bytes=1_000_000)

    assert time.monotonic() - began < 5
    assert len(walked.entries) == 21
    assert sum("git could not be asked" in note for note in walked.notes) == 1


REPEATED = {
    "buffers": ("def run(self, client, rows):\n", "    self.pending.clear()\n    client.insert(rows)\n"),
    "appends": ("def run(frame, engine):\n", "    frame.to_sql('games', engine, if_exists='append')\n"),
    "values": ("def run(client, name):\n", "    client.query(f\"SELECT a FROM t WHERE b = '{name}'\").result()\n"),
    "jobs": ("def run(client, rows):\n", "    job = client.load_table_from_json(rows, 't')\n"),
    "futures": ("def run(pool, f):\n    futures = []\n", "    futures.append(pool.submit(f))\n"),
}


@pytest.mark.parametrize("kind", REPEATED)
def test_a_function_of_thousands_of_lines_costs_linear_time(kind: str) -> None:
    head, line = REPEATED[kind]

    began = time.process_time()
    said(head + line * 1500)

    assert time.process_time() - began < 4


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "x = '" + "SELECT a FROM t WHERE game_date <= " * 1500 + "'\n"),
        ("b.py", "x = f'SELECT {a} FROM t WHERE " + "game_date_" * 5000 + " <= {d}'\n"),
        ("c.py", "x = '" + "a" * LINE + "'\n" + "s = '%" + "s%" * 25_000 + "'\n"),
        ("d.py", "q = '''" + "{a}" * 16_000 + " SELECT '''\n"),
        (
            "e.py",
            "def f(a):\n    try:\n        save(a)\n    except Exception:  # " + "should " * 8000 + "\n        pass\n",
        ),
        (
            "f.sh",
            "echo " + " a" * 25_000 + "\nif ! " + " " * LINE + "x\n" + "a|" * 25_000 + "\ncurl " + "-" * LINE + "\n",
        ),
        ("g.sh", "|| true;" * 6000 + "\ntrap '" + "exit 0 " * 7000 + "\n"),
        (
            "h.sql",
            "SELECT "
            + "a," * 25_000
            + "b FROM t\n"
            + "COALESCE(" * 6000
            + "\nSELECT 1 WHERE "
            + "x" * LINE
            + " <= @d\n",
        ),
        ("i.sql", "UPDATE " * 7000 + "\n" + "MERGE x " * 6000 + "\n" + "DELETE FROM a WHERE b; " * 2200 + "\n"),
        ("l.sql", "{% set kinds = {" + "\n" * 28_000 + "} %} SELECT a <= NOW() OVER (x)\n"),
        ("j.sql", "\n".join(["UPDATE " * 700, "MERGE x " * 600, "DELETE FROM a WHERE b; " * 200] * 10)),
        (
            ".github/workflows/k.yml",
            "- " * 25_000 + "\n" + "continue-on-error: true " * 2000 + "\nrun: " + "pytest | " * 6000 + "\n",
        ),
    ],
    ids=lambda value: value if len(value) < 30 else "",
)
def test_long_lines_cost_linear_time(name: str, text: str, tmp_path: Path) -> None:
    written(tmp_path, {name: text})

    began = time.process_time()
    audited(tmp_path)

    assert time.process_time() - began < 3
