"""The auditor stands alone: it imports nothing of Tipoff, and each of its folders only those below it."""

import ast
import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "packages" / "tipoff-audit"
SOURCE = PACKAGE / "src" / "tipoff_audit"
FLOORS = {  # each folder, and those that it may import from beside itself and the modules that stand in none
    "reading": set(),
    "rules": {"reading"},
    "project": {"reading", "rules"},
    "output": {"reading", "rules"},
    "fix": {"reading", "rules", "project"},
}
BELOW_ALL = {"finding", "errors", "build"}  # modules that everything may import
REPORTS = {"report", "settings", "baseline", "ranking"}


def imports() -> list[tuple[str, str]]:
    """Return each module of the distribution with each name of Tipoff's or its own that it imports."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found += [(place, name) for name in names if name.partition(".")[0] in {"tipoff", "tipoff_audit"}]
    return found


def test_nothing_of_tipoff_is_imported() -> None:
    assert [one for one in imports() if one[1].partition(".")[0] == "tipoff"] == []


def test_each_folder_imports_only_from_those_below_it() -> None:
    wrong = []
    for place, name in imports():
        folder, other = place.partition("/")[0], [*name.split("."), ""][1]
        allowed = FLOORS.get(folder)
        if allowed is None or other in {*allowed, folder, *BELOW_ALL, ""}:
            continue
        if other in REPORTS and folder in {"project", "output", "fix"}:
            continue
        wrong.append(f"{place} imports {name}")
    assert wrong == []


def test_it_needs_four_distributions_at_most() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]

    assert len(project["dependencies"]) <= 4


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the auditor's wheel and what it needs, and nothing else."""
    folder = tmp_path_factory.mktemp("alone")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=PACKAGE, check=True, capture_output=True, timeout=120)
    [wheel] = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False)
    site = folder / "env" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "env" / "bin" / "python"), "install", "--quiet"]
    subprocess.run(
        [*pip, "--disable-pip-version-check", "--no-deps", "--no-index", str(wheel)], check=True, timeout=120
    )
    for name in ("click", "sqlglot"):
        found = __import__(name)
        (site / name).symlink_to(Path(str(found.__file__)).parent)
    return folder / "env"


def test_the_wheel_alone_audits_with_its_own_command(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def keep(client, rows):\n    return client.insert_rows_json('p.d.t', rows)\n")
    known = {name: value for name, value in os.environ.items() if not name.startswith(("TIPOFF_", "PYTHON"))}

    command = [str(environment / "bin" / "tipoff-audit"), "--no-cache", "--fail-on", "note"]
    done = subprocess.run(command, cwd=tmp_path, env=known, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 1, done.stderr
    assert "streaming-insert" in done.stdout
