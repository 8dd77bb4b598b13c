"""The auditor on ten large, well-known code bases: no crash, and a sample of its findings to be judged by hand.

`python -m benchmarks.audit_code_bases FOLDER [SAMPLE.tsv]` installs them below FOLDER from the package index, audits each, and
writes the sample. What was judged stands in docs/evidence/audit_judged.tsv: places and verdicts, nothing of the code itself.
"""

import csv
import hashlib
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
JUDGED = ROOT / "docs" / "evidence" / "audit_judged.tsv"
VERSIONS = {
    "apache-airflow-core": "3.3.2",
    "dagster": "1.13.29",
    "prefect": "3.9.1",
    "dlt": "1.31.0",
    "luigi": "3.8.1",
    "sqlmesh": "0.236.4",
    "great_expectations": "1.24.1",
    "celery": "5.7.0",
    "django": "5.2.19",
    "pandas": "3.1.1",
}
SAMPLE, BELOW, SEED = 200, 170, "audit-field-below-1"
LEAST_PRECISION = 0.85  # of the findings at error
Pair = tuple[str, dict[str, Any]]  # the name of a code base, and a finding in it
FIELDS = ("package", "version", "path", "line", "rule", "level", "guards", "verdict", "why")
RIGHT, WRONG = "right", "wrong"


def audit_code_bases(folder: Path | None = None) -> tuple[bool, dict[str, Any]]:
    """Install and audit the ten; hold what was judged against what is found now, and against the bound."""
    with tempfile.TemporaryDirectory() as scratch:
        reports = {name: audited(place) for name, place in installed(folder or Path(scratch)).items()}
    counts = {name: report["summary"] for name, report in reports.items()}
    rows = judged()
    found = {(name, one["path"], str(one["line"]), one["rule"]) for name, one in every(reports)}
    gone = [row for row in rows if (row["package"], row["path"], row["line"], row["rule"]) not in found]
    measured = {
        "code_bases": counts,
        "lines": sum(one["lines"] for one in counts.values()),
        "crashes": sum(one["auditor_failed_on"] for one in counts.values()),
        "not_read": {
            name: [f["path"] for f in report["findings"] if f["rule"] == "unreadable"]
            for name, report in reports.items()
        },
        "by_rule": dict(Counter(f"{one['level']} {one['rule']}" for _, one in every(reports)).most_common()),
        "judged": precision(rows),
        "judged_by_rule": by_rule(rows),
        "judged_and_no_longer_found": len(gone),
    }
    at_error = measured["judged"].get("error")
    precise = at_error is not None and at_error["precision"] >= LEAST_PRECISION
    ok = measured["crashes"] == 0 and len(rows) >= SAMPLE and not gone and precise
    return ok, measured


def installed(folder: Path, names: Iterable[str] = tuple(VERSIONS)) -> dict[str, Path]:
    """Install each named code base, without what it depends on, into a folder of its own; return the folders by name."""
    places = {}
    for name in names:
        places[name] = folder / name
        if not places[name].is_dir():
            pip = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
                "--no-compile",
            ]
            subprocess.run([*pip, "--target", str(places[name]), f"{name}=={VERSIONS[name]}"], check=True)
    return places


def audited(place: Path) -> dict[str, Any]:
    """Return the report of one code base, from nothing, through the command."""
    command = [sys.executable, "-m", "tipoff", "audit", ".", "--json", "--no-cache"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        sys.exit(f"the audit of {place} ended with {done.returncode}: {done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def every(reports: Mapping[str, dict[str, Any]]) -> Iterator[Pair]:
    """Yield each finding with the name of its code base, but for files that were not read: these are no opinion."""
    for name, report in reports.items():
        yield from ((name, one) for one in report["findings"] if one["rule"] != "unreadable")


def sample(reports: Mapping[str, dict[str, Any]]) -> list[Pair]:
    """Draw every finding at error, for there lies the bound; below it, BELOW by a hash, over rules and levels, and code bases."""
    pairs = list(every(reports))
    strata: dict[tuple[str, str], dict[str, list[Pair]]] = {}
    for name, one in sorted((pair for pair in pairs if pair[1]["level"] != "error"), key=_drawn):
        strata.setdefault((one["rule"], one["level"]), {}).setdefault(name, []).append((name, one))
    queues = [
        [pair for turn in _turns(strata[key].values()) for pair in sorted(turn, key=_drawn)] for key in sorted(strata)
    ]
    dealt = (pair for turn in _turns(queues) for pair in turn)
    return [*(pair for pair in pairs if pair[1]["level"] == "error"), *islice(dealt, BELOW)]


def _drawn(pair: Pair) -> bytes:
    name, one = pair
    return hashlib.sha256(f"{SEED} {name} {one['fingerprint']} {one['line']}".encode()).digest()


def _turns(queues: Iterable[list[Pair]]) -> Iterator[list[Pair]]:
    """Yield the first of each queue, then the second of each, until all are empty."""
    yield from ([pair for pair in turn if pair is not None] for turn in zip_longest(*queues))


def version_of(place: Path) -> str:
    """Return the version that is installed in `place`."""
    [found] = [one.name.removesuffix(".dist-info").rpartition("-")[2] for one in place.glob("*.dist-info")]
    return found


def judged() -> list[dict[str, str]]:
    """Return the judged findings."""
    if not JUDGED.exists():
        return []
    with JUDGED.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def precision(rows: list[dict[str, str]]) -> dict[str, Any]:
    """Return, by level, how many were judged and what share of them was right."""
    return {
        level: _share([row for row in rows if row["level"] == level])
        for level in sorted({row["level"] for row in rows})
    }


def by_rule(rows: list[dict[str, str]]) -> dict[str, Any]:
    """Return the same by level and rule: a rule that speaks at two levels is as good as each of them, not as their mean."""
    keys = sorted({(row["level"], row["rule"]) for row in rows})
    return {
        f"{level} {rule}": _share([row for row in rows if (row["level"], row["rule"]) == (level, rule)])
        for level, rule in keys
    }


def _share(rows: list[dict[str, str]]) -> dict[str, Any]:
    right = sum(row["verdict"] == RIGHT for row in rows)
    return {"judged": len(rows), "right": right, "precision": round(right / len(rows), 3)}


def main() -> None:
    """Install, audit, and write the sample to be judged."""
    folder = Path(sys.argv[1])
    places = installed(folder)
    reports = {name: audited(place) for name, place in places.items()}
    for name, report in reports.items():
        print(name, version_of(places[name]), json.dumps(report["summary"]))
    if len(sys.argv) > 2:
        with Path(sys.argv[2]).open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, delimiter="\t", extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            for name, one in sample(reports):
                writer.writerow(one | {"package": name, "version": version_of(places[name]), "verdict": "", "why": ""})


if __name__ == "__main__":
    main()
