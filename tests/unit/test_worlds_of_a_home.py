"""A home is of one world: what is asked of real providers and what is made up never stand in one table."""

from contextlib import closing
from pathlib import Path

import pytest

from tipoff.app.live import sample_live
from tipoff.app.providers import must_be_free
from tipoff.config import Settings
from tipoff.core.clock import RealClock
from tipoff.core.errors import UsageError
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Batch, Ledger


def home_of(world: str, folder: Path) -> Settings:
    settings = Settings(home=folder)
    with closing(Ledger(settings.place.ledger)) as ledger:
        batch = Batch()
        batch.fact("world", world, league=NBA.name)
        batch.fact("live since", "2024-03-01", league=NBA.name)
        ledger.commit(batch)
    return settings


def test_the_sample_world_is_refused_in_a_home_of_the_real_providers(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nba is of the world 'live'"):
        sample_live(home_of("live", tmp_path), NBA, RealClock())


def test_real_providers_are_refused_in_a_home_of_the_sample_world(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nba is of the world 'sample'"):
        must_be_free(home_of("sample", tmp_path), NBA.name)
