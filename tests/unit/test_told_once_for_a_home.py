"""What concerns a home, and none of its leagues alone, is told once on every channel, whatever leagues that is for."""

import dataclasses
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tipoff.app.monitor import Live, keep_looking
from tipoff.config import ChannelSettings, Settings
from tipoff.core.clock import Stop
from tipoff.engine.starting import clock_finding
from tipoff.leagues.mlb.league import MLB
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Batch, Ledger, watching
from tipoff.ledger.alerts import AlertChanges, AlertStore
from tipoff.watch.sentinel import Sentinel

NOW = datetime(2024, 1, 10, 17, tzinfo=UTC)


class AnHourLater:
    """A clock that is an hour later with each look, and stops after three."""

    speed = 1.0

    def __init__(self, stop: Stop, begins: datetime = NOW) -> None:
        self._stop, self._looks, self._begins = stop, 0, begins

    def now(self) -> datetime:
        return self._begins + timedelta(hours=self._looks)

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


def test_what_an_earlier_build_told_as_of_the_second_league_too_is_over_when_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOBODY", "http://127.0.0.1:9/")
    settings, stop = Settings(home=tmp_path, channels={"all": ChannelSettings(url_env="NOBODY")}), Stop()
    nba, mlb = (Live(settings=settings, league=league, clock=AnHourLater(stop)) for league in (NBA, MLB))
    keep_looking([mlb, nba], stop, list[str]().append)  # which of them is told of is another one afterwards

    for place in range(1, 6):
        if place == 4:
            settings = Settings(home=tmp_path, channels=settings.channels, watcher_silent_min=600)
            with closing(AlertStore(tmp_path / "sentinel.db", create=True)) as store:
                store.write(AlertChanges(), beat=("sentinel", NOW + timedelta(hours=12), "build", "{}"))
        again = Stop()
        clock = AnHourLater(again, begins=NOW + timedelta(hours=3 * place))
        lives = [dataclasses.replace(live, settings=settings, clock=clock) for live in (nba, mlb)]
        keep_looking(lives, again, list[str]().append)

    with closing(AlertStore(tmp_path / "ledger.db")) as store:
        ended = {one.league: one.closed_at for one in store.every_incident() if one.cause == "sentinel"}
    assert ended == dict.fromkeys(("nba", "mlb"), NOW + timedelta(hours=15))


def test_a_clock_that_was_put_back_under_both_leagues_is_told_once_and_under_one_of_them_as_of_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOBODY", "http://127.0.0.1:9/")
    for place, leagues in (("both", ("nba", "mlb")), ("one", ("mlb",))):
        home, stop = tmp_path / place, Stop()
        settings = Settings(home=home, channels={"all": ChannelSettings(url_env="NOBODY")})
        batch = Batch()
        for league in leagues:
            batch.add("findings", clock_finding(league, NOW + timedelta(days=1), NOW))
        home.mkdir()
        with closing(Ledger(home / "ledger.db")) as ledger:
            ledger.commit(batch)

        keep_looking(
            [Live(settings=settings, league=one, clock=AnHourLater(stop)) for one in (NBA, MLB)],
            stop,
            list[str]().append,
        )

        with closing(AlertStore(home / "ledger.db")) as store:
            notices = store.rows(select(watching.notices))
        told = [row["league"] for row in notices if (row["kind"], "clock" in row["title"]) == ("opened", True)]
        assert told == [leagues[0]]


def test_a_ledger_that_cannot_be_read_and_a_clock_that_was_put_back_are_one_trouble_each_of_two_leagues(
    tmp_path: Path,
) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no ledger")
    sentinel = Sentinel(
        ledger=tmp_path / "ledger.db",
        leagues=["nba", "mlb"],
        store=AlertStore(tmp_path / "sentinel.db", create=True),
        channels=[],
        send=lambda _channel, _message: None,
        build="test",
    )

    with closing(sentinel):
        looks = [sentinel.look(NOW), sentinel.look(NOW - timedelta(days=1))]

    assert [[(one.league, one.cause) for one in look] for look in looks] == [
        [("nba", "ledger")],
        [("nba", "ledger"), ("nba", "clock")],
    ]
