"""What a live MLB asks beside what its predictions rest on: pitches, parks, weather, agreed lines. Kept raw; what they claim."""

from tipoff.core.check import Check
from tipoff.core.obligation import AT_START, Timing
from tipoff.core.schema import KNOWN_AT, Phase, instant, integer, number, text
from tipoff.core.step import Edge, SourceWork, Step
from tipoff.core.window import SLATE, Input
from tipoff.leagues import bettingpros
from tipoff.leagues.checks import kinds
from tipoff.leagues.declare import at, first, hours, own
from tipoff.leagues.mlb.columns import GAME, MOST_STRIKEOUTS, PITCHER, table
from tipoff.leagues.mlb.sources import schedule, statcast, weather
from tipoff.leagues.mlb.sources.teams import TEAMS

_SCHEDULE = (Input("schedule", SLATE),)
_WHAT_IS_ON = Edge(table="schedule", cascades=False)
_THEIR_CODES = {code: code for code in TEAMS} | {
    "ARI": "AZ",
    "CHW": "CWS",
    "WAS": "WSH",
    "OAK": "ATH",
    "SFG": "SF",
    "SDP": "SD",
    "TBR": "TB",
    "KCR": "KC",
}
PITCHES = table(
    Phase.RAW,
    "pitches",
    ("game_id", "pitcher_id"),
    GAME,
    PITCHER,
    integer("pitches", 1, 200, required=True),
    integer("fastballs", 0, 200),
    number("fastball_speed", 50, 110, measure="miles an hour", places=3),
    integer("swings", 0, 200),
    integer("misses", 0, 100),
    integer("called_strikes", 0, 100),
    integer("strikeouts", 0, MOST_STRIKEOUTS, measure="strikeouts"),
    KNOWN_AT,
    about="baseballsavant.mlb.com: one row a pitcher and game, added up over his pitches.",
)
PARKS = table(
    Phase.RAW,
    "parks",
    ("game_id",),
    GAME,
    integer("venue_id", 1, required=True),
    text("venue_name", required=True),
    number("latitude", -90, 90, places=5, required=True),
    number("longitude", -180, 180, places=5, required=True),
    number("elevation", -100, 10000, measure="feet", places=1),
    number("azimuth", 0, 360, measure="degrees", places=1),
    text("roof", required=True),
    KNOWN_AT,
    about="statsapi.mlb.com: where each game is played, and under which roof.",
)
WEATHER = table(
    Phase.RAW,
    "weather",
    ("game_id",),
    GAME,
    instant("forecast_of", required=True),
    number("temperature", -20, 130, measure="degrees Fahrenheit", places=1, required=True),
    number("humidity", 0, 100, measure="percent", places=1),
    number("rain_chance", 0, 100, measure="percent", places=1),
    number("wind_speed", 0, 150, measure="miles an hour", places=1),
    number("wind_direction", 0, 360, measure="degrees", places=1),
    number("pressure", 500, 1100, measure="hPa", places=1),
    KNOWN_AT,
    about="open-meteo.com: the forecast for the hour in which a game begins, at its park.",
)
AGREED = bettingpros.Market(
    sport="MLB", number=285, clubs=_THEIR_CODES, start="first_pitch_at", goes_on_from="resumed_from"
)
AGREED_LINES = table(
    Phase.RAW,
    bettingpros.TABLE,
    bettingpros.LINE_KEY,
    GAME,
    *bettingpros.line_columns(20.5, "strikeouts"),
    about="bettingpros.com: each line on which the books agreed, as it first came, and what it projects itself.",
)


def _alone(name: str) -> Edge:
    return Edge(table=name, minimum=0.0, patience=hours(0))


BESIDE = (
    Step(
        table=PITCHES,
        work=SourceWork(source=statcast.SOURCE, requests=statcast.requests, parse=statcast.parse, inputs=_SCHEDULE),
        timing=Timing(opens=at(32), due=at(44), poll=hours(1), poll_max=hours(4)),
        edges=(_WHAT_IS_ON,),
        optional=True,
    ),
    Step(
        table=PARKS,
        work=SourceWork(
            source=schedule.SOURCE, requests=weather.park_requests, parse=weather.parse_parks, inputs=_SCHEDULE
        ),
        timing=Timing(opens=first(-8), due=own(-1), closes=AT_START),
        edges=(_WHAT_IS_ON,),
        optional=True,
    ),
    Step(
        table=WEATHER,
        work=SourceWork(
            source=weather.SOURCE,
            requests=weather.requests,
            parse=weather.parse,
            inputs=(*_SCHEDULE, Input("parks", SLATE)),
        ),
        timing=Timing(opens=first(-6), due=own(-0.5), closes=AT_START, refresh=hours(3)),
        edges=(_WHAT_IS_ON, _alone("parks")),
        optional=True,
    ),
    Step(
        table=AGREED_LINES,
        work=SourceWork(
            source=bettingpros.SOURCE,
            key=bettingpros.KEY,
            requests=AGREED.requests,
            parse=AGREED.parse,
            inputs=_SCHEDULE,
            keeps_history=True,  # a line moves, and of a starter who is scratched it is gone
        ),
        timing=Timing(opens=first(-8), due=own(-0.5), closes=AT_START, refresh=hours(2)),
        edges=(_WHAT_IS_ON,),
        optional=True,
    ),
)
CHECKS: tuple[Check, ...] = (
    kinds.asks(  # a count of pitches that is not whole yet has fewer strikeouts, and says nothing
        "pitcher_boxscores.strikeouts_are_the_pitches",
        "where both count as many strikeouts in a game, each pitcher's are as many as his pitches tell",
        "SELECT CONCAT(t.game_id, '|', CAST(t.pitcher_id AS STRING)) AS key, "
        "COALESCE(p.strikeouts = t.strikeouts, t.strikeouts = 0) AS ok FROM slate.pitcher_boxscores AS t "
        "LEFT JOIN slate.pitches AS p ON p.game_id = t.game_id AND p.pitcher_id = t.pitcher_id "
        "JOIN (SELECT b.game_id, SUM(b.strikeouts) AS n FROM slate.pitcher_boxscores AS b GROUP BY b.game_id) AS b "
        "ON b.game_id = t.game_id JOIN (SELECT o.game_id, SUM(o.strikeouts) AS n FROM slate.pitches AS o GROUP BY o.game_id) "
        "AS o ON o.game_id = t.game_id AND o.n = b.n WHERE t.strikeouts IS NOT NULL",
        ["pitches", "pitcher_boxscores"],
        about="pitcher_boxscores",
        do="two men's numbers were exchanged, or a source's ids: compare the game's feed with its pitches",
    ),
)
