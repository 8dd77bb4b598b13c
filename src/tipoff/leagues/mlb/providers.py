"""MLB's providers: where each is asked, how often, and what its terms say."""

from datetime import timedelta

from tipoff.core.provider import Provider
from tipoff.leagues import bettingpros, oddsapi
from tipoff.leagues.mlb.sources import statcast, weather

STATSAPI = Provider(
    base="https://statsapi.mlb.com",
    headers=(("User-Agent", "tipoff (a prediction pipeline; asks each page once and waits)"),),
    at_once=4,
    every=timedelta(milliseconds=100),
    terms="Undocumented; mlb.com uses it. For individual use, not commercial, not in bulk: gdx.mlb.com/components/copyright.txt",
)
PROVIDERS = (STATSAPI, oddsapi.PROVIDER, statcast.PROVIDER, weather.PROVIDER, bettingpros.PROVIDER)
KEYS = {oddsapi.KEY: "lines, main lines, chances at a line", bettingpros.KEY: "the lines on which the books agree"}
