"""Who is meant by each name in the recorded lines: `python -m benchmarks.names`; needs TIPOFF_DATA.

Each spelling is resolved in each of its games, among those whom the recorded world's list of players names for the two teams on
the morning of that day, and held against tests/identity/truth.tsv, which was made before the resolver.
"""

import csv
import gzip
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq

from tipoff.core.clock import league_day, midnight
from tipoff.leagues.identity.resolve import Person, resolve
from tipoff.leagues.nba.sources.teams import BY_ODDS_NAME
from tipoff.leagues.nba.world.recorded import RecordedNba
from tipoff.leagues.nba.world.wire import NbaProviders

ROOT = Path(__file__).resolve().parents[1]
SEASON = "2023-24"
PRA, PROPS = "nba_pra_props_2023-24", "nba_player_props_2024-03_05"
Place = tuple[date, str, str]  # the day and the two sides


def places(folder: Path) -> dict[tuple[str, str], set[Place]]:
    """Return by file and spelling the games in which it stands."""
    found: dict[tuple[str, str], set[Place]] = {}
    with gzip.open(folder / f"{PRA}.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            sides = BY_ODDS_NAME[row["home_team"]], BY_ODDS_NAME[row["away_team"]]
            found.setdefault((PRA, row["player_name"]), set()).add((date.fromisoformat(row["event_date"]), *sides))
    columns = ["player_name", "commence_time", "home_team", "away_team"]
    table = pq.read_table(folder / f"{PROPS}.parquet", columns=columns).group_by(columns).aggregate([])
    for row in table.to_pylist():
        day = league_day(datetime.fromisoformat(row["commence_time"]))
        sides = BY_ODDS_NAME[row["home_team"]], BY_ODDS_NAME[row["away_team"]]
        found.setdefault((PROPS, row["player_name"]), set()).add((day, *sides))
    return found


class Lists:
    """The recorded world's list of players, as it stands on a morning."""

    def __init__(self, data: Path) -> None:
        self._providers = NbaProviders(RecordedNba(data, SEASON).data)
        self._known: dict[date, list[Person]] = {}

    def on(self, day: date) -> list[Person]:
        """Return who is listed."""
        if day not in self._known:
            asked = httpx.Request("GET", f"https://stats.nba.com/stats/playerindex?Season={SEASON}")
            said = self._providers.answer(asked, midnight(day) + timedelta(hours=9)).json()
            rows = said["resultSets"][0]["rowSet"]
            self._known[day] = [Person(who, f"{first} {last}".strip(), team) for who, last, first, team in rows]
        return self._known[day]


def judged(found: dict[tuple[str, str], set[Place]], lists: Lists, truth: dict[tuple[str, str], int]) -> Iterator[Any]:
    """Yield each spelling of each game with what came of it: right, wrong, ambiguous, unknown."""
    for (file, spelling), where in sorted(found.items()):
        for day, home, away in sorted(where):
            people = lists.on(day)
            told = resolve(spelling, [person for person in people if person.team in {home, away}], people)
            person = told.person
            fate = (
                told.certainty.value if person is None else "right" if person.id == truth[file, spelling] else "wrong"
            )
            yield file, spelling, fate, told.rule


def names_are_resolved(data: Path) -> tuple[bool, dict[str, Any]]:
    """Return whether no name is wrong and 98 in a hundred are right in each of their games, and what became of each."""
    with (ROOT / "tests" / "identity" / "truth.tsv").open() as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        truth = {(row["file"], row["spelling"]): int(row["player_id"]) for row in rows}
    games: dict[tuple[str, str], Counter[str]] = {}
    rules: Counter[str] = Counter()
    for name, spelling, fate, rule in judged(places(data / "odds"), Lists(data), truth):
        games.setdefault((name, spelling), Counter())[fate] += 1
        rules[rule or "none"] += 1
    report: dict[str, Any] = {"rules": dict(rules.most_common())}
    for name in (PRA, PROPS):
        mine = {spelling: fates for (file, spelling), fates in games.items() if file == name}
        right = [spelling for spelling, fates in mine.items() if set(fates) == {"right"}]
        report[name] = {
            "names": len(mine),
            "right_in_every_game": len(right),
            "right_ratio": round(len(right) / len(mine), 4),
            "wrong": sorted(spelling for spelling, fates in mine.items() if fates["wrong"]),
            "not_resolved": {s: dict(fates) for s, fates in mine.items() if s not in right and not fates["wrong"]},
        }
    return all(not report[name]["wrong"] and report[name]["right_ratio"] >= 0.98 for name in (PRA, PROPS)), report


if __name__ == "__main__":
    ok, found = names_are_resolved(Path(os.environ["TIPOFF_DATA"]))
    print(json.dumps(found, indent=1, ensure_ascii=False))
    sys.exit(0 if ok else 1)
