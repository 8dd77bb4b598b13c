"""A season in which much goes wrong, by dice, and what must differ from the quiet one for it, told from the faults alone."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from tipoff.core.clock import league_day, midnight
from tipoff.core.fault import Fault
from tipoff.leagues.nba.world.data import NbaData
from tipoff.leagues.nba.world.faults import put_off_games

Unit = tuple[str, date, str]  # output, day, unit

STOP = (datetime(2024, 1, 23, 4, 20, tzinfo=UTC), datetime(2024, 1, 25, 1, 35, tzinfo=UTC))  # as it once happened
LATE_SHARE = 0.1  # of the days with games
KILLS = 20
_HELD_TABLES = (
    "nba_player_boxscores",
    "nba_team_boxscores",
    "player_boxscores",
    "team_games",
    "player_games",
    "grades",
)
_TRAINING = {0, 3}  # Mondays and Thursdays: what is late then is late in every prediction until the next training
_FEW = 4  # games; the day after, four fifths of what a game needs are there without them


def season_faults(data: NbaData, seed: int = 7) -> tuple[Fault, ...]:
    """Return what goes wrong: late box scores, outages, storms of 429, conflicts, kills, a long stop, games put off."""
    dice = random.Random(seed)  # noqa: S311 -- a world's dice, seeded
    days = sorted({game.day for game in data.games})
    quiet = [day for day in days if not STOP[0] - timedelta(days=3) < midnight(day) < STOP[1] + timedelta(days=3)]
    very_late = _very_late(data, quiet, dice)
    others = [day for day in quiet if day not in very_late]
    late = dice.sample(others, max(1, round(LATE_SHARE * len(days)) - len(very_late)))
    return (
        *(_late(day, 24 + 23.5, second=True) for day in very_late),
        *(_late(day, 24 + dice.uniform(3, 8), second=False) for day in late),
        *_outages(others, dice),
        *_conflicts(others, dice),
        *_kills(days, dice),
        Fault(kind="controller", how="stopped", begin=STOP[0], end=STOP[1]),
        _burst(data, others, dice),
    )


def _very_late(data: NbaData, days: Sequence[date], dice: random.Random) -> list[date]:
    """Choose two days of few games after which nobody trains, nobody quotes lines, and clubs play again."""
    sides = {day: [side for game in data.games if game.day == day for side in (game.home, game.away)] for day in days}
    quoted = {game.day for game in data.games if game.snapshots}
    found = []
    for day in days[len(days) // 4 :]:
        after = day + timedelta(days=1)
        again = set(sides[day]) & set(sides.get(after, ()))
        if again and len(sides[day]) <= 2 * _FEW and after.weekday() not in _TRAINING and not {day, after} & quoted:
            found.append(day)
    return sorted(dice.sample(found, min(2, len(found))))


def _late(day: date, hours: float, *, second: bool) -> Fault:
    begin = midnight(day)
    end = (begin + timedelta(hours=hours)).replace(second=0, microsecond=0)
    return Fault(kind="world", how="late", begin=begin, end=end, args={"second": second})


def _outages(days: Sequence[date], dice: random.Random) -> Iterator[Fault]:
    """Yield outages of hours by night, of every provider of results, and storms of 429."""
    ways = ({"status": 503}, {"status": 429, "retry_after": 900}, {"status": 429, "retry_after": 90}, {"status": 403})
    for day in dice.sample(list(days), 16):
        begin = midnight(day) + timedelta(hours=dice.uniform(0.5, 3))
        end = begin + timedelta(hours=dice.uniform(1, 4))
        host = dice.choice(("stats.nba.com", "stats.nba.com", "balldontlie", "cdn.nba.com"))
        yield Fault(kind="http", how="status", begin=begin, end=end, where={"host": host}, args=dice.choice(ways))
    for day in dice.sample(list(days), 4):
        begin = midnight(day) + timedelta(hours=dice.uniform(0.5, 3))
        way = dice.choice(("refuse", "html", "truncated", "nothing"))
        yield Fault(kind="http", how=way, begin=begin, end=begin + timedelta(hours=2), where={"host": "stats.nba.com"})


def _conflicts(days: Sequence[date], dice: random.Random) -> Iterator[Fault]:
    for day in dice.sample(list(days), 12):
        begin = midnight(day) + timedelta(hours=dice.uniform(0.5, 4))
        end = begin + timedelta(minutes=dice.uniform(40, 110))
        yield Fault(kind="warehouse", how="conflict", begin=begin, end=end, where={"table": dice.choice(_HELD_TABLES)})


def _kills(days: Sequence[date], dice: random.Random) -> Iterator[Fault]:
    for day in dice.sample(list(days), KILLS):
        begin = midnight(day) + timedelta(hours=dice.uniform(0, 20))
        yield Fault(
            kind="controller",
            how="killed",
            begin=begin,
            end=begin + timedelta(days=3),
            args={"nth": dice.randint(1, 60)},
        )


def _burst(data: NbaData, days: Sequence[date], dice: random.Random) -> Fault:
    """Choose a day on which three games are put off that were never to be played on it."""
    fitting = [day for day in days[20:-20] if len(put_off_games(data, day, 3)) == 3]  # noqa: PLR2004 -- three games
    return Fault(
        kind="world",
        how="postponed",
        begin=midnight(dice.choice(fitting)) + timedelta(hours=1),
        end=STOP[1] + timedelta(days=400),
        args={"games": 3},
    )


def expected_differences(data: NbaData, faults: Sequence[Fault]) -> set[Unit]:
    """Return the units that must differ from the quiet season, from the faults and the games' days and tip-offs alone.

    A long stop: what closes in it is not published, its odds were never asked for, and its predictions, made afterwards as of
    their tip-offs, are graded as such. Both sources late beyond the next day's games: games of clubs that played are predicted
    without it, and those of clubs that a player had left since, for whom he is still taken. Games put off: the schedule of the
    day names them.
    """
    found: set[Unit] = set()
    for fault in faults:
        match fault.kind, fault.how:
            case "controller", "stopped":
                for game in data.games:
                    if fault.begin <= game.tipoff_at < fault.end:
                        found |= {
                            (name, game.day, game.game_id)
                            for name in ("published_predictions", "published_markets", "odds_events", "grades")
                        }
                        if game.snapshots:  # nobody who has no line is told with the market
                            found.add(("market_aware", game.day, game.game_id))
                        found.add(("scores", game.day, "slate"))
            case "world", "late" if fault.args["second"]:
                found |= _predicted_without(data, league_day(fault.begin))
            case "world", "postponed":
                found.add(("schedule", league_day(fault.begin), "slate"))
    return found


def _predicted_without(data: NbaData, day: date) -> set[Unit]:
    played = {side for game in data.games if game.day == day for side in (game.home, game.away)} | _left(data, day)
    found: set[Unit] = set()
    for game in data.games:
        if game.day != day + timedelta(days=1):
            continue
        names = ("quantile_regression", "published_predictions", "published_markets", "grades")
        found |= {
            (name, game.day, game.game_id) for name in names
        }  # form is told against the league's means: all games'
        found.add(("scores", game.day, "slate"))
        if {game.home, game.away} & played:
            found.add(("moving_average", game.day, game.game_id))
    return found


def _left(data: NbaData, day: date) -> set[str]:
    """Return the clubs that the players of `day` had last played for before it, where these are others."""
    last: dict[int, str] = {}
    for game in data.games:
        if game.day < day:
            last.update({row["PLAYER_ID"]: row["TEAM_ABBREVIATION"] for row in game.players})
    return {
        last[row["PLAYER_ID"]]
        for game in data.games
        if game.day == day
        for row in game.players
        if last.get(row["PLAYER_ID"], row["TEAM_ABBREVIATION"]) != row["TEAM_ABBREVIATION"]
    }
