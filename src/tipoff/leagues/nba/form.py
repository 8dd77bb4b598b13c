"""What a season's games so far tell of each candidate: half-lives, minutes × rate, who is missing, the opponent.

All of it rests on the games of earlier days, as `player_games` has them. Shares of games weigh a team's or player's games by half
for every so many games back.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tipoff.leagues.nba.features import MISSING, NAMES, STATS
from tipoff.leagues.nba.memory import CAREER, CAREER_LIVES, NO_MEMORY, Memory, career
from tipoff.leagues.nba.models.games import Runs, medians, runs, spreads
from tipoff.leagues.predict.arrays import Floats, Ints

COUNTED = ("minutes", "points", "reb", "ast", "fg3m", "fga", "fta", "fg3a", "oreb", "tov")
_COLUMNS = (*COUNTED, "plays")
_AT = {name: place for place, name in enumerate(_COLUMNS)}
_CAREER = [_AT[name] for name in CAREER]
_LIVES = (2.0, 5.0, 12.0, 40.0)
_LEAST_MINUTES = 15.0  # by which what he made is divided at the least
_CLOSE = 10.0  # points of margin up to which a game is close
_LOPSIDED = 25.0  # more, and it would weigh nought, if not for the least weight
_LEAST_WEIGHT = 0.2
_TEAM_LIFE = 20.0
_TEAM_PRIOR = 4.0  # games of an average team that stand behind each team's own
_ROSTER_DAYS = 45  # who has not played for so long is no part of the team
_TEAM_GAMES = 40
_HOME_MARGIN = 2.5
# A player's chance to play in his team's next game, fitted on 2018-19 and 2020-21 to 2022-23: on a constant, whether he
# played in the last, the one before and the third last, the share of games that he played, the games missed since (six at
# most), his minutes and his last minutes in half hours, and the first times the fourth and the sixth.
_PLAYS = (-1.159, -0.284, 0.293, 0.094, 1.418, -0.167, -1.598, 1.478, 0.829, 2.22)


@dataclass(frozen=True, slots=True)
class History:
    """Games that players played, oldest first: who, for and against whom, when, and what they counted (n, k)."""

    player: Ints
    team: Ints
    opponent: Ints
    game: Ints  # rises with the day
    day: Ints
    counted: Floats
    ids: Ints  # the league's, of each number that stands for a player

    def before(self, n: int) -> "History":
        """Return the first n rows."""
        return replace(
            self,
            player=self.player[:n],
            team=self.team[:n],
            opponent=self.opponent[:n],
            game=self.game[:n],
            day=self.day[:n],
            counted=self.counted[:n],
        )


@dataclass(frozen=True, slots=True)
class Candidates:
    """Players before their game; ids are those of the history."""

    player: Ints
    team: Ints
    opponent: Ints
    at_home: NDArray[np.bool_]


def read(player_games: pa.Table, candidates: pa.Table) -> tuple[History, Candidates]:
    """Return both tables as arrays in which players and teams are numbered alike, without games of which a count is unknown."""
    known = player_games.drop_null() if player_games.num_rows else player_games
    known = known.sort_by([("day", "ascending"), ("game_id", "ascending"), ("player_id", "ascending")])
    player = _numbered(known.column("player_id"), candidates.column("player_id"))
    team = _numbered(*(rows.column(side) for rows in (known, candidates) for side in ("team", "opponent")))
    day = pc.cast(pc.cast(known.column("day"), pa.date32()), pa.int32()).to_numpy().astype(np.int64)
    [ids] = _numbered(known.column("game_id"))
    game = np.cumsum(np.r_[True, ids[1:] != ids[:-1]]) if len(ids) else np.zeros(0)
    counted = np.column_stack([_floats(known, name) for name in COUNTED])
    people = np.unique(np.concatenate([rows.column("player_id").to_numpy() for rows in (known, candidates)]))
    history = History(player[0], team[0], team[1], game.astype(np.int64), day, counted, people)
    home = candidates.column("is_home").to_numpy(zero_copy_only=False).astype(bool)
    return history, Candidates(player[1], team[2], team[3], home)


def _numbered(*columns: pa.ChunkedArray) -> list[Ints]:
    """Return the values of the columns as numbers, alike for all and in the order of the values."""
    chunks = [chunk for column in columns for chunk in column.chunks]
    coded = pa.chunked_array(chunks, columns[0].type).combine_chunks().dictionary_encode()
    places = np.argsort(pc.sort_indices(coded.dictionary).to_numpy())
    numbers = places[coded.indices.to_numpy()].astype(np.int64)
    return np.split(numbers, np.cumsum([len(column) for column in columns])[:-1])


def _floats(rows: pa.Table, name: str) -> Floats:
    return np.asarray(pc.cast(rows.column(name), pa.float64()).to_numpy(), dtype=np.float64)


def remember(history: History, memory: Memory) -> Memory:
    """Return what is remembered after a season of those who played in it, and of the others as before."""
    players = runs(history.player, history.game, len(history.ids))
    return memory.after(players, history.ids[players.ids], history.counted[players.order][:, _CAREER])


def features(history: History, candidates: Candidates, day: int, memory: Memory = NO_MEMORY) -> Floats:
    """Return the features of each candidate in the order of FEATURES, (n, k); unknown is NaN. `day` counts from 1970."""
    if not len(history.player) or not len(candidates.player):
        return np.full((len(candidates.player), len(NAMES)), np.nan)
    n_players = int(max(history.player.max(), candidates.player.max())) + 1
    players = runs(history.player, history.game, n_players)
    plays = history.counted[:, _AT["fga"]] + 0.44 * history.counted[:, _AT["fta"]] + history.counted[:, _AT["tov"]]
    counted = np.column_stack([history.counted, plays])
    season = _Season(history, players, counted, counted[players.order], history.day[players.order], day)
    found = season.of_players() | season.of_careers(memory) | {"at_home": None}
    group = players.group_of[candidates.player]
    taken: dict[str, Floats] = {
        name: np.where(group >= 0, values[group], np.nan) for name, values in found.items() if values is not None
    }
    taken["at_home"] = candidates.at_home.astype(np.float64)
    taken |= season.of_teams(candidates, group)
    taken |= season.of_mates(candidates, group)
    return np.column_stack([taken[name] for name in NAMES])


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both teams of each game: `row` is whose each row of history is, `first` its first row, `total` what its players counted.

    `against` is the opponent, `other` its total, NaN where it is unknown; `margin` is then nought.
    """

    row: Ints
    first: Ints
    total: Floats
    against: Ints
    other: Floats
    margin: Floats

    @classmethod
    def of(cls, history: History, counted: Floats) -> "_Sides":
        """Add the players' rows up by game and team."""
        n_teams = int(max(history.team.max(), history.opponent.max())) + 1
        keys, row = np.unique(history.game * n_teams + history.team, return_inverse=True)
        first = np.zeros(len(keys), dtype=np.int64)
        first[row[::-1]] = np.arange(len(row))[::-1]
        total: Floats = np.column_stack([np.bincount(row, counted[:, place]) for place in range(len(COUNTED))])
        theirs = history.game[first] * n_teams + history.opponent[first]
        at = np.clip(np.searchsorted(keys, theirs), 0, len(keys) - 1)
        other = np.where((keys[at] == theirs)[:, None], total[at], np.nan)
        points = _AT["points"]
        return cls(row, first, total, at, other, np.nan_to_num(total[:, points] - other[:, points]))


