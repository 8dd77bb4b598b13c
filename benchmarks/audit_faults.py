"""Real faults, before and after the public commit that mended them: whether each is found, and gone afterwards.

`python -m benchmarks.audit_faults FOLDER` audits the folder of each fault in audit_faults.toml as it was before its mending
commit and as it was after it, and writes docs/evidence/audit_faults.json; with `third` behind it, of the third list alone,
and audit_faults_third.json. The histories lie in FOLDER, each in OWNER+NAME (a
git folder, or one that holds it as `repo`); what is not there is cloned from GitHub without its files, which git then fetches
as they are asked for. Found: one of the kind's rules spoke on one of the fault's lines. Gone: after the commit none of them
speaks where these lines have come to stand.
"""

import difflib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.prove import claim
from tipoff_audit.project.walk import is_read

LIST = Path(__file__).with_suffix(".toml")
LEAST = 0.6  # of the faults are found
_NAMES = {"fault": "first_list", "second": "second_list", "third": "third_list"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault: where it stood, from which line to which, and the commit that mended it."""

    repository: str
    mended: str
    path: str
    lines: tuple[int, int]
    below: str
    kind: str
    what: str

    @property
    def name(self) -> str:
        """Return how it is told: the project, the file and the line."""
        return f"{self.repository} {self.path}:{self.lines[0]}"


def faults() -> tuple[dict[str, list[Fault]], dict[str, frozenset[str]]]:
    """Return the lists of faults, and by which rules each kind counts as found."""
    read = tomllib.loads(LIST.read_text(encoding="utf-8"))
    kinds = {kind: frozenset(rules) for kind, rules in read["kinds"].items()}
    lists = {name: read[name] for name in ("fault", "second", "third")}
    return {
        name: [Fault(**one | {"lines": tuple(one["lines"])}) for one in rows] for name, rows in lists.items()
    }, kinds


def audit_faults(folder: Path, wanted: Sequence[str] = ("fault", "second")) -> tuple[bool, dict[str, Any]]:
    """Audit each fault before and after; hold the share that is found, and gone, against the bound, in each list."""
    lists, kinds = faults()
    told = {
        name: summed([measured(one, kinds[one.kind], history(folder, one.repository)) for one in lists[name]])
        for name in wanted
    }
    ok = all(one["share"] >= LEAST and not one["found_and_not_gone"] for one in told.values())
    return ok, {_NAMES[name]: one for name, one in told.items()}


def summed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a list of faults comes to."""
    found = [row for row in rows if row["found"]]
    share = round(len(found) / len(rows), 3)
    stays = [row["fault"] for row in found if not row["gone"]]
    by_kind = Counter(row["kind"] for row in rows)
    return {
        "faults": len(rows),
        "projects": len({row["fault"].partition(" ")[0] for row in rows}),
        "found": len(found),
        "share": share,
        "by_level": dict(Counter(row["level"] for row in found).most_common()),
        "by_kind": {
            kind: {"faults": n, "found": sum(row["kind"] == kind for row in found)} for kind, n in by_kind.most_common()
        },
        "found_and_not_gone": stays,
        "missed": [row["fault"] for row in rows if not row["found"]],
        "rows": rows,
    }


def measured(fault: Fault, rules: frozenset[str], git: Path) -> dict[str, Any]:
    """Return what the auditor says on the fault's lines before its mending, and after it."""
    old, new = (_text(git, commit, fault.path) for commit in (f"{fault.mended}^", fault.mended))
    first, last = fault.lines
    before = _said(git, f"{fault.mended}^", fault, rules, range(first, last + 1))
    after = _said(git, fault.mended, fault, rules, moved(old, new, first, last)) if before else []
    worst = before[0] if before else {}
    return {
        "fault": fault.name,
        "mended": fault.mended,
        "kind": fault.kind,
        "found": bool(before),
        "gone": bool(before) and not after,
        "rule": worst.get("rule", ""),
        "level": worst.get("level", ""),
    }


def moved(before: str, after: str, first: int, last: int) -> range:
    """Return where the lines from `first` to `last` of a text stand in its next version, with what took their place."""
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    begins, ends = [], []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if i1 >= last or i2 < first:
            continue
        begins.append(j1 + max(0, first - 1 - i1) if tag == "equal" else j1)
        ends.append(j1 + min(i2, last) - i1 if tag == "equal" else j2)
    return range(min(begins) + 1, max(ends) + 1) if begins else range(0)


def _said(git: Path, commit: str, fault: Fault, rules: frozenset[str], lines: range) -> list[Mapping[str, Any]]:
    """Return the findings of these rules on these lines, by one audit of the folder; the worst first."""
    with tempfile.TemporaryDirectory() as place:
        names = _git(git, "ls-tree", "-r", "-z", "--name-only", commit, "--", fault.below).decode().split("\0")
        read = [name for name in names if name and is_read(name) is not False]  # a history may lack what is large
        archive = _git(git, "--literal-pathspecs", "archive", "--format=tar", commit, "--", *read)
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(place, filter="data")
        command = [sys.executable, "-m", "tipoff_audit", ".", "--json", "--no-cache"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        sys.exit(f"the audit of {fault.name} at {commit} ended with {done.returncode}: {done.stderr}")
    wanted = {f"{fault.path}:{line}" for line in lines}
    said = [
        one
        for one in json.loads(done.stdout)["findings"]
        if one["rule"] in rules
        and any(place in wanted for place in (f"{one['path']}:{one['line']}", *one.get("copies", ())))
    ]
    return sorted(said, key=lambda one: ("error", "warning", "note").index(one["level"]))


def history(folder: Path, repository: str) -> Path:
    """Return the git folder of a project, cloned if it is not there."""
    place = folder / repository.replace("/", "+")
    if not place.is_dir():
        url = f"https://github.com/{repository}"
        clone = ["git", "clone", "--quiet", "--bare", "--filter=blob:none", url, str(place)]
        subprocess.run(clone, check=True)
    return place / "repo" if (place / "repo").is_dir() else place


def _text(git: Path, commit: str, path: str) -> str:
    return _git(git, "show", f"{commit}:{path}").decode(errors="replace")


def _git(place: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(place), *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def main() -> None:
    """Measure the first two lists, or the third where it is named, and keep what was measured."""
    folder = Path(sys.argv[1]).resolve()
    if sys.argv[2:] == ["third"]:
        sys.exit(0 if claim("audit_faults_third", lambda: audit_faults(folder, ["third"])) else 1)
    sys.exit(0 if claim("audit_faults", lambda: audit_faults(folder)) else 1)


if __name__ == "__main__":
    main()
