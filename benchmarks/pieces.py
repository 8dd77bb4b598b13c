"""A claim measured piece by piece: each piece is kept as it comes, so that an interrupted proof goes on where it stopped."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from benchmarks.evidence_page import ROOT, git, paths_of


def code_of(claim: str) -> str:
    """Return a hash of the committed code on which a claim depends."""
    trees = git("rev-parse", *(f"HEAD:{path}" for path in paths_of(f"{claim}.json")))
    trees.check_returncode()
    return hashlib.sha256(trees.stdout.encode()).hexdigest()[:12]


def dice_of(claim: str) -> int:
    """Return the seed of a claim's dice: other code is thrown at anew, for what always passes may pass by its dice alone."""
    return int(code_of(claim), 16)


class Pieces:
    """The pieces of one claim that are measured on this code, by name; they stand in .tipoff/prove, a line each."""

    def __init__(self, claim: str) -> None:
        """Read the pieces that are there."""
        self._path = ROOT / ".tipoff" / "prove" / f"{claim}-{code_of(claim)}.jsonl"
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