class _Season:
    """A season so far, grouped by player; what is asked of it in turn."""

    def __init__(  # noqa: PLR0913 -- one history, grouped once
        self, history: History, players: Runs, counted: Floats, ordered: Floats, days: Ints, day: int
    ) -> None:
        self.history, self.players, self.counted, self.ordered, self.days, self.day = (
            history,
            players,
            counted,
            ordered,
            days,
            day,
        )
        self.means = {life: players.means(ordered, life) for life in _LIVES}
        self.guard = self._guard()
        self.sides = _Sides.of(history, counted)

    def _guard(self) -> Floats:
        means = self.means[12.0]
        return np.asarray(
            (means[:, _AT["ast"]] + 0.5) / (means[:, _AT["ast"]] + means[:, _AT["reb"]] + 1.0), dtype=np.float64
        )

    def of_players(self) -> dict[str, Floats | None]:
        """Return by name what rests on a player's own games, one value a group."""
        players, ordered = self.players, self.ordered
        found: dict[str, Floats | None] = {"games": players.counts.astype(np.float64), "guard_ratio": self.guard}
        wanted = {name for name in NAMES if "_h" in name and "_rate" not in name}
        for life, means in self.means.items():
            names = {f"{name}_h{life:g}": means[:, place] for name, place in _AT.items()}
            found |= {name: values for name, values in names.items() if name in wanted}
        for rate, life in ((40.0, 5.0), (40.0, 2.0), (12.0, 5.0)):
            per_minute = self.means[rate] / np.maximum(self.means[rate][:, :1], 3.0)
            expected = per_minute * self.means[life][:, :1]
            found |= {f"{name}_rate{rate:g}_h{life:g}": expected[:, _AT[name]] for name in (*STATS, "plays")}
        slow = self.means[40.0]
        found["points_per_play"] = slow[:, _AT["points"]] / np.maximum(slow[:, _AT["plays"]], 1.0)
        found["minutes_last"] = players.nth(ordered[:, 0], 0)
        found["minutes_last_2"] = players.nth(ordered[:, 0], 1)
        found["points_last"] = players.nth(ordered[:, 1], 0)
        columns = [_AT[name] for name in ("minutes", *STATS)]
        last = players.last(ordered[:, columns], 20)
        middle, spread = medians(last[:, :10]), spreads(last)
        found["minutes_sd_20"] = spread[:, 0]
        for place, stat in enumerate(STATS, start=1):
            found |= {f"{stat}_median_10": middle[:, place], f"{stat}_sd_20": spread[:, place]}
        week = (self.days >= self.day - 7).astype(np.float64)
        found["rest_days"] = np.minimum(self.day - self.days[players.starts], 60).astype(np.float64)
        found["games_7_days"] = players.sums(week)
        found["minutes_7_days"] = players.sums(week * ordered[:, 0])
        return found | self._in_close_games()

    def _in_close_games(self) -> dict[str, Floats | None]:
        """Return minutes of 48 in which lopsided games, where benches play, weigh less; and how lopsided his last game was."""
        players, side = self.players, self.sides.row[self.players.order]
        margin = np.abs(self.sides.margin[side])
        close = np.clip(1 - (margin - _CLOSE) / _LOPSIDED, _LEAST_WEIGHT, 1.0)
        minutes = self.ordered[:, 0] * 240 / np.maximum(self.sides.total[side, 0], 200)
        found: dict[str, Floats | None] = {"last_margin_size": players.nth(margin, 0)}
        for life in (2.0, 5.0, 12.0):
            weights = players.weights(life) * close
            found[f"minutes_close_h{life:g}"] = players.sums(weights * minutes) / players.sums(weights)
        return found

    def of_careers(self, memory: Memory) -> dict[str, Floats | None]:
        """Return by name what rests on a player's games of all seasons, one value a group.

        Where nobody of the season is remembered, how many games a career has is unknown: not few, as of those who are new.
        """
        past, games = memory.of(self.history.ids[self.players.ids])
        career_games = np.log1p(games + self.players.counts) if games.any() else np.full(len(games), np.nan)
        found: dict[str, Floats | None] = {"games_career_log": career_games}
        sums = career(self.players, self.ordered[:, _CAREER], past)
        for at, life in enumerate(CAREER_LIVES):
            n_games, minutes = sums[:, at, 0], sums[:, at, 1]
            found[f"minutes_career_h{life:g}"] = minutes / n_games
            for place, stat in enumerate(STATS, start=2):
                found[f"{stat}_career_h{life:g}"] = sums[:, at, place] / np.maximum(minutes, _LEAST_MINUTES)
        return found

    def of_teams(self, candidates: Candidates, group: Ints) -> dict[str, Floats]:
        """Return by name what rests on the two teams' games, one value a candidate."""
        history = self.history
        n_teams = int(max(*(part.max() for part in (history.team, history.opponent)), candidates.team.max())) + 1
        n_teams = max(n_teams, int(candidates.opponent.max()) + 1)
        first, row = self.sides.first, self.sides.row
        columns = _team_columns(self.sides.total, self.sides.other)
        league = np.array([np.nanmean(one) if np.any(~np.isnan(one)) else 0.0 for one in columns.values()])
        filled = np.column_stack(list(columns.values()))
        filled = np.where(np.isnan(filled), league, filled)
        teams = runs(history.team[first], history.game[first], n_teams)
        weights = teams.weights(_TEAM_LIFE)
        behind = (teams.sums(weights) + _TEAM_PRIOR)[:, None]
        rated = (teams.sums(filled[teams.order] * weights[:, None]) + _TEAM_PRIOR * league) / behind - league
        self.teams, self.team_games, self.team_days = teams, history.game[first][teams.order], history.day[first]

        def of(side: Ints, values: Floats) -> Floats:
            place = teams.group_of[side]
            return np.where(place >= 0, values[place], np.nan)

        at = {name: place for place, name in enumerate(columns)}
        found = {
            f"{side}_{what}": of(who, rated[:, at[what]])
            for side, who in (("team", candidates.team), ("opponent", candidates.opponent))
            for what in ("pace", "offence", "defence")
        }
        found |= {
            f"opponent_{stat}_allowed": of(candidates.opponent, rated[:, at[f"{stat}_allowed"]]) for stat in STATS
        }
        margin = self.sides.margin[teams.order]
        won = (teams.sums((margin > 0).astype(np.float64)) + 2) / (teams.counts + 4)
        found |= {"team_won": of(candidates.team, won), "opponent_won": of(candidates.opponent, won)}
        found["team_games"] = of(candidates.team, teams.counts.astype(np.float64))
        found["team_last_margin"] = of(candidates.team, teams.nth(margin, 0))
        last = self.team_days[teams.order][teams.starts].astype(np.float64)
        found["team_rest_days"] = np.minimum(self.day - of(candidates.team, last), 10)
        found["opponent_rest_days"] = np.minimum(self.day - of(candidates.opponent, last), 10)
        better = found["team_offence"] - found["team_defence"] - found["opponent_offence"] + found["opponent_defence"]
        found["expected_margin"] = better + np.where(candidates.at_home, _HOME_MARGIN, -_HOME_MARGIN)
        found["expected_margin_size"] = np.abs(found["expected_margin"])
        against = self.sides.against[row]
        return found | self._to_role(candidates, group, against, weights)

    def _to_role(self, candidates: Candidates, group: Ints, against: Ints, weights: Floats) -> dict[str, Floats]:
        """Return what the opponent gave up to players of the candidate's kind above what they make on average."""
        who = self.players.group_of[self.history.player]
        kind, own = self.guard[who], np.where(group >= 0, self.guard[group], np.nan)
        teams, n_sides = self.teams, len(self.teams.order)
        place = teams.group_of[candidates.opponent]
        found = {}
        for stat in STATS:
            above = self.counted[:, _AT[stat]] - self.means[12.0][who, _AT[stat]]
            mixed = np.zeros(len(group))
            for share, mine in ((kind, own), (1 - kind, 1 - own)):
                n_of_kind = np.maximum(np.bincount(against, share, minlength=n_sides), 1e-9)
                a_game = np.bincount(against, above * share, minlength=n_sides) / n_of_kind
                given = teams.sums(a_game[teams.order] * weights) / (teams.sums(weights) + _TEAM_PRIOR)
                mixed = mixed + mine * np.where(place >= 0, given[place], np.nan)
            found[f"opponent_{stat}_to_role"] = mixed
        return found

    def of_mates(self, candidates: Candidates, group: Ints) -> dict[str, Floats]:
        """Return by name what rests on who of the team played in its last games, one value a candidate."""
        names = [name for name in NAMES if name.startswith("missing_")]
        names += ["games_missed", "presence", "play_probability", "team_minutes", "mates_points"]
        found = {name: np.full(len(group), np.nan) for name in names}
        for team in np.unique(candidates.team):
            at = self.teams.group_of[team]
            mine = np.flatnonzero((candidates.team == team) & (group >= 0))
            if at >= 0 and len(mine):
                begin = self.teams.starts[at]
                games = self.team_games[begin : begin + self.teams.counts[at]][:_TEAM_GAMES]
                self._of_team(found, team, games, mine, group[mine])
        return found

    def _of_team(self, found: dict[str, Floats], team: int, games: Ints, mine: Ints, group: Ints) -> None:
        """Fill in what is found for the candidates `mine` of one team; `games` are its own, newest first."""
        players, history = self.players, self.history
        last_team = history.team[players.order][players.starts]
        last_day = self.days[players.starts]
        roster = np.flatnonzero((last_team == team) & (last_day >= self.day - _ROSTER_DAYS))
        place = np.full(len(players.starts), -1, dtype=np.int64)
        place[roster] = np.arange(len(roster))
        inside = place[group] >= 0
        mine, group = mine[inside], group[inside]
        if not len(mine):
            return
        played = self._presences(team, games, roster, place)
        since = np.where(played.any(axis=1), len(games) - 1 - np.argmax(played[:, ::-1] > 0, axis=1), -1)
        member = np.arange(len(games))[None, :] <= since[:, None]
        presence, missed, chance = self._chances(played, member, since, roster)
        values = self.means[12.0][roster][:, [_AT[name] for name in MISSING]]
        away = (1 - chance)[:, None] * values
        was_away = ((1 - played) * member).T @ values
        rows = place[group]
        now = away.sum(axis=0) - away[rows]
        lives = {f"_less_h{life}": _own_mean(played[rows], was_away, life) for life in (5, 40)}
        for at, what in enumerate(MISSING):
            found[f"missing_{what}"][mine] = now[:, at]
            for name, mean in lives.items():
                found[f"missing_{what}{name}"][mine] = now[:, at] - mean[:, at]
        minutes, points = chance * self.means[5.0][roster, 0], chance * self.means[12.0][roster, _AT["points"]]
        found["games_missed"][mine], found["presence"][mine] = missed[rows], presence[rows]
        found["play_probability"][mine] = chance[rows]
        found["team_minutes"][mine] = minutes.sum() - minutes[rows] + self.means[5.0][group, 0]
        found["mates_points"][mine] = points.sum() - points[rows]

    def _presences(self, team: int, games: Ints, roster: Ints, place: Ints) -> Floats:
        """Return who of the roster played in which of the games: 0 or 1, (players, games)."""
        history = self.history
        column = np.full(int(history.game.max()) + 1, -1, dtype=np.int64)
        column[games] = np.arange(len(games))
        rows = history.team == team
        who, which = place[self.players.group_of[history.player[rows]]], column[history.game[rows]]
        there = (who >= 0) & (which >= 0) & (history.counted[rows, 0] > 0)
        played = np.zeros((len(roster), len(games)))
        played[who[there], which[there]] = 1
        return played

    def _chances(
        self, played: Floats, member: NDArray[np.bool_], since: Ints, roster: Ints
    ) -> tuple[Floats, Floats, Floats]:
        """Return each one's presence, the games that he has missed, and his chance to play in the next."""
        n_games = played.shape[1]
        weights = 0.5 ** (np.arange(n_games) / 6.0)
        presence = ((played * weights).sum(axis=1) + 1.0) / ((member * weights).sum(axis=1) + 2.0)
        first = played[:, 0]
        second = np.where((since >= 1) & (n_games > 1), played[:, min(1, n_games - 1)], first)
        third = np.where(since >= 2, played[:, min(2, n_games - 1)], second if n_games < 3 else first)  # noqa: PLR2004 -- the third
        missed = np.minimum(np.where(played.any(axis=1), np.argmax(played > 0, axis=1), n_games), 6).astype(np.float64)
        minutes = self.means[5.0][roster, 0] / 30
        last = self.ordered[self.players.starts[roster], 0] / 30
        terms = (first, second, third, presence, missed, minutes, last, first * presence, first * minutes)
        score = _PLAYS[0] + sum(weight * term for weight, term in zip(_PLAYS[1:], terms, strict=True))
        return presence, missed, np.asarray(1 / (1 + np.exp(-score)), dtype=np.float64)


