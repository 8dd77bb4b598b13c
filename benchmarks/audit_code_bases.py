"""The auditor on ten large, well-known code bases: no crash, and how long its fixes take; what was judged lies in the draws.

`python -m benchmarks.audit_code_bases FOLDER` installs them below FOLDER from the package index and audits each.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.audit_draw import scores

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
LEAST = {"error": 0.9, "warning": 0.6}  # of the judged findings, in the last draw
Pair = tuple[str, dict[str, Any]]  # the name of a code base, and a finding in it


def audit_code_bases(folder: Path | None = None) -> tuple[bool, dict[str, Any]]:
    """Install and audit the ten; hold the last judged draw from code bases that were never seen against the bounds."""
    with tempfile.TemporaryDirectory() as scratch:
        reports = {name: audited(place) for name, place in installed(folder or Path(scratch)).items()}
    counts = {name: report["summary"] for name, report in reports.items()}
    draws = scores()
    measured = {
        "code_bases": counts,
        "lines": sum(one["lines"] for one in counts.values()),
        "crashes": sum(one["auditor_failed_on"] for one in counts.values()),
        "not_read": {
            name: [f["path"] for f in report["findings"] if f["rule"] == "unreadable"]
            for name, report in reports.items()
        },
        "by_rule": dict(Counter(f"{one['level']} {one['rule']}" for _, one in every(reports)).most_common()),
        "draws": draws,
    }
    last = next(reversed(draws.values()), None)
    judged = {} if last is None else {level: last[level]["precision"] for level in LEAST}
    precise = bool(judged) and all(
        judged[level] is not None and judged[level] >= least for level, least in LEAST.items()
    )
    return measured["crashes"] == 0 and precise, measured


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


def version_of(place: Path) -> str:
    """Return the version that is installed in `place`."""
    [found] = [one.name.removesuffix(".dist-info").rpartition("-")[2] for one in place.glob("*.dist-info")]
    return found


def main() -> None:
    """Install, audit, and tell what was found."""
    folder = Path(sys.argv[1])
    places = installed(folder)
    for name, place in places.items():
        print(name, version_of(place), json.dumps(audited(place)["summary"]))


if __name__ == "__main__":
    main()
