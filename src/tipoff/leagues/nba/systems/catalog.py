"""The NBA's prediction systems in order, the baseline first; whose chances are published, and who stands in."""

from tipoff.leagues.nba.systems.lightgbm import LIGHTGBM
from tipoff.leagues.nba.systems.market_aware import MARKET_AWARE
from tipoff.leagues.nba.systems.moving_average import MOVING_AVERAGE
from tipoff.leagues.nba.systems.quantile_regression import QUANTILE_REGRESSION

SYSTEMS = (MOVING_AVERAGE, QUANTILE_REGRESSION, LIGHTGBM, MARKET_AWARE)
INDEPENDENT = (MOVING_AVERAGE, QUANTILE_REGRESSION, LIGHTGBM)  # of the market: what publication waits for
SERVING = (LIGHTGBM, QUANTILE_REGRESSION)  # whose chances are published: the first that is there and fit
