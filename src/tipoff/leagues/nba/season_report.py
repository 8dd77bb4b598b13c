"""What the NBA says of a season: how far off each system was, for whom and when, how its chances held, what each adds."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tipoff.core.report import SeasonReport, Section, Shape
from tipoff.leagues.nba.publication import chances_over
from tipoff.leagues.nba.systems.catalog import SERVING
from tipoff.leagues.predict import sections
from tipoff.leagues.predict.arrays import Floats
from tipoff.leagues.predict.decisions import no_vig

_BASELINE = "moving_average"
_MINUTES = ("0-9", "10-19", "20-29", "30-39", "40 and more")
_GAMES = ("1-5", "6-15", "16-40", "41 and more")
_ROLES = ("bench: under 15", "rotation: 15-27", "starter: 28 and more", "unknown")  # minutes, by his games before
_KEY = ("game_id", "player_id")


def make(tables: Mapping[str, pa.Table]) -> Sequence[Section]:
    """Return the sections of a season."""
    grades = tables["grades"]
    grades = grades.filter(pc.and_(pc.is_valid(grades["abs_error"]), pc.invert(grades["is_retrospective"])))
    joined = grades.join(tables["player_games"], keys=list(_KEY), join_type="inner", use_threads=False)
    joined = joined.join(tables["player_form"], keys=list(_KEY), use_threads=False).combine_chunks()
    found = sections.Graded.read(
        joined, system="system", who="player_id", predicted="predicted_points", happened="actual_points"
    )
    minutes = np.clip(np.nan_to_num(sections.floats(joined["minutes"])) // 10, 0, len(_MINUTES) - 1).astype(np.int64)
    games = np.searchsorted([6, 16, 41], _games_before(found), side="right")
    return [
        _scores(tables["scores"], lined=False),
        sections.what_each_adds(found, _BASELINE),
        _scores(tables["scores"], lined=True),
        *_at_the_lines(tables),
        sections.by_week(found, "points"),
        sections.by_month(found, "points"),
        sections.by_group(
            found,
            _ROLES,
            np.asarray(_ROLES)[np.searchsorted([15, 28, np.inf], sections.floats(joined["minutes_h5"]), "right")],
            title="By role",
            about="Mean absolute error in points by the minutes of his games before, half-life five: known before the game.",
        ),
        sections.by_group(
            found,
            _MINUTES,
            np.asarray(_MINUTES)[minutes],
            title="By minutes played",
            about="Mean absolute error in points by the minutes that he then played: what is told after the game, not before.",
        ),
        sections.by_group(
            found,
            _GAMES,
            np.asarray(_GAMES)[games],
            title="By games before",
            about="Mean absolute error in points by which of his games it is. `market_aware` has rows with a line alone.",
        ),
        sections.signs_of_a_leak(found),
    ]


def _games_before(found: sections.Graded) -> NDArray[np.int64]:
    """Return the place of each row's day among the days of its player."""
    order = np.lexsort((found.day, found.who))
    who, day = found.who[order], found.day[order]
    is_new = np.r_[True, (who[1:] != who[:-1]) | (day[1:] != day[:-1])]
    nth = np.cumsum(is_new)
    first = np.r_[True, who[1:] != who[:-1]]
    place = np.empty(len(who), dtype=np.int64)
    place[order] = nth - nth[first][np.cumsum(first) - 1] + 1
    return place


def _scores(scores: pa.Table, *, lined: bool) -> Section:
    """Lay out the season's scores, each the mean over its rows."""
    total: dict[tuple[str, str, str], tuple[int, float]] = {}
    for row in scores.to_pylist():
        key = row["market"], row["system"], row["metric"]
        n, summed = total.get(key, (0, 0.0))
        total[key] = n + row["n"], summed + row["n"] * row["value"]
    of_lines = ("absolute_error_lined", "log_loss", "brier", "hit", "return")
    wanted = of_lines if lined else ("absolute_error", "bias", "crps", "in_80", "over_median")
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for (market, system, metric), (n, summed) in total.items():
        if metric in wanted:
            row = rows.setdefault(
                (market, system), {"market": market, "system": system, "rows": 0} | dict.fromkeys(wanted)
            )
            row[metric] = round(summed / n, 4)
            row["rows"] = max(int(str(row["rows"])), n)
    title = "Against the line" if lined else "Each market"
    about = (
        "On the rows with a line. The system market: the line itself, and the chance that its prices stand for. "
        "Hit and return: of what was recommended."
        if lined
        else "Errors and CRPS in counts; in_80: the share in the 80 % interval; over_median: the share above it, best 0.5."
    )
    return Section(title=title, about=about, shape=Shape.TABLE, rows=[rows[key] for key in sorted(rows)])


def _at_the_lines(tables: Mapping[str, pa.Table]) -> list[Section]:
    """Show how chances to be over held: at the line, and at each player's own middle."""
    lines = {(row["game_id"], row["player_id"]): row for row in tables["main_lines"].to_pylist() if row["player_id"]}
    happened = {
        (row["game_id"], row["player_id"]): row["points"]
        for row in tables["player_games"].to_pylist()
        if row["points"] is not None
    }
    lined: dict[str, tuple[Floats, Floats]] = {}
    for system in (*SERVING, None):
        name = SERVING[0].name if system is None else system.name
        rows = tables[name]
        rows = rows.filter(pc.and_(pc.equal(rows["market"], "points"), pc.less(rows["made_at"], rows["tipoff_at"])))
        drawn = [
            row
            for row in rows.to_pylist()
            if (key := _key(row)) in lines and happened.get(key, lines[key]["line"]) != lines[key]["line"]
        ]
        if not drawn:
            continue
        line = np.array([lines[_key(row)]["line"] for row in drawn], dtype=np.float64)
        is_over = np.array([happened[_key(row)] for row in drawn]) > line
        if system is None:
            prices = [(lines[_key(row)]["over_price"], lines[_key(row)]["under_price"]) for row in drawn]
            chance = np.array([no_vig(*pair) if None not in pair else 0.5 for pair in prices], dtype=np.float64)
            lined["market, without its margin"] = chance, is_over.astype(np.float64)
        else:
            lined[name] = chances_over(drawn, line), is_over.astype(np.float64)
    if not lined:
        return []
    about = "How often he was over his line where a chance was told: on the diagonal, chances mean what they say."
    return sections.calibration(lined, title="Chances to be over the line", about=about)


def _key(row: Mapping[str, object]) -> tuple[object, object]:
    return row["game_id"], row["player_id"]


_DRAWN = ("game_id", "player_id", "market", "quantiles", "line_slope", "tipoff_at", "made_at")
REPORT = SeasonReport(
    reads={
        "grades": (
            "day", "game_id", "player_id", "system", "predicted_points", "actual_points", "abs_error", "is_retrospective"
        ),
        "scores": ("market", "system", "metric", "n", "value"),
        "player_games": ("game_id", "player_id", "minutes", "points"),
        "player_form": ("game_id", "player_id", "minutes_h5"),
        "main_lines": ("game_id", "player_id", "line", "over_price", "under_price"),
        **{system.name: _DRAWN for system in SERVING},
    },
    make=make,
)  # fmt: skip
