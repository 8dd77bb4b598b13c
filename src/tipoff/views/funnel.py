"""Why a player is not predicted, and where on the way to a prediction how many were left: a slate's funnel in sentences."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.core.wording import some
from tipoff.ledger import Ledger
from tipoff.views.why import Why, why

Row = dict[str, Any]
# `last_day`: when he last played; `game_id`: none where his club does not play; `recent_games`: of his club's last five
_KNOWN = ("player_id", "player_name", "player_key", "team", "last_day", "game_id", "recent_games", "has_line")
_MOST_NAMES = 8


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Return the rows by club and name."""
    return sorted(rows, key=lambda row: (row["team"], row["player_name"]))


def stages(rows: Sequence[Row]) -> list[str]:
    """Return the outputs on the way to a prediction, in order, as the funnel's columns name them."""
    return [name for name in rows[0] if name not in _KNOWN] if rows else []


def why_player(ledger: Ledger, league: League, day: date, rows: Sequence[Row], player: str) -> Why:
    """Explain how far one player (an id, a part of a name) came towards a prediction; raises `UsageError` for none or several."""
    row = _one(rows, player)
    head = f"{row['player_name']} ({row['player_id']}) last played on {row['last_day']}, for {row['team']}"
    if row["game_id"] is None:
        return _answer(league, day, "excused", [head, f"{row['team']} has no game on {day}: nothing is owed of him"])
    missing = next((name for name in stages(rows) if not row[name]), "")
    if not missing:
        return _answer(league, day, "proven", [head, f"he is predicted, in {row['game_id']}"])
    sentences = [head, f"he is in {row['game_id']} and is not in {missing}, so that he is not predicted"]
    if missing == stages(rows)[0] and not row["recent_games"] and not row["has_line"]:
        sentences.append(
            f"he is not owed: no recent game of his for {row['team']}, no line on him; predicted is {league.entry_rule}"
        )
        return _answer(league, day, "excused", sentences)
    cause = why(ledger, league, missing, day)
    known = f"he has {row['recent_games']} of the last five games{', and a line' if row['has_line'] else ''}"
    late = f"what makes him one ({known}) was not known when {missing} was made"
    sentences += [late] if cause.ok else []
    return Why(league.name, missing, day, "lost" if cause.ok else cause.state, (*sentences, *cause.sentences))


def why_count(league: League, day: date, rows: Sequence[Row]) -> Why:
    """Explain how many players of the slate's clubs are predicted, and where the others were left."""
    here = [row for row in rows if row["game_id"] is not None]
    sentences = [f"{len(here)} players have last played for a club that has a game on {day}"]
    state = "proven"
    left = here
    for place, name in enumerate(stages(rows)):
        gone, left = [row for row in left if not row[name]], [row for row in left if row[name]]
        by_rule = [row for row in gone if place == 0 and not row["recent_games"] and not row["has_line"]]
        lost = [row for row in gone if row not in by_rule]
        said = [f"{len(by_rule)} are not owed: predicted is {league.entry_rule}"] if by_rule else []
        said += [f"{len(lost)} are missing: {_names(lost)}"] if lost else []
        sentences.append(f"{name}: {len(left)}" + (f"; {'; '.join(said)}" if said else ""))
        state = "lost" if lost else state
    return _answer(league, day, state, sentences)


def _answer(league: League, day: date, state: str, sentences: Sequence[str]) -> Why:
    return Why(league.name, "predictions", day, state, tuple(sentences))


def _names(rows: Sequence[Row]) -> str:
    return some([f"{row['player_name']} ({row['team']})" for row in rows], _MOST_NAMES)


def _one(rows: Sequence[Row], player: str) -> Row:
    wanted = player.casefold()
    exact = [row for row in rows if wanted in {str(row["player_id"]), row["player_name"].casefold()}]
    found = exact or [row for row in rows if wanted in row["player_name"].casefold()]
    if len(found) == 1:
        return found[0]
    if not found:
        msg = f"no player who has played before that day matches {player!r}"
        raise UsageError(msg, hint="name a part of the name, or the league's id")
    msg = f"{len(found)} players match {player!r}: {_names(found)}"
    raise UsageError(msg, hint="name more of the name, or the league's id: " + str(found[0]["player_id"]))
