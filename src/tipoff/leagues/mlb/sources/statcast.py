"""baseballsavant.mlb.com: every pitch of a day as CSV, told by pitcher and game: how hard, how often missed, how often taken."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from statistics import fmean

import pyarrow as pa

from tipoff.core.door import Unfit, calendar_date, number
from tipoff.core.parsing import Aside, Use, shaped
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.provider import Provider
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally
from tipoff.leagues.mlb.sources.reading import game_id, games_on, person
from tipoff.leagues.mlb.sources.schedule import OTHER_KINDS, REGULAR

SOURCE = "statcast"
PROVIDER = Provider(
    base="https://baseballsavant.mlb.com",
    headers=(("User-Agent", "tipoff (a prediction pipeline; asks each page once and waits)"),),
    at_once=1,
    every=timedelta(seconds=2),
    terms="As statsapi.mlb.com: for individual use, not in bulk. One answer a day.",
)
URL = f"{PROVIDER.base}/statcast_search/csv"
MOST_ROWS = 25_000  # an answer is cut off there without a word
_FAST = frozenset({"FF", "FT", "FA", "SI"})  # four-seam and two-seam fastballs, sinkers
_MISSED = frozenset({"swinging_strike", "swinging_strike_blocked"})
_SWUNG = _MISSED | {"foul", "foul_tip", "hit_into_play", "hit_into_play_no_out", "hit_into_play_score"}
_KEY = ("game_pk", "at_bat_number", "pitch_number")
_READ = (*_KEY, "game_date", "game_type", "pitcher", "pitch_type", "release_speed", "events", "description")
_OUT = frozenset({"strikeout", "strikeout_double_play"})
_NOTHING = frozenset({"", "null"})
Pitch = Mapping[str, str]


def requests(context: Context, inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the days on which the asked games began: what goes on from another day is told of that day."""
    days = {row["resumed_from"] or row["day"] for row in games_on(inputs) if row["game_id"] in context.units}
    return [_request(day) for day in sorted(days)]


def _request(day: date) -> Request:
    between = (("game_date_gt", str(day)), ("game_date_lt", str(day)))
    return Request(
        source=SOURCE,
        url=URL,
        params=(("all", "true"), *between, ("hfGT", "R|"), ("player_type", "pitcher"), ("type", "details")),
        max_age=timedelta(hours=2),
    )


def parse(payload: Payload, context: Context, _inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return one row a pitcher and asked game; a game of which no pitch is told yet has none. A pitch counts once.

    Raises:
        SourceError: It is no table of pitches, or one that was cut off.
    """
    tally = Tally()
    thrown: dict[tuple[str, ...], Pitch] = {}
    pitches = _pitches(payload)
    if len(pitches) >= MOST_ROWS:
        raise shaped(payload, f"{len(pitches)} pitches, where an answer is cut off")
    if pitches and isinstance(pitches[-1], list):  # what comes after it is missing too, of this pitcher and of others
        raise shaped(payload, f"it breaks off in the midst of a line, after {len(pitches) - 1} pitches")
    for pitch in pitches:
        tally.one(pitch, lambda found: _sorted(found, context, thrown))
    tally.must_be_recognised(payload)
    of: dict[tuple[str, int], list[Pitch]] = {}
    for pitch in thrown.values():
        of.setdefault((game_id(pitch["game_pk"]), person(pitch["pitcher"])), []).append(pitch)
    tally.rows = [_told(context, game, pitcher, found) for (game, pitcher), found in of.items()]
    return tally.parsed()


def _pitches(payload: Payload) -> list[Pitch | list[str]]:
    """Return the pitches, and lines that are none as they are; a column that stands twice is read where it stands first."""
    reader = csv.reader(io.StringIO(payload.body.decode("utf-8-sig", "replace"), newline=""))
    header = next(reader, [])
    if not set(_READ) <= set(header):
        raise shaped(payload, "no table of pitches")
    places = {name: header.index(name) for name in _READ}
    return [
        {name: row[place] for name, place in places.items()} if len(row) == len(header) else row
        for row in reader
        if row
    ]


def _sorted(pitch: Pitch | list[str], context: Context, thrown: dict[tuple[str, ...], Pitch]) -> Record:
    """Lay a pitch to those that were thrown, each once."""
    if isinstance(pitch, list):
        msg = f"a line of {len(pitch)} columns"
        raise Unfit(msg)
    if (kind := pitch["game_type"]) != REGULAR:
        is_known = kind in OTHER_KINDS
        raise Aside(Use.OTHER_COMPETITION if is_known else Use.UNKNOWN, "" if is_known else f"game_type is {kind}")
    calendar_date(pitch["game_date"], "game_date")
    game = game_id(pitch["game_pk"])
    if game not in context.units:
        raise Aside(Use.OTHER_DAY)
    speed = _speed(pitch)
    if speed is not None and not 20 < speed < 115:  # noqa: PLR2004 -- miles an hour
        msg = f"a pitch of {speed} miles an hour"
        raise Unfit(msg)
    person(pitch["pitcher"])
    key = tuple(pitch[name] for name in _KEY)
    if _NOTHING & {*key}:
        msg = "a pitch without its number"
        raise Unfit(msg)
    first = thrown.setdefault(key, pitch)
    if first is not pitch and first == pitch:
        raise Aside(Use.LEFT_OUT, "repeats another pitch exactly", is_told=True)
    if first is not pitch:
        msg = f"pitch {key[2]} of at-bat {key[1]} of {game} stands twice with different values"
        raise Unfit(msg)
    return {}


def _speed(pitch: Pitch) -> float | None:
    told = pitch["release_speed"]
    return None if told in _NOTHING else number(told, "release_speed")


def _told(context: Context, game: str, pitcher: int, pitches: Sequence[Pitch]) -> Record:
    speeds = [speed for pitch in pitches if pitch["pitch_type"] in _FAST and (speed := _speed(pitch)) is not None]
    described = [pitch["description"] for pitch in pitches]
    return {
        "day": context.slate.day,
        "game_id": game,
        "pitcher_id": pitcher,
        "pitches": len(pitches),
        "fastballs": len(speeds),
        "fastball_speed": round(fmean(speeds), 3) if speeds else None,
        "swings": sum(one in _SWUNG for one in described),
        "misses": sum(one in _MISSED for one in described),
        "called_strikes": described.count("called_strike"),
        "strikeouts": sum(pitch["events"] in _OUT for pitch in pitches),
    }
