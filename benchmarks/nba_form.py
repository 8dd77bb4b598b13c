"""Recorded NBA seasons as rows of features and outcomes, and the models that come with the build, trained on them.

python -m benchmarks.nba_form 2015-16 2022-23     trains on these seasons and those between, and writes the artefact

What was before the first season is unknown: it is remembered of the players, and not learnt from.
"""

import argparse
import csv
import gzip
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tipoff.leagues.nba import form, markets
from tipoff.leagues.nba.features import STATS
from tipoff.leagues.nba.memory import NO_MEMORY, Memory
from tipoff.leagues.predict.arrays import Floats, Ints

Strings = NDArray[np.str_]
ARTEFACTS = Path(__file__).parent.parent / "src/tipoff/leagues/nba/artefacts"
_SEED = 7
_NAMES = {
    "minutes": "MIN",
    "points": "PTS",
    "reb": "REB",
    "ast": "AST",
    "fg3m": "FG3M",
    "fga": "FGA",
    "fta": "FTA",
    "fg3a": "FG3A",
    "oreb": "OREB",
    "tov": "TOV",
}


@dataclass(frozen=True, slots=True)
class Rows:
    """A season's player games with at least one game before: what was known, and what happened."""

    day: Ints
    game_id: Strings
    player_id: Ints
    name: Strings
    features: Floats
    counts: dict[str, Floats]
    simple: dict[str, Floats]  # means of the last ten and the like, to compare with
    memory: Memory  # of the players, after the season


def read_season(folder: Path, season: str) -> list[dict[str, str]]:
    """Return a season's game logs, oldest first."""
    with gzip.open(folder / "nba" / f"player_gamelogs_{season}.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    return sorted(rows, key=lambda row: (row["GAME_DATE"], row["GAME_ID"], int(row["PLAYER_ID"])))


def season_rows(folder: Path, season: str, memory: Memory) -> Rows:
    """Return the season's rows, each with what was known on the morning of its day and is remembered of seasons before."""
    logs = read_season(folder, season)
    day = np.array([(date.fromisoformat(row["GAME_DATE"][:10]) - date(1970, 1, 1)).days for row in logs])
    ids = np.array([row["GAME_ID"] for row in logs])
    who = np.array([int(row["PLAYER_ID"]) for row in logs])
    teams = np.array([[row["TEAM_ABBREVIATION"], row["MATCHUP"][-3:]] for row in logs])
    people, player = np.unique(who, return_inverse=True)
    _, team = np.unique(teams, return_inverse=True)
    team = team.reshape(teams.shape)
    counted = np.array([[float(row[_NAMES[name]] or 0) for name in form.COUNTED] for row in logs])
    game = np.cumsum(np.r_[True, ids[1:] != ids[:-1]]).astype(np.int64)
    history = form.History(player, team[:, 0], team[:, 1], game, day, counted, people)
    home = np.array(["vs." in row["MATCHUP"] for row in logs])
    found, at = [], []
    for one in np.unique(day)[1:]:
        begin, end = np.searchsorted(day, [one, one + 1])
        here = np.arange(begin, end)[np.isin(player[begin:end], player[:begin])]
        if len(here):
            candidates = form.Candidates(player[here], team[here, 0], team[here, 1], home[here])
            found.append(form.features(history.before(begin), candidates, int(one), memory))
            at.append(here)
    rows = np.concatenate(at)
    return Rows(
        day=day[rows],
        game_id=ids[rows],
        player_id=who[rows],
        name=np.array([row["PLAYER_NAME"] for row in logs])[rows],
        features=np.concatenate(found),
        counts={name: counted[rows, place] for place, name in enumerate(form.COUNTED)},
        simple=_simple(player, counted, rows),
        memory=form.remember(history, memory),
    )


def _simple(player: Ints, counted: Floats, rows: Ints) -> dict[str, Floats]:
    """Return means and medians of earlier games, the plain way: a loop over each player's games."""
    past: dict[int, list[Floats]] = {}
    columns = [form.COUNTED.index(stat) for stat in STATS]
    wanted = set(rows.tolist())
    found: dict[str, list[Floats]] = {}
    for at, (who, counts) in enumerate(zip(player.tolist(), counted[:, columns], strict=True)):
        games = past.setdefault(who, [])
        if at in wanted:
            newest = np.array(games[::-1])
            for n in (5, 10, 20):
                found.setdefault(f"mean_{n}", []).append(newest[:n].mean(axis=0))
                found.setdefault(f"median_{n}", []).append(np.median(newest[:n], axis=0))
            found.setdefault("mean_season", []).append(newest.mean(axis=0))
            for life in (2, 3, 4, 5, 6, 8, 12):
                weights = 0.5 ** (np.arange(len(newest)) / life)
                found.setdefault(f"half_life_{life}", []).append(weights @ newest / weights.sum())
        games.append(counts)
    return {
        f"{name}_{stat}": np.array(values)[:, place]
        for name, values in found.items()
        for place, stat in enumerate(STATS)
    }


def span(first: str, last: str) -> list[str]:
    """Return the seasons from `first` to `last`."""
    years = range(int(first[:4]), int(last[:4]) + 1)
    return [f"{year}-{(year + 1) % 100:02d}" for year in years]


def trained(folder: Path, seasons: Sequence[str]) -> str:
    """Return the model learnt from these seasons, as text."""
    parts: list[Rows] = []
    for season in seasons:
        parts.append(season_rows(folder, season, parts[-1].memory if parts else NO_MEMORY))
    return text_of(parts[1:], seasons)


def text_of(parts: Sequence[Rows], seasons: Sequence[str]) -> str:
    """Return the model learnt from these rows, as text."""
    epoch = date(1970, 1, 1).toordinal()
    first, last = (date.fromordinal(epoch + int(day)) for day in (parts[0].day[0], parts[-1].day[-1]))
    counts = {name: np.concatenate([part.counts[name] for part in parts]) for name in STATS}
    lately = np.unique(np.concatenate([part.player_id for part in parts[-2:]]))
    memory = parts[-1].memory.only(lately)
    rows = np.concatenate([part.features for part in parts])
    said = markets.train(rows, counts, memory, first, last, seed=_SEED)
    return json.dumps(said | {"seasons": list(seasons)}, separators=(",", ":")) + "\n"


def main() -> None:
    """Train and write the artefact under its own hash."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first")
    parser.add_argument("last")
    asked = parser.parse_args()
    text = trained(Path(os.environ["TIPOFF_DATA"]), span(asked.first, asked.last))
    path = ARTEFACTS / f"form-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    path.write_text(text)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
