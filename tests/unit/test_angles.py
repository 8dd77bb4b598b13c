"""The angles: each is looked from by a check of every league that has any; what is told at once is really told by somebody."""

import fnmatch
import re
from pathlib import Path

import pytest
from benchmarks.angles import ANGLES, CHECKS, by_angle
from benchmarks.checks_page import HEAD, page

from tipoff.core.league import League
from tipoff.leagues.catalog import CONTENTS

ROOT = Path(__file__).parents[2]
CHECKED = [
    content.live.of(content.league) if content.live else content.league
    for content in CONTENTS.values()
    if content.league.checks
]


@pytest.mark.parametrize("league", CHECKED, ids=lambda league: league.name)
def test_every_angle_is_covered_by_a_check(league: League) -> None:
    covered = by_angle(league.checks)

    assert [angle.number for angle in ANGLES] == list(range(1, 34)) == list(CHECKS)
    assert [angle.name for angle in ANGLES if not covered[angle.number]] == []


def test_every_check_that_an_angle_names_exists() -> None:
    checks = {check.name for league in CHECKED for check in league.checks}
    known = checks | {name.rpartition(".")[2] for name in checks}

    assert [name for names in CHECKS.values() for name in names.split() if not fnmatch.filter(known, name)] == []


@pytest.mark.parametrize("league", CHECKED, ids=lambda league: league.name)
def test_every_check_says_what_it_claims_what_to_do_and_has_a_name_of_its_own(league: League) -> None:
    names = [check.name for check in league.checks]

    assert len(set(names)) == len(names)
    assert max(len(name) for name in names) <= 64  # a finding's column is no wider
    assert [
        check.name for check in league.checks if not check.claim or not check.do or not (check.sql or check.look)
    ] == []


def test_what_an_angle_says_is_told_at_once_is_a_finding_of_the_engine_or_the_watchers() -> None:
    told = "\n".join(
        path.read_text() for floor in ("engine", "watch") for path in (ROOT / "src/tipoff" / floor).rglob("*.py")
    )

    assert [name for angle in ANGLES for name in angle.also if not re.search(rf'"{name}"', told)] == []


def test_every_check_that_the_page_names_as_an_example_exists() -> None:
    named = re.findall(r"`([a-z_.]+)`", "\n".join(line for line in HEAD.splitlines() if line.startswith("|")))
    names = {check.name for league in CHECKED for check in league.checks}

    assert [name for name in named if name not in names | {n.rpartition(".")[2] for n in names}] == []


def test_the_page_of_checks_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "checks.md").read_text() == "\n".join(page()) + "\n", "make reference"
