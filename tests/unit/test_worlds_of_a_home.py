"""A home is of one world: what is asked of real providers and what is made up never stand in one table."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from tipoff.app.live import sample_live
from tipoff.app.providers import live_since, must_be_answered, world_of
from tipoff.app.replay import replay_spec
from tipoff.config import Settings
from tipoff.core.clock import RealClock
from tipoff.core.errors import UsageError
from tipoff.leagues import catalog
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Batch, Ledger
from tipoff.sources.content import Content


def home_of(world: str, folder: Path) -> Settings:
    settings = Settings(home=folder)
    with closing(Ledger(settings.place.ledger)) as ledger:
        batch = Batch()
        batch.fact("world", world, league=NBA.name)
        batch.fact("live since", "2024-03-01", league=NBA.name)
        ledger.commit(batch)
    return settings


def test_a_first_start_that_was_stopped_before_its_ledger_was_made_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()

    assert world_of(Settings(home=tmp_path), "nba") == "live"


def test_a_league_whom_nobody_answers_is_refused_and_leaves_no_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "CONTENTS", {"nba": Content(league=NBA)})
    settings = Settings(home=tmp_path)
    ways: Sequence[Callable[[], object]] = (
        lambda: sample_live(settings, NBA, RealClock()),
        lambda: must_be_answered(settings, "nba"),
        lambda: must_be_answered(settings, "nba", "live"),
        lambda: replay_spec(settings, "nba", "sample:1", world="sample", seed=7),
        lambda: replay_spec(settings, "nba", "2024", world="recorded", seed=7),
    )

    for way in ways:
        with pytest.raises(UsageError, match="nba has no") as refused:
            way()
        assert refused.value.hint == catalog.NO_WORLD
    assert list(tmp_path.iterdir()) == []


def test_the_sample_world_is_refused_in_a_home_of_the_real_providers(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nba is of the world 'live'"):
        sample_live(home_of("live", tmp_path), NBA, RealClock())


def test_real_providers_are_refused_in_a_home_of_the_sample_world(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nba is of the world 'sample'"):
        live_since(home_of("sample", tmp_path), NBA.name, "live", date(2024, 1, 10))
