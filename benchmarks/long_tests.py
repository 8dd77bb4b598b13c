"""The tests that `make test` leaves out, those marked `prove`: run whole, none may fail or be skipped."""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
APART = "tests/contract"  # the claim `bigquery_contract` runs all of these
Measured = tuple[bool, dict[str, Any]]


def long_tests() -> Measured:
    """Run every test that is marked so, but for the warehouses' promises, which are a claim of their own."""
    code, cases = tested("tests", f"--ignore={APART}", "-m", "prove")
    names = sorted(f"{case.get('classname')}.{case.get('name')}" for case in cases)
    bad = bad_of(cases)
    return code == 0 and not bad and bool(names), {"tests": names, "failed_or_skipped": bad}


def tested(*arguments: str) -> tuple[int, list[ET.Element]]:
    """Run pytest in a process of its own; returns its code and the cases of its report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", *arguments, "-q", f"--junitxml={report}"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        return done.returncode, list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314 -- pytest's own


def bad_of(cases: list[ET.Element]) -> list[str]:
    """Return which cases did not pass."""
    kinds = ("failure", "error", "skipped")
    return [str(case.get("name")) for case in cases if any(case.find(kind) is not None for kind in kinds)]
