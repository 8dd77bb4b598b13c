"""The sentinel's looks one after the other: what it cannot see is not in order again."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tipoff.app.sentinel import sentinel_of
from tipoff.config import Settings
from tipoff.core.clock import league_day
from tipoff.core.incident import Incident
from tipoff.core.severity import Severity
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import LEASE, Batch, Ledger
from tipoff.ledger.alerts import AlertChanges, AlertStore
from tipoff.watch.monitor import Monitor
from tipoff.watch.notices import Channel, Message, NotSent, notice_row
from tipoff.watch.sentinel import LIVE, REPLAYED, Sentinel, SilenceLimits, judge_silence, read_facts

NOW = datetime(2024, 1, 10, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_digest_on_its_way_is_late_from_when_somebody_was_there_to_send_it(tmp_path: Path) -> None:
    """A home that begins, or is back, in the evening sends that morning's digest at once: nobody was silent."""
    begun = NOW - timedelta(minutes=1)
    with closing(Ledger(tmp_path / "ledger.db")) as ledger, AlertStore(tmp_path / "ledger.db") as store:
        store.write(AlertChanges(), beat=("controller nba", NOW, "test", "{}"))
        monitor = Monitor(
            league=NBA,
            days=(league_day(NOW), date.max),
            ledger=lambda: ledger,
            store=store,
            channels=[Channel(name="all", url="")],
            send=lambda _channel, _message: None,
            build="test",
            flush=lambda *_: None,  # it is on its way
            digest_at=timedelta(hours=5),
        )
        monitor.look(begun)

        facts = read_facts(ledger, "nba", NOW)

    assert facts.digest_due == (league_day(NOW), begun)
    assert [one.check for one in judge_silence(facts, NOW, LIVE)] == []
    assert [
        one.check for one in judge_silence(replace(facts, alive_at=NOW + HOUR, monitor_at=NOW + HOUR), NOW + HOUR, LIVE)
    ] == ["digest_is_sent"]


def test_a_controller_that_takes_its_lease_again_and_again_and_ends_no_tick_is_not_alive(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / "ledger.db")) as ledger, AlertStore(tmp_path / "ledger.db") as store:
        ledger.take_lease("controller nba", "me", now=NOW, length=LEASE)
        begins = read_facts(ledger, "nba", NOW)
        store.write(AlertChanges(), beat=("controller nba", NOW, "test", "{}"))
        ledger.take_lease("controller nba", "me", now=NOW + 3 * HOUR, length=LEASE)

        facts = read_facts(ledger, "nba", NOW + 3 * HOUR)

    assert (begins.alive_at, facts.alive_at) == (NOW, NOW)
    assert [(one.check, one.severity) for one in judge_silence(facts, NOW + 3 * HOUR, LIVE)] == [
        ("controller_is_alive", Severity.ERROR)
    ]


class Watched:
    """A ledger in which only heartbeats stand, and a sentinel that looks at it."""

    def __init__(self, folder: Path) -> None:
        self.path, self.titles = folder / "ledger.db", list[str]()
        Ledger(self.path).close()
        self.beats = AlertStore(self.path)
        self.begin()

    def begin(self, limits: SilenceLimits = REPLAYED) -> None:
        """Begin a sentinel that knows what its store has, and no more."""
        self.sentinel = Sentinel(
            ledger=self.path,
            leagues=["east"],
            store=AlertStore(self.path.with_name("sentinel.db"), create=True),
            channels=[Channel(name="all", url="")],
            send=self.keep,
            build="test",
            limits=limits,
        )

    def keep(self, _channel: Channel, message: Message) -> None:
        self.titles.append(message.title)

    def lives(self, name: str, at: datetime) -> None:
        note = '{"findings": 0}' if name == "monitor east" else "{}"
        self.beats.write(AlertChanges(), beat=(name, at, "test", note))

    def look(self, at: datetime) -> list[str]:
        """Look, and return what was said in it."""
        self.titles.clear()
        self.sentinel.look(at)
        return list(self.titles)

    def close(self) -> None:
        self.sentinel.close()
        self.beats.close()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path)
    yield watched
    watched.close()


def test_a_controller_that_stops_for_good_is_told_though_its_monitor_had_told_of_a_crash_before(
    watched: Watched,
) -> None:
    watched.lives("controller east", NOW)
    watched.lives("monitor east", NOW)
    crash = Incident(
        league="east",
        cause="controller",
        check="controller_ends_well",
        what="the last controller ended in the midst of its work",
        severity=Severity.ERROR,
        told=int(Severity.ERROR),
        told_by="monitor",
        opened_at=NOW - HOUR,
        changed_at=NOW - HOUR,
        effects={f"|{league_day(NOW)}|controller_ends_well": None},
    )
    watched.beats.number([crash])
    watched.beats.write(AlertChanges(incidents=[crash]))

    told = [watched.look(NOW + n * HOUR) for n in (0, 1, 2, 7)]

    assert [len(one) for one in told] == [0, 0, 1, 1]


