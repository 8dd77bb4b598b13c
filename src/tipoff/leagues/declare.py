"""What catalogs are written with: moments in hours, and the leagues' statements by name."""

from datetime import timedelta
from importlib.resources import files

from tipoff.core.obligation import Anchor, Moment


def hours(number: float) -> timedelta:
    """Return a length of time."""
    return timedelta(hours=number)


def at(number: float) -> Moment:
    """Return so many hours after the day's midnight in New York."""
    return Moment(Anchor.MIDNIGHT, hours(number))


def own(number: float) -> Moment:
    """Return so many hours after each game's own start."""
    return Moment(Anchor.OWN_START, hours(number))


def first(number: float) -> Moment:
    """Return so many hours after the day's first start."""
    return Moment(Anchor.FIRST_START, hours(number))


def last(number: float) -> Moment:
    """Return so many hours after the day's last start."""
    return Moment(Anchor.LAST_START, hours(number))


def statement(league: str, name: str) -> str:
    """Return a statement out of a league's folder."""
    return (files(f"tipoff.leagues.{league}") / "sql" / f"{name}.sql").read_text()
