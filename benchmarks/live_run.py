"""Live leagues as processes over real sockets: `python -m benchmarks.live_run days|minutes|steps|both|mid [OUT]`.

Ten game days of the NBA on a clock 720 times as fast; thirty minutes at true speed with ticks of five seconds; two days in steps;
a day of both leagues in steps, on which nothing is ill but the day of baseball itself.
A server answers as the providers would, and a share of its answers as they do at their worst; `tipoff up` and `tipoff sentinel`
run against it by a pool of proxies. Both are killed five times, the league's own files are gone for a while, the credits of the
odds are spent for a while, one proxy is dead for a while, and all keys come late.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select

from tipoff.config import Settings
from tipoff.core.clock import RealClock, midnight, on_clock, stopwatch
from tipoff.core.severity import Severity
from tipoff.core.slate import Season
from tipoff.drills.set_clock import SetClock
from tipoff.leagues.mlb.world.sample import SampleMlb
from tipoff.leagues.nba.world.sample import SampleNba
from tipoff.ledger import Ledger, schema
from tipoff.ledger.alerts import AlertStore, incidents_opened
from tipoff.ledger.outside import OutsideStore

SEASON = "2029-30"
FILES, ODDS, SECOND = "cdn.nba.com", "api.the-odds-api.com", "api.balldontlie.io"
HOUR = timedelta(hours=1)
Row = Mapping[str, Any]
STANDS_S = 600  # of the machine: a clock that is not set ahead for so long never will be
AHEAD = HOUR / 2  # how far the clock of a run in steps is set ahead at once
NOTHING: Mapping[str, datetime] = {}
# Two clocks of one home differ by less than a minute. On a fast clock what a process reads of another while it looks is ahead by
# as much as the look takes: five seconds of the machine's.
START = (
    "import sys, runpy; from datetime import timedelta; from tipoff.core import clock; "
    "clock.AHEAD = timedelta(seconds=5 * float(sys.argv.pop(1))); runpy.run_module('tipoff', run_name='__main__')"
)
OF_KEY = {
    "odds_api_key": ("odds_events", "player_lines", "line_names", "main_lines", "market_aware"),
    "balldontlie_key": ("bdl_injuries", "bdl_player_boxscores", "box_names", "source_agreement"),
    "bettingpros_key": ("agreed_lines",),
}
OF_THE_LEAGUE = ("cdn.nba.com", "nba injury report", "nba schedule", "stats.nba.com")
SOURCES = (*OF_THE_LEAGUE, "the-odds-api", "balldontlie", "bettingpros", "espn", "basketball-reference")  # ill at times
TOLD_OF = ("controller", "sentinel", "monitor", *(f"source:{name}" for name in SOURCES))


def set_clock(file: Path, to: datetime, speed: float) -> None:
    """Set a clock: it shows `to` now, and goes on from there."""
    new = file.with_suffix(".new")
    new.write_text(f"{RealClock().now().isoformat()} {to.isoformat()} {speed:g}")
    new.replace(file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is tried: which days are played, how fast, what happens when, and how the processes are set."""

    first: date
    days: int
    begin: datetime
    end: datetime
    speed: float  # 0: the clock is set ahead whenever all is done that can be
    events: tuple[tuple[datetime, str], ...]
    settings: dict[str, str]
    ill: float = 0.02
    leagues: tuple[str, ...] = ("nba",)


def events(
    begin: datetime, end: datetime, *, kills: Iterable[float], down: timedelta, at: Mapping[str, datetime] = NOTHING
) -> tuple[tuple[datetime, str], ...]:
    """Return what happens between two instants, at shares of the time between them, or `at` an instant."""
    length = end - begin
    found = [(begin + share * length, "kill") for share in kills]
    for share, what, until in (
        (0.15, "dead/0", "alive/0"),
        (0.38, f"down/{FILES}", f"again/{FILES}"),
        (0.7, f"spent/{ODDS}", f"again/{ODDS}"),
    ):
        begins = at.get(what, begin + share * length)
        found += [(begins, what), (begins + (0.3 * length if what == "dead/0" else down), until)]
    keys = (("odds_api_key", 0.3), ("balldontlie_key", 0.45), ("bettingpros_key", 0.45))
    found += [(begin + share * length, f"key {name}") for name, share in keys]
    return tuple(sorted(found))


