"""What the NBA hands over: the league, its worlds, how its accuracy is reported, what a model of its must fit."""

from collections.abc import Mapping, Sequence
from typing import Any

from tipoff.core.fault import Fault
from tipoff.core.slate import Season
from tipoff.leagues.doubts import doubt_of
from tipoff.leagues.nba import earlier, live_tables, markets, providers
from tipoff.leagues.nba.explanation import EXPLANATION
from tipoff.leagues.nba.features import CONTRACT
from tipoff.leagues.nba.form_tables import CALIBRATION
from tipoff.leagues.nba.league import NBA, SAMPLE
from tipoff.leagues.nba.live import LIVE_STEPS
from tipoff.leagues.nba.models import calibration
from tipoff.leagues.nba.recorder import NbaRecorder
from tipoff.leagues.nba.season_report import REPORT
from tipoff.leagues.nba.sources import schedule
from tipoff.leagues.nba.world.recorded import RecordedSeasons
from tipoff.leagues.nba.world.sample import SampleNba
from tipoff.sources.content import Content, EarlierSeasons, LiveContent, ModelContract
from tipoff.sources.world import World


class SampleSeasons:
    """See `tipoff.sources.content.Sample`."""

    season = SAMPLE

    def world(self, season: Season, *, seed: int, faults: Sequence[Fault]) -> World:
        """Return the world of a season, which may lie on any days."""
        days = len(season.days())
        return SampleNba(first_day=season.first_day, days=days, season=season.name, seed=seed, faults=faults)


def report_lines(report: Mapping[str, Any]) -> Sequence[str]:
    """Return the accuracy as a table: who predicted, how many were graded, the mean error."""
    made = report.get("predictions")
    if not made:
        return ()
    rows = [
        ("model", made["graded"], made["mae"], "the one that serves, calibrated on earlier days"),
        ("baseline", made["graded"], made["baseline_mae"], "moving average, on the same rows"),
        ("closing line", made["lined"], made["line_mae"], "where there was one: a smaller set"),
    ]
    share, lined, right = (_percent(made[name]) for name in ("void_ratio", "lined_void_ratio", "right_side_ratio"))
    void = f"void: {share} of the predicted, {lined} of those with a line; right side of the line: {right}"
    return [
        f"predictions {made['made']} made, {made['made_after_tipoff']} of them after tip-off",
        "",
        f"{'accuracy':<12} {'graded':>7} {'MAE':>7}  in points",
        *(f"{name:<12} {n:>7} {_shown(mae):>7}  {about}" for name, n, mae, about in rows),
        void,
        "",
    ]


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1%}"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _shipped() -> list[dict[str, Any]]:
    """Tell of the form models, the newest first."""
    return [
        {
            "day": model.trained_through,
            "form_model": model.digest,
            "trained_from": model.trained_from,
            "n_rows": model.n_rows,
            "features": model.contract,
            "library": model.library,
        }
        for model in reversed(markets.shipped())
    ]


NBA_CONTENT = Content(
    league=NBA,
    sample=SampleSeasons(),
    recorded=RecordedSeasons(),
    live=LiveContent(
        providers=providers.PROVIDERS,
        keys=providers.KEYS,
        steps=LIVE_STEPS,
        season_request=schedule.SEASON_REQUEST,
        season_of=schedule.season_of,
        recorder=NbaRecorder(),
        earlier=EarlierSeasons(
            output=live_tables.EARLIER_GAMES.name, missing=earlier.missing, what="what players did in earlier seasons"
        ),
    ),
    report_lines=report_lines,
    report=REPORT,
    explain=EXPLANATION,
    models=(
        ModelContract(
            table=CALIBRATION.full_name,
            doubt=lambda row: doubt_of(row, CONTRACT, calibration.LIBRARY),
        ),
    ),
    shipped=_shipped,
)
