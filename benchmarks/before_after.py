"""The same inputs given to the code as it was when it was tried, and as it is: `python -m benchmarks.before_after`."""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.before_probes import PROBES

ROOT = Path(__file__).parents[1]
TRIED = "399de7db81"  # the code as it was when it was tried
LIMIT_S = 120


def before_after() -> tuple[bool, dict[str, Any]]:
    """Return whether each input makes another thing now, and none ends in a traceback; and what each makes."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", TRIED, "src"], cwd=ROOT, capture_output=True, check=True)  # noqa: S607
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tree:
            tree.extractall(folder, filter="data")
        for name in PROBES:
            point, _, what = name.partition(": ")
            before, now = (_made(name, source) for source in (Path(folder) / "src", ROOT / "src"))
            found.append({"point": point, "what": what, "before": before, "now": now})
    bad = [
        one["what"] for one in found if one["before"] == one["now"] or one["now"].startswith(("it ends", "a traceback"))
    ]
    return not bad, {"tried": TRIED, "inputs": found, "as_before": bad}


def _made(name: str, source: Path) -> str:
    environment = os.environ | {"PYTHONPATH": f"{source}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.before_probes", name],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    return lines[-1] if lines else f"it ends with {done.stderr.strip().splitlines()[-1][:100]}"


if __name__ == "__main__":
    print(before_after())
