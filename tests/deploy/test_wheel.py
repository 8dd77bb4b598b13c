"""The wheel: built once, installed into an environment of its own, it works, and says from which commit; what drifts is seen."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tipoff.core.build import commit

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it, beside the locked libraries; returns the environment."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    [wheel] = (folder / "dist").glob("*.whl")
    place = folder / "env"
    venv.create(place, with_pip=False)
    target = place / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install", "--quiet"]
    subprocess.run(
        [*pip, "--disable-pip-version-check", "--no-deps", "--no-index", str(wheel)], check=True, timeout=120
    )
    # a path alone: its own .pth files do not count
    (target / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place


def run(place: Path, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith(("TIPOFF_", "PYTHON"))}
    return subprocess.run(
        [str(place / "bin" / "tipoff"), *arguments],
        env=known | {"TIPOFF_HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_command_works_and_a_sample_day_can_be_replayed_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    helped = run(installed, "--help", home=tmp_path)
    demo = run(installed, "demo", "--days", "2", home=tmp_path)

    assert (helped.returncode, "doctor" in helped.stdout) == (0, True)
    assert demo.returncode == 0, demo.stderr
    assert "The sample league is synthetic" in demo.stdout


def test_the_doctor_knows_the_commit_and_sees_a_file_that_was_edited_in_place(installed: Path, tmp_path: Path) -> None:
    told = json.loads(run(installed, "doctor", "--json", home=tmp_path).stdout)
    healthy = {one["what"]: one for one in told["looked_at"]}
    [rule] = installed.glob("lib/*/site-packages/tipoff/core/gate.py")
    was = rule.read_text()
    rule.write_text(was + "\n# an edit on the machine\n")

    drifted = run(installed, "doctor", home=tmp_path)
    rule.write_text(was)

    assert healthy["build"]["said"].endswith(f"+{commit()[:12]}")
    assert healthy["installed files"]["ok"]
    assert "files are as they were built" in healthy["installed files"]["said"]
    assert drifted.returncode == 1
    assert "WRONG installed files: not as built: tipoff/core/gate.py" in drifted.stdout


def test_the_wheel_carries_its_sql_and_its_migrations(installed: Path) -> None:
    [package] = installed.glob("lib/*/site-packages/tipoff")

    here = {
        path.relative_to(package) for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    source = ROOT / "src" / "tipoff"
    there = {
        path.relative_to(source) for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert here == there | {Path("COMMIT")}
