"""What the models read: pitchers' games, clubs' games at bat and batters' earlier seasons, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.leagues.predict.arrays import Floats, Ints

BATTERS = 9
SPOTS = tuple(f"batter_{number}_id" for number in range(1, BATTERS + 1))
APPEARANCES = (
    "day",
    "game_id",
    "pitcher_id",
    "team",
    "is_starter",
    "outs",
    "batters_faced",
    "strikeouts",
    "walks",
    "hits",
    "runs",
    "throws",
    "birth_date",
)
AT_BAT = (
    "day",
    "game_id",
    "team",
    "opponent",
    "is_home",
    "venue_id",
    "umpire_id",
    "opposing_catcher_id",
    "opposing_starter_id",
    "plate_appearances",
    "strikeouts",
    "runs",
    "on_base",
    "has_designated_hitter",
    "scheduled_innings",
    "is_night",
    "temperature",
    "game_number",
    *SPOTS,
)
SPLITS = ("season", "batter_id", "bats", "against", "plate_appearances", "strikeouts", "on_base")
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Appearances:
    """One element a pitcher and game; days are ordinals, `game` and `club` numbers that `Numbers` gives."""

    day: Ints
    game: Ints
    pitcher: Ints
    club: Ints
    is_starter: Floats
    outs: Floats
    faced: Floats
    strikeouts: Floats
    walks: Floats
    hits: Floats
    runs: Floats
    left: Floats  # 1.0 throws left-handed, 0.0 right-handed
    born: Floats  # ordinal, NaN unknown


@dataclass(frozen=True, slots=True)
class AtBat:
    """One element a club and game at bat; `starter` and `catcher` are the opponent's."""

    day: Ints
    game: Ints
    club: Ints
    facing: Ints
    venue: Ints
    umpire: Ints
    catcher: Ints
    starter: Ints
    is_home: Floats
    appearances: Floats
    strikeouts: Floats
    runs: Floats
    on_base: Floats
    designated: Floats
    innings: Floats
    night: Floats
    temperature: Floats
    number: Floats
    batters: Ints  # (n, 9) in batting order


@dataclass(frozen=True, slots=True)
class Splits:
    """A batter's totals of a whole season against left- (`against_left` 1) or right-handed pitchers."""

    season: Ints
    batter: Ints
    side: Ints  # 0 left, 1 right, 2 both, as he bats
    against_left: Ints
    appearances: Floats
    strikeouts: Floats
    on_base: Floats


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers for games and clubs, the same in every table read with it."""

    games: dict[str, int]
    clubs: dict[str, int]

    @classmethod
    def empty(cls) -> "Numbers":
        """Return numbers that nobody has yet."""
        return cls({}, {})

    def of_games(self, names: pa.ChunkedArray) -> Ints:
        """Return the games' numbers, new ones for those not seen."""
        return _numbered(names, self.games)

    def of_clubs(self, names: pa.ChunkedArray) -> Ints:
        """Return the clubs' numbers."""
        return _numbered(names, self.clubs)


def read_appearances(rows: pa.Table, numbers: Numbers) -> Appearances:
    """Return a table with the columns APPEARANCES as arrays."""
    return Appearances(
        day=days(rows.column("day")),
        game=numbers.of_games(rows.column("game_id")),
        pitcher=ids(rows.column("pitcher_id")),
        club=numbers.of_clubs(rows.column("team")),
        is_starter=floats(rows.column("is_starter")),
        outs=floats(rows.column("outs")),
        faced=floats(rows.column("batters_faced")),
        strikeouts=floats(rows.column("strikeouts")),
        walks=floats(rows.column("walks")),
        hits=floats(rows.column("hits")),
        runs=floats(rows.column("runs")),
        left=floats(pc.equal(rows.column("throws"), "L")),
        born=_ordinals(rows.column("birth_date")),
    )


