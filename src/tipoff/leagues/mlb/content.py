"""What MLB hands over: the league, its recorded world, how its accuracy is reported, what a model of its must fit."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from tipoff.core.errors import UsageError
from tipoff.core.fault import Fault
from tipoff.core.slate import Season
from tipoff.leagues.doubts import doubt_of
from tipoff.leagues.mlb import beside, lines, providers
from tipoff.leagues.mlb.explanation import EXPLANATION
from tipoff.leagues.mlb.league import MLB, SAMPLE
from tipoff.leagues.mlb.live import LIVE_STEPS
from tipoff.leagues.mlb.models.features import NAMES
from tipoff.leagues.mlb.season_report import REPORT
from tipoff.leagues.mlb.sources import seasons
from tipoff.leagues.mlb.tables import STRIKEOUT_MODEL
from tipoff.leagues.mlb.world.files import Files
from tipoff.leagues.mlb.world.recorded import RecordedMlb, days_of
from tipoff.leagues.mlb.world.sample import SampleMlb
from tipoff.leagues.predict import boosting
from tipoff.sources.content import Content, EarlierSeasons, LiveContent, ModelContract
from tipoff.sources.world import World

_LEARNT = 3  # seasons before, which the models of a season are trained on


def _unknown(season: Season) -> Sequence[str]:
    """Return those of them that the home has not worked on."""
    year = season.first_day.year
    return [str(other) for other in range(year - _LEARNT, year - len(season.earlier))]


class SampleSeasons:
    """See `tipoff.sources.content.Sample`."""

    season = SAMPLE

    def world(self, season: Season, *, seed: int, faults: Sequence[Fault]) -> World:
        """Return the world of a season, which may lie on any days."""
        return SampleMlb(season, seed=seed, faults=faults)


class RecordedSeasons:
    """See `tipoff.sources.content.Recorded`: every season whose files are in the folder, by its year."""

    def names(self, data: Path) -> list[str]:
        """Return the seasons whose files are there, oldest first."""
        return [str(year) for year in Files(data).seasons]

    def season(self, data: Path, name: str) -> Season:
        """Return a season with its first and last day, as its games say, and the first days of those before it."""
        files = Files(data)
        if not name.isdigit() or int(name) not in files.seasons:
            msg = f"{data} holds no MLB season {name}"
            raise UsageError(msg, hint="it holds: " + ", ".join(map(str, files.seasons)))
        year = int(name)
        first, last = days_of(files, year)
        earlier: list[date] = [days_of(files, other)[0] for other in reversed(files.seasons) if other < year]
        return Season(name, first, last, tuple(earlier))

    def world(self, data: Path, name: str, *, seed: int, disturbed: bool, faults: Sequence[Fault] = ()) -> RecordedMlb:
        """Return a season's world.

        Raises:
            UsageError: It is to be disturbed: there is no mixture of faults for it yet.
        """
        if disturbed:
            msg = "there is no season of faults for MLB"
            raise UsageError(msg, hint="name a file of faults")
        made = RecordedMlb(data, name, seed=seed)
        made.faults = faults
        return made


def report_lines(report: Mapping[str, Any]) -> Sequence[str]:
    """Return the season's totals and the accuracy as a table."""
    made, totals = report.get("predictions"), report.get("totals")
    if not made or not totals:
        return ()
    strikeouts = totals["strikeouts"] if totals["games"] else "no"
    n_first = made["graded_with_first_starts"] - made["graded"]
    systems = (
        ("blend", "mae"),
        ("lightgbm", "lightgbm_mae"),
        ("bottom-up", "bottom_up_mae"),
        ("last ten", "baseline_mae"),
    )
    return [
        f"season      {totals['games']} games, {totals['starts']} starts, {strikeouts} strikeouts",
        f"predictions {made['made']} made, {made['made_after_first_pitch']} of them after the first pitch",
        "",
        f"{'accuracy':<12} {'starts':>7} {'MAE':>7}  in strikeouts; without {n_first} first starts of a career",
        *(f"{name:<12} {made['graded']:>7} {_shown(made[column]):>7}" for name, column in systems),
        (
            f"CRPS {_shown(made['crps'])}; calibration error of P(over) {_shown(made['calibration_error'])}; "
            f"bottom-up: mean error {_shown(made['bottom_up_error'])}, variance ratio {_shown(made['bottom_up_variance_ratio'])}"
        ),
        "",
    ]


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


MLB_CONTENT = Content(
    league=MLB,
    sample=SampleSeasons(),
    recorded=RecordedSeasons(),
    live=LiveContent(
        providers=providers.PROVIDERS,
        keys=providers.KEYS,
        steps=LIVE_STEPS,
        checks=(*lines.CHECKS, *beside.CHECKS),
        season_request=seasons.SEASON_REQUEST,
        season_of=seasons.season_of,
        earlier=EarlierSeasons(missing=_unknown, what="the systems that learn from whole seasons"),
    ),
    drills=Path(__file__).with_name("drills"),
    report_lines=report_lines,
    report=REPORT,
    explain=EXPLANATION,
    models=(
        ModelContract(
            table=STRIKEOUT_MODEL.full_name,
            doubt=lambda row: doubt_of(row, boosting.contract(NAMES), boosting.library()),
            lacks=partial(boosting.lacks, "lightgbm"),
        ),
    ),
)