def test_a_stopped_controller_is_not_called_over_while_the_ledger_cannot_be_read(
    watched: Watched, tmp_path: Path
) -> None:
    watched.lives("controller east", NOW)
    watched.lives("monitor east", NOW)
    watched.look(NOW)
    stopped = watched.look(NOW + 3 * HOUR)
    watched.path.rename(tmp_path / "away")
    watched.sentinel._let_go()  # noqa: SLF001 -- an open file is still read after it was moved

    lost = watched.look(NOW + 3.5 * HOUR)
    (tmp_path / "away").rename(watched.path)
    back = watched.look(NOW + 4 * HOUR)

    assert stopped == ["[east] ERROR: the controller does not decide"]
    assert lost == ["[east] CRITICAL: the ledger cannot be used"]
    assert back == ["[east] OVER: the ledger cannot be used"]


def test_since_when_a_stop_is_over_is_written_down_before_it_has_settled(watched: Watched) -> None:
    watched.sentinel.limits = LIVE
    for name in ("controller east", "monitor east"):
        watched.lives(name, NOW)
    watched.look(NOW)
    watched.look(NOW + 3 * HOUR)
    back = NOW + 3 * HOUR + timedelta(minutes=1)
    watched.lives("controller east", back)

    for n in (0, 1):
        watched.sentinel.forget()  # as a live one before each look
        watched.look(back + n * timedelta(minutes=1))
    [incident] = watched.sentinel.store.incidents(now=back)

    assert (incident.cause, incident.is_open) == ("controller", True)
    assert list(incident.effects.values()) == [back]


@pytest.mark.parametrize(
    ("way", "monitor_min", "told_after"),
    [("slept", 0, 11), ("slept", -12, 0), ("was off", 0, 11), ("was off", -12, 0), ("looks by a timer", 0, 0)],
)
def test_a_monitor_that_was_away_with_the_machine_has_its_time_to_come_back(
    watched: Watched, way: str, monitor_min: int, told_after: int
) -> None:
    watched.sentinel.limits, minute, told = LIVE, timedelta(minutes=1), []
    watched.lives("controller east", NOW)
    watched.lives("monitor east", NOW + monitor_min * minute)
    watched.look(NOW)
    if way != "slept":
        watched.sentinel.close()
        watched.begin(LIVE)
    if way == "was off":
        watched.sentinel.go_on()

    for n in (0, 5, 11):
        watched.lives("controller east", NOW + HOUR + n * minute)
        found = watched.sentinel.look(NOW + HOUR + n * minute)
        told += [n for trouble in found if trouble.check == "monitor_is_alive"]

    assert told[:1] == [told_after]