def read_outings(rows: pa.Table) -> Appearances:
    """Return of a table when who pitched, how long, and his strikeouts; all else is unknown, or nought."""
    unknown, none = np.full(rows.num_rows, np.nan), np.zeros(rows.num_rows, dtype=np.int64)
    return Appearances(
        day=days(rows.column("day")),
        game=none,
        pitcher=ids(rows.column("pitcher_id")),
        club=none,
        is_starter=floats(rows.column("is_starter")),
        outs=floats(rows.column("outs")),
        faced=floats(rows.column("batters_faced")),
        strikeouts=floats(rows.column("strikeouts")),
        walks=unknown,
        hits=unknown,
        runs=unknown,
        left=unknown,
        born=unknown,
    )


def read_at_bat(rows: pa.Table, numbers: Numbers) -> AtBat:
    """Return a table with the columns AT_BAT as arrays."""
    return AtBat(
        day=days(rows.column("day")),
        game=numbers.of_games(rows.column("game_id")),
        club=numbers.of_clubs(rows.column("team")),
        facing=numbers.of_clubs(rows.column("opponent")),
        venue=ids(rows.column("venue_id")),
        umpire=ids(rows.column("umpire_id")),
        catcher=ids(rows.column("opposing_catcher_id")),
        starter=ids(rows.column("opposing_starter_id")),
        is_home=floats(rows.column("is_home")),
        appearances=floats(rows.column("plate_appearances")),
        strikeouts=floats(rows.column("strikeouts")),
        runs=floats(rows.column("runs")),
        on_base=floats(rows.column("on_base")),
        designated=floats(rows.column("has_designated_hitter")),
        innings=floats(rows.column("scheduled_innings")),
        night=floats(rows.column("is_night")),
        temperature=floats(rows.column("temperature")),
        number=floats(rows.column("game_number")),
        batters=np.column_stack([ids(rows.column(name)) for name in SPOTS]),
    )


def read_splits(rows: pa.Table) -> Splits:
    """Return a table with the columns SPLITS as arrays."""
    return Splits(
        season=ids(rows.column("season")),
        batter=ids(rows.column("batter_id")),
        side=sides(rows.column("bats")),
        against_left=ids(pc.equal(rows.column("against"), "L")),
        appearances=floats(rows.column("plate_appearances")),
        strikeouts=floats(rows.column("strikeouts")),
        on_base=floats(rows.column("on_base")),
    )


def sides(column: pa.ChunkedArray) -> Ints:
    """Return how batters bat: 0 left, 1 right, 2 both; who is not known bats right."""
    return np.asarray([{"L": 0, "S": 2, "B": 2}.get(value, 1) for value in column.to_pylist()], dtype=np.int64)


def floats(column: pa.ChunkedArray) -> Floats:
    """Return numbers or truth values as floats; unknown is NaN."""
    return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def ids(column: pa.ChunkedArray) -> Ints:
    """Return ids; unknown is NOBODY."""
    return np.asarray(pc.fill_null(pc.cast(column, pa.int64()), NOBODY).to_numpy(zero_copy_only=False), dtype=np.int64)


def days(column: pa.ChunkedArray) -> Ints:
    """Return dates as ordinals."""
    return ids(pc.add(pc.cast(column, pa.int32()), _EPOCH))


def _ordinals(column: pa.ChunkedArray) -> Floats:
    return floats(pc.add(pc.cast(column, pa.int32()), _EPOCH))


_EPOCH = 719_163  # the ordinal of 1970-01-01


def _numbered(names: pa.ChunkedArray, known: dict[str, int]) -> Ints:
    encoded = pc.dictionary_encode(names).combine_chunks()
    values: Sequence[str] = encoded.dictionary.to_pylist()
    for name in values:
        known.setdefault(name, len(known))
    table = np.asarray([known[name] for name in values], dtype=np.int64)
    return table[encoded.indices.to_numpy()] if len(table) else np.zeros(0, dtype=np.int64)
