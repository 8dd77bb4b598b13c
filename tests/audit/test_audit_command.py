"""`tipoff audit` as somebody calls it: its exit codes, its options, and that they are refused when they do not fit."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.audit.faces import AS_ERROR, CLEAN, STREAMS, command, written
from tests.samples import Samples

from tipoff_audit.cli import audit_command
from tipoff_audit.run import all_rules


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return written(tmp_path / "root", AS_ERROR | {"a.py": STREAMS, "b.py": CLEAN})


def test_it_exits_with_0_when_clean_1_with_a_finding_2_when_called_wrongly(root: Path) -> None:
    assert command(root, "b.py").returncode == 0
    assert command(root).returncode == 1
    assert command(root, "--odd").returncode == 2
    assert command(root, "--rule", "odd").returncode == 2
    assert command(root, "--fail-on", "odd").returncode == 2


def test_only_findings_at_or_above_the_level_fail(root: Path) -> None:
    written(root, {"pyproject.toml": '[tool.tipoff.audit]\nlevels = { "streaming-insert" = "warning" }\n'})

    assert command(root).returncode == 0
    assert command(root, "--fail-on", "warning").returncode == 1
    assert "1 warning" in command(root).stdout


def test_a_file_that_cannot_be_read_fails_whatever_the_level(root: Path) -> None:
    written(root, {"a.py": "x = ("})

    assert command(root, "--rule", "swallowed-write", "--fail-on", "error").returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [("--write",), ("--fix", "--json"), ("--write-baseline",), ("--ledger", "nothing")],
)
def test_options_that_do_not_fit_are_refused_with_what_to_do(arguments: tuple[str, ...], root: Path) -> None:
    done = command(root, *arguments)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2
    assert done.stdout == ""


def test_every_rule_explains_itself(root: Path) -> None:
    for rule in all_rules():
        done = CliRunner().invoke(audit_command, ["--explain", rule.slug])

        assert done.exit_code == 0
        assert rule.claim in done.output
        assert "What happened:" in done.output
    assert command(root, "--explain", "swallowed-wrte").stderr.endswith("did you mean swallowed-write?\n")


def test_without_a_cache_nothing_is_left_behind(root: Path) -> None:
    command(root, "--no-cache")
    assert not (root.parent / ".root-cache").exists()

    command(root)
    assert len(list((root.parent / ".root-cache").iterdir())) == 1
    assert sorted(one.name for one in root.iterdir()) == ["a.py", "b.py", "pyproject.toml"]


def test_findings_are_ranked_by_what_a_ledger_knows_of_their_code(samples: Samples, tmp_path: Path) -> None:
    home = samples.made(3)
    root = written(
        tmp_path / "root",
        {
            "src/other/a.py": STREAMS,
            "src/tipoff/leagues/nba/systems/quantile_regression.py": STREAMS.replace("keep", "keep_models"),
            "src/tipoff/engine/run.py": STREAMS.replace("keep", "keep_run"),
        },
    )

    plain = json.loads(command(root, "--json").stdout)
    done = command(root, "--json", "--ledger", str(home))

    ranked = json.loads(done.stdout)
    assert next(one["path"] for one in plain["findings"]) == "src/other/a.py"
    assert [one["path"] for one in ranked["findings"]] == [
        "src/tipoff/engine/run.py",
        "src/tipoff/leagues/nba/systems/quantile_regression.py",
        "src/other/a.py",
    ]
    engine, models, other = ranked["findings"]
    assert engine["evidence"]["n_runs"] > models["evidence"]["n_runs"] > 0
    assert "quantile_regression" in models["evidence"]["outputs"]
    assert "evidence" not in other
    assert "took part in" in command(root, "--ledger", str(home), "--min-level", "note").stdout


def test_where_nothing_is_worse_the_first_notes_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    save = "def save{n}(rows):\n    try:\n        db{n}.commit()\n    except Exception:\n        pass\n"
    age = "from datetime import datetime\n\n\ndef age{n}(at):\n    return datetime.now() - at\n"
    names = {f"jobs/a{n}.py": (save if n < 6 else age).replace("{n}", str(n)) for n in range(9)}
    root = written(tmp_path / "root", names)

    plain, top, asked = command(root), command(root, "--top", "3"), command(root, "--min-level", "note")
    none = command(root, "--min-level", "warning")

    assert "note (7 of 9), which may be wrong, what does most harm first" in plain.stdout
    assert plain.stdout.count("swallowed-write") == 4  # a habit of the code base hides nothing else
    assert "jobs/a6.py:5:12 naive-now" in plain.stdout
    assert "and 2 more of the same: jobs/a7.py:5, jobs/a8.py:5" in plain.stdout
    assert "and 2 notes, not shown" in plain.stdout
    assert top.stdout.count("  jobs/a") == 3
    assert asked.stdout.count("swallowed-write") == 6
    assert "jobs/a" not in none.stdout
    assert {one.stdout.splitlines()[-1].partition(";")[0] for one in (plain, top, asked, none)} == {
        "found 0 error, 0 warning, 9 note"
    }
    assert (plain.returncode, top.returncode, none.returncode) == (0, 0, 0)


def test_a_form_for_programs_that_is_no_whole_holds_no_note_unasked(tmp_path: Path) -> None:
    root = written(tmp_path / "root", {"a.py": "from datetime import datetime\n\nAT = datetime.now()\n"})

    annotated = command(root, "--github", "--output", "json=whole.json", "--output", "text=told.txt")
    command(root, "--output", "github=annotated.txt", "--output", "markdown=page.md")

    assert "a.py" not in annotated.stdout
    assert [one["path"] for one in json.loads((root / "whole.json").read_text())["findings"]] == ["a.py"]
    assert "a.py:3" in (root / "told.txt").read_text()  # each form as it is when it is the only one
    assert ["naive-now" in (root / name).read_text() for name in ("annotated.txt", "page.md")] == [False, False]


def test_it_says_which_version_it_is(tmp_path: Path) -> None:
    assert command(written(tmp_path / "root", {"a.py": ""}), "--version").stdout.startswith("tipoff-audit ")
