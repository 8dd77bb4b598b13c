"""What an NBA world is made of: games as the schedule shows them over time, box scores, quoted lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tipoff.core.clock import LEAGUE_ZONE, midnight
from tipoff.leagues.quotes import Quote
from tipoff.sources.world import chance

_SHOTS = "FGM FGA FG3M FG3A FTM FTA OREB DREB PF PLUS_MINUS"
OF_THE_FIRST = tuple(_SHOTS.split())  # of the log, which the second source's answers say as well
Row = dict[str, Any]
Alter = Callable[[str, datetime, Row], Row]  # kind (player, team, second, line), the row's instant, the row


@dataclass(frozen=True, slots=True)
class Stand:
    """How the schedule shows a game from an instant on: its day and tip-off; `off` where it was postponed."""

    since: datetime
    day: date
    tipoff_at: datetime
    off: bool = False


@dataclass(slots=True)
class WorldGame:
    """A game that was played: who, when, what the providers came to know and when."""

    game_id: str
    home: str
    away: str
    day: date
    tipoff_at: datetime
    home_score: int
    away_score: int
    stands: list[Stand]
    ends_at: datetime
    boxed_at: datetime  # when stats.nba.com shows its box score
    second_at: datetime  # when balldontlie does
    event_id: str
    commence_at: datetime
    players: list[Row] = field(default_factory=list)
    teams: list[Row] = field(default_factory=list)
    second: list[Row] = field(default_factory=list)
    snapshots: list[tuple[datetime, list[Quote]]] = field(default_factory=list)

    @property
    def sides(self) -> tuple[str, str]:
        """The two teams' codes."""
        return self.home, self.away

    def stands_at(self, now: datetime) -> list[Stand]:
        """Return where the schedule shows the game at `now`: nowhere, once, or also on the day it was put off."""
        shown = [stand for stand in self.stands if stand.since <= now]
        if not shown:
            return []
        latest = shown[-1]
        put_off = [stand for stand in shown[:-1] if stand.off and now < self.ends_at]
        return [*put_off[-1:], latest]

    def lines_at(self, now: datetime) -> list[Quote]:
        """Return the market as last quoted at or before `now`."""
        shown = [quotes for at, quotes in self.snapshots if at <= now]
        return shown[-1] if shown else []


@dataclass(slots=True)
class NbaData:
    """A season's games in order, and what is recorded or modelled about them."""

    season: str
    games: list[WorldGame]
    about: dict[str, str]
    fingerprint: str
    has_second: bool = True
    earlier: Callable[[str], Sequence[Row]] = lambda _season: ()  # the log of players of another season
    roster: Sequence[tuple[int, str, str]] = ()  # id, name and team of those who are listed before they have played


def alter_data(data: NbaData, alter: Alter) -> NbaData:
    """Return the season with every row as `alter` gives it; a test changes the future with it."""
    for game in data.games:
        game.players = [alter("player", game.tipoff_at, row) for row in game.players]
        game.teams = [alter("team", game.tipoff_at, row) for row in game.teams]
        game.second = [alter("second", game.tipoff_at, row) for row in game.second]
        game.snapshots = [(at, [_altered(quote, game, alter) for quote in quotes]) for at, quotes in game.snapshots]
    return data


def _altered(quote: Quote, game: WorldGame, alter: Alter) -> Quote:
    row: Row = {"line": quote.line, "over": quote.over, "under": quote.under, "tipoff_at": game.tipoff_at}
    row = alter("line", quote.quoted_at, row)
    return Quote(quote.book, quote.player, row["line"], row["over"], row["under"], quote.quoted_at)


def timed(game_id: str, tipoff_at: datetime, seed: int) -> tuple[datetime, datetime, datetime]:
    """Model when a game ends (2 h 10 to 2 h 45 after its tip-off) and when each provider shows its box score.

    stats.nba.com: 10 to 50 min after the end, four games in a hundred 2 to 5 h later; balldontlie: 1 to 5 h after.
    """
    ends_at = tipoff_at + timedelta(minutes=130 + int(35 * chance(seed, game_id, "end")))
    boxed_at = ends_at + timedelta(minutes=10 + int(40 * chance(seed, game_id, "box")))
    if chance(seed, game_id, "late") < 0.04:  # noqa: PLR2004 -- four games in a hundred
        boxed_at += timedelta(minutes=120 + int(180 * chance(seed, game_id, "how late")))
    second_at = ends_at + timedelta(minutes=60 + int(240 * chance(seed, game_id, "second")))
    return ends_at, boxed_at, second_at


_WEST = frozenset({"GSW", "LAC", "LAL", "PHX", "POR", "SAC", "DEN", "UTA"})


def modelled_tipoff(game_id: str, day: date, home: str, seed: int) -> datetime:
    """Model a tip-off: evenings of the home side's coast, some matinees at the weekend."""
    dice = chance(seed, game_id, "tip")
    weekend = day.weekday() >= 5  # noqa: PLR2004 -- Saturday and Sunday
    if weekend and dice < 0.25:  # noqa: PLR2004 -- a quarter are matinees
        hour, minute = 15, 30
    elif home in _WEST:
        hour, minute = (22, 0) if dice < 0.7 else (21, 0)  # noqa: PLR2004
    else:
        hour, minute = (19, 0) if dice < 0.5 else (19, 30) if dice < 0.8 else (20, 0)  # noqa: PLR2004
    return midnight(day) + timedelta(hours=hour, minutes=minute)


def at_clock(day: date, moment: datetime) -> datetime:
    """Return the instant on `day` at the New York clock time of `moment`."""
    local = moment.astimezone(LEAGUE_ZONE)
    return midnight(day) + timedelta(hours=local.hour, minutes=local.minute)


def stands_of(  # noqa: PLR0913 -- the facts of one game's history
    game_id: str,
    day: date,
    tipoff_at: datetime,
    original: date | None,
    *,
    drawn_late: bool,
    makes_room: bool = False,
    seed: int,
) -> list[Stand]:
    """Model how the schedule showed a game over time.

    A game that was played later than first drawn is postponed on the day itself, between 08:00 and an hour before its
    tip-off, and shows its new date 18 h later. One that was played earlier, or `makes_room` for another of its clubs' games, is
    moved three days before. One that was drawn late (a cup game) appears two days before.
    """
    begin = midnight(day) - timedelta(days=400)
    if drawn_late:
        return [Stand(midnight(day) - timedelta(days=2) + timedelta(hours=12), day, tipoff_at)]
    if original is None or original == day:
        return [Stand(begin, day, tipoff_at)]
    first_tip = at_clock(original, tipoff_at)
    first = Stand(begin, original, first_tip)
    if (day - original).days > 1 and not makes_room:
        window = (first_tip - timedelta(hours=1)) - (midnight(original) + timedelta(hours=8))
        put_off_at = midnight(original) + timedelta(hours=8) + window * chance(seed, game_id, "ppd")
        put_off_at = put_off_at.replace(second=0, microsecond=0)
        return [
            first,
            Stand(put_off_at, original, first_tip, off=True),
            Stand(put_off_at + timedelta(hours=18), day, tipoff_at),
        ]
    moved_at = midnight(min(day, original)) - timedelta(days=3) + timedelta(hours=12)
    return [first, Stand(moved_at, day, tipoff_at)]
