"""What a form model remembers of players' earlier seasons, and how a season goes on where the one before it ended."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tipoff.leagues.nba.models.games import Runs, runs
from tipoff.leagues.predict.arrays import Floats, Ints

CAREER = ("minutes", "points", "reb", "ast", "fg3m")
CAREER_LIVES = (40.0, 150.0)  # half-lives, in games
_GAMES_A_YEAR = 60.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of players' earlier seasons, by the league's ids, which rise.

    `sums` are (players, half-lives, games and CAREER), a game half as much for every half-life of games
    back; `games` are all of them.
    """

    ids: Ints
    sums: Floats
    games: Floats

    def of(self, ids: Ints) -> tuple[Floats, Floats]:
        """Return the sums and the games of these players; of whom nothing is remembered, noughts."""
        sums, games = np.zeros((len(ids), *self.sums.shape[1:])), np.zeros(len(ids))
        known, mine, here = np.intersect1d(self.ids, ids, return_indices=True)
        if len(known):
            sums[here], games[here] = self.sums[mine], self.games[mine]
        return sums, games

    def only(self, ids: Ints) -> "Memory":
        """Return what is remembered of these alone."""
        these = np.isin(self.ids, ids)
        return Memory(self.ids[these], self.sums[these], self.games[these])

    def aged(self, years: int) -> "Memory":
        """Return what is left of it after so many years of which it knows nothing."""
        fading = 0.5 ** (_GAMES_A_YEAR * years / np.array(CAREER_LIVES))
        return Memory(self.ids, self.sums * fading[:, None], self.games)

    def after(self, players: Runs, ids: Ints, made: Floats) -> "Memory":
        """Return what is remembered after a season: of its players `ids` what each game `made`, in order, goes on."""
        sums, games = self.of(ids)
        others = ~np.isin(self.ids, ids)
        every = np.concatenate([ids, self.ids[others]])
        order = np.argsort(every)
        sums = np.concatenate([career(players, made, sums), self.sums[others]])
        games = np.concatenate([games + players.counts, self.games[others]])
        return Memory(every[order], sums[order], games[order])


def after_seasons(memory: Memory, games: pa.Table) -> Memory:
    """Return what is remembered after these games of whole seasons: `played_on`, `game_id`, `player_id`, CAREER."""
    rows = games.sort_by([("played_on", "ascending"), ("game_id", "ascending"), ("player_id", "ascending")])
    ids, player = np.unique(rows.column("player_id").to_numpy(), return_inverse=True)
    made = np.column_stack([rows.column(name).to_numpy().astype(np.float64) for name in CAREER])
    players = runs(player, np.arange(len(player)), len(ids))
    return memory.after(players, ids[players.ids], made[players.order])


def career(players: Runs, made: Floats, past: Floats) -> Floats:
    """Return each group's sums of its career, (groups, half-lives, games and CAREER), of rows (n, CAREER) in order."""
    one = np.column_stack([np.ones(len(made)), made])
    found = [
        players.sums(one * players.weights(life)[:, None]) + past[:, at] * (0.5 ** (players.counts / life))[:, None]
        for at, life in enumerate(CAREER_LIVES)
    ]
    return np.stack(found, axis=1)


NO_MEMORY = Memory(np.zeros(0, np.int64), np.zeros((0, len(CAREER_LIVES), 1 + len(CAREER))), np.zeros(0))
