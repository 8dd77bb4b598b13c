"""What a player's predicted points rest on, in words: his form feature by feature, the line."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.errors import UsageError
from tipoff.core.report import Explanation
from tipoff.core.window import SLATE, Input
from tipoff.leagues.nba import markets
from tipoff.leagues.nba.features import FEATURES, NAMES
from tipoff.leagues.nba.rows import matrix
from tipoff.leagues.nba.systems.catalog import SYSTEMS
from tipoff.leagues.predict.arrays import Floats

_SHOWN = 6  # features that are named


def say(tables: Mapping[str, pa.Table], whom: str) -> Sequence[str]:
    """Return what a player's points rest on.

    Raises:
        UsageError: Nobody of the slate, or several, are meant.
    """
    who = named(tables["candidates"].to_pylist(), "player_id", "player_name", whom)
    lines = [
        f"{who['player_name']} ({who['team']}) against {who['opponent']}, {'at home' if who['is_home'] else 'away'}: points"
    ]
    mine = {name: _of(tables[name], who) for name in (*(system.name for system in SYSTEMS), "main_lines")}
    for system in SYSTEMS:
        row = next((one for one in mine[system.name] if one["market"] == "points"), None)
        if row is not None:
            between = (
                f", 80 % between {row['low_80']:.1f} and {row['high_80']:.1f}" if row["low_80"] is not None else ""
            )
            lines.append(f"  {system.name}: {row['median']:.1f}{between} ({system.about})")
    form = tables["player_form"].filter(pc.equal(tables["player_form"]["player_id"], who["player_id"]))
    if form.num_rows:
        lines += _of_form(matrix(form), form["day"][0].as_py())
    for line in mine["main_lines"]:
        prices = f"over {line['over_price']}, under {line['under_price']}"
        lines.append(f"the market: {line['line']:g} ({prices}), of {line['n_books']} books")
    return lines


def named(rows: Sequence[Mapping[str, object]], key: str, name: str, whom: str) -> Mapping[str, object]:
    """Return the row of whom a part of a name, or an id, means.

    Raises:
        UsageError: Nobody, or several, are meant.
    """
    wanted = whom.casefold()
    exact = [row for row in rows if wanted in {str(row[key]), str(row[name]).casefold()}]
    found = exact or [row for row in rows if wanted in str(row[name]).casefold()]
    if len({row[key] for row in found}) == 1:
        return found[0]
    others = ", ".join(sorted({f"{row[name]} ({row[key]})" for row in found})[:8])
    msg = f"{len(found)} match {whom!r}: {others}" if found else f"nobody who is predicted that day matches {whom!r}"
    raise UsageError(msg, hint="name a part of the name that only he has, or the league's id")


def _of(rows: pa.Table, who: Mapping[str, object]) -> list[dict[str, object]]:
    return [row for row in rows.to_pylist() if (row["game_id"], row["player_id"]) == (who["game_id"], who["player_id"])]


def _of_form(features: Floats, day: date) -> list[str]:
    """Return what the form model makes of a player's features, the greatest parts first."""
    model = markets.serving(day)
    known = np.where(np.isnan(features), model.means, features)[0]
    without = np.where(np.eye(len(NAMES), dtype=bool), model.means, known)  # in each row one of them is as usual
    usual, own, *others = model.middles(np.vstack([model.means, known, without]))["points"]
    parts = own - np.array(others)
    order = np.argsort(-np.abs(parts))[:_SHOWN]
    found = [f"the form model {model.digest}: {usual:.1f} for whom everything is as usual, {own - usual:+.1f} for him"]
    for at in order:
        one = FEATURES[at]
        found.append(
            f"  {parts[at]:+6.2f}  {NAMES[at]} = {known[at]:.2f} (usually {model.means[at]:.2f}): {one.measure}, {one.window}"
        )
    rest = float(own - usual - parts[order].sum())  # together they are worth more or less than one by one
    return [*found, f"  {rest:+6.2f}  everything else"]


EXPLANATION = Explanation(
    reads=(
        Input("candidates", SLATE),
        Input("player_form", SLATE),
        Input("main_lines", SLATE),
        *(Input(system.name, SLATE) for system in SYSTEMS),
    ),
    say=say,
)
