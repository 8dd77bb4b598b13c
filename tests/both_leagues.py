"""Both sample leagues replayed on one clock; as a process that may be killed: `python -m tests.both_leagues HOME DAYS MOMENT`."""

import sys
from pathlib import Path

from tests.second_league import BATS, BatsWorld, bats_season
from tests.support import sample_spec

from tipoff.app.instance import ReplaySpec
from tipoff.app.replay import run_together
from tipoff.config import Settings
from tipoff.drills.faults.hooks import kill_at


def both(days: int) -> list[ReplaySpec]:
    """Return replays of the first days of each league."""
    season = bats_season(days)
    bats = ReplaySpec(league=BATS, season=season, days=(season.first_day, season.last_day), world=BatsWorld(days))
    return [sample_spec(days), bats]


def main() -> None:
    """Replay both, and die at the moment that is named."""
    home, days, moment = sys.argv[1:]
    run_together(Settings(home=Path(home)), both(int(days)), progress=lambda _: None, at=kill_at(moment))


if __name__ == "__main__":
    main()