def _own_mean(played: Floats, was_away: Floats, life: float) -> Floats:
    """Return what was missing in the games that each played, weighted by his own games back."""
    weights = played * 0.5 ** (np.maximum(np.cumsum(played, axis=1) - 1, 0) / life)
    return np.asarray((weights @ was_away) / np.maximum(weights.sum(axis=1), 1e-9)[:, None], dtype=np.float64)


def _team_columns(own: Floats, other: Floats) -> dict[str, Floats]:
    """Return a team's games in rates: its own totals against the opponent's, which are NaN where they are unknown."""
    at = _AT

    def possessions(total: Floats) -> Floats:
        used = total[:, at["fga"]] - total[:, at["oreb"]] + total[:, at["tov"]] + 0.44 * total[:, at["fta"]]
        return np.asarray(0.96 * used, dtype=np.float64)

    both = np.where(np.isnan(other[:, 0]), possessions(own), (possessions(own) + possessions(other)) / 2)
    both = np.maximum(both, 1.0)
    return {
        "pace": both * 240 / np.maximum(own[:, 0], 200),
        "offence": 100 * own[:, at["points"]] / both,
        "defence": 100 * other[:, at["points"]] / both,
        **{f"{stat}_allowed": other[:, at[stat]] for stat in STATS},
    }
