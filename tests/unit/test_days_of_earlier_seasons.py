"""Days of earlier seasons: which are loaded, where a load was cut off or a season was begun late in this home."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tipoff.app.loading import Past, load_past
from tipoff.core.clock import midnight
from tipoff.core.proof import Proof
from tipoff.core.slate import Season
from tipoff.leagues.nba.league import NBA

OLDEST, BEFORE, NOW = date(2001, 4, 1), date(2002, 4, 1), date(2003, 4, 1)
LOADED, OWN = 0, 7  # fences: of what is loaded, and of a run's


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


FIRST_PART = [(day, LOADED) for day in days(OLDEST, date(2001, 6, 1))]
BEGUN_LATE = [(day, OWN) for day in days(date(2002, 5, 10), date(2002, 5, 12))]
CUT_OFF = [(day, LOADED) for day in days(BEFORE, date(2002, 4, 20))]
FROM_THE_FIRST_DAY = [(BEFORE, OWN), (date(2002, 5, 12), OWN)]
AFTER = days(date(2002, 5, 13), date(2003, 3, 31))


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        ([], days(OLDEST, date(2003, 3, 31))),
        (FIRST_PART, days(date(2001, 6, 2), date(2003, 3, 31))),
        ([*FIRST_PART, *FROM_THE_FIRST_DAY], AFTER),
        ([*FIRST_PART, *BEGUN_LATE], [*days(BEFORE, date(2002, 5, 9)), *AFTER]),
        ([*FIRST_PART, *BEGUN_LATE, *CUT_OFF], [*days(date(2002, 4, 21), date(2002, 5, 9)), *AFTER]),
    ],
    ids=["a new home", "cut off", "begun on its first day", "begun late", "begun late, and cut off"],
)
def test_the_days_that_are_not_there_are_loaded_and_no_others(
    there: list[tuple[date, int]], asked: list[date], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[date] = []

    def load(_loader: object, day: date, _outputs: list[str]) -> bool:
        found.append(day)
        return True

    monkeypatch.setattr("tipoff.app.loading._Loader.day", load)
    known: dict[str, Any] = {
        "league": NBA.name,
        "output": "boxes",
        "made_at": midnight(NOW),
        "step_version": "v",
        "units": {},
    }
    proofs = [Proof(day=day, fence=fence, **known) for day, fence in there]
    warehouse: Any = SimpleNamespace(proofs=lambda **_since: proofs)
    nothing_is_asked: Any = None
    season = Season("2003", NOW, NOW + timedelta(days=9), earlier=(BEFORE, OLDEST))
    past = Past(league=NBA, season=season, since={"boxes": OLDEST})

    n_loaded = load_past(past, warehouse, {}, nothing_is_asked, lambda: midnight(NOW))

    assert (found, n_loaded) == (asked, len(asked))
