"""A claim measured piece by piece: each piece is kept as it comes, so that an interrupted proof goes on where it stopped."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def commit() -> str:
    """Return the commit that is measured."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    return done.stdout.strip()


class Pieces:
    """The pieces of one claim that are measured at this commit, by name; they stand in .tipoff/prove, a line each."""

    def __init__(self, claim: str) -> None:
        """Read the pieces that are there."""
        self._path = ROOT / ".tipoff" / "prove" / commit() / f"{claim}.jsonl"
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        self.kept: dict[str, Any] = dict(json.loads(line) for line in lines)

    def keep(self, name: str, measured: Any) -> None:  # noqa: ANN401 -- whatever JSON can hold
        """Write a piece down at once."""
        line = json.dumps([name, measured], default=str)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(line + "\n")
        self.kept[name] = json.loads(line)[1]
        print(f"  {name}", flush=True)

    def once(self, name: str, measure: Callable[[], Any], *, holds: Callable[[Any], bool] = bool) -> Any:  # noqa: ANN401 -- whatever JSON can hold
        """Return a piece; it is measured unless one that holds is kept."""
        if name not in self.kept or not holds(self.kept[name]):
            self.keep(name, measure())
        return self.kept[name]
