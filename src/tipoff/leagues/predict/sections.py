"""What a season's graded predictions say, as sections of a report: errors by system and week, what each adds, signs of a leak."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tipoff.core.report import Section, Shape
from tipoff.leagues.predict.arrays import Floats, Ints, Mask
from tipoff.leagues.predict.metrics import calibration_error, log_loss, reliability

_DRAWS = 500
_SEED = 7


@dataclass(frozen=True, slots=True)
class Graded:
    """Predictions of one season and what happened, a row each: `day` counts from 1970, `error` is absolute."""

    system: NDArray[np.str_]
    day: Ints
    game: NDArray[np.str_]
    who: Ints
    predicted: Floats
    happened: Floats

    @classmethod
    def read(cls, rows: pa.Table, *, system: str, who: str, predicted: str, happened: str) -> Self:
        """Read graded rows: by `day` and `game_id`, and the columns that the league names."""
        return cls(
            system=np.asarray(rows[system].to_pylist(), dtype=np.str_),
            day=pc.cast(rows["day"], pa.int32()).to_numpy().astype(np.int64),
            game=np.asarray(rows["game_id"].to_pylist(), dtype=np.str_),
            who=rows[who].to_numpy().astype(np.int64),
            predicted=floats(rows[predicted]),
            happened=floats(rows[happened]),
        )

    @property
    def error(self) -> Floats:
        """How far each prediction was off."""
        return np.abs(self.predicted - self.happened)

    def of(self, rows: Mask) -> "Graded":
        """Return these rows alone."""
        return Graded(
            system=self.system[rows],
            day=self.day[rows],
            game=self.game[rows],
            who=self.who[rows],
            predicted=self.predicted[rows],
            happened=self.happened[rows],
        )


def floats(column: pa.ChunkedArray) -> Floats:
    """Return a column as numbers, NaN where it is NULL."""
    return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def by_week(found: Graded, measure: str) -> Section:
    """Show each system's mean error by week of the season."""
    week = (found.day - found.day.min()) // 7 + 1 if len(found.day) else found.day
    rows = [
        {"series": system, "x": int(one), "y": _mean(found.error[here]), "n": int(here.sum())}
        for system in _names(found)
        for one in np.unique(week)
        if (here := (found.system == system) & (week == one)).any()
    ]
    about = (
        f"Mean absolute error in {measure} by week of the season: a system that drifts away from the others has aged."
    )
    return Section(title="By week", about=about, shape=Shape.LINES, rows=rows)


def by_group(found: Graded, groups: Sequence[str], group: NDArray[np.str_], *, title: str, about: str) -> Section:
    """Show each system's mean error by group, in the order of `groups`."""
    rows = [
        {"series": system, "x": name, "y": _mean(found.error[here]), "n": int(here.sum())}
        for system in _names(found)
        for name in groups
        if (here := (found.system == system) & (group == name)).any()
    ]
    return Section(title=title, about=about, shape=Shape.BARS, rows=rows)


def by_month(found: Graded, measure: str) -> Section:
    """Show each system's mean error by calendar month."""
    month = found.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.str_)
    return by_group(
        found, sorted({*month.tolist()}), month, title="By month", about=f"Mean absolute error in {measure} by month."
    )


def what_each_adds(found: Graded, baseline: str) -> Section:
    """Show each system beside the baseline, on the rows that both have, with an interval that draws whole games."""
    rows = []
    base = _keyed(found, baseline)
    for system in _names(found):
        own = _keyed(found, system)
        both = [key for key in own if key in base]
        if not both:
            continue
        less = np.array([base[key] - own[key] for key in both])
        low, high = _interval(np.array([key[0] for key in both]), less)
        rows.append(
            {
                "predicted by": system,
                "rows": len(both),
                "error": round(_mean(np.array([own[key] for key in both])), 4),
                f"less than {baseline}": round(_mean(less), 4),
                "from": round(low, 4),
                "to": round(high, 4),
            }
        )
    about = f"How much smaller its mean error is than that of {baseline} on the same rows, with a 95 % interval."
    return Section(title="What each system adds", about=about, shape=Shape.TABLE, rows=rows)