def test_two_channels_that_take_nothing_are_two_incidents_and_the_second_ends_no_look(watched: Watched) -> None:
    dead, store = ["one"], watched.sentinel.store
    watched.sentinel.channels = [Channel(name=name, url="") for name in ("one", "two")]
    message = Message(kind="opened", league="east", severity=Severity.ERROR, title="a title", lines=())

    def refuse(channel: Channel, _message: Message) -> None:
        if channel.name in dead:
            raise NotSent("refused", hint="")

    watched.sentinel.send = refuse
    for n in range(12):
        at = NOW + n * HOUR / 2
        if n in {0, 6}:
            dead = ["one", "two"][: n + 1]
            row = notice_row(watched.sentinel.channels[n // 6], message, key=f"{n}", now=at)
            store.write(AlertChanges(notices=[row]))
        watched.lives("controller east", at)
        watched.lives("monitor east", at)
        watched.look(at)

    assert [(one.cause, one.is_open) for one in store.incidents(now=at)] == [
        ("channel:one", True),
        ("channel:two", True),
    ]


def test_a_silent_monitor_is_not_called_over_because_the_controller_falls_silent_too(watched: Watched) -> None:
    watched.lives("monitor east", NOW)
    for half in range(4):
        watched.lives("controller east", NOW + half * HOUR / 2)
        said = watched.look(NOW + half * HOUR / 2)
        if said:
            break
    assert said == ["[east] ERROR: the monitor does not look"]

    assert watched.look(NOW + 4 * HOUR) == ["[east] ERROR: the controller does not decide"]

    watched.lives("controller east", NOW + 5 * HOUR)
    watched.lives("monitor east", NOW + 5 * HOUR)
    over = watched.look(NOW + 5 * HOUR)
    assert sorted(over) == ["[east] OVER: the controller does not decide", "[east] OVER: the monitor does not look"]


def test_a_sign_of_life_ahead_of_now_is_told_and_blinds_nobody(watched: Watched) -> None:
    watched.lives("controller east", NOW + 5 * HOUR)
    first = watched.look(NOW)

    silent = watched.look(NOW + 3 * HOUR)

    assert first == ["[east] ERROR: a clock is wrong"]
    assert silent == ["[east] ERROR: the controller does not decide"]


@pytest.mark.parametrize(("ticks", "is_wrong"), [((72, 0), False), ((0, 72), True)], ids=["was", "is"])
def test_a_clock_is_wrong_while_what_it_wrote_last_lies_ahead(
    tmp_path: Path, ticks: tuple[int, int], *, is_wrong: bool
) -> None:
    counts = dict.fromkeys(("n_judged", "n_run", "n_held", "n_late", "n_quiet"), 0)
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        for ahead in ticks:
            batch = Batch()
            batch.add(
                "ticks", {"league": "east", "at": NOW + ahead * HOUR, "build": "b", "settings_hash": "s"} | counts
            )
            ledger.commit(batch)

        facts = read_facts(ledger, "east", NOW)

    assert [one.cause for one in judge_silence(facts, NOW, LIVE)] == (["clock"] if is_wrong else [])
    assert facts.alive_at == NOW


def test_another_leagues_sign_of_life_is_no_sign_of_this_ones_clock(watched: Watched) -> None:
    watched.lives("controller east", NOW)
    watched.lives("monitor west", NOW + 5 * HOUR)

    assert watched.look(NOW) == []


def test_a_page_that_was_looked_at_beside_a_replay_is_no_sign_of_the_replays_clock(
    watched: Watched, tmp_path: Path
) -> None:
    watched.lives("controller east", NOW)
    watched.lives("web", NOW + 985 * 24 * HOUR)
    told = watched.look(NOW)
    batch = Batch()
    batch.fact("clock_at", NOW.isoformat(), league="east")
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        ledger.commit(batch)

    assert told == ["[east] ERROR: a clock is wrong"]
    assert watched.look(NOW) == ["[east] OVER: a clock is wrong"]


def test_a_controller_whose_clock_is_ahead_and_that_lives_is_not_called_silent(watched: Watched) -> None:
    said = []
    for half in range(8):
        watched.lives("controller east", NOW + 5 * HOUR + half * HOUR / 2)
        watched.lives("monitor", NOW + half * HOUR / 2)
        said += watched.look(NOW + half * HOUR / 2)

    assert said == ["[east] ERROR: a clock is wrong"]


def test_a_controller_that_stops_as_the_clock_is_put_back_is_missed_all_the_same(watched: Watched) -> None:
    for name in ("controller east", "monitor"):
        watched.lives(name, NOW)
    assert watched.look(NOW) == []

    back = watched.look(NOW - HOUR)
    later = watched.look(NOW + 1.5 * HOUR)

    assert back == ["[east] ERROR: a clock is wrong"]
    assert "[east] ERROR: the controller does not decide" in later


def with_ledger_after(home: Path, statement: str) -> Settings:
    """Return the settings of a home to whose ledger another hand has done something."""
    settings = Settings(home=home)
    Ledger(settings.place.ledger).close()
    with closing(sqlite3.connect(home / "ledger.db")) as ledger:
        ledger.execute(statement)
        ledger.commit()
    return settings


def test_a_ledger_of_which_a_table_is_gone_keeps_no_sentinel_from_starting(tmp_path: Path) -> None:
    with sentinel_of(with_ledger_after(tmp_path, "DROP TABLE facts"), ["nba"], LIVE) as sentinel:
        found = sentinel.look(NOW)

    assert [trouble.cause for trouble in found] == ["ledger"]


def test_a_ledger_of_an_earlier_version_is_left_the_time_in_which_a_controller_upgrades_it(tmp_path: Path) -> None:
    """After an upgrade controller and sentinel begin together, and the sentinel is there first."""
    settings = with_ledger_after(tmp_path, "UPDATE alembic_version SET version_num = '0010'")

    with sentinel_of(settings, ["nba"], LIVE) as sentinel:
        looks = [sentinel.look(NOW + after) for after in (timedelta(0), LIVE.ledger_after)]

    assert [[trouble.check for trouble in found] for found in looks] == [[], ["ledger_is_readable"]]
