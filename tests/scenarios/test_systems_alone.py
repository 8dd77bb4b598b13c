"""A prediction system that raises, never comes or says the same of everybody lowers its own line: the others are published."""

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support import ledger_rows, proofs, with_step

from tipoff.app.loop import replay
from tipoff.core.clock import SimClock
from tipoff.core.league import League
from tipoff.core.step import Step
from tipoff.drills.faults.files import read_faults
from tipoff.drills.instance import drill_instance
from tipoff.engine.plan import opening_of
from tipoff.leagues.nba.league import NBA, sample_season
from tipoff.leagues.nba.systems.catalog import INDEPENDENT
from tipoff.leagues.nba.world.sample import SampleNba

DAYS = 2
WHOLE = {"from": "day 1 00:00", "to": "day 9 00:00"}
WRONG: dict[str, dict[str, Any]] = {
    "raises": {"kind": "step", "how": "raises"},
    "never comes": {"kind": "executor", "how": "drop"},
    "is constant": {"kind": "step", "how": "constant", "column": "median", "value": 12.5},
}


def played(home: Path, wrong: dict[str, Any], league: League = NBA) -> None:
    season = sample_season(DAYS)
    faults = read_faults([wrong | WHOLE], season.first_day)
    world = SampleNba(first_day=season.first_day, days=DAYS, season=season.name, faults=faults)
    clock = SimClock(opening_of(league, season, season.first_day))
    instance, outages, watch = drill_instance(home, league, season, world, clock, faults)
    try:
        until = clock.now() + timedelta(days=DAYS + 1)
        replay(instance, clock, until=until, progress=lambda _: None, outages=outages)
    finally:
        watch.close()
        instance.close()


def unmet(home: Path) -> set[str]:
    return {row["output"] for row in ledger_rows(home, "obligations") if row["state"] not in {"proven", "excused"}}


@pytest.mark.parametrize(
    ("system", "how"),
    [
        ("quantile_regression", "raises"),
        ("quantile_regression", "never comes"),
        ("quantile_regression", "is constant"),
        ("moving_average", "raises"),
        ("moving_average", "never comes"),
    ],
)
def test_one_system_that_fails_lowers_its_own_line_and_no_other(tmp_path: Path, system: str, how: str) -> None:
    played(tmp_path, WRONG[how] | {"output": system})

    of_it_alone = {"published_markets"} if system == "quantile_regression" else set()
    assert unmet(tmp_path) == {system} | of_it_alone
    made = {(output, day, unit) for (output, day, unit), (n_rows, _) in proofs(tmp_path).items() if n_rows}
    games = {(day, unit) for output, day, unit in made if output == "candidates"}
    assert games
    others = {one.name for one in INDEPENDENT} - {system}
    for output in (others | {"published_predictions", "published_markets", "grades"}) - of_it_alone:
        assert {(day, unit) for name, day, unit in made if name == output} == games, output


def test_where_publication_needed_every_system_it_would_be_lost_with_one(tmp_path: Path) -> None:
    """The control: with edges that need each system, the same fault takes the publication with it."""

    def needs_all(step: Step) -> Step:
        return dataclasses.replace(step, edges=tuple(dataclasses.replace(edge, one_of="") for edge in step.edges))

    played(
        tmp_path,
        WRONG["raises"] | {"output": "quantile_regression"},
        with_step("published_predictions", needs_all, league=NBA),
    )

    assert unmet(tmp_path) >= {"quantile_regression", "published_predictions"}