def signs_of_a_leak(found: Graded) -> Section:
    """Show each system's error against other games than its own: who has seen the outcome is far better on its own game alone.

    `next`: against the same one's next game. `previous`: against the one before, which the features hold. `dealt out`: with
    predictions dealt out anew among a day's rows.
    """
    rows = []
    for system in _names(found):
        mine = found.of(found.system == system)
        order = np.lexsort((mine.game, mine.day, mine.who))
        who, happened, predicted = mine.who[order], mine.happened[order], mine.predicted[order]
        same = who[1:] == who[:-1]
        dealt = _dealt(mine)
        own, pairs = _mean(mine.error), int(same.sum())
        after = _mean(np.abs(predicted[:-1] - happened[1:])[same])
        before = _mean(np.abs(predicted[1:] - happened[:-1])[same])
        errors = {"own game": own, "next": after, "previous": before, "dealt out": _mean(np.abs(dealt - mine.happened))}
        errors["own ÷ next"] = own / after if after else 0.0
        unknown = () if pairs else ("next", "previous", "own ÷ next")  # nobody has two games yet
        row: dict[str, object] = {"predicted by": system, "pairs": pairs}
        rows.append(row | {name: None if name in unknown else round(value, 4) for name, value in errors.items()})
    about = (
        "Mean error against his own game, his next, his previous one, and with predictions dealt out anew among the day's rows. "
        "Honest: own ÷ next near 1, dealt out far above. Who knows the outcome is far better on his own game than on the next."
    )
    return Section(title="Signs of a leak", about=about, shape=Shape.TABLE, rows=rows)


def calibration(chances: Mapping[str, tuple[Floats, Floats]], *, title: str, about: str) -> list[Section]:
    """Show by name how often it happened where a chance was told, and how good the chances were altogether."""
    rows = [
        {"series": name, "x": one.predicted, "y": one.happened, "n": one.n}
        for name, (chance, happened) in chances.items()
        for one in reliability(chance, happened)
    ]
    table = [
        {
            "chance": name,
            "rows": len(chance),
            "log loss": round(log_loss(chance, happened), 4),
            "Brier": round(_mean((chance - happened) ** 2), 4),
            "calibration error": round(calibration_error(chance, happened), 4),
            "happened": round(_mean(happened), 4),
        }
        for name, (chance, happened) in chances.items()
        if len(chance)
    ]
    beside = "A coin has a log loss of 0.6931 and a Brier score of 0.25; the calibration error is over ten equal bins."
    return [
        Section(title=title, about=about, shape=Shape.DIAGONAL, rows=rows),
        Section(title=f"{title}: in numbers", about=beside, shape=Shape.TABLE, rows=table),
    ]


def _names(found: Graded) -> list[str]:
    return sorted({str(name) for name in found.system})


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else 0.0


def _keyed(found: Graded, system: str) -> dict[tuple[str, int], float]:
    here = found.system == system
    keys = zip(found.game[here].tolist(), found.who[here].tolist(), strict=True)
    return dict(zip(keys, found.error[here].tolist(), strict=True))


def _interval(games: NDArray[np.str_], values: Floats) -> tuple[float, float]:
    """Return the 95 % interval of the mean, drawing whole games."""
    _, which = np.unique(games, return_inverse=True)
    sums, counts = np.bincount(which, values), np.bincount(which)
    dice = np.random.Generator(np.random.PCG64(_SEED))
    drawn = dice.integers(0, len(sums), (_DRAWS, len(sums)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _dealt(found: Graded) -> Floats:
    """Return the predictions, dealt out anew among the rows of each day."""
    dice = np.random.Generator(np.random.PCG64(_SEED))
    anew = np.array(found.predicted)
    for day in np.unique(found.day):
        here = np.flatnonzero(found.day == day)
        anew[here] = found.predicted[dice.permutation(here)]
    return anew
