"""The cases written without sight of the rules: enough of them, from public reports too, and near twins of each other."""

import difflib
import re
import tomllib
from collections import Counter
from pathlib import Path

from tests.audit.labelled import SLUGS, Case, load

UNSEEN = Path(__file__).parent / "unseen"
KINDS = tomllib.loads((UNSEEN / "kinds.toml").read_text(encoding="utf-8"))
REPORT = re.compile(r"https://\S+")


def cases() -> list[Case]:
    return list(load(UNSEEN / "cases", SLUGS | set(KINDS)))


def origins() -> list[str]:
    files = sorted((UNSEEN / "cases").glob("*.toml"))
    return [case["origin"] for file in files for case in tomllib.loads(file.read_text(encoding="utf-8"))["case"]]


def text_of(case: Case) -> list[str]:
    return [line for path in sorted(case.files) for line in case.files[path].splitlines()]


def test_there_are_150_of_them_and_20_public_reports() -> None:
    reports = {report.group() for origin in origins() if (report := REPORT.match(origin))}

    assert sum(case.kind == "bad" for case in cases()) >= 150
    assert len(reports) >= 20


def test_a_kind_is_no_rule_and_each_has_its_cases() -> None:
    n_cases = Counter(case.slug for case in cases() if case.kind == "bad")

    assert set(KINDS) & SLUGS == set()
    assert {kind for kind in KINDS if n_cases[kind] < 3} == set()


def test_a_right_version_shares_most_of_its_lines_with_the_wrong_one() -> None:
    all_cases = cases()
    pairs = zip(all_cases[::2], all_cases[1::2], strict=True)
    alike = [difflib.SequenceMatcher(None, text_of(bad), text_of(good)).ratio() for bad, good in pairs]

    assert sum(ratio >= 0.5 for ratio in alike) >= 0.95 * len(alike)
