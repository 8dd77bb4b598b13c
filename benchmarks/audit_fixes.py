"""What `--fix` does to others' code bases: whether each changed file compiles, what it costs beside the audit, what changes.

`python -m benchmarks.audit_fixes make FOLDER` copies each code base of FOLDER/src, audits it from nothing, fixes
it from nothing (both with a cache of their own), and writes FOLDER/fixes.jsonl: each changed file, with the lines that changed.
`sample FOLDER SEED` draws 100 of the changes, to be judged by the one question whether anything changes but the fault. `keep
FOLDER` keeps the verdicts, places and figures as docs/evidence/audit_fixes.json, nothing of the code.
"""

import difflib
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.prove import claim

SAMPLE, MOST_TIMES = 100, 2.0


def make(folder: Path) -> None:
    """Audit and fix each code base; one that is done is not done again."""
    done = folder / "fixes.jsonl"
    known = {json.loads(row)["base"] for row in done.read_text().splitlines()} if done.exists() else set()
    for base in sorted(one for one in (folder / "src").iterdir() if one.is_dir() and one.name not in known):
        with done.open("a") as out:
            out.write(json.dumps(fixed(base)) + "\n")


def fixed(base: Path) -> dict[str, Any]:
    """Return what fixing a copy of the code base came to."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / base.name
        shutil.copytree(base, copy, symlinks=True)
        audit_s, _ = _run(copy)
        fix_s, said = _run(copy, "--fix", "--write")
        changed = list(_changed(base, copy, said))
    return {"base": base.name, "audit_s": audit_s, "fix_s": fix_s, "changed": changed}


def _run(place: Path, *arguments: str) -> tuple[float, str]:
    """Return the processors' time of one run with a cache of its own, and what it said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "tipoff_audit", ".", "--cache-dir", cache, *arguments]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        sys.exit(f"{place.name} ended with {done.returncode}: {done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2), done.stdout


def _changed(base: Path, copy: Path, said: str) -> Iterator[dict[str, Any]]:
    """Yield each file that `--fix` says it changed: whether it compiles, and the changed lines."""
    for path in sorted({line[6:] for line in said.splitlines() if line.startswith("+++ b/")}):
        old, new = ((root / path).read_bytes() for root in (base, copy))
        if old == new:
            continue
        try:
            compile(new, path, "exec", dont_inherit=True)
            compiles = True
        except (SyntaxError, ValueError):
            compiles = False
        was, now = (text.decode("utf-8", "replace").splitlines() for text in (old, new))
        hunks = [line for line in difflib.unified_diff(was, now, lineterm="", n=0) if line[:3] not in {"---", "+++"}]
        yield {"path": path, "compiles": compiles, "hunks": hunks}


def sample(folder: Path, seed: str) -> None:
    """Draw the changes to be judged."""
    changes = [
        {"base": row["base"], "path": one["path"], "hunk": hunk}
        for row in map(json.loads, (folder / "fixes.jsonl").read_text().splitlines())
        for one in row["changed"]
        for hunk in "\n".join(one["hunks"]).split("\n@@ ")
    ]
    dice = random.Random(seed)  # noqa: S311 -- a draw that can be repeated
    dice.shuffle(changes)
    with (folder / "sample.jsonl").open("w") as out:
        out.writelines(json.dumps(one | {"verdict": "", "why": ""}) + "\n" for one in changes[:SAMPLE])
    print(len(changes), "changes")


def keep(folder: Path) -> None:
    """Keep what was measured and judged."""
    rows = [json.loads(row) for row in (folder / "fixes.jsonl").read_text().splitlines()]
    judged = [json.loads(row) for row in (folder / "sample.jsonl").read_text().splitlines()]
    files = [one | {"base": row["base"]} for row in rows for one in row["changed"]]
    audit_s, fix_s = (round(sum(row[name] for row in rows), 1) for name in ("audit_s", "fix_s"))
    broken = [f"{one['base']} {one['path']}" for one in files if not one["compiles"]]
    other = [one for one in judged if one["verdict"] != "same"]
    measured = {
        "code_bases": len(rows),
        "files_changed": len(files),
        "do_not_compile": broken,
        "audit_cpu_s": audit_s,
        "fix_cpu_s": fix_s,
        "times": round(fix_s / audit_s, 2),
        "judged": len(judged),
        "behaviour_changes": [f"{one['base']} {one['path']}: {one['why']}" for one in other],
        "verdicts": [{name: one[name] for name in ("base", "path", "verdict", "why")} for one in judged],
    }
    ok = not broken and not other and measured["times"] <= MOST_TIMES
    claim("audit_fixes", lambda: (ok, measured))


def main() -> None:
    """Do what the first word says."""
    match sys.argv[1:]:
        case ["make", folder]:
            make(Path(folder).resolve())
        case ["sample", folder, seed]:
            sample(Path(folder).resolve(), seed)
        case ["keep", folder]:
            keep(Path(folder).resolve())
        case _:
            sys.exit("say: make FOLDER, sample FOLDER SEED, or keep FOLDER")


if __name__ == "__main__":
    main()
