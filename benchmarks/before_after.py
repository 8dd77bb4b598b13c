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
LOCK = "requirements.lock"
LIMIT_S = 120


def before_after() -> tuple[bool, dict[str, Any]]:
    """Return whether each input makes another thing now, and none ends in a traceback; and what each makes."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        old = _as_it_was(Path(folder))
        for name in PROBES:
            point, _, what = name.partition(": ")
            before, now = (_made(name, sources) for sources in (old, (ROOT / "src",)))
            found.append({"point": point, "what": what, "before": before, "now": now})
    bad = [
        one["what"] for one in found if one["before"] == one["now"] or one["now"].startswith(("it ends", "a traceback"))
    ]
    return not bad, {"tried": TRIED, "inputs": found, "as_before": bad}


def _as_it_was(folder: Path) -> tuple[Path, Path]:
    """Lay the code as it was into `folder`, and the libraries that its lock names: where each of the two is imported from."""
    archive = subprocess.run(["git", "archive", TRIED, "src", LOCK], cwd=ROOT, capture_output=True, check=True)  # noqa: S607
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tree:
        tree.extractall(folder, filter="data")
    libraries = folder / "libraries"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*install, "--require-hashes", "--target", libraries, "-r", folder / LOCK], check=True)
    return folder / "src", libraries


def _made(name: str, sources: tuple[Path, ...]) -> str:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (*sources, ROOT)))}
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