WATCHED = {
    "TIPOFF_SILENCE_WARN_MIN": "45",
    "TIPOFF_WATCHER_SILENT_MIN": "90",
}  # a process that is killed is there again within seconds: an hour of the fast clock


def some_days(days: int = 11, speed: float = 720) -> Plan:
    """Return ten game days and one without games, 720 times as fast; or fewer, or slower."""
    first = date(2030, 1, 7)
    begin, end = midnight(first) - 7 * HOUR, on_clock(first + timedelta(days=days - 1), 40 * HOUR)
    at = {  # when much is asked of them: after the games of the night, before those of the evening
        f"down/{FILES}": on_clock(first + timedelta(days=min(3, days - 2)), 24.5 * HOUR),
        f"spent/{ODDS}": on_clock(first + timedelta(days=min(8, days - 1)), 11 * HOUR),
    }
    told = events(begin, end, kills=(0.12, 0.27, 0.47, 0.64, 0.81), down=6 * HOUR, at=at)
    return Plan(first=first, days=days, begin=begin, end=end, speed=speed, events=told, settings=WATCHED)


def two_days() -> Plan:
    """Return two game days in steps."""
    first = date(2030, 1, 7)
    begin, end = midnight(first) - 7 * HOUR, on_clock(first + timedelta(days=1), 36 * HOUR)
    told = events(begin, end, kills=(0.2, 0.6), down=6 * HOUR)
    return Plan(first=first, days=2, begin=begin, end=end, speed=0, events=told, settings=WATCHED)


def mid_season() -> Plan:
    """Return a first start at noon of the 29th day, in steps, until evening; lines alone have a key."""
    first = date(2030, 1, 7)
    begin = on_clock(first + timedelta(days=28), 12 * HOUR)
    end = begin + 11.5 * HOUR
    keys = ((begin, "key odds_api_key"), (end, "key balldontlie_key"), (end, "key bettingpros_key"))
    return Plan(first=first, days=45, begin=begin, end=end, speed=0, events=keys, settings=WATCHED, ill=0.0)


def thirty_minutes() -> Plan:
    """Return half an hour at true speed, late on a ninth day: some of its games end in it, and the last two begin."""
    first = date(2030, 1, 7)
    begin = on_clock(first + timedelta(days=8), 21.6 * HOUR)
    end = begin + HOUR / 2
    told = events(begin, end, kills=(0.12, 0.3, 0.47, 0.64, 0.81), down=HOUR / 10)
    short = {"TIPOFF_TICK_EVERY_S": "5", "TIPOFF_LOOK_EVERY_S": "5"}
    return Plan(first=first, days=20, begin=begin, end=end, speed=1, events=told, settings=short)


def both_leagues() -> Plan:
    """Return in steps, of both leagues, the day on which the sample MLB goes otherwise than planned, and the night after it."""
    first = date(2030, 1, 7)
    begin, end = on_clock(first + timedelta(days=1), 9 * HOUR), on_clock(first + timedelta(days=1), 30 * HOUR)
    played = SampleMlb(Season(SEASON, first, first + timedelta(days=2))).played
    starts = {game.starts_at for game in played if begin < game.starts_at < end}
    looks = [(start - HOUR * minutes / 60, "look") for start in starts for minutes in (35, 28, 20, 12)]
    events = [*((begin, f"key {name}") for name in OF_KEY), *looks]
    return Plan(
        first=first,
        days=3,
        begin=begin,
        end=end,
        speed=0,
        events=tuple(sorted(events)),
        settings=WATCHED,
        ill=0.0,
        leagues=("nba", "mlb"),
    )


class Process(Protocol):
    """What is asked of a process that was begun."""

    def poll(self) -> int | None:
        """Return how it has ended, if it has."""

    def wait(self) -> int:
        """Wait for its end."""

    def send_signal(self, sig: int, /) -> None:
        """Send it a signal."""


