"""Days without games: how many in a row a season has, told from the season so far."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from statistics import fmean

from tipoff.checks.profile import USUAL
from tipoff.core.check import Cadence, Check, Measured, View
from tipoff.core.schema import Table
from tipoff.core.slate import Season
from tipoff.leagues.checks.probes import probe

_REST, _BREAK = 2, 7  # days in a row without games that any season has, and that one break of it has
_FEW_GAMES = 3  # a day, in the late rounds of play-offs
_FEWEST_DAYS = 5  # with games before, with fewer of which nothing is usual


def days_have_games(table: Table, *, stops: Mapping[tuple[date, date], str] | None = None) -> Check:
    """Demand that no more days in a row are said to be without games than were so far in the season.

    Two may always be, and once, after the first third of the season, a break of a week. Rounds of few games a day rest as long
    as they will; so does the season in `stops`, which names the first and last day and why.
    """
    counted = f"SELECT t.day, COUNT(*) AS n FROM before.{table.name} AS t GROUP BY t.day"  # noqa: S608 -- a declared name

    def look(view: View) -> Measured:
        reason = next((why for (first, last), why in (stops or {}).items() if first <= view.day <= last), "")
        n_games = {row["day"]: row["n"] for row in view.ask(counted).to_pylist()}
        days = sorted(n_games)
        if reason or len(days) < _FEWEST_DAYS:
            return Measured.nothing(reason or "too few days with games before")
        if fmean(n_games[day] for day in days[-_FEWEST_DAYS:]) < _FEW_GAMES:
            return Measured.nothing("the days before had few games each")
        run = _days_between(days[-1], view.day + timedelta(days=1))
        proofs = [view.records.proof(table.name, day) for day in run]
        if any(proof is None or proof.n_rows for proof in proofs):
            return Measured(value=0.0, note="the day has games, or it is not known yet")
        usual = _usual_rest(view.season, days)
        note = f"{len(run)} in a row, where {usual} would be usual"
        return Measured(value=float(max(0, len(run) - usual)), failing=tuple(map(str, run)), note=note)

    return probe(
        table,
        "days_have_games",
        "no more days in a row are without games than so far in the season, but for one break of a week",
        look,
        do="the schedule says of too many days that nothing is on: read its payload, and ask it for a day that has games",
        measure="days without games more than usual",
        required=0.0,
        at_most=True,
        cadence=Cadence.PREGAME,
    )


def _usual_rest(season: Season, days: Sequence[date]) -> int:
    """Return how many days in a row may be without games after the last of `days`, which are those with games so far."""
    opening = days[0] + timedelta(days=USUAL)  # clubs that open abroad play a week before the others
    rests = [len(_days_between(one, other)) for one, other in pairwise(days) if one >= opening]
    is_early = days[-1] < season.first_day + (season.last_day - season.first_day) / 3
    if days[-1] < opening or not (is_early or max(rests, default=0) > _REST):
        return _BREAK
    return _REST


def _days_between(one: date, other: date) -> list[date]:
    return [one + timedelta(days=n) for n in range(1, (other - one).days)]
