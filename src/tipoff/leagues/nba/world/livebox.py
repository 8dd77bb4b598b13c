"""A game's live file of cdn.nba.com, made of the rows of its game log."""

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


def live_box(game: WorldGame, *, is_over: bool) -> dict[str, Any]:
    """Return the file while the game is under way, with nobody's figures, or when it is over."""
    return {
        "meta": {"version": 1, "code": 200},
        "game": {
            "gameId": game.game_id,
            "gameCode": f"{game.day:%Y%m%d}/{game.away}{game.home}",
            "gameStatus": 3 if is_over else 2,
            "gameStatusText": "Final" if is_over else "Q3 4:12",
            "homeTeam": _side(game, game.home, game.home_score, is_over=is_over),
            "awayTeam": _side(game, game.away, game.away_score, is_over=is_over),
        },
    }


def _side(game: WorldGame, code: str, score: int, *, is_over: bool) -> dict[str, Any]:
    team = next((row for row in game.teams if row["TEAM_ABBREVIATION"] == code), None)
    players = [row for row in game.players if row["TEAM_ABBREVIATION"] == code]
    return {
        "teamId": TEAMS[code].team_id,
        "teamTricode": code,
        "score": score if is_over else 0,
        "players": [_player(row, is_over=is_over) for row in players],
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


def _statistics(row: Row | None, *, is_over: bool) -> dict[str, Any]:
    counts = {theirs: row.get(name) if row and is_over else 0 for theirs, name in _SAID.items()}
    minutes = row["MIN"] if row and is_over else 0
    return counts | {"minutes": f"PT{minutes:02d}M00.00S"}
