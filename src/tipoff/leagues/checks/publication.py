"""Guards of publications: what can be known to be wrong before the first start is not sent out.

Each is given a publication's inputs and rows, and returns the units that it holds, with the reason. They are pure, and cheap
enough for every publication; what they hold is told, and goes out once its input is right.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.step import Context, Guard
from tipoff.leagues.checks.kinds import Words

Row = Mapping[str, Any]
# before the first start: of two games of a club, one may not be called off before that
PATIENCE = timedelta(minutes=45)
ON = frozenset({"scheduled", "live", "final"})
MOST_ON_ONE_SIDE, LEAST_SIDES = 0.95, 20


def guards(  # noqa: C901, PLR0913 -- the rules, one after the other
    words: Words, *, start: str, told_apart_by: Sequence[str] = (), side: str = "", lines: str = "", made_at: str = ""
) -> tuple[Guard, ...]:
    """Return the guards of a publication.

    `start` is the column of the game's start, in the schedule and in the rows. `told_apart_by` are the schedule's columns in
    which two games of a club on one day differ, where it may have two. `side` is the column of what is recommended; `made_at`
    the one of the input `lines` that says when a line was made.
    """
    schedule = words.schedule

    def begins_when_it_says(context: Context, inputs: Mapping[str, pa.Table], rows: pa.Table) -> dict[str, str]:
        games = {game["game_id"]: game for game in inputs[schedule].to_pylist()}
        found = {}
        for row in _each(rows, "game_id", start):
            game = games.get(row["game_id"])
            if game is None:
                found[row["game_id"]] = "it stands on no schedule"
            elif None not in (row[start], game[start]) and row[start] != game[start]:
                found[row["game_id"]] = f"its start is {game[start]}, and it would be published with {row[start]}"
            elif game[start] is not None and game[start] <= context.as_of:
                found[row["game_id"]] = f"it began at {game[start]}"
        return found

    def clubs_play_once(context: Context, inputs: Mapping[str, pa.Table], _rows: pa.Table) -> dict[str, str]:
        games = [game for game in inputs[schedule].to_pylist() if game["status"] in ON]
        first = min((game[start] for game in games if game[start] is not None), default=context.as_of)
        return twice(games, words.clubs, told_apart_by) if context.as_of < first - PATIENCE else {}

    def sides_are_right(_context: Context, inputs: Mapping[str, pa.Table], rows: pa.Table) -> dict[str, str]:
        games = {game["game_id"]: [game[club] for club in words.clubs] for game in inputs[schedule].to_pylist()}
        return {
            row["game_id"]: f"{row[words.side[0]]} is published as a club of {' and '.join(games[row['game_id']])}"
            for row in _each(rows, "game_id", *words.side)
            if row["game_id"] in games and not _is_side([row.get(name) for name in words.side], games[row["game_id"]])
        }

    def is_not_one_sided(_context: Context, _inputs: Mapping[str, pa.Table], rows: pa.Table) -> dict[str, str]:
        chosen = Counter(row[side] for row in _of(rows, side) if row[side] in {"over", "under"})
        [(most, n)] = chosen.most_common(1) or [("", 0)]
        if chosen.total() < LEAST_SIDES or n <= MOST_ON_ONE_SIDE * chosen.total():
            return {}
        return {row["game_id"]: f"{n} of {chosen.total()} recommendations are {most}" for row in _each(rows, "game_id")}

    def lines_stand_before_the_start(
        _context: Context, inputs: Mapping[str, pa.Table], _rows: pa.Table
    ) -> dict[str, str]:
        starts = {game["game_id"]: game[start] for game in inputs[schedule].to_pylist()}
        return {
            row["game_id"]: f"a line of {row[made_at]} was made after its start"
            for row in _each(inputs[lines], "game_id", made_at)
            if row[made_at] is not None and (starts.get(row["game_id"]) or row[made_at]) < row[made_at]
        }

    return (
        begins_when_it_says,
        clubs_play_once,
        sides_are_right,
        *([is_not_one_sided] if side else ()),
        *([lines_stand_before_the_start] if lines else ()),
    )


def twice(games: Iterable[Row], clubs: tuple[str, str], told_apart_by: Sequence[str] = ()) -> dict[str, str]:
    """Return the games of which a club stands in another one too that is on; of the same two clubs, it is one under two ids."""
    of_club: defaultdict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for game in games:
        if game["status"] in ON:
            for name in clubs:
                of_club[game[name], *(game[column] for column in told_apart_by)].append(game)
    found = {}
    for (club, *_), several in of_club.items():
        for game in several:
            for other in several:
                if other["game_id"] != game["game_id"]:
                    same = all(game[name] == other[name] for name in clubs)
                    how = "is the same game" if same else f"has {club} too"
                    found[game["game_id"]] = f"{other['game_id']} of the same day {how}"
    return found


def _is_side(row: Sequence[Any], clubs: Sequence[str]) -> bool:
    """Whether a row's club, opponent and home are those of the game, home first, as far as the row says."""
    club, opponent, is_home = row
    if club not in clubs:
        return False
    at_home = club == clubs[0]
    return opponent in {None, clubs[at_home]} and is_home in {None, at_home}


def _of(rows: pa.Table, *names: str) -> list[Row]:
    found: list[Row] = rows.select([name for name in names if name in rows.schema.names]).to_pylist()
    return found


def _each(rows: pa.Table, *names: str) -> list[Row]:
    there = [name for name in names if name in rows.schema.names]
    return _of(rows.group_by(there, use_threads=False).aggregate([]), *there) if rows.num_rows else []
