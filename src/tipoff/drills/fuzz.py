"""Faults composed by dice: kind × place × time × length, one to three at once, under the same oracle."""

import random
from typing import Any

from tipoff.core.fault import Fault
from tipoff.drills.drill import Drill
from tipoff.drills.faults.files import read_faults
from tipoff.leagues.nba.league import SAMPLE

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
_HOSTS = ("stats.nba.com", "balldontlie", "cdn.nba.com", "the-odds-api")
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
_BUSY = (1, 1, 1, 4, 9, 9, 10, 12)  # hours of a quiet day in which something is done
_STEPS = (
    "player_boxscores",
    "team_games",
    "player_games",
    "candidates",
    "player_features",
    "quantile_regression",
    "published_predictions",
    "grades",
)
_TABLES = (*_STEPS, "nba_player_boxscores", "nba_team_boxscores", "bdl_player_boxscores", "schedule", "")


def composed(seed: int, number: int) -> Drill:
    """Return the `number`-th composition of `seed`: in the hours from midnight to 13:00, in which nothing closes."""
    dice = random.Random(f"{seed}:{number}")  # noqa: S311 -- seeded choice of faults
    said = [_primitive(dice) for _ in range(dice.choice((1, 1, 2, 2, 3)))]
    kinds = " + ".join(f"{entry['kind']} {entry['how']}" for entry in said)
    faults: tuple[Fault, ...] = read_faults(said, SAMPLE.first_day)
    return Drill(
        name=f"fuzz-{seed}-{number}",
        fault=kinds,
        rows=(),
        first_day=SAMPLE.first_day,
        faults=faults,
        fuzzed=True,
        checks=any(fault.how == "half" for fault in faults),  # how many rows there must be is not known of every output
    )


def _primitive(dice: random.Random) -> dict[str, Any]:
    day = dice.randint(2, 4)
    begin = max(0, 60 * dice.choice(_BUSY) - dice.randint(0, 45))
    length = dice.randint(20, 270)
    what = dice.choice((_http, _http, _http, _answer, _answer, _warehouse, _step, _executor, _controller))(dice)
    end = min(begin + min(length, what.pop("longest", 270)), 13 * 60)
    return what | {"from": _time(day, begin), "to": _time(day, end)}


def _time(day: int, minutes: int) -> str:
    return f"day {day} {minutes // 60:02}:{minutes % 60:02}"


def _http(dice: random.Random) -> dict[str, Any]:
    host = {"kind": "http", "host": dice.choice(_HOSTS)}
    ways = [*({"how": "status"} | status for status in _STATUSES), *({"how": how} for how in _ANYWHERE)]
    return host | dice.choice(ways)


def _answer(dice: random.Random) -> dict[str, Any]:
    kind, ways = dice.choice((("P", _PLAYERS), ("T", _CLUBS)))
    return {"kind": "http", "url": f"PlayerOrTeam={kind}"} | dice.choice(ways)


def _warehouse(dice: random.Random) -> dict[str, Any]:
    """Hold one table (a conflict is always a table's), or use up, lose or refuse what goes to one table or to all."""
    how = dice.choice(("conflict", "quota", "disk full", "lost", "half lost"))
    table = dice.choice([name for name in _TABLES if name or how != "conflict"])
    return {"kind": "warehouse", "how": how, "table": f".{table}" if table else ""}


def _step(dice: random.Random) -> dict[str, Any]:
    how = dice.choice(("raises", "raises badly", "half", "empty", "wrong day"))
    return {"kind": "step", "how": how, "output": dice.choice(_STEPS)}


def _executor(dice: random.Random) -> dict[str, Any]:
    how = dice.choice(("drop", "late", "twice", "lie"))
    return {"kind": "executor", "how": how, "output": dice.choice(_TABLES)} | (
        {"minutes": dice.randint(10, 400)} if how == "late" else {}
    )


def _controller(dice: random.Random) -> dict[str, Any]:
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
