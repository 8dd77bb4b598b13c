"""What a starter's predicted strikeouts rest on, in words: the nine batters in turn, the batters that he faces, each system."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from tipoff.core.errors import UsageError
from tipoff.core.report import Explanation
from tipoff.core.window import SLATE, Input

_ABOUT = {
    "rolling": "the mean of his last ten starts",
    "bottom_up": "the nine batters in turn, each with his chance",
    "lightgbm": "trees on form, opponent and park",
    "blend": "the mean of the last two",
}


def say(tables: Mapping[str, pa.Table], whom: str) -> Sequence[str]:
    """Return what a starter's strikeouts rest on.

    Raises:
        UsageError: Nobody of the slate, or several, are meant.
    """
    confirmed, projected = tables["predictions"].to_pylist(), tables["projected_predictions"].to_pylist()
    there = {row["game_id"] for row in confirmed}
    rows = confirmed + [row for row in projected if row["game_id"] not in there]
    wanted = whom.casefold()
    found = [row for row in rows if wanted in {str(row["pitcher_id"]), row["pitcher_name"].casefold()}]
    found = found or [row for row in rows if wanted in row["pitcher_name"].casefold()]
    if len({row["pitcher_id"] for row in found}) != 1:
        others = ", ".join(sorted({f"{row['pitcher_name']} ({row['pitcher_id']})" for row in found})[:8])
        msg = f"several match {whom!r}: {others}" if found else f"nobody who is predicted that day matches {whom!r}"
        raise UsageError(msg, hint="name a part of the name that only he has, or the league's id")
    first = found[0]
    line_up = "the line-up as announced" if first["game_id"] in there else "a projected line-up"
    lines = [f"{first['pitcher_name']} ({first['team']}) against {first['opponent']}, by {line_up}: strikeouts"]
    for row in found:
        if row["game_id"] == first["game_id"]:
            about = _ABOUT[row["system"]]
            lines.append(
                f"  {row['system']}: {row['predicted_strikeouts']:.1f}, mean {row['mean_strikeouts']:.2f} ({about})"
            )
    lines.append(
        f"he is expected to face {first['expected_batters']:.1f} batters, after {first['career_starts']} starts"
    )
    spots = [row for row in tables["line_up_strikeouts"].to_pylist() if row["pitcher_id"] == first["pitcher_id"]]
    lines += [
        f"  {row['spot']}. {row['batter_id']}: {row['strikeout_chance']:.1%} in each of {row['plate_appearances']:.2f} turns"
        for row in sorted(spots, key=lambda row: row["spot"])
        if row["game_id"] == first["game_id"]
    ]
    return [*lines, *([f"reasons to pass: {first['pass_reason']}"] if first["pass_reason"] else [])]


EXPLANATION = Explanation(
    reads=(
        Input("predictions", SLATE),
        Input("projected_predictions", SLATE),
        Input("line_up_strikeouts", SLATE),
    ),
    say=say,
)
