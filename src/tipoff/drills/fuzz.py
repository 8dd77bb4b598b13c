"""Faults composed by dice: kind × place × time × length, one to three at once, under the same oracle."""

import dataclasses
import random
from dataclasses import dataclass
from datetime import date
from typing import Any

from tipoff.core.fault import Fault
from tipoff.drills.drill import OF_THE_MACHINE, Drill
from tipoff.drills.faults.files import read_faults
from tipoff.leagues.mlb import league as mlb
from tipoff.leagues.nba import league as nba

_STATUSES: tuple[dict[str, Any], ...] = (
    {"status": 403},
    {"status": 418},
    {"status": 429, "retry_after": 300},
    {"status": 429},
    {"status": 500},
    {"status": 502},
    {"status": 503, "retry_after": 900},
    {"status": 404},
)
_ANYWHERE = ("hang", "refuse", "html", "truncated", "nothing", "unchanged", "shape")
_PLAYERS: tuple[dict[str, Any], ...] = (
    {"how": "empty"},
    {"how": "null", "column": "PTS"},
    {"how": "zero", "games": 1},
    {"how": "zero"},
    {"how": "wrong date"},
    {"how": "other day"},
    {"how": "missing game"},
    {"how": "duplicated"},
    {"how": "strange game"},
    {"how": "bad row", "column": "PTS", "value": "many"},
    {"how": "bench"},
    {"how": "stale", "hours": 26},
    {"how": "short ids"},
)
_CLUBS: tuple[dict[str, Any], ...] = (
    {"how": "empty"},
    {"how": "one side"},
    {"how": "constant", "column": "WL", "value": "L"},
    {"how": "missing game"},
    {"how": "duplicated"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where a league's dice fall: who is asked, which answers go wrong in ways of their own, what is made, and when."""

    hosts: tuple[str, ...]
    answers: tuple[tuple[str, tuple[dict[str, Any], ...]], ...]  # a part of their addresses, and ways
    steps: tuple[str, ...]  # what each makes is named by no other
    tables: tuple[str, ...]  # beside what they make
    busy: tuple[int, ...]  # hours of a quiet day in which something is done
    until: int  # minutes from midnight: by then every fault of a day has ended, for from then on something closes
    first_day: date


_ASKED: tuple[dict[str, Any], ...] = (
    *({"how": "status"} | status for status in _STATUSES),
    *({"how": how} for how in _ANYWHERE),
)
GROUNDS = {
    "nba": Ground(
        hosts=("stats.nba.com", "balldontlie", "cdn.nba.com", "the-odds-api"),
        answers=(("PlayerOrTeam=P", _PLAYERS), ("PlayerOrTeam=T", _CLUBS)),
        steps=(
            "team_games",
            "player_games",
            "candidates",
            "player_features",
            "quantile_regression",
            "published_predictions",
            "grades",
        ),
        tables=("player_boxscores", "nba_player_boxscores", "nba_team_boxscores", "bdl_player_boxscores", "schedule"),
        busy=(1, 1, 1, 4, 9, 9, 10, 12),
        until=13 * 60,
        first_day=nba.SAMPLE.first_day,
    ),
    "mlb": Ground(
        hosts=("statsapi",),
        answers=(("feed/live", _ASKED), ("schedule", _ASKED)),
        steps=(
            "pitcher_games",
            "batter_games",
            "team_games",
            "pitcher_features",
            "projected_predictions",
            "line_up_strikeouts",
            "published_predictions",
            "grades",
        ),
        tables=("form", "predictions", "pitcher_boxscores", "team_boxscores", "schedule", "line_ups"),
        busy=(0, 1, 1, 1, 3, 4, 5, 9, 9, 10),
        until=10 * 60 + 30,
        first_day=mlb.SAMPLE.first_day,
    ),
}


EVENINGS = {  # in which games begin and what is told before them closes
    "nba": dataclasses.replace(
        GROUNDS["nba"],
        hosts=("cdn.nba.com", "the-odds-api", "the-odds-api"),
        answers=(("/events", _ASKED), ("/odds", _ASKED)),
        steps=("line_names", "main_lines", "market_aware", "published_predictions", "quantile_regression"),
        tables=("odds_events", "player_lines", "schedule"),
        busy=(15, 17, 18, 18, 19, 20, 21, 22),
        until=26 * 60,
    ),
    "mlb": dataclasses.replace(
        GROUNDS["mlb"],
        steps=(
            "pitcher_features",
            "projected_features",
            "projected_predictions",
            "line_up_strikeouts",
            "published_predictions",
        ),
        tables=("line_ups", "probable_pitchers", "schedule", "predictions"),
        busy=(12, 12, 13, 16, 18, 19, 20, 21, 22),
        until=26 * 60,
    ),
}
_ONE_IN = 4  # compositions lies in an evening


def composed(seed: int, number: int, league: str = OF_THE_MACHINE) -> Drill:
    """Return the `number`-th composition of `seed`.

    Its faults lie in the hours from midnight on, in which nothing closes; the first fault of every fourth one lies in an evening,
    in which games begin, and the others may.
    """
    dice = random.Random(f"{seed}:{number}")  # noqa: S311 -- seeded choice of faults
    n_faults, is_evening = dice.choice((1, 1, 2, 2, 3)), number % _ONE_IN == _ONE_IN - 1
    said = []
    for place in range(n_faults):
        is_late = is_evening and (place == 0 or dice.choice((False, True)))
        said.append(_primitive(dice, (EVENINGS if is_late else GROUNDS)[league]))
    kinds = " + ".join(f"{entry['kind']} {entry['how']}" for entry in said)
    first_day = GROUNDS[league].first_day
    faults: tuple[Fault, ...] = read_faults(said, first_day)
    return Drill(
        name=f"{league}-fuzz-{seed}-{number}",
        league=league,
        fault=kinds,
        rows=(),
        first_day=first_day,
        faults=faults,
        fuzzed=True,
        evening=is_evening,
        checks=any(fault.how == "half" for fault in faults),  # how many rows there must be is not known of every output
    )


def _primitive(dice: random.Random, ground: Ground) -> dict[str, Any]:
    day = dice.randint(2, 4)
    begin = min(max(0, 60 * dice.choice(ground.busy) - dice.randint(0, 45)), ground.until - 20)
    length = dice.randint(20, 270)
    what = dice.choice((_http, _http, _http, _answer, _answer, _warehouse, _step, _executor, _controller))(dice, ground)
    end = min(begin + min(length, what.pop("longest", 270)), ground.until)
    return what | {"from": _time(day, begin), "to": _time(day, end)}


def _time(day: int, minutes: int) -> str:
    return f"day {day} {minutes // 60:02}:{minutes % 60:02}"


def _http(dice: random.Random, ground: Ground) -> dict[str, Any]:
    return {"kind": "http", "host": dice.choice(ground.hosts)} | dice.choice(_ASKED)


def _answer(dice: random.Random, ground: Ground) -> dict[str, Any]:
    url, ways = dice.choice(ground.answers)
    return {"kind": "http", "url": url} | dice.choice(ways)


def _warehouse(dice: random.Random, ground: Ground) -> dict[str, Any]:
    """Hold one table (a conflict is always a table's), or use up, lose or refuse what goes to one table or to all."""
    how = dice.choice(("conflict", "quota", "disk full", "lost", "half lost"))
    table = dice.choice([*ground.steps, *ground.tables, *([] if how == "conflict" else [""])])
    return {"kind": "warehouse", "how": how, "table": f".{table}" if table else ""}


def _step(dice: random.Random, ground: Ground) -> dict[str, Any]:
    how = dice.choice(("raises", "raises badly", "half", "empty", "wrong day"))
    return {"kind": "step", "how": how, "output": dice.choice(ground.steps)}


def _executor(dice: random.Random, ground: Ground) -> dict[str, Any]:
    how = dice.choice(("drop", "late", "twice", "lie"))
    late = {"minutes": dice.randint(10, 400)} if how == "late" else {}
    return {"kind": "executor", "how": how, "output": dice.choice([*ground.steps, *ground.tables, ""])} | late


def _controller(dice: random.Random, _ground: Ground) -> dict[str, Any]:
    return dice.choice(
        (
            {"kind": "controller", "how": "frozen"},
            {"kind": "controller", "how": "stopped"},
            {"kind": "controller", "how": "killed", "nth": dice.randint(1, 12), "times": dice.randint(1, 6)},
            {"kind": "controller", "how": "two"},
            {"kind": "controller", "how": "other build"},
            {"kind": "ledger", "how": "locked", "longest": 25},
            {"kind": "files", "how": "disk full"},
        )
    )
