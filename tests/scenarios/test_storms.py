"""Nothing is made over and over: whatever is at fault, the runs of a day are bounded, and the ledger with them.

Each drill holds its fault to three times the runs of its quiet twin, too; here the faults last for all of the days.
"""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tipoff.app.loop import replay
from tipoff.core.clock import SimClock, league_day
from tipoff.drills.faults.files import read_faults
from tipoff.drills.instance import drill_instance
from tipoff.engine.budget import A_DAY, A_START
from tipoff.engine.plan import opening_of
from tipoff.leagues.nba.league import NBA, sample_season
from tipoff.leagues.nba.world.sample import SampleNba
from tipoff.ledger import schema

DAYS = 3
MOST_STARTS = 8  # different ones of a sample slate
ALWAYS = {"from": "day 1 00:00", "to": "day 9 00:00"}
CONSTANT = {"kind": "step", "how": "constant", "column": "median", "value": 12.5, "output": "quantile_regression"}
RAISES = {"kind": "step", "how": "raises", "output": "candidates"}
GONE = {"kind": "http", "how": "status", "status": 503, "source": "stats.nba.com"}


def played(home: Path, *faults: dict[str, object]) -> tuple[int, int, int]:
    """Replay sample days; returns the runs, the most of one slate of one output in a day, and the ledger's bytes."""
    season = sample_season(DAYS)
    read = read_faults([fault | ALWAYS for fault in faults], season.first_day)
    world = SampleNba(first_day=season.first_day, days=DAYS, season=season.name, faults=read)
    clock = SimClock(opening_of(NBA, season, season.first_day))
    stage, outages, watch = drill_instance(home, NBA, season, world, clock, read)
    try:
        until = clock.now() + timedelta(days=DAYS + 1)
        replay(stage, clock, until=until, progress=lambda _: None, outages=outages)
        [runs] = stage.ledger.rows(select(func.count().label("n")).select_from(schema.runs))
        per_day: Counter[tuple[object, ...]] = Counter()
        for row in stage.ledger.rows(select(schema.runs.c.output, schema.runs.c.day, schema.runs.c.started_at)):
            per_day[row["output"], row["day"], league_day(row["started_at"])] += 1
    finally:
        watch.close()
        stage.close()
    return runs["n"], max(per_day.values()), (home / "ledger.db").stat().st_size


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, int, int]:
    return played(tmp_path_factory.mktemp("quiet"))


@pytest.fixture(scope="module")
def constant(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, int, int]:
    return played(tmp_path_factory.mktemp("constant"), CONSTANT)


@pytest.mark.parametrize(
    "fault", [None, RAISES, GONE], ids=["constant predictions", "a step raises", "a source is gone"]
)
def test_a_fault_that_lasts_makes_at_most_three_times_the_runs_of_the_same_days_without_it(
    quiet: tuple[int, int, int], constant: tuple[int, int, int], tmp_path: Path, fault: dict[str, object] | None
) -> None:
    n_runs, most, n_bytes = played(tmp_path, fault) if fault else constant

    assert n_runs <= 3 * quiet[0]
    assert n_bytes <= 3 * quiet[2]
    assert most <= A_DAY + A_START * MOST_STARTS + 12  # one in two hours


def test_days_of_constant_predictions_make_no_more_than_two_hundred_runs_each(
    quiet: tuple[int, int, int], constant: tuple[int, int, int]
) -> None:
    n_runs, _, _ = constant

    assert n_runs <= 200 * (DAYS - 1)
    assert quiet[1] <= A_DAY / 3  # the budget is far from what a quiet day needs
