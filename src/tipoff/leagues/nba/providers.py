"""The NBA's providers: where each is asked, how often, and what its terms say. None needs a key but the three that name one."""

from datetime import timedelta

from tipoff.core.provider import Provider, RefusalMeaning, RequestLimits, Route
from tipoff.leagues import bettingpros, oddsapi

_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
_NBA_HEADERS = (("Accept", "application/json"), ("Referer", "https://www.nba.com/"), ("User-Agent", _BROWSER))
_PLAIN = (("User-Agent", "tipoff (a prediction pipeline; asks each page once and waits)"),)

CDN = Provider(
    base="https://cdn.nba.com",
    headers=_NBA_HEADERS,
    at_once=4,
    every=timedelta(milliseconds=250),  # it leaves an address without answers after rapid calls in a row
    says=(("<code>accessdenied</code>", RefusalMeaning.ABSENT),),  # so it says that a file is not there
    terms="Public files of the league's own pages. nba.com's terms forbid commercial use without leave.",
)
REPORTS = Provider(
    base="https://ak-static.cms.nba.com",
    headers=_NBA_HEADERS,
    at_once=1,
    every=timedelta(seconds=1),
    says=(("<code>accessdenied</code>", RefusalMeaning.ABSENT),),
    terms="Public files of the league's own pages; terms as above.",
)
STATS = Provider(
    base="https://stats.nba.com",
    headers=_NBA_HEADERS,
    at_once=1,
    every=timedelta(seconds=1),
    route=Route.POOL,  # it does not answer addresses of clouds
    limits=RequestLimits(read=timedelta(seconds=30), whole=timedelta(seconds=60)),
    terms="Undocumented; the pages of nba.com use it. Its robots file asks crawlers to stay away; terms as above.",
)
BALLDONTLIE = Provider(
    base="https://api.balldontlie.io",
    headers=_PLAIN,
    at_once=2,
    every=timedelta(milliseconds=150),
    says=(
        ("unauthorized", RefusalMeaning.BAD_KEY),
        ("upgrade", RefusalMeaning.PLAN),
        ("all-star", RefusalMeaning.PLAN),
    ),
    terms="By key; what a key may ask depends on its plan, box scores need a paid one.",
)
ESPN = Provider(
    base="https://site.api.espn.com",
    headers=_PLAIN,
    at_once=1,
    every=timedelta(seconds=1),
    terms="Undocumented; espn.com uses it. Its terms are for personal use, not commercial; who asks too often is answered 429.",
)
REFERENCE = Provider(
    base="https://www.basketball-reference.com",
    headers=_PLAIN,
    at_once=1,
    every=timedelta(seconds=3.1),  # twenty requests a minute
    blocks=timedelta(hours=24),
    terms="No more than twenty requests a minute; who asks more is blocked for a day. Its terms forbid what competes with it.",
)
PROVIDERS = (CDN, STATS, REPORTS, BALLDONTLIE, oddsapi.PROVIDER, bettingpros.PROVIDER, ESPN, REFERENCE)
KEYS = {
    oddsapi.KEY: "lines and main lines",
    "balldontlie_key": "the second box scores, the list of the injured",
    bettingpros.KEY: "the lines on which the books agree",
}