Begin = Callable[[Sequence[str], Mapping[str, str], Path, Path], Process]


def of_python(arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path) -> Process:
    """Begin this Python with the arguments, and what it says at the end of a log."""
    with log.open("ab") as said:
        return subprocess.Popen([sys.executable, *arguments], cwd=cwd, env=environment, stdout=said, stderr=said)


class Processes:
    """The processes of the run, each started anew when it is gone."""

    def __init__(self, folder: Path, plan: Plan, seed: str, begin: Begin) -> None:
        self._begin = begin
        self._folder, self.home, self.leagues = folder, folder / "home", plan.leagues
        self.speed = plan.speed
        self.clock_file = folder / "clock"
        set_clock(self.clock_file, plan.begin, plan.speed)
        arguments = (
            ",".join(plan.leagues),
            "0",
            str(plan.first),
            str(plan.days),
            SEASON,
            seed,
            str(self.clock_file),
            str(plan.ill),
        )
        self._server = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.world_server", *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self._server.stdout is not None  # noqa: S101 -- a pipe was asked for
        told = json.loads(self._server.stdout.readline())
        self._port: int = told["port"]
        (folder / "tipoff.toml").write_text(told["settings"])
        known = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
        keys = {f"TIPOFF_{name.upper()}_FILE": str(folder / name) for name in OF_KEY}
        self._environment = known | keys | plan.settings
        self._environment |= {
            "TIPOFF_HOME": str(self.home),
            "TIPOFF_WORLD": "live",
            "TIPOFF_PROXIES": " ".join(told["proxies"]),
            "OMP_NUM_THREADS": "1",
        }
        self.running: dict[str, Process] = {}
        self.starts: Counter[str] = Counter()

    def keep(self) -> None:
        """Start what does not run; the sentinel once there is something to look at."""
        for name, words in {"up": ("up", *self.leagues, "--no-web"), "sentinel": ("sentinel", *self.leagues)}.items():
            if name == "sentinel" and not (self.home / "ledger.db").exists():
                continue
            if name not in self.running or self.running[name].poll() is not None:
                start = ["-m", "tipoff"] if self.speed <= 1 else ["-c", START, str(self.speed)]
                command = [*start, *words, "--clock", str(self.clock_file)]
                self.running[name] = self._begin(command, self._environment, self._folder, self._folder / f"{name}.log")
                self.starts[name] += 1

    def do(self, what: str) -> None:
        """Let an event happen: both are killed without a word, a key comes, the server is told something."""
        if what == "kill":
            for process in self.running.values():
                process.send_signal(signal.SIGKILL)
                process.wait()
        elif what.startswith("key "):
            (self._folder / what.removeprefix("key ")).write_text("a key")
        else:
            self.ask(what)

    def ask(self, what: str) -> object:
        """Return what the server says to a path."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/{what}", timeout=5) as answer:
            return json.load(answer)

    def end(self) -> None:
        """End everything."""
        self.do("kill")
        self._server.kill()
        self._server.communicate()


def live_run(plan: Plan, folder: Path, seed: str = "7", begin: Begin = of_python) -> dict[str, Any]:
    """Run the plan, with what begins its processes; returns what the ledger says of it."""
    began, due = stopwatch(), list(plan.events)
    moved_s = began
    processes = Processes(folder, plan, seed, begin)
    clock, waiting = SetClock(processes.clock_file), threading.Event()
    done: list[dict[str, str]] = []
    try:
        while (now := clock.now()) < plan.end:
            processes.keep()
            while due and due[0][0] <= now:
                _, what = due.pop(0)
                processes.do(what)
                done.append({"at": now.isoformat(timespec="seconds"), "what": what})
            if plan.speed == 0 and is_settled(processes.home, plan.leagues, now):
                next_event = [due[0][0]] if due else []
                set_clock(processes.clock_file, min(now + AHEAD, plan.end, *next_event), 0)
                moved_s = stopwatch()
            elif plan.speed == 0 and stopwatch() - moved_s > STANDS_S:
                msg = f"at {now} something never comes to its end: see the logs in {folder}"
                raise TimeoutError(msg)
            waiting.wait(0.05 if plan.speed == 0 else 0.3)
        counts = processes.ask("counts")
    finally:
        processes.end()
    told = {"speed": plan.speed, "minutes": round((stopwatch() - began) / 60, 1), "events": done}
    return told | {"starts": dict(processes.starts), "answers": counts} | read(processes.home, plan)


def is_settled(home: Path, leagues: Iterable[str], now: datetime) -> bool:
    """Whether both processes have looked at this instant, and no run is on its way."""
    looking = {"sentinel", *(f"{side} {league}" for league in leagues for side in ("controller", "monitor"))}
    beats: dict[str, str] = {}
    try:
        for store in ("ledger", "sentinel"):
            with closing(sqlite3.connect(f"file:{home / store}.db?mode=ro", uri=True)) as connection:
                beats |= dict(connection.execute("SELECT name, at FROM heartbeats").fetchall())
                started = "SELECT count(*) FROM runs WHERE state = 'started'"
                if store == "ledger" and connection.execute(started).fetchone()[0]:
                    return False
    except sqlite3.OperationalError:
        return False  # it is still being made
    at = now.isoformat(timespec="microseconds")
    return all(beats.get(name, "") >= at for name in looking)


# --- what came of it


def read(home: Path, plan: Plan) -> dict[str, Any]:
    """Return what the ledger and the sentinel say of the days."""
    place = Settings(home=home).place
    ledger, outside = Ledger(place.ledger, read_only=True), OutsideStore(place.ledger, read_only=True)
    sentinel = AlertStore(place.sentinel)
    try:
        obligations = ledger.rows(select(schema.obligations))
        games = [
            row
            for row in ledger.rows(select(schema.games))
            if row["starts_at"] and plan.begin < row["starts_at"] < plan.end
        ]
        runs = ledger.rows(select(schema.runs))
        fetches = Counter(f"{row['source']}: {row['outcome']}" for row in ledger.rows(select(schema.fetches)))
        told = [
            {
                "by": by,
                "league": league,
                "cause": found.cause,
                "severity": Severity(found.severity).name,
                "opened": _short(found.opened_at),
            }
            | {"closed": _short(found.closed_at), "what": found.what}
            for by, store in (("monitor", ledger), ("sentinel", sentinel))
            for league in plan.leagues
            for found in incidents_opened(store.rows, league, since=plan.begin, before=plan.end)
        ]
        turns = [
            {"proxy": turn.proxy.rpartition(":")[2], "host": turn.host, "at": _short(turn.at), "now": turn.now}
            for turn in outside.changes()
        ]
    finally:
        for store in (ledger, outside, sentinel):
            store.close()
    unmet = [row for row in obligations if row["state"] not in {"proven", "excused"} and row["due_at"] <= plan.end]
    return {
        "states": dict(sorted(Counter(f"{row['output']} {row['state']}" for row in obligations).items())),
        "excused for want of a key": dict(sorted(_without_key(obligations).items())),
        "for want of credits": [_shown(row) for row in unmet if is_off(row, plan)],
        "unmet": [_shown(row) for row in unmet if not is_off(row, plan)],
        "games": len(games),
        "published before their start by, in minutes": leads(games, runs),
        "not published before their start": late_games(games, runs, obligations),
        "runs": dict(Counter(row["state"] for row in runs)),
        "fetches": dict(sorted(fetches.items())),
        "incidents": told,
        "turns of proxies": turns,
    }


def is_off(row: Row, plan: Plan) -> bool:
    """Whether credits were spent while an obligation could have been met."""
    at = dict(reversed([(what, at) for at, what in plan.events]))
    first, last = on_clock(row["day"], 9 * HOUR), on_clock(row["day"], 24 * HOUR)
    last = max(last, plan.begin + HOUR)  # what lies before the first start is asked for then
    spans = [(spent, spent + 12 * HOUR) for what, spent in at.items() if what.startswith("spent")]
    return row["output"] in OF_KEY["odds_api_key"] and any(begin < last and end > first for begin, end in spans)


def _without_key(obligations: Iterable[Row]) -> Counter[str]:
    """Return of how many days each output has a unit that nobody asked for: there was no key."""
    reasons = [(row["output"], json.loads(row["excused"]).values()) for row in obligations]
    return Counter(output for output, of in reasons if any(reason.startswith("no key for") for reason in of))


def late_games(games: Iterable[Row], runs: Iterable[Row], obligations: Iterable[Row]) -> list[str]:
    """Return the games of which no predictions were published before their start, though nothing excuses them."""
    excused = {
        game for row in obligations if row["output"] == "published_predictions" for game in json.loads(row["excused"])
    }
    out = published_at(runs)
    late = {game["game_id"] for game in games if not out.get(game["game_id"], game["starts_at"]) < game["starts_at"]}
    return sorted(late - excused)


def published_at(runs: Iterable[Row]) -> dict[str, datetime]:
    """Return when each game's predictions were first out."""
    out: dict[str, datetime] = {}
    for run in runs:
        if run["output"] == "published_predictions" and run["state"] == "finished" and run["ended_at"]:
            for unit in json.loads(run["units"]):
                out[unit] = min(out.get(unit, run["ended_at"]), run["ended_at"])
    return out


