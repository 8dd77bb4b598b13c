"""How a league speaks of its games: what generic checks and guards must know of its schedule's and its rows' columns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How a league speaks: conditions on its schedule's rows `s.`, the form of a game's id, the columns of a row's side."""

    played: str
    on: str
    game_id: str
    side: tuple[str, str, str]  # the columns of a row's own club, of its opponent, and of whether it is at home
    clubs: tuple[str, str]  # the schedule's columns of the club at home and of the other
    schedule: str = "schedule"
    history: str = ""  # clubs without games in it owe nothing that rests on history
