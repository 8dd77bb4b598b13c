"""What readers read: the systems that are there beside one another, and what follows from the one that serves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.rows import arrow_schema
from tipoff.core.step import Context, Made
from tipoff.leagues.nba.form_tables import PUBLISHED_MARKETS
from tipoff.leagues.nba.models import calibration
from tipoff.leagues.nba.models.quantiles import over
from tipoff.leagues.nba.systems.catalog import SERVING, SYSTEMS
from tipoff.leagues.nba.tables import PUBLISHED_PREDICTIONS
from tipoff.leagues.predict import decisions

MOST_ONE_SIDED, LEAST_LINED = 0.95, 20  # of a slate's lines, of which there must be some before anything is said
_TOLD = ["game_id", "player_id", "tipoff_at", "median", "low_80", "high_80", "quantiles", "line_slope"]
Who = tuple[str, int]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Slate:
    """A slate's points by system, and its lines, by game and player."""

    points: Mapping[str, Mapping[Who, Row]]
    lines: Mapping[Who, Row]


def publish_predictions(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Lay the systems' points beside the player's name, the main line, and what follows at its prices.

    A system that is not there leaves its number out. The interval and the chance are told by the first of SERVING that has the
    player and is not on one side of nearly all lines.
    """
    names = {_who(row): row for row in inputs["candidates"].to_pylist()}
    slate = _Slate(
        points={
            system.name: {_who(row): row for row in _of_points(inputs[system.name]).to_pylist()} for system in SYSTEMS
        },
        lines={_who(row): row for row in inputs["main_lines"].to_pylist() if row["line"] is not None},
    )
    doubted = {system.name: doubt for system in SERVING if (doubt := one_sided(slate.points[system.name], slate.lines))}
    rows: list[dict[str, Any]] = []
    asked: list[tuple[dict[str, Any], Row, Row]] = []
    for who, name in names.items():
        made = {system: rows_of[who] for system, rows_of in slate.points.items() if who in rows_of}
        if not made:
            continue
        serving = next((s.name for s in SERVING if s.name in made and s.name not in doubted), next(iter(made)))
        line = slate.lines.get(who, {})
        row = {column: name.get(column) for column in PUBLISHED_PREDICTIONS.names}
        row |= {"day": context.slate.day, "tipoff_at": made[serving]["tipoff_at"], "system": serving}
        row |= {"line": line.get("line"), "n_books": line.get("n_books", 0)}
        row |= {system: round(one["median"], 2) for system, one in made.items()}
        rows.append(row)
        if serving not in doubted:
            row |= {bound: made[serving][bound] for bound in ("low_80", "high_80")}
            asked += [(row, made[serving], line)] if line and made[serving]["quantiles"] else []
    _decide(asked)
    notes = tuple(f"{name} does not serve: {doubt}" for name, doubt in doubted.items())
    return Made(rows=pa.Table.from_pylist(rows, schema=arrow_schema(PUBLISHED_PREDICTIONS)), notes=notes)


def _of_points(rows: pa.Table) -> pa.Table:
    return rows.filter(pc.equal(rows.column("market"), "points")).select(_TOLD)


def _who(row: Row) -> Who:
    return row["game_id"], row["player_id"]


def one_sided(points: Mapping[Who, Row], lines: Mapping[Who, Row]) -> str:
    """Return why a system that is nearly always on one side of the lines is not to serve; empty where it may."""
    above = [points[who]["median"] > line["line"] for who, line in lines.items() if who in points]
    share = float(np.mean(above)) if len(above) >= LEAST_LINED else 0.5
    if 1 - MOST_ONE_SIDED <= share <= MOST_ONE_SIDED:
        return ""
    return f"over {share:.0%} of {len(above)} lines"


def _decide(asked: Sequence[tuple[dict[str, Any], Row, Row]]) -> None:
    """Write into each published row what its distribution recommends at the prices of its line."""
    if not asked:
        return
    lines = np.array([line["line"] for _, _, line in asked], dtype=np.float64)
    chances = chances_over([drawn for _, drawn, _ in asked], lines).tolist()
    for (row, _, line), chance in zip(asked, chances, strict=True):
        said = decisions.decide(chance, over_price=line.get("over_price"), under_price=line.get("under_price"))
        row.update(p_over=round(chance, 4), recommendation=said.side, reason=said.reason)


def chances_over(drawn: Sequence[Row], lines: Any) -> Any:  # noqa: ANN401 -- arrays of numbers
    """Return each row's chance to be over its line, as sure as earlier lines bear out."""
    quantiles = np.array([json.loads(row["quantiles"]) for row in drawn], dtype=np.float64)
    slopes = np.array([1.0 if row["line_slope"] is None else row["line_slope"] for row in drawn], dtype=np.float64)
    return calibration.sloped(over(quantiles, lines), slopes)


def publish_markets(_context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Lay every market's mean, median and interval beside the player's name and his game's start."""
    candidates = inputs["candidates"].select(["game_id", "player_id", "player_name", "team"])
    rows = pa.concat_tables([inputs[system.name] for system in SERVING])
    rows = rows.select([name for name in PUBLISHED_MARKETS.names if name in rows.column_names])
    rows = rows.join(candidates, keys=["game_id", "player_id"], join_type="inner")
    return Made(rows=rows.select(PUBLISHED_MARKETS.names).cast(arrow_schema(PUBLISHED_MARKETS)))
