"""What concerns a home, and none of its leagues alone, is told once on every channel, whatever leagues that is for."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tipoff.app.monitor import Live, keep_looking
from tipoff.config import ChannelSettings, Settings
from tipoff.core.clock import Stop
from tipoff.leagues.mlb.league import MLB
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import watching
from tipoff.ledger.alerts import AlertStore

NOW = datetime(2024, 1, 10, 17, tzinfo=UTC)


class AnHourLater:
    """A clock that is an hour later with each look, and stops after three."""

    speed = 1.0

    def __init__(self, stop: Stop) -> None:
        self._stop, self._looks = stop, 0

    def now(self) -> datetime:
        return NOW + timedelta(hours=self._looks)

    def timer(self, _length: timedelta) -> Callable[[], float]:
        self._looks += 1
        if self._looks == 3:
            self._stop.set()
        return lambda: 0.0


def test_a_sentinel_that_is_not_there_is_told_once_on_each_channel_of_a_home_with_two_leagues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOBODY", "http://127.0.0.1:9/")
    channels = {
        "all": ChannelSettings(url_env="NOBODY"),
        "theirs": ChannelSettings(url_env="NOBODY", leagues=["mlb"]),
    }
    settings, stop, said = Settings(home=tmp_path, channels=channels), Stop(), list[str]()
    lives = [Live(settings=settings, league=league, clock=AnHourLater(stop)) for league in (NBA, MLB)]

    keep_looking(lives, stop, said.append)

    with closing(AlertStore(tmp_path / "ledger.db")) as store:
        notices = store.rows(select(watching.notices))
    told = [(row["channel"], row["kind"], row["league"]) for row in notices if "sentinel" in row["title"]]
    assert sorted(told) == [("all", "opened", "nba"), ("theirs", "opened", "nba")]
    assert said == []
