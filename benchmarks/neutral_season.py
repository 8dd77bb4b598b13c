"""A season that nobody has looked at: 2022-23 as if it were 2024-25, five of its games on neutral ground."""

import json
import tempfile
from pathlib import Path
from typing import Any

from tests.made_seasons import NEUTRAL, season_like
from tests.support import tipoff

OF, NAME, N_GAMES = "2022-23", "2024-25", 1230


def neutral_season(data: Path) -> tuple[bool, dict[str, Any]]:
    """Replay it through the command line: each of its games must be proven, and nothing lost or refused."""
    with tempfile.TemporaryDirectory() as folder:
        made = season_like(data, OF, NAME, Path(folder) / "data", years=2)
        done = tipoff("replay", "nba", NAME, "--json", home=Path(folder) / "home", TIPOFF_DATA=str(made))
        if done.returncode:
            return False, {"exit": done.returncode, "stderr": done.stderr[-2000:], "out": done.stdout[-3000:]}
        report = json.loads(done.stdout)
    report |= {"made_of": OF, "on_neutral_ground": NEUTRAL}
    ok = (
        report["games"]["proven"] == N_GAMES
        and not report["games"]["missing"]
        and not report["obligations"].get("lost")
        and not {"rows_are_usable", "units_are_accepted"} & report["findings"].keys()
    )
    return ok, report
