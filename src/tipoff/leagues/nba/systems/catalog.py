"""The NBA's prediction systems in order, the baseline first; whose chances are published, and who stands in."""

from tipoff.leagues.nba.systems.market_aware import MARKET_AWARE
from tipoff.leagues.nba.systems.moving_average import MOVING_AVERAGE
from tipoff.leagues.nba.systems.quantile_regression import QUANTILE_REGRESSION

SYSTEMS = (MOVING_AVERAGE, QUANTILE_REGRESSION, MARKET_AWARE)
INDEPENDENT = (MOVING_AVERAGE, QUANTILE_REGRESSION)  # of the market: what publication waits for
SERVING = (
    QUANTILE_REGRESSION,
)  # whose chances are published: the first that is there and fit; no two have a market in common
