"""The skeleton's day on one page, in order: what is owed for a slate, from when, by when, what it waits for."""

from tipoff.core.obligation import SLATE_UNIT, Timing
from tipoff.core.step import SourceWork, Step
from tipoff.leagues.declare import at, hours
from tipoff.leagues.skeleton import source, tables

STEPS = (
    Step(
        table=tables.SCHEDULE,
        work=SourceWork(source=source.SOURCE, requests=source.requests, parse=source.parse),
        timing=Timing(opens=at(-8), due=at(10), settles=at(36), refresh=hours(6)),
        units=SLATE_UNIT,
    ),
)
