"""Fault files: what a fault needs is said before anything is replayed."""

from pathlib import Path

import pytest

from tipoff.core.errors import UsageError
from tipoff.drills.faults.files import faults_of
from tipoff.leagues.nba.league import SAMPLE

FIRST_DAY = SAMPLE.first_day


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[faults]]\nkind = 'http'\nhow = 'bad row'\nfrom = 'day 1'", "does not say: column, value"),
        ("[[faults]]\nkind = 'http'\nhow = 'status'\nfrom = 'day 1'", "does not say: status"),
        ("[[faults]]\nkind = 'http'\nhow = 'html'", "does not say: from"),
        ("[[faults]]\nkind = 'world'\nhow = 'postponed'\nfrom = 'day 1'", "does not say: games"),
        ("[[faults]]\nkind = 'http'\nhow = 'burns'\nfrom = 'day 1'", "no fault of kind 'http' that goes 'burns'"),
        ("[[faults]]\nkind = ['http']\nhow = 'html'\nfrom = 'day 1'", "no fault of kind"),
        ("[[faults]]\nkind = 'http'\nhow = ['html']\nfrom = 'day 1'", "no fault of kind 'http' that goes"),
        ("[[faults]]\nkind = 'http'\nhow = 'html'\nfrom = 'day 99999999'", "'day 99999999' is no time of a fault"),
        ("[[faults]]\nkind = 'http'\nhow = 'slow'\nseconds = 'x'\nfrom = 'day 1'", "seconds = 'x', which is no number"),
        ("\udcff", "cannot be read"),
        ("faults = []", "holds no list of faults"),
        ("faults = 3", "holds no list of faults"),
        ("faults = ['http']", "holds no list of faults"),
    ],
)
def test_a_fault_that_lacks_what_it_needs_is_refused_with_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "faults.toml").write_bytes(text.encode(errors="surrogateescape"))

    with pytest.raises(UsageError, match=said):
        faults_of(tmp_path / "faults.toml", FIRST_DAY)
