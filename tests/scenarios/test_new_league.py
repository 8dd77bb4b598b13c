"""`tipoff new league NAME`: in a project of its own the skeleton's tests pass under the new name."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tipoff.app.new_league import make_league
from tipoff.core.errors import UsageError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests" / "unit").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "unit" / "test_skeleton.py", tmp_path / "tests" / "unit")
    return tmp_path


def test_a_new_league_is_a_folder_and_a_test_that_passes(project: Path) -> None:
    written = make_league(project, "curling")

    told = [path.relative_to(project).as_posix() for path in written]
    assert {"src/tipoff/leagues/curling/catalog.py", "tests/unit/test_curling.py"} <= set(told)
    assert not [path for path in written if "skeleton" in path.read_text().lower()]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/test_curling.py"],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


@pytest.mark.parametrize("name", ["ab", "curling", "zz"])
def test_a_new_leagues_files_are_in_order_wherever_its_name_stands_in_the_alphabet(project: Path, name: str) -> None:
    written = make_league(project, name)

    config = str(ROOT / "pyproject.toml")
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--quiet", "--config", config, *written],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_a_new_league_is_replayed_once_the_catalog_names_it(project: Path) -> None:
    make_league(project, "curling")
    leagues = project / "src" / "tipoff" / "leagues" / "catalog.py"
    begun = "from tipoff.leagues.curling.content import CURLING_CONTENT\n" + leagues.read_text()
    leagues.write_text(begun.replace("MLB_CONTENT)}", "MLB_CONTENT, CURLING_CONTENT)}"))

    done, asked = (
        subprocess.run(
            [sys.executable, "-m", "tipoff", *words],
            cwd=project,
            env=os.environ | {"PYTHONPATH": str(project / "src"), "TIPOFF_HOME": str(project / "home")},
            capture_output=True,
            text=True,
            check=False,
        )
        for words in (
            ("replay", "curling", "sample:8", "--world", "sample"),
            ("predictions", "curling", "2030-01-08"),
        )
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "games       14 of 14 proven" in done.stdout
    assert asked.returncode == 2
    assert "curling has no output named 'published_predictions'\n  outputs: schedule" in asked.stderr


def test_a_name_that_is_none_or_taken_and_a_folder_that_is_no_checkout_are_refused(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(UsageError, match="no name"):
        make_league(project, "../x")
    with pytest.raises(UsageError, match="no name"):
        make_league(project, "class")
    for name in ("nba", "catalog"):
        with pytest.raises(UsageError, match="already"):
            make_league(project, name)
    with pytest.raises(UsageError, match="no checkout"):
        make_league(tmp_path_factory.mktemp("other"), "curling")
