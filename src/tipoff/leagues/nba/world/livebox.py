"""A game's live file of cdn.nba.com, made of the rows of its game log."""

from collections.abc import Mapping, Sequence
from typing import Any

from tipoff.leagues.nba.sources.teams import TEAMS
from tipoff.leagues.nba.world.data import Row, WorldGame

_SAID = {
    "fieldGoalsMade": "FGM",
    "fieldGoalsAttempted": "FGA",
    "threePointersMade": "FG3M",
    "threePointersAttempted": "FG3A",
    "freeThrowsMade": "FTM",
    "freeThrowsAttempted": "FTA",
    "reboundsOffensive": "OREB",
    "reboundsDefensive": "DREB",
    "reboundsTotal": "REB",
    "assists": "AST",
    "steals": "STL",
    "blocks": "BLK",
    "turnovers": "TOV",
    "foulsPersonal": "PF",
    "points": "PTS",
}


def live_box(game: WorldGame, idle: Mapping[str, Sequence[Row]], *, is_over: bool) -> dict[str, Any]:
    """Return the file while the game is under way, with nobody's figures, or when it is over; `idle` do not play."""
    return {
        "meta": {"version": 1, "code": 200},
        "game": {
            "gameId": game.game_id,
            "gameCode": f"{game.day:%Y%m%d}/{game.away}{game.home}",
            "gameStatus": 3 if is_over else 2,
            "gameStatusText": "Final" if is_over else "Q3 4:12",
            "homeTeam": _side(game, game.home, idle, is_over=is_over),
            "awayTeam": _side(game, game.away, idle, is_over=is_over),
        },
    }


def _side(game: WorldGame, code: str, idle: Mapping[str, Sequence[Row]], *, is_over: bool) -> dict[str, Any]:
    score = game.home_score if code == game.home else game.away_score
    team = next((row for row in game.teams if row["TEAM_ABBREVIATION"] == code), None)
    players = [row for row in game.players if row["TEAM_ABBREVIATION"] == code]
    return {
        "teamId": TEAMS[code].team_id,
        "teamTricode": code,
        "score": score if is_over else 0,
        "players": [*(_player(row, is_over=is_over) for row in players), *(_absent(row) for row in idle[code])],
        "statistics": _statistics(team, is_over=is_over) | {"reboundsPersonal": team["REB"] if team and is_over else 0},
    }


def _player(row: Row, *, is_over: bool) -> dict[str, Any]:
    plus = row.get("PLUS_MINUS") if is_over else 0.0
    return {
        "personId": row["PLAYER_ID"],
        "name": row["PLAYER_NAME"],
        "status": "ACTIVE",
        "played": "1" if is_over else "0",
        "statistics": _statistics(row, is_over=is_over) | {"plusMinusPoints": plus},
    }


def _absent(row: Row) -> dict[str, Any]:
    return {
        "personId": row["PLAYER_ID"],
        "name": row["PLAYER_NAME"],
        "status": "INACTIVE",
        "played": "0",
        "notPlayingReason": "INACTIVE_INJURY",
        "statistics": _statistics(None, is_over=False),
    }


def live_plays(game: WorldGame) -> dict[str, Any]:
    """Return a game's events, modelled: shots in turn, fifty a quarter, and the end."""
    actions = [_shot(game, period, n) for period in range(1, 5) for n in range(50)]
    end = {"period": 4, "clock": "PT00M00.00S", "actionType": "game", "subType": "end", "description": "Game End"}
    actions.append(end)
    return {
        "game": {"gameId": game.game_id, "actions": [{"actionNumber": n} | row for n, row in enumerate(actions, 1)]}
    }


def _shot(game: WorldGame, period: int, n: int) -> dict[str, Any]:
    man = game.players[n % len(game.players)]
    return {
        "period": period,
        "clock": f"PT{11 - n * 12 // 50:02d}M{59 - n:02d}.00S",
        "teamTricode": man["TEAM_ABBREVIATION"],
        "personId": man["PLAYER_ID"],
        "actionType": "2pt",
        "subType": "Jump Shot",
        "isFieldGoal": 1,
        "shotResult": "Made" if n % 2 else "Missed",
        "xLegacy": n,
        "yLegacy": 2 * n,
        "shotDistance": float(n % 20),
        "area": "Mid-Range",
        "description": f"{man['PLAYER_NAME']} {n % 20}'",
    }


def _statistics(row: Row | None, *, is_over: bool) -> dict[str, Any]:
    counts = {theirs: row.get(name) if row and is_over else 0 for theirs, name in _SAID.items()}
    minutes = row["MIN"] if row and is_over else 0
    return counts | {"minutes": f"PT{minutes:02d}M00.00S"}