def leads(games: Iterable[Row], runs: Iterable[Row]) -> dict[str, float]:
    """Return, for each game that was published before its start, how long before: the least and the most."""
    out = published_at(runs)
    found = [game["starts_at"] - out[game["game_id"]] for game in games if game["game_id"] in out]
    minutes = sorted(round(lead.total_seconds() / 60, 1) for lead in found if lead > timedelta(0))
    return {"games": len(minutes), "least": minutes[0], "most": minutes[-1]} if minutes else {}


def is_as_planned(found: Mapping[str, Any], *, has_hours: bool = True) -> bool:
    """Whether everything was proven that could be, in time, and what happened was told: that, and nothing else, and its end.

    An incident ends after hours of quiet, and in half an hour a source that is down may not be asked: what is told counts alone.
    """
    told = {incident["cause"] for incident in found["incidents"]}
    is_whole = not found["unmet"] and not found["not published before their start"] and told <= set(TOLD_OF)
    return is_whole and (
        not has_hours
        or (
            {"source:cdn.nba.com", "source:the-odds-api"} <= told
            and found["excused for want of a key"].keys() >= {"bdl_injuries", "agreed_lines"}
            and all(incident["closed"] for incident in found["incidents"])
            and {turn["now"] for turn in found["turns of proxies"]} == {"resting", "working"}
        )
    )


