"""What MLB says of a season: how far off each system's strikeouts were, for whom and when, how its chances held."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.report import SeasonReport, Section, Shape
from tipoff.leagues.predict import sections

_BASELINE = "rolling"
_STARTS = ("0", "1-9", "10-49", "50 and more")
_BATTERS = ("0-14", "15-19", "20-24", "25 and more")


def make(tables: Mapping[str, pa.Table]) -> Sequence[Section]:
    """Return the sections of a season."""
    grades = tables["grades"].filter(pc.invert(tables["grades"]["is_retrospective"]))
    grades = grades.filter(pc.is_valid(grades["abs_error"])).combine_chunks()
    confirmed = grades.filter(pc.equal(grades["line_up"], "confirmed"))
    found = sections.Graded.read(
        confirmed, system="system", who="pitcher_id", predicted="predicted_strikeouts", happened="actual_strikeouts"
    )
    starts = np.searchsorted([1, 10, 50], sections.floats(confirmed["career_starts"]), side="right")
    faced = np.searchsorted([15, 20, 25], np.nan_to_num(sections.floats(confirmed["actual_batters"])), side="right")
    chances = {}
    for system in sorted(set(found.system.tolist())):
        rows = confirmed.filter(
            pc.and_(pc.equal(confirmed["system"], system), pc.is_valid(confirmed["own_over_chance"]))
        )
        chances[system] = sections.floats(rows["own_over_chance"]), sections.floats(rows["is_over"])
    about = "How often he struck out more than the half nearest to his own median, where a chance was told."
    return [
        _accuracy(grades),
        sections.what_each_adds(found, _BASELINE),
        *sections.calibration(chances, title="Chances to be over his own line", about=about),
        sections.by_week(found, "strikeouts"),
        sections.by_month(found, "strikeouts"),
        sections.by_group(
            found,
            _STARTS,
            np.asarray(_STARTS)[starts],
            title="By starts before",
            about="Mean absolute error in strikeouts by the starts of his career before this one.",
        ),
        sections.by_group(
            found,
            _BATTERS,
            np.asarray(_BATTERS)[faced],
            title="By batters faced",
            about="Mean absolute error in strikeouts by the batters that he then faced: what is told after the game, not before.",
        ),
        sections.signs_of_a_leak(found),
    ]


def _accuracy(grades: pa.Table) -> Section:
    rows = []
    for line_up in ("projected", "confirmed"):
        for system in sorted(set(grades["system"].to_pylist())):
            here = grades.filter(pc.and_(pc.equal(grades["system"], system), pc.equal(grades["line_up"], line_up)))
            if here.num_rows:
                mean, happened = sections.floats(here["mean_strikeouts"]), sections.floats(here["actual_strikeouts"])
                ratio = float(np.mean((happened - mean) ** 2 / np.maximum(sections.floats(here["variance"]), 1e-9)))
                row = {"line-up": line_up, "system": system, "rows": here.num_rows}
                row |= {"error": round(float(sections.floats(here["abs_error"]).mean()), 4)}
                row |= {"CRPS": round(float(np.nanmean(sections.floats(here["crps"]))), 4)}
                rows.append(
                    row
                    | {"bias of the mean": round(float((mean - happened).mean()), 4), "variance ratio": round(ratio, 4)}
                )
    about = "Errors and CRPS in strikeouts; variance ratio: what happened over what was told; above 1 is too narrow."
    return Section(title="Each system", about=about, shape=Shape.TABLE, rows=rows)


REPORT = SeasonReport(
    reads={
        "grades": (
            "day", "game_id", "pitcher_id", "system", "line_up", "predicted_strikeouts", "mean_strikeouts", "variance",
            "actual_strikeouts", "actual_batters", "career_starts", "abs_error", "crps", "is_retrospective", "own_over_chance",
            "is_over",
        )
    },
    make=make,
)  # fmt: skip
