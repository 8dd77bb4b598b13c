"""How many small changes of the engine's rules a unit test notices: each changed rule must make one fail.

`python -m benchmarks.mutants [--modules judge gates …] [--out FILE]`. mutmut changes one expression at a time in a copy of the
code and runs the unit tests that reach it. It is installed in a virtual environment of its own that sees this one's packages, so
that nothing of it is a dependency. Writes the score by module; exits with 1 below 90 %.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
WORK = ROOT / ".venv-mutants"
RULES = ("judge", "gates", "book", "results")  # what must be noticed
BESIDE = ("conflicts", "rules", "attempts", "inputs", "runplan", "budget")  # what these four have handed over
TESTS = ("judge", "gates", "book", "results", "attempts", "times_of_units")
LEAST = 0.9
_SURVIVED = {"survived", "no tests", "suspicious", "timeout"}  # a test that hangs has noticed, but nobody is told what


def install() -> Path:
    """Make the environment with mutmut, once; returns its Python."""
    home = WORK / "venv"
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "mutmut==3.*"], check=True)
    found = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    (Path(found.stdout.strip()) / "project.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return python


def prepare(modules: tuple[str, ...]) -> Path:
    """Lay out a copy of the code with the tests of these rules and mutmut's settings; returns its folder."""
    place = WORK / "copy"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(ROOT / "src", place / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "tests" / "unit").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "engine.py", place / "tests")
    for name in TESTS:
        shutil.copy(ROOT / "tests" / "unit" / f"test_{name}.py", place / "tests" / "unit")
    only = "\n".join(f"    src/tipoff/engine/{module}.py" for module in modules)
    (place / "setup.cfg").write_text(
        "[mutmut]\nsource_paths=\n    src\nonly_mutate=\n"
        f"{only}\npytest_add_cli_args_test_selection=\n    tests/unit\n"
        "pytest_add_cli_args=\n    -p\n    no:cacheprovider\n    -p\n    no:warnings\nalso_copy=\n    tests\n"
    )
    return place


def run(python: Path, place: Path) -> dict[str, Counter[str]]:
    """Try every mutant; returns how they ended, by module."""
    environment = os.environ | {"PYTHONPATH": "."}
    told = [str(python), "-m", "mutmut"]
    log = place / "run.log"
    with log.open("w") as output:  # a line for each mutant and turn of a wheel
        subprocess.run(
            [*told, "run", "--max-children", "2"], cwd=place, env=environment, check=False, stdout=output, stderr=output
        )
    shown = subprocess.run(
        [*told, "results", "--all", "true"], cwd=place, env=environment, check=True, capture_output=True, text=True
    )
    found: dict[str, Counter[str]] = {}
    for name, fate in re.findall(r"^\s*(\S+): (.+)$", shown.stdout, re.MULTILINE):
        module = name.split(".x")[0].rpartition(".")[2]
        found.setdefault(module, Counter())[fate.strip()] += 1
        if fate.strip() in _SURVIVED:
            sys.stderr.write(f"{fate}: {name}\n")
    return found


def main(arguments: list[str]) -> int:
    """Measure, write down, and say whether it is enough."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--modules", nargs="*", default=[*RULES, *BESIDE])
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args(arguments)
    found = run(install(), prepare(tuple(asked.modules)))
    rows: dict[str, dict[str, Any]] = {}
    for module, fates in sorted(found.items()):
        n, n_alive = sum(fates.values()), sum(count for fate, count in fates.items() if fate in _SURVIVED)
        rows[module] = {"mutants": n, "noticed": n - n_alive, "score": round(1 - n_alive / n, 4) if n else 1.0}
    n = sum(row["mutants"] for row in rows.values())
    n_noticed = sum(row["noticed"] for row in rows.values())
    score = n_noticed / n if n else 0.0
    document = {"score": round(score, 4), "mutants": n, "noticed": n_noticed, "modules": rows}
    sys.stdout.write(json.dumps(document, indent=1) + "\n")
    if asked.out:
        asked.out.write_text(json.dumps(document, indent=1) + "\n")
    return 0 if score >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