def _shown(row: Row) -> str:
    return f"{row['output']} {row['day']} {row['state']}: {row['reason']}"


def _short(at: datetime | None) -> str:
    return at.isoformat(timespec="minutes") if at else ""


def live_days() -> tuple[bool, dict[str, Any]]:
    """Run ten game days on the fast clock."""
    with tempfile.TemporaryDirectory() as folder:
        found = live_run(some_days(), Path(folder))
    return is_as_planned(found), found


def live_minutes() -> tuple[bool, dict[str, Any]]:
    """Run half an hour at true speed; games begin and end in it, and those that begin are published before."""
    plan = thirty_minutes()
    with tempfile.TemporaryDirectory() as folder:
        found = live_run(plan, Path(folder))
    played = SampleNba(first_day=plan.first, days=plan.days, season=SEASON).data.games
    found["games that end in it"] = sum(plan.begin < game.ends_at < plan.end for game in played)
    has_games = found["games"] >= 2 and found["games that end in it"] >= 2
    return is_as_planned(found, has_hours=False) and has_games, found


PLANS = {
    "days": some_days,
    "minutes": thirty_minutes,
    "steps": two_days,
    "both": both_leagues,
    "mid": mid_season,
}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        found = live_run(PLANS[sys.argv[1]](), Path(made))
    text = json.dumps(found, indent=1)
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(text + "\n")
    print(text)
