"""How long the auditor alone takes to install, and what comes with it: its wheel, into an empty environment, from the index."""

import json
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

from tipoff.core.clock import stopwatch

PACKAGE = Path(__file__).parents[1] / "packages" / "tipoff-audit"
TIMES = 3
MOST_S, MOST_DEPENDENCIES = 5, 4
PIP = ("-m", "pip", "--disable-pip-version-check")


def audit_install() -> tuple[bool, dict[str, Any]]:
    """Install the wheel three times, each into a new environment; hold the median time and the dependencies to the bounds."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, *PIP, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, str(PACKAGE)], check=True
        )
        [wheel] = Path(folder).glob("*.whl")
        runs = [installed(wheel, Path(folder) / str(turn)) for turn in range(TIMES)]
    seconds = [spent for spent, _ in runs]
    others = sorted(name for name in runs[0][1] if name != "tipoff-audit")
    median = statistics.median(seconds)
    return median <= MOST_S and len(others) <= MOST_DEPENDENCIES, {
        "seconds": seconds,
        "median_s": median,
        "dependencies": others,
    }


def installed(wheel: Path, place: Path) -> tuple[float, list[str]]:
    """Return how long the installation took, by the wall clock, and all that was installed; the command must answer."""
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    began = stopwatch()
    subprocess.run([python, *PIP, "install", "--quiet", str(wheel)], check=True)
    spent = round(stopwatch() - began, 2)
    subprocess.run([place / "bin" / "tipoff-audit", "--version"], check=True, stdout=subprocess.DEVNULL)
    told = subprocess.run([python, *PIP, "list", "--format=json"], check=True, capture_output=True, text=True)
    return spent, [one["name"] for one in json.loads(told.stdout) if one["name"] not in {"pip", "setuptools"}]
